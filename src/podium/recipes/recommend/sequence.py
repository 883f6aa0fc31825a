"""The net's side of recommendation: histories to tensors, and scores of what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context
from podium.recipes.recommend import repeats
from podium.recipes.recommend.log import Ints, Log
from podium.recipes.recommend.model import Recommender, World
from podium.recipes.recommend.sources import Scores, Visits

if TYPE_CHECKING:
    import torch

    from podium.recipes.recommend.sequence_net import Reader

BATCH, DRAWN = 32, 512  # rows a step, and items that what comes next is told from
FLAT = 0.75  # power of how often items are met by which they are drawn (Mikolov et al. 2013)
SLOWLY = {"items": 0.1, "following": 0.1}  # what is known from the start is moved less
SAMPLE, SHARP = (
    500,
    1.0,
)  # events by which the strength of a first guess is set: the logit that one event gives its best item
WARMTH = 2.0  # of the softmax that scores are: as it learns, the first item would drown all others


class SequenceNet(Recommender):
    """A GRU over a user's last events, with how much each was liked and how long it came after the one before.

    width, dropout, lr, epochs; `places`: events that are read; `ahead`: what is learnt to follow is any of so many events;
    `half`: events in which those read fade by 2.
    """

    def __init__(
        self, features: Mapping[str, Any] | None = None, width: int = 64, dropout: float = 0.4, lr: float = 1e-3,
        epochs: float = 4, places: int = 50, ahead: int = 10, half: float = 10.0,
    ) -> None:  # fmt: skip
        super().__init__(features)
        self.width, self.dropout, self.lr, self.epochs = width, dropout, lr, epochs
        self.places, self.ahead, self.half = places, ahead, half

    def _fit(self, world: World, ctx: Context) -> None:
        import torch

        from podium.recipes.neural.device import begin
        from podium.recipes.neural.loop import train
        from podium.recipes.neural.schedule import Schedule
        from podium.recipes.neural.weights import weights_of
        from podium.recipes.recommend.sequence_net import loss

        begin(ctx)
        if self.repeated >= repeats.RARE:  # how much own items are lifted is chosen by a net that has seen no answer
            case = world.case
            asked = np.sort(np.random.default_rng(ctx.seed).permutation(len(case.asked))[: repeats.SAMPLE])
            met = np.bincount(case.blind.items, minlength=self.n_items).astype(np.float64)
            self.net_weights = weights_of(self._started(case.blind, met, ctx.seed))
            log = case.asked.take(asked)
            self.strength = repeats.choose(self._scores(log, ctx), log, [case.following[at] for at in asked])
        log = world.told
        met = np.bincount(log.items, minlength=self.n_items).astype(np.float64)
        net = self._started(log, met, ctx.seed)
        self.net_weights = weights_of(net)
        stretches = _stretches(log, self.places)
        if not len(stretches):
            return
        table, chance = _Table(log, self.n_items), (met + 1.0) ** FLAT
        chance /= chance.sum()
        edges, each = np.cumsum(chance), max(1, DRAWN // min(BATCH, len(stretches)))
        often = np.log(chance * each * min(BATCH, len(stretches)))

        def batch(positions: Ints, rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
            start, stop = self._moved(stretches[positions], rng)
            items, beside = table.of(start, stop, self.places)
            after, worth = table.after(start, stop, self.places, self.ahead, rng)
            others = np.minimum(np.searchsorted(edges, rng.random((len(positions), each))), self.n_items - 1)
            rare = np.concatenate([often[others], often[np.maximum(after, 0)]], axis=1).astype(np.float32)
            return tuple(torch.from_numpy(one) for one in (items, beside, after, worth, others, rare))

        schedule = Schedule(self.epochs, BATCH, self.lr, 0.01, 0.1, 0.0, 1.0)
        self.notes |= train(net, len(stretches), batch, loss, schedule, ctx, share=0.8, rates=SLOWLY)
        self.net_weights = weights_of(net)

    def _moved(self, stretches: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
        """First and last place in the log of what is read, begun elsewhere each time where the user has more."""
        begin, stop, user_begin = stretches.T
        shift = (rng.random(len(begin)) * (np.minimum(begin - user_begin, self.places // 2) + 1)).astype(np.int64)
        return begin - shift, stop - shift

    def _scores(self, log: Log, ctx: Context) -> Scores:
        import torch

        from podium.recipes.neural.predict import apply
        from podium.recipes.neural.weights import restore

        recent = log.keep(log.back < self.places)
        table, sizes = _Table(recent, self.n_items), recent.sizes

        def batch(positions: Ints, rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
            items, beside = table.of(recent.offsets[positions], recent.offsets[positions + 1], self.places)
            return (
                torch.from_numpy(items),
                torch.from_numpy(beside),
                torch.from_numpy(np.maximum(sizes[positions] - 1, 0)),
            )

        net = restore(self._net(), self.net_weights)
        logits = apply(net, len(log), batch, lambda net, *tensors: net.scores(*tensors), ctx)
        return np.asarray(np.exp((logits - logits.max(axis=1, keepdims=True)) / WARMTH), dtype=np.float32)

    def _net(self) -> Reader:
        from podium.recipes.recommend.sequence_net import Reader

        return Reader(self.n_items, self.width, self.dropout, self.half, self.places)

    def _started(self, log: Log, met: NDArray[np.float64], seed: int) -> Reader:
        """A net that says what is popular, and what is met with a user's last items, by the table's strongest factors."""
        import torch
        from sklearn.utils.extmath import randomized_svd

        net, often = self._net(), np.log((met + 1.0) / (met + 1.0).mean())
        together = Visits(near=20.0, reach=40, power=0.5, liked=1.0).fit(log, self.n_items).table
        left, strength, right = randomized_svd(together, min(self.width, self.n_items - 1), random_state=seed)
        some = log.items[:: max(1, len(log.items) // SAMPLE)]
        most = float((left[some] * strength @ right).max(axis=1, initial=0.0).mean()) if len(some) else 1.0
        root = np.sqrt(strength * SHARP / max(most, 1e-9))
        sides = [np.zeros((self.n_items, self.width), dtype=np.float32) for _ in range(2)]
        for side, factors in zip(sides, (left, right.T), strict=True):
            side[:, : len(root)] = factors * root
        net.begin(*(torch.from_numpy(one.astype(np.float32)) for one in (*sides, FLAT * often)))
        return net


def _stretches(log: Log, places: int) -> Ints:
    """`(m, 3)`: first and past-the-last place in the log of each stretch of at most `places` + 1 events, the last of a user
    ending with their history, and where the user begins; of two events at least."""
    found: list[tuple[int, int, int]] = []
    for low, high in zip(log.offsets[:-1].tolist(), log.offsets[1:].tolist(), strict=True):
        for stop in range(high, low + 1, -places):
            found.append((max(low, stop - places - 1), stop, low))
    return np.array(found, dtype=np.int64).reshape(-1, 3)


class _Table:
    """Events of a log as padded arrays."""

    def __init__(self, log: Log, n_items: int) -> None:
        self.n_items = n_items
        self.items = np.append(log.items, n_items)
        gap = np.diff(log.times, prepend=log.times[:1])
        if len(gap):
            gap[log.offsets[:-1][log.sizes > 0]] = 0.0
        beside = np.column_stack([log.rating, np.log1p(np.maximum(gap, 0.0) * 24 * 60) / 10.0])  # minutes
        self.beside = np.concatenate([beside, np.zeros((1, 2))]).astype(np.float32)

    def _places(self, start: Ints, stop: Ints, places: int) -> Ints:
        at = start[:, None] + np.arange(places)[None, :]
        return np.where(at < stop[:, None], at, len(self.items) - 1)

    def of(self, start: Ints, stop: Ints, places: int) -> tuple[Ints, NDArray[np.float32]]:
        at = self._places(start, stop, places)
        return self.items[at], self.beside[at]

    def after(
        self, start: Ints, stop: Ints, places: int, ahead: int, rng: np.random.Generator
    ) -> tuple[Ints, NDArray[np.float32]]:
        """After each place, one of the `ahead` events that follow, as many as there are before `stop`, -1 after the end; and
        the square of how much it was liked."""
        at = start[:, None] + np.arange(places)[None, :]
        left = np.clip(stop[:, None] - 1 - at, 0, ahead)
        chosen = np.where(left > 0, at + 1 + (rng.random(at.shape) * left).astype(np.int64), len(self.items) - 1)
        return np.where(left > 0, self.items[chosen], -1), self.beside[chosen, 0] ** 2
