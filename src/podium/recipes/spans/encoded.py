"""A pretrained encoder that is tuned to point at words: what stands beside a passage is read before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context
from podium.recipes.spans.model import Ints
from podium.recipes.spans.passages import Passages
from podium.recipes.spans.pointer import PointerModel
from podium.recipes.text.embed import weights_folder

if TYPE_CHECKING:
    from torch import nn

    from podium.recipes.neural.schedule import Schedule
    from podium.recipes.spans.encoded_net import EncodedPointer


class SpanEncoder(PointerModel):
    """Fine-tuning for spans after Devlin et al. 2019 (section 4.2), with scores of words instead of pieces.

    features: weights (a name), length (pieces a row is cut at).
    params: epochs, batch_size, learning_rate (of the head), slower (the encoder's share of it), average (EMA's decay), dropout.
    """

    share = 0.85
    at_once = 64

    def __init__(
        self,
        features: Mapping[str, Any] | None = None,
        epochs: float = 2,
        batch_size: int = 32,
        learning_rate: float = 1e-3,
        slower: float = 0.08,
        average: float = 0.98,
        dropout: float = 0.1,
    ) -> None:
        super().__init__({"length": 128, **(features or {})})
        self.epochs, self.batch_size, self.learning_rate = epochs, batch_size, learning_rate
        self.slower, self.average, self.dropout = slower, average, dropout

    def _schedule(self) -> Schedule:
        from podium.recipes.neural import Schedule

        return Schedule(self.epochs, self.batch_size, self.learning_rate, 0.01, warmup=0.1, ema=self.average)

    def _rates(self) -> dict[str, float]:
        return {"backbone.": self.slower}

    def _table(self, passages: Passages, ctx: Context) -> _Table:
        return _Table(passages, int(self.features["length"]), str(self.features["weights"]), ctx)

    def _fresh(self, ctx: Context) -> EncodedPointer:
        from podium.recipes.spans.encoded_net import EncodedPointer

        return EncodedPointer(weights_folder(str(self.features["weights"]), ctx), self.dropout)

    def _keep(self, net: nn.Module) -> None:
        from podium.recipes.neural import halved
        from podium.recipes.text.bert_net import WORDS

        self.weights = halved(net, f"backbone.{WORDS}")

    def _kept(self, ctx: Context) -> EncodedPointer:
        from podium.recipes.neural import restore_halved

        return restore_halved(self._fresh(ctx), self.weights)


class _Table:
    """Pieces of each row, and where each word's first and last piece are."""

    def __init__(self, passages: Passages, longest: int, weights: str, ctx: Context) -> None:
        from podium.recipes.text.wordpiece import WordPiece

        words = [list(passages.words[a:b]) for a, b in zip(passages.offsets, passages.offsets[1:], strict=False)]
        cut = WordPiece.read(weights_folder(weights, ctx)).encode_words(passages.before, words, longest)
        self.pieces = [pieces for pieces, _, _ in cut]
        self.second = [begin for _, begin, _ in cut]
        self.ends = [ends for _, _, ends in cut]
        self.words = np.array([len(ends) for ends in self.ends], dtype=np.int64)
        self.lengths = np.array([len(pieces) for pieces in self.pieces], dtype=np.int64)

    def of(self, rows: Ints, most: int, rng: np.random.Generator | None) -> tuple[NDArray[Any], ...]:
        """Pieces, kinds, which are there `(rows, longest)`; the place of each word's first and last piece `(rows, words)`,
        0 where there is no word."""
        from podium.recipes.text.pieces import tensors

        read = tensors([self.pieces[row] for row in rows], [self.second[row] for row in rows])
        places = np.zeros((2, len(rows), max(most, int(self.words[rows].max(initial=1)))), dtype=np.int64)
        for at, row in enumerate(rows):
            ends = self.ends[row]
            places[0, at, : len(ends)] = [self.second[row], *ends[:-1]][: len(ends)]
            places[1, at, : len(ends)] = np.array(ends, dtype=np.int64) - 1
        return (*(one.numpy() for one in read), *places)
