"""Counts of all orders, backed off: interpolated modified Kneser-Ney (Chen and Goodman 1999), and words beside it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.recipes.lm.contexts import WORDS, Text
from podium.recipes.lm.corpus import Codes, Vocabulary
from podium.recipes.lm.counts import Counts, Table

Logs = NDArray[np.float32]
WORD_DISCOUNTS = (0.7, 0.9, 1.2)
WORD_BASE = 5  # the order that a kind of word context backs off to
BINS = 41  # of what is known of a context: never seen, or how often by how many symbols followed


@dataclass(frozen=True)
class Evidence:
    """What contexts say of n places: `base` `(n, v)` log probabilities of no context; `steps`, one a kind of context, `(n,
    v)`: by how much it changes the log probability that it backs off to; `bins` likewise `(n,)`: how much was seen."""

    base: Logs
    steps: list[Logs]
    bins: list[NDArray[np.int64]]


class Backoff:
    """Tables of suffixes of 0 … `order` symbols and, where symbols are characters, of words."""

    def __init__(
        self, codes: Codes, answers: NDArray[np.int64], vocabulary: Vocabulary, order: int, words: bool
    ) -> None:
        self.vocabulary, self.order = vocabulary, order
        text, v = Text(codes, vocabulary), vocabulary.n_classes
        self.words = words and text.words
        self.suffixes: list[Table] = []
        kept = answers
        for k in range(order, -1, -1):  # below the longest, a symbol counts once for each symbol that goes before
            table = Table(text.before(kept, k), codes[kept], v)
            kept = kept[table.first]
            self.suffixes.insert(0, table)
        self.discounts = [_discounts(table) for table in self.suffixes]
        self.of_words = [Table(h, codes[answers], v) for _, h in text.of_words(answers)] if self.words else []

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names of the steps of `Evidence`."""
        return (*(f"{k} symbols" for k in range(1, self.order + 1)), *(WORDS if self.words else ()))

    def evidence(self, codes: Codes, ends: NDArray[np.int64]) -> Evidence:
        """Of what follows `ends` in another text."""
        text, v = Text(codes, self.vocabulary), self.vocabulary.n_classes
        p = np.full((len(ends), v), 1.0 / v, dtype=np.float32)
        logs: list[Logs] = []
        bins: list[NDArray[np.int64]] = []
        for k, (table, discounts) in enumerate(zip(self.suffixes, self.discounts, strict=True)):
            counts = table.of(text.before(ends, k))
            p = discounted(counts, discounts, p)
            logs.append(np.log(p))
            bins.append(_bins(counts))
        steps = [after - before for before, after in itertools.pairwise(logs)]
        base = np.exp(logs[min(WORD_BASE, self.order)])
        for (_, hashes), table in zip(text.of_words(ends) if self.words else (), self.of_words, strict=True):
            counts = table.of(hashes)
            steps.append(np.log(discounted(counts, WORD_DISCOUNTS, base)) - np.log(base))
            bins.append(_bins(counts))
        return Evidence(logs[0], steps, bins[1:])


def discounted(counts: Counts, discounts: tuple[float, float, float], lower: Counts) -> Counts:
    """Counts less a discount, which goes to `lower`; `lower` itself where nothing was seen."""
    total = counts.sum(axis=1, keepdims=True)
    off = np.choose(np.minimum(counts, 3).astype(np.int8), (0.0, *discounts)).astype(np.float32)
    seen = np.maximum(total, 1e-9)
    return np.where(total > 0, (counts - off) / seen + off.sum(axis=1, keepdims=True) / seen * lower, lower)


def _discounts(table: Table) -> tuple[float, float, float]:
    """From how many pairs were seen once, twice, three and four times; sound where the text is small too."""
    n1, n2, n3, n4 = (float((table.counts == times).sum()) + 1.0 for times in (1, 2, 3, 4))
    y = n1 / (n1 + 2 * n2)
    found = (1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3)
    return tuple(float(np.clip(d, 0.1, times - 0.05)) for times, d in enumerate(found, 1))  # type: ignore[return-value]


def _bins(counts: Counts) -> NDArray[np.int64]:
    total, kinds = counts.sum(axis=1), (counts > 0).sum(axis=1)
    often = np.minimum(np.log2(np.maximum(total, 1)), 9).astype(np.int64)
    return np.where(total > 0, 1 + 4 * often + np.minimum(np.maximum(kinds, 1) - 1, 3), 0)
