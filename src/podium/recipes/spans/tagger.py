"""The net's side of span extraction: rows to tensors, scores of words to weighted spans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context
from podium.recipes.spans.candidates import Candidates
from podium.recipes.spans.evidence import word_codes
from podium.recipes.spans.marks import Marks
from podium.recipes.spans.model import Floats, SpanModel, Weighted
from podium.recipes.spans.passages import Passages
from podium.recipes.spans.ranker import weighed

if TYPE_CHECKING:
    from podium.recipes.spans.tagger_net import Pointer

BUCKETS = (1 << 15, 1 << 12, 1 << 11, 1 << 9)  # of cores, heads, tails, shapes: AdamW passes over all of them each step
MOST_WORDS = 400  # of a text; what is further on is not read
KEPT = 24  # spans a row
LENGTHENED = 3  # words by which spans may be longer than nearly all of train's


class SpanTagger(SpanModel):
    """A small recurrent reader trained from nothing.

    width of its layers, dropout, epochs, lr
    """

    def __init__(
        self, features: Mapping[str, Any] | None = None, width: int = 96, dropout: float = 0.3, epochs: float = 6,
        lr: float = 2e-3,
    ) -> None:  # fmt: skip
        super().__init__(features)
        self.width, self.dropout, self.epochs, self.lr = width, dropout, epochs, lr

    def _fit(self, passages: Passages, marks: Marks, ctx: Context) -> None:
        import torch

        from podium.recipes.neural.device import begin
        from podium.recipes.neural.loop import train
        from podium.recipes.neural.schedule import Schedule
        from podium.recipes.neural.weights import weights_of
        from podium.recipes.spans.tagger_net import loss

        begin(ctx)
        self.conditions = int(passages.condition.max(initial=0)) + 1
        self.longest = int(np.quantile(marks.last - marks.first + 1, 0.98)) + LENGTHENED
        net, table = self._net(), _Table(passages)
        inside = np.flatnonzero(marks.last < MOST_WORDS)

        def batch(positions: NDArray[np.int64], rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
            rows = inside[positions]
            codes, condition, asked = table.of(rows)
            condition = np.where(rng.random(len(rows)) < 0.02, 0, condition)  # what an unseen condition looks like
            ends = torch.from_numpy(marks.first[rows]), torch.from_numpy(marks.last[rows])
            return torch.from_numpy(codes), torch.from_numpy(condition), torch.from_numpy(asked), *ends

        schedule = Schedule(self.epochs, 64, self.lr, 0.01, 0.1, 0.0, 1.0)
        self.notes |= train(net, len(inside), batch, loss, schedule, ctx, share=0.8, lengths=passages.sizes[inside])
        self.weights = weights_of(net)

    def _spans(self, passages: Passages, ctx: Context) -> Weighted:
        rows = np.flatnonzero(passages.sizes > 0)
        rows = rows[np.argsort(passages.sizes[rows], kind="stable")]
        parts = [self._read(passages, rows[at : at + 256], ctx) for at in range(0, len(rows), 256)]
        if not parts:
            empty = np.zeros(0, dtype=np.int64)
            return Weighted(empty, empty, empty, np.zeros(0))
        return Weighted(
            *(np.concatenate([getattr(p, name) for p in parts]) for name in ("row", "first", "last", "weight"))
        )

    def _read(self, passages: Passages, rows: NDArray[np.int64], ctx: Context) -> Weighted:
        """Spans of some rows, of like lengths."""
        import torch

        from podium.recipes.neural.predict import apply
        from podium.recipes.neural.weights import restore

        table = _Table(passages)
        net = restore(self._net(), self.weights)

        def batch(positions: NDArray[np.int64], rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
            codes, condition, asked = table.of(rows[positions], int(passages.sizes[rows].max()))
            condition = np.where(condition < self.conditions, condition, 0)
            return torch.from_numpy(codes), torch.from_numpy(condition), torch.from_numpy(asked)

        scores = apply(net, len(rows), batch, lambda net, *tensors: net(*tensors), ctx)
        return self._best(scores.astype(np.float64), rows, np.minimum(passages.sizes[rows], MOST_WORDS))

    def _best(self, scores: Floats, rows: NDArray[np.int64], sizes: NDArray[np.int64]) -> Weighted:
        """The likeliest spans by their two ends, with their probabilities."""
        most = scores.shape[1]
        starts, ends = (scores[..., q] - np.log(np.exp(scores[..., q]).sum(axis=1, keepdims=True)) for q in (0, 1))
        first, last = np.triu_indices(most)
        joint = starts[:, first] + ends[:, last]
        whole = (first[None, :] == 0) & (last[None, :] == sizes[:, None] - 1)
        joint[((last - first >= self.longest)[None, :] & ~whole) | (last[None, :] >= sizes[:, None])] = -np.inf
        kept = np.argsort(-joint, axis=1, kind="stable")[:, :KEPT]
        row, place = np.nonzero(np.isfinite(np.take_along_axis(joint, kept, axis=1)))
        pair = kept[row, place]
        spans = Candidates(row.astype(np.int64), first[pair].astype(np.int64), last[pair].astype(np.int64))
        found = weighed(spans, joint[row, pair], 1.0)
        return Weighted(rows[found.row], found.first, found.last, found.weight)

    def _net(self) -> Pointer:
        from podium.recipes.spans.tagger_net import Pointer

        return Pointer(BUCKETS, self.conditions, self.width, self.dropout)


class _Table:
    """Codes of all words, and the rows' as padded arrays."""

    def __init__(self, passages: Passages) -> None:
        self.passages = passages
        codes, self.asked = word_codes(passages)
        self.codes = (codes % (np.array(BUCKETS, dtype=np.uint64) - np.uint64(1))).astype(np.int64) + 1

    def of(
        self, rows: NDArray[np.int64], most: int = 0
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        sizes = np.minimum(self.passages.sizes[rows], MOST_WORDS)
        most = min(max(most, int(sizes.max(initial=1))), MOST_WORDS)
        at = np.minimum(self.passages.offsets[rows][:, None] + np.arange(most)[None, :], len(self.codes) - 1)
        there = np.arange(most)[None, :] < sizes[:, None]
        codes = self.codes[at] * there[..., None]
        return codes, self.passages.condition[rows], self.asked[at] * there
