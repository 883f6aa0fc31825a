"""What every recommender shares: whose histories it learns from, newcomers, repeats, and lists made of scores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl

from podium.packing import rankings
from podium.protocol import Context, Dense, Rows
from podium.recipes.recommend import repeats
from podium.recipes.recommend.log import Floats, Ints, Log, histories, joined, latest, with_next
from podium.recipes.recommend.newcomers import Newcomers
from podium.recipes.recommend.sources import Scores, Source

CELLS = 8_000_000  # users times items scored at a time
DIGITS = 5  # of scores of at most 1: what sums differ by in batches of other sizes decides no order


@dataclass(frozen=True)
class Case:
    """A labelled cut-off: `blind`, one history a user as of then, without what came next; `asked` of them are followed by
    `following`."""

    blind: Log
    asked: Log
    following: list[Ints]


@dataclass(frozen=True)
class World:
    """What may be known. `told`: one history a user, the newest, with what was relevant next where that is labelled.
    `cases`: the labelled cut-offs, the latest first; where nothing is labelled, one at which nobody is asked."""

    told: Log
    frame: pl.DataFrame  # rows of `told`
    cases: tuple[Case, ...]
    n_items: int

    @classmethod
    def of(cls, train: Rows, ctx: Context) -> World:
        rows = [train] if ctx.unlabelled is None else [train, ctx.unlabelled]
        logs, frames = [histories(one) for one in rows], [one.frame() for one in rows]
        clock = np.concatenate([_clock(one) for one in rows])
        following = [np.asarray(one, dtype=np.int64) for one in (train.y if train.y is not None else [])]
        everyone = joined([with_next(logs[0], following), *logs[1:]])
        chosen, bare = latest(everyone, clock), joined(logs)
        labelled, known = clock[: len(train)], np.flatnonzero([len(one) > 0 for one in following])
        cases = []
        for cut in np.unique(labelled[known])[::-1] if len(known) else labelled[:1]:
            before, asked = np.flatnonzero(clock <= cut), known[labelled[known] == cut]
            blind = bare.take(before)
            blind = blind.take(latest(blind, clock[before]))
            cases.append(Case(blind, logs[0].take(asked), [following[at] for at in asked]))
        n_items = 1 + max(int(one.max(initial=-1)) for one in (everyone.items, *following[:1]))
        return cls(everyone.take(chosen), pl.concat(frames)[chosen], tuple(cases), max(n_items, 1))

    @property
    def case(self) -> Case:
        """The latest."""
        return self.cases[0]


def _clock(rows: Rows) -> Floats:
    return np.zeros(len(rows)) if rows.times is None else rows.times


class Recommender(ABC):
    """Subclasses make scores of histories. features: none. `notes` holds facts worth recording, as JSON."""

    def __init__(self, features: Mapping[str, Any] | None = None) -> None:
        self.features = dict(features or {})
        self.notes: dict[str, Any] = {}

    def fit(self, train: Rows, ctx: Context) -> Self:
        assert train.y is not None, "fit needs labelled rows"
        world = World.of(train, ctx)
        self.n_items = world.n_items
        self.newcomers = Newcomers().fit(world.told, world.frame, world.n_items)
        self.notes = {"users": len(world.told), "items": world.n_items, "repeats": round(self._repeats(world), 4)}
        self._fit(world, ctx)
        return self

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        """`(n, most, 2)`: items, best first, and their scores."""
        items: list[Ints] = []
        scores: list[Floats] = []
        step = max(1, CELLS // self.n_items)
        for low in range(0, len(rows), step):
            part = rows.take(np.arange(low, min(len(rows), low + step)))
            found = self._answer(part, ctx)
            items += found[0]
            scores += found[1]
        return rankings([one.tolist() for one in items], [one.tolist() for one in scores], ctx.layout)

    def _answer(self, rows: Rows, ctx: Context) -> tuple[list[Ints], list[Floats]]:
        log = histories(rows).within(self.n_items)
        scores = self._scores(log, ctx)
        base = self.newcomers.scores(log, rows.frame())
        cold = log.sizes == 0
        scores[cold] = base[cold]
        top = np.maximum(scores.max(axis=1, keepdims=True), 1e-9)
        scores = np.round(scores / top, DIGITS) + 1e-6 * base / np.maximum(base.max(axis=1, keepdims=True), 1e-9)
        return best(self._with_repeats(scores, log), ctx.layout.shape[0])

    def _with_repeats(self, scores: Scores, log: Log) -> Scores:
        return repeats.apply(scores, log, self.strength)

    def _repeats(self, world: World) -> float:
        self.strength = -1.0
        self.repeated = repeats.share(world.case.asked.within(world.n_items), world.case.following, world.n_items)
        return self.repeated

    @abstractmethod
    def _fit(self, world: World, ctx: Context) -> None: ...

    @abstractmethod
    def _scores(self, log: Log, ctx: Context) -> Scores:
        """`(n, n_items)` float32."""


class OfSource(Recommender):
    """One source. params: the source's own."""

    def __init__(self, features: Mapping[str, Any] | None = None, **params: Any) -> None:
        super().__init__(features)
        self.params = params

    @abstractmethod
    def make(self) -> Source: ...

    def _fit(self, world: World, ctx: Context) -> None:
        if self.repeated >= repeats.RARE:  # how much own items are lifted is learnt without having seen the answers
            case = world.case
            some = np.random.default_rng(ctx.seed).permutation(len(case.asked))[: repeats.SAMPLE]
            some = np.sort(some[: max(1, CELLS // world.n_items)])
            half = None if ctx.deadline is None else ctx.deadline - ctx.time_left() / 2
            blind = self.make().fit(case.blind, world.n_items, ctx.seed, half)
            asked = case.asked.take(some)
            self.strength = repeats.choose(blind.scores(asked), asked, [case.following[at] for at in some])
            self.notes["strength"] = self.strength
        self.source = self.make().fit(world.told, world.n_items, ctx.seed, ctx.deadline)

    def _scores(self, log: Log, ctx: Context) -> Scores:
        return self.source.scores(log)


def best(scores: Scores, most: int) -> tuple[list[Ints], list[Floats]]:
    """Each row's best items and their scores, best first; what is left out (-inf) is left out."""
    most = min(most, scores.shape[1])
    part = np.argpartition(-scores, most - 1, axis=1)[:, :most]
    part.sort(axis=1)  # ties by item, whatever the rest of the row
    of = np.take_along_axis(scores, part, axis=1)
    order = np.argsort(-of, axis=1, kind="stable")
    items, values = np.take_along_axis(part, order, axis=1), np.take_along_axis(of, order, axis=1)
    kept = np.isfinite(values)
    return (
        [row[keep].astype(np.int64) for row, keep in zip(items, kept, strict=True)],
        [row[keep].astype(np.float64) for row, keep in zip(values, kept, strict=True)],
    )
