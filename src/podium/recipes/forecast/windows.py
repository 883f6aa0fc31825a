"""Windows of all series for a global model: the last values before an origin and the steps after it, in the window's unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
CLIP = 10.0  # units, times the root of the steps ahead: a window that runs away must not lead the rest


@dataclass(frozen=True)
class Windows:
    """`flat`: all series one after another; series k is `flat[first[k]:first[k + 1]]`. Origins `at` (positions in `flat`) have
    at least one value before them and `horizon` after them; what lies before a series begins is its first value."""

    flat: Floats
    first: Ints
    of: Ints
    at: Ints
    length: int
    horizon: int

    @classmethod
    def of_series(cls, series: Sequence[Floats], length: int, horizon: int, recent: int) -> Windows:
        """`recent` > 0: origins are among so many last steps of each series."""
        sizes = np.array([len(y) for y in series])
        first = np.concatenate(([0], np.cumsum(sizes)))
        origins = [np.arange(max(1, n - horizon - recent if recent else 1), n - horizon) for n in sizes]
        of = np.repeat(np.arange(len(series)), [len(o) for o in origins])
        at = np.concatenate(origins) if origins else np.empty(0, dtype=np.int64)
        return cls(np.concatenate(series), first, of, first[of] + at, length, horizon)

    def __len__(self) -> int:
        return len(self.at)

    def past(self, of: Ints, at: Ints) -> tuple[Floats, Floats, Floats]:
        """Windows up to `at` `(m, length)` as differences to the last value in units; that value, and the unit, `(m, 1)`."""
        back = at[:, None] - np.arange(self.length - 1, -1, -1)
        window = self.flat[np.maximum(back, self.first[of][:, None])]
        last = window[:, -1:]
        step = np.abs(np.diff(window, axis=1)).mean(axis=1, keepdims=True)
        unit = np.maximum(step, 1e-6 * np.abs(window).mean(axis=1, keepdims=True) + 1e-12)
        return (window - last) / unit, last, unit

    def ahead(self, at: Ints, last: Floats, unit: Floats) -> Floats:
        """What followed `(m, horizon)`, in the window's unit."""
        steps = np.arange(1, self.horizon + 1)
        bound = CLIP * np.sqrt(steps)
        ahead: Floats = (self.flat[at[:, None] + steps] - last) / unit
        return np.clip(ahead, -bound, bound)

    def ends(self) -> tuple[Ints, Ints]:
        """Each series and the position of its last value."""
        return np.arange(len(self.first) - 1), self.first[1:] - 1
