"""A small recurrent reader trained from nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from podium.protocol import Context
from podium.recipes.spans.evidence import word_codes
from podium.recipes.spans.model import Ints
from podium.recipes.spans.passages import Passages
from podium.recipes.spans.pointer import PointerModel

if TYPE_CHECKING:
    from torch import nn

    from podium.recipes.neural.schedule import Schedule
    from podium.recipes.spans.tagger_net import Pointer

BUCKETS = (1 << 15, 1 << 12, 1 << 11, 1 << 9)  # of cores, heads, tails, shapes: AdamW passes over all of them each step
MOST_WORDS = 400  # of a text; what is further on is not read
FORGOTTEN = 0.02  # of conditions, in training: what an unseen one looks like


class SpanTagger(PointerModel):
    """Hashed words in order, two recurrent layers (`tagger_net.Pointer`).

    width of its layers, dropout, epochs, lr
    """

    def __init__(
        self, features: Mapping[str, Any] | None = None, width: int = 96, dropout: float = 0.3, epochs: float = 6,
        lr: float = 2e-3,
    ) -> None:  # fmt: skip
        super().__init__(features)
        self.width, self.dropout, self.epochs, self.lr = width, dropout, epochs, lr

    def _schedule(self) -> Schedule:
        from podium.recipes.neural import Schedule

        return Schedule(self.epochs, 64, self.lr, 0.01, 0.1, 0.0, 1.0)

    def _table(self, passages: Passages, ctx: Context) -> _Table:
        return _Table(passages)

    def _fresh(self, ctx: Context) -> Pointer:
        from podium.recipes.spans.tagger_net import Pointer

        return Pointer(BUCKETS, len(self.reader.codes) + 1, self.width, self.dropout)  # 0 is a condition never seen

    def _keep(self, net: nn.Module) -> None:
        from podium.recipes.neural import weights_of

        self.weights = weights_of(net)

    def _kept(self, ctx: Context) -> Pointer:
        from podium.recipes.neural import restore

        return restore(self._fresh(ctx), self.weights)


class _Table:
    """Codes of all words, and the rows' as padded arrays."""

    def __init__(self, passages: Passages) -> None:
        codes, self.asked = word_codes(passages)
        self.codes = (codes % (np.array(BUCKETS, dtype=np.uint64) - np.uint64(1))).astype(np.int64) + 1
        self.offsets, self.condition = passages.offsets, passages.condition
        self.words = self.lengths = np.minimum(passages.sizes, MOST_WORDS)

    def of(self, rows: Ints, most: int, rng: np.random.Generator | None) -> tuple[Ints, Ints, Ints]:
        """Codes `(rows, words, 4)`, condition `(rows,)`, whether the other texts hold the word `(rows, words)`."""
        sizes = self.words[rows]
        most = max(most, int(sizes.max(initial=1)))
        at = np.minimum(self.offsets[rows][:, None] + np.arange(most)[None, :], len(self.codes) - 1)
        there = np.arange(most)[None, :] < sizes[:, None]
        condition = self.condition[rows]
        if rng is not None:
            condition = np.where(rng.random(len(rows)) < FORGOTTEN, 0, condition)
        return self.codes[at] * there[..., None], condition, self.asked[at] * there
