"""The net's side of text to text: symbols, batches, and words it does not know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context
from podium.recipes.text_to_text.model import TextModel
from podium.recipes.text_to_text.pairs import Sources

if TYPE_CHECKING:
    import torch

    from podium.recipes.text_to_text.seq2seq_net import Writer

START, STOP, UNKNOWN, FIRST = 1, 2, 3, 4  # as in `seq2seq_net`, which imports torch
MOST_SYMBOLS = 20_000
LONGEST = 160  # symbols of a source or an answer; longer pairs are not learned, longer sources cut
MOST_PAIRS = 200_000
BETWEEN = "\x1f"  # what stands beside, and the text
Codes = NDArray[np.int64]


class TextSeq2Seq(TextModel):
    """A small recurrent encoder and decoder trained from nothing.

    unit     what is read and written: `char` or `word` (words it never wrote are copied from where it looks)
    width, dropout, epochs, lr
    """

    def __init__(
        self, features: Mapping[str, Any] | None = None, unit: Literal["char", "word"] = "char", width: int = 128,
        dropout: float = 0.1, epochs: float = 15, lr: float = 2e-3,
    ) -> None:  # fmt: skip
        super().__init__(features)
        self.unit, self.width, self.dropout, self.epochs, self.lr = unit, width, dropout, epochs, lr

    def _fit(self, sources: Sources, answers: Sequence[str], ctx: Context) -> None:
        import torch

        from podium.recipes.neural.device import begin
        from podium.recipes.neural.loop import train
        from podium.recipes.neural.schedule import Schedule
        from podium.recipes.neural.weights import weights_of
        from podium.recipes.text_to_text.seq2seq_net import loss

        begin(ctx)
        read = [self._read(sources, row) for row in range(len(sources))]
        said = [self._symbols(answer) for answer in answers]
        self.known, self.written = _vocabulary(read), _vocabulary(said)
        kept = [row for row in range(len(read)) if len(read[row]) <= LONGEST and len(said[row]) <= LONGEST][:MOST_PAIRS]
        self.most = max((len(said[row]) for row in kept), default=1) + 1
        spelled = [self._coded(read[row], self.known) for row in kept]
        to = [[START, *self._coded(said[row], self.written), STOP] for row in kept]

        def batch(positions: Codes, rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
            return torch.from_numpy(_padded([spelled[p] for p in positions])), torch.from_numpy(
                _padded([to[p] for p in positions])
            )

        net = self._net()
        schedule = Schedule(self.epochs, 64, self.lr, 0.01, 0.1, 0.0, 1.0)
        lengths = np.array([len(spelled[p]) + len(to[p]) for p in range(len(kept))], dtype=np.int64)
        self.notes |= train(net, len(kept), batch, loss, schedule, ctx, share=0.7, lengths=lengths)
        self.weights = weights_of(net)

    def _write(self, sources: Sources, ctx: Context) -> list[str]:
        import torch

        from podium.recipes.neural.predict import apply
        from podium.recipes.neural.weights import restore

        distinct = list(dict.fromkeys((text, sources.beside[row]) for row, text in enumerate(sources.texts)))
        some = Sources(tuple(text for text, _ in distinct), tuple(beside for _, beside in distinct))
        read = [self._read(some, row)[:LONGEST] for row in range(len(some))]
        spelled = [self._coded(symbols, self.known) for symbols in read]
        net = restore(self._net(), self.weights)

        def batch(positions: Codes, rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
            return (torch.from_numpy(_padded([spelled[p] for p in positions])),)

        if not distinct:
            return []
        found = apply(net, len(some), batch, lambda one, codes: one.write(codes, self.most), ctx)
        names = {code: symbol for symbol, code in self.written.items()}
        answers = {key: self._spelled(found[at].astype(np.int64), read[at], names) for at, key in enumerate(distinct)}
        return [answers[text, sources.beside[row]] for row, text in enumerate(sources.texts)]

    def _read(self, sources: Sources, row: int) -> list[str]:
        """What stands beside as one symbol each, then the text's."""
        beside = [f"{place}{BETWEEN}{value}" for place, value in enumerate(sources.beside[row])]
        return [*beside, BETWEEN, *self._symbols(sources.texts[row])]

    def _symbols(self, text: str) -> list[str]:
        return list(text) if self.unit == "char" else text.split()

    def _coded(self, symbols: Sequence[str], known: Mapping[str, int]) -> list[int]:
        return [known.get(symbol, UNKNOWN) for symbol in symbols]

    def _spelled(self, written: Codes, read: Sequence[str], names: Mapping[int, str]) -> str:
        parts = []
        for code, place in written:
            if code < UNKNOWN:
                break
            looked = read[place] if place < len(read) else ""
            parts.append(names[code] if code >= FIRST else "" if BETWEEN in looked else looked)
        return ("" if self.unit == "char" else " ").join(parts)

    def _net(self) -> Writer:
        from podium.recipes.text_to_text.seq2seq_net import Writer

        return Writer(FIRST + len(self.known), FIRST + len(self.written), self.width, self.dropout)


def _vocabulary(texts: Iterable[Sequence[str]]) -> dict[str, int]:
    """Symbols seen twice or more (once, where that is all there is), the most frequent first."""
    counts = Counter(symbol for text in texts for symbol in text)
    often = [symbol for symbol, count in counts.most_common(MOST_SYMBOLS) if count > 1] or list(counts)
    return {symbol: FIRST + at for at, symbol in enumerate(often)}


def _padded(rows: Sequence[Sequence[int]]) -> Codes:
    out = np.zeros((len(rows), max(map(len, rows), default=1)), dtype=np.int64)
    for at, row in enumerate(rows):
        out[at, : len(row)] = row
    return out
