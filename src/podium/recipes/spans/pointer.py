"""What nets that point at words share: training, weighted spans from their scores. How words become tensors is theirs."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context
from podium.recipes.spans.candidates import Candidates
from podium.recipes.spans.marks import Marks
from podium.recipes.spans.model import Floats, Ints, SpanModel, Weighted
from podium.recipes.spans.passages import Passages
from podium.recipes.spans.ranker import weighed

if TYPE_CHECKING:
    import torch
    from torch import nn

    from podium.recipes.neural.schedule import Schedule

KEPT = 24  # spans a row
LENGTHENED = 3  # words by which spans may be longer than nearly all of train's
TOGETHER = 256  # rows of like lengths that are scored at once


class Table(Protocol):
    """Rows as a net reads them. `words` `(n,)`: how many of each row's words it reads; `lengths` `(n,)`: what a row costs."""

    words: Ints
    lengths: Ints

    def of(self, rows: Ints, most: int, rng: np.random.Generator | None) -> tuple[NDArray[Any], ...]:
        """Inputs of these rows, `most` words wide at least; `rng` where they are learned from."""


class PointerModel(SpanModel):
    """A net scores each word as the first, as the last and as within; the likeliest spans by their two ends are kept."""

    share = 0.8  # of the time left, for training
    at_once = TOGETHER

    def _fit(self, passages: Passages, marks: Marks, ctx: Context) -> None:
        import torch

        from podium.recipes.neural import begin, train
        from podium.recipes.spans.pointer_net import loss

        begin(ctx)
        self.longest = int(np.quantile(marks.last - marks.first + 1, 0.98)) + LENGTHENED
        net, table = self._fresh(ctx), self._table(passages, ctx)
        inside = np.flatnonzero(marks.last < table.words)
        self.notes["read"] = len(inside)
        if not len(inside):
            raise ValueError("no answer lies in the part of its text that is read")

        def batch(positions: Ints, rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
            rows = inside[positions]
            ends = table.words[rows], marks.first[rows], marks.last[rows]
            return tuple(map(torch.from_numpy, (*table.of(rows, 1, rng), *ends)))

        self.notes |= train(
            net, len(inside), batch, loss, self._schedule(), ctx, self.share, self._rates(), table.lengths[inside]
        )
        self._keep(net)

    def _spans(self, passages: Passages, ctx: Context) -> Weighted:
        table, net = self._table(passages, ctx), self._kept(ctx)
        rows = np.flatnonzero(table.words > 0)
        rows = rows[np.argsort(table.lengths[rows], kind="stable")]
        parts = [self._read(table, net, rows[at : at + TOGETHER], ctx) for at in range(0, len(rows), TOGETHER)]
        if not parts:
            empty = np.zeros(0, dtype=np.int64)
            return Weighted(empty, empty, empty, np.zeros(0))
        return Weighted(
            *(np.concatenate([getattr(p, name) for p in parts]) for name in ("row", "first", "last", "weight"))
        )

    def _read(self, table: Table, net: nn.Module, rows: Ints, ctx: Context) -> Weighted:
        """Spans of some rows, of like lengths."""
        import torch

        from podium.recipes.neural import apply

        most = int(table.words[rows].max())

        def batch(positions: Ints, rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
            return tuple(map(torch.from_numpy, table.of(rows[positions], most, None)))

        scores = apply(net, len(rows), batch, lambda net, *tensors: net(*tensors), ctx, self.at_once)
        return self._best(scores.astype(np.float64), rows, table.words[rows])

    def _best(self, scores: Floats, rows: Ints, sizes: Ints) -> Weighted:
        """The likeliest spans by their two ends, with their probabilities."""
        most = scores.shape[1]
        starts, ends = (scores[..., q] - np.log(np.exp(scores[..., q]).sum(axis=1, keepdims=True)) for q in (0, 1))
        first, last = np.triu_indices(most)
        joint = starts[:, first] + ends[:, last]
        whole = (first[None, :] == 0) & (last[None, :] == sizes[:, None] - 1)
        joint[((last - first >= self.longest)[None, :] & ~whole) | (last[None, :] >= sizes[:, None])] = -np.inf
        likely = np.sort(np.argpartition(-joint, min(KEPT, joint.shape[1]) - 1, axis=1)[:, :KEPT], axis=1)
        kept = np.take_along_axis(
            likely, np.argsort(-np.take_along_axis(joint, likely, axis=1), axis=1, kind="stable"), axis=1
        )
        row, place = np.nonzero(np.isfinite(np.take_along_axis(joint, kept, axis=1)))
        pair = kept[row, place]
        spans = Candidates(row.astype(np.int64), first[pair].astype(np.int64), last[pair].astype(np.int64))
        found = weighed(spans, joint[row, pair], 1.0)
        return Weighted(rows[found.row], found.first, found.last, found.weight)

    def _rates(self) -> dict[str, float]:
        return {}

    @abstractmethod
    def _schedule(self) -> Schedule: ...

    @abstractmethod
    def _table(self, passages: Passages, ctx: Context) -> Table: ...

    @abstractmethod
    def _fresh(self, ctx: Context) -> nn.Module:
        """The net before training."""

    @abstractmethod
    def _keep(self, net: nn.Module) -> None: ...

    @abstractmethod
    def _kept(self, ctx: Context) -> nn.Module:
        """The trained net."""
