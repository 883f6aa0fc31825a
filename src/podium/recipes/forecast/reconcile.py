"""Forecasts of parts and of their sums made to agree: from the sums down, or by what errors say of each (MinT).

Nothing is believed: each way, and leaving the parts as they are, is scored on windows that it did not see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.recipes.forecast.backtest import Backtest
from podium.recipes.forecast.hierarchy import Hierarchy

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Z = 2.5  # standard errors, over series and over steps, by which a way must be better than none
TOGETHER = 3.0  # neighbouring steps err alike: so many count as one
SAMPLE = 400  # series that tell the shrinkage
SEASON = 28  # last values that shares are taken of, at least the horizon


@dataclass(frozen=True)
class Way:
    """`name`: none, mint, shares (of the past) or proportions (of the parts' own forecasts), the last two from `level` down."""

    name: str
    level: int = 0


class Reconciler:
    """`series`: of the panel, then `hierarchy.added`; all arrays of forecasts are `(len(series), h)` in that order."""

    def __init__(self, hierarchy: Hierarchy, series: Sequence[Floats], n: int) -> None:
        self.tree, self.series, self.n = hierarchy, series, n
        self.sums = hierarchy.columns(n)

    def chosen(self, past: Backtest, relative: bool) -> Way:
        """The way that did best on windows whose errors it was not fitted to; none unless its gain is clear.

        `relative`: errors are compared in shares of the values, else in units of each series' usual step.
        """
        none = Way("none")
        if len(past) < 2:
            return none
        losses = {way: self._losses(way, past, relative) for way in (none, *self.ways())}
        best = min(losses, key=lambda way: float(losses[way].mean()))
        gain = losses[none] - losses[best]
        by_series, by_step = gain.mean(axis=(0, 2)), gain.mean(axis=1).ravel()
        noise = max(by_series.std() / np.sqrt(len(by_series)), by_step.std() * np.sqrt(TOGETHER / len(by_step)))
        return best if gain.mean() > Z * noise else none

    def ways(self) -> list[Way]:
        """All that can be tried here; levels that do not hold every part are left to MinT."""
        whole = [int(level) for level in np.unique(self.tree.level) if self._groups(int(level)) is not None]
        return [Way("mint"), *(Way(name, level) for level in whole for name in ("shares", "proportions"))]

    def apply(self, way: Way, paths: Floats, past: Backtest, cut: int = 0) -> Floats:
        """Paths of the panel's series `(n, h)`. `cut`: how many of the last values were not known when they were made."""
        own = paths[: self.n].copy()
        if way.name == "none":
            return own
        leaves = self.tree.leaves
        if way.name == "mint":
            own[leaves] = paths[leaves] + self._corrections(paths, past)
        else:
            groups = self._groups(way.level)
            assert groups is not None
            above = paths[self.sums[self.tree.level == way.level]]
            own[leaves] = above[groups] * self._parts(way, paths[leaves], groups, cut)
        held = self.tree.code >= 0
        own[self.tree.code[held]] = self.tree.sums(own[leaves])[held]
        return own

    # ------------------------------------------------------------ from the sums down

    def _groups(self, level: int) -> Ints | None:
        """Which sum of a level each part belongs to; None where the level does not hold every part once."""
        parts = self.tree.parts[self.tree.level == level]
        return parts.argmax(axis=0) if (parts.sum(axis=0) == 1).all() else None

    def _parts(self, way: Way, leaves: Floats, groups: Ints, cut: int) -> Floats:
        """What share of its sum each part has `(leaves, h)`: Gross and Sohl (1990); Athanasopoulos et al. (2009)."""
        if way.name == "shares":
            recent = max(SEASON, leaves.shape[1])
            held = [self.series[k][: len(self.series[k]) - cut][-recent:] for k in self.tree.leaves]
            size = np.array([max(0.0, y.sum() / recent) for y in held])[:, None] * np.ones(leaves.shape[1])
        else:
            size = np.maximum(leaves, 0.0)
        total = np.zeros((int(groups.max()) + 1, leaves.shape[1]))
        np.add.at(total, groups, size)
        count = np.bincount(groups)[groups][:, None]
        return np.asarray(np.where(total[groups] > 0, size / np.maximum(total[groups], 1e-300), 1.0 / count))

    # ------------------------------------------------------------ MinT

    def _corrections(self, paths: Floats, past: Backtest) -> Floats:
        """What MinT with a shrunk covariance adds to the parts (Wickramasuriya, Athanasopoulos and Hyndman 2019).

        With errors' covariance W and U' = [I, -C] (sums, parts): b - (W U)_b (U' W U)^-1 (a - C b). Nothing of the parts' size
        squared is made: W is its diagonal and a product of residuals.
        """
        rest = np.nan_to_num(past.errors / past.growth()).transpose(1, 0, 2).reshape(len(self.series), -1)
        of_sums, of_parts = rest[self.sums], rest[self.tree.leaves]
        keep = _shrinkage(rest)
        c, t = self.tree.parts.astype(np.float64), rest.shape[1]
        a, b = ((held**2).mean(axis=1) for held in (of_sums, of_parts))
        tiny = 1e-6 * max(float(a.mean()), 1e-300)
        gap = of_sums - c @ of_parts  # U' R, (a, t)
        inner = keep * (np.diag(a) + (c * b) @ c.T) + (1 - keep) * gap @ gap.T / t + tiny * np.eye(len(a))
        away = paths[self.sums] - c @ paths[self.tree.leaves]
        outer = keep * (b[:, None] * c.T) - (1 - keep) * of_parts @ gap.T / t
        return np.asarray(outer @ np.linalg.solve(inner, away))

    # ------------------------------------------------------------ judging

    def _losses(self, way: Way, past: Backtest, relative: bool) -> Floats:
        """`(w, n, h)` of each window, by a way that was fitted to the others."""
        out = []
        for window in range(len(past)):
            others = [k for k in range(len(past)) if k != window]
            rest = Backtest(past.forecast[others], past.truth[others])
            truth, cut = past.truth[window, : self.n], (window + 1) * past.forecast.shape[2]
            found = self.apply(way, np.nan_to_num(past.forecast[window]), rest, cut)
            found = np.maximum(found, 0.0) if not (truth < 0).any() else found
            wrong = np.abs(found - truth)
            out.append(wrong / np.maximum(np.abs(found) + np.abs(truth), 1e-12) if relative else wrong / self._units())
        return np.asarray(np.nan_to_num(np.stack(out)))

    def _units(self) -> Floats:
        steps = [np.abs(np.diff(y)).mean() if len(y) > 1 else 0.0 for y in self.series[: self.n]]
        return np.asarray(np.maximum(steps, 1e-9 * max(1.0, *steps)))[:, None]


def _shrinkage(rest: Floats) -> float:
    """How much of the diagonal is kept, 0..1 (Schäfer and Strimmer 2005), from residuals `(m, t)` of some of the series."""
    some = rest[:: -(-len(rest) // SAMPLE)]
    spread = some.std(axis=1)
    x = (some - some.mean(axis=1, keepdims=True))[spread > 0] / spread[spread > 0][:, None]
    t = x.shape[1]
    if t < 3 or len(x) < 2:
        return 1.0
    r, second = x @ x.T / t, (x**2) @ (x**2).T / t
    off = ~np.eye(len(x), dtype=bool)
    noise = (second - r**2)[off].sum() / (t - 1)
    return float(np.clip(noise / max((r[off] ** 2).sum(), 1e-12), 0.0, 1.0))
