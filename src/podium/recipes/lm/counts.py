"""How often each symbol followed each context: sorted hashes, looked up by bisection."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from podium.recipes.lm.contexts import Hashes

Counts = NDArray[np.float32]


class Table:
    """Counts of (context, symbol) pairs. Of a key's 64 bits the low ones are the symbol's, the rest the context's."""

    def __init__(self, contexts: Hashes, symbols: NDArray[np.int32], n_symbols: int) -> None:
        self.n_symbols = n_symbols
        self.bits = np.uint64(max(1, int(n_symbols - 1).bit_length()))
        mask = (np.uint64(1) << self.bits) - np.uint64(1)
        keys, self.first, counts = np.unique(
            (contexts & ~mask) | symbols.astype(np.uint64), return_index=True, return_counts=True
        )
        self.symbols = (keys & mask).astype(np.int32)
        self.counts = counts.astype(np.float32)
        held = keys >> self.bits
        new = np.concatenate(([True], held[1:] != held[:-1])) if len(held) else np.zeros(0, dtype=bool)
        self.contexts = held[new]
        self.offsets = np.concatenate((np.flatnonzero(new), [len(held)]))

    def of(self, contexts: Hashes) -> Counts:
        """`(n, n_symbols)`; zeros for a context never seen."""
        out = np.zeros((len(contexts), self.n_symbols), dtype=np.float32)
        if not len(self.contexts):
            return out
        asked = contexts >> self.bits
        at = np.minimum(np.searchsorted(self.contexts, asked), len(self.contexts) - 1)
        seen = self.contexts[at] == asked
        starts = np.where(seen, self.offsets[at], 0)
        sizes = np.where(seen, self.offsets[at + 1] - self.offsets[at], 0)
        rows = np.repeat(np.arange(len(asked)), sizes)
        flat = np.repeat(starts - np.concatenate(([0], np.cumsum(sizes)[:-1])), sizes) + np.arange(int(sizes.sum()))
        out[rows, self.symbols[flat]] = self.counts[flat]
        return out
