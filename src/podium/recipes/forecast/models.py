"""The models whose forecasts are paths: statistical methods, analogs, one linear autoregression, and their choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context
from podium.recipes.forecast.analogs import analogs
from podium.recipes.forecast.bounds import bounded
from podium.recipes.forecast.classical import classical
from podium.recipes.forecast.linear import linear
from podium.recipes.forecast.paths import PathModel

Floats = NDArray[np.float64]


class Classical(PathModel):
    """`method` of `classical.METHODS` on the last `recent` values of each series (0: all)."""

    def __init__(self, features: Mapping[str, Any] | None = None, method: str = "median", recent: int = 0) -> None:
        super().__init__(features)
        self.method, self.recent = method, recent

    def paths(self, series: Sequence[Floats], horizon: int, ctx: Context) -> Floats:
        return classical(series, horizon, self.method, self.period, self.recent)


class Analogs(PathModel):
    """The mean of searches with windows of several `lengths`, in values (`log` False), logs (True) or both (None)."""

    def __init__(
        self, features: Mapping[str, Any] | None = None, lengths: Sequence[int] = (52, 104), neighbours: int = 10,
        log: bool | None = None,
    ) -> None:  # fmt: skip
        super().__init__(features)
        self.lengths, self.neighbours, self.log = tuple(lengths), neighbours, log

    def paths(self, series: Sequence[Floats], horizon: int, ctx: Context) -> Floats:
        positive = all((y > 0).all() for y in series)
        forms = [False, True] if self.log is None and positive else [bool(self.log) and positive]
        found: list[Floats] = []
        for length in self.lengths:
            for log in forms:
                if found and ctx.time_left() < 5.0 * len(found):
                    break
                fits = min(length, max(3, int(np.median([len(y) for y in series])) - 2 * horizon))
                found.append(bounded(analogs(series, horizon, fits, self.neighbours, log, ctx.seed), series))
        return np.asarray(np.mean(found, axis=0))


class LinearLags(PathModel):
    """One ridge regression of the steps ahead on the last `length` values, for all series."""

    def __init__(
        self, features: Mapping[str, Any] | None = None, length: int = 56, penalty: float = 1.0, log: bool = False,
        half_life: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__(features)
        self.length, self.penalty, self.log, self.half_life = length, penalty, log, half_life

    def paths(self, series: Sequence[Floats], horizon: int, ctx: Context) -> Floats:
        return linear(series, horizon, self.length, self.penalty, self.log, self.half_life, ctx.seed)


class Chosen(PathModel):
    """For each series a mixture of `methods` by how each did on its last `windows` horizons.

    A method is a word of `classical.METHODS`, `analogs` or `linear`. `sharpness`: 0 is the plain mean, large is choice; a
    series' own record is weighed against all series' with `prior` windows.
    """

    def __init__(
        self,
        features: Mapping[str, Any] | None = None,
        methods: Sequence[str] = ("naive", "drift", "ses", "damped", "theta", "linear"),
        windows: int = 2,
        sharpness: float = 3.0,
        prior: float = 2.0,
        length: int = 52,
    ) -> None:
        super().__init__(features)
        self.methods, self.windows, self.sharpness = tuple(methods), windows, sharpness
        self.prior, self.length = prior, length

    def paths(self, series: Sequence[Floats], horizon: int, ctx: Context) -> Floats:
        final = [self._one(name, series, horizon, ctx) for name in self.methods]
        losses, seen = np.zeros((len(self.methods), len(series))), np.zeros(len(series))
        for window in range(1, self.windows + 1):
            cut = window * horizon
            at = np.array([k for k, y in enumerate(series) if len(y) >= cut + max(4, horizon)], dtype=np.int64)
            if not len(at) or ctx.time_left() < 20.0:
                break
            past = [series[k][:-cut] for k in at]
            truth = np.stack([series[k][len(series[k]) - cut : len(series[k]) - cut + horizon] for k in at])
            naive = np.abs(truth - np.array([y[-1] for y in past])[:, None]).mean(axis=1)
            unit = naive + np.array([np.abs(np.diff(y)).mean() for y in past]) + 1e-12
            for m, name in enumerate(self.methods):
                losses[m, at] += np.abs(self._one(name, past, horizon, ctx) - truth).mean(axis=1) / unit
            seen[at] += 1
        if not seen.any():
            return np.asarray(np.median(final, axis=0))
        usual = losses[:, seen > 0].sum(axis=1) / seen.sum()
        own = (losses + self.prior * usual[:, None]) / (seen + self.prior)
        weight = (own / own.min(axis=0)) ** (-2.0 * self.sharpness)
        weight /= weight.sum(axis=0)
        return np.asarray(np.einsum("mn,mnh->nh", weight, np.stack(final)))

    def _one(self, name: str, series: Sequence[Floats], horizon: int, ctx: Context) -> Floats:
        if name == "analogs":
            fits = min(self.length, max(3, int(np.median([len(y) for y in series])) - 2 * horizon))
            return bounded(analogs(series, horizon, fits, seed=ctx.seed), series)
        if name == "linear":
            return bounded(linear(series, horizon, self.length, seed=ctx.seed), series)
        return bounded(classical(series, horizon, name, self.period), series)
