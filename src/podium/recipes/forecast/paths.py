"""What models share that forecast each series as a path: fit makes the paths, predict reads them off."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context, Dense, Rows
from podium.recipes.forecast.effects import Effects, unit_of
from podium.recipes.forecast.panel import Panel
from podium.recipes.forecast.season import period_of

Floats = NDArray[np.float64]
FAR = 1.0  # of a series' range: so far beyond it a forecast may go


class PathModel(ABC):
    """`features`: `horizon`, steps ahead that are asked; `known` columns of the future, whose effects are taken
    out of the past and put back; `period`, 0 where it is to be found.

    A path depends on what its series (and others) did before; beyond the horizon it stays where it is.
    """

    def __init__(self, features: Mapping[str, Any] | None = None) -> None:
        self.features = dict(features or {})
        self.horizon = max(1, int(self.features.get("horizon", 1)))
        self.notes: dict[str, Any] = {}

    def fit(self, train: Rows, ctx: Context) -> Self:
        assert train.y is not None, "fit needs labelled rows"
        panel = Panel.of(train, train.y)
        series, self.effects, self.period = cleared(panel, train, self.features)
        self.units = np.array([unit_of(y) for y in panel.values])
        self.notes |= {"period": self.period, "effects": len(self.effects.coefficients)}
        paths = bounded(self.paths(series, self.horizon, ctx), series)
        self.known = panel.tail(self.horizon)
        self.ahead, self.unknown = paths, np.median(paths, axis=0)
        return self

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        of, step = self.known.place(rows)
        at = np.clip(step, 1, self.horizon) - 1
        values = np.where(of >= 0, self.ahead[of, at], self.unknown[at])
        if self.effects:
            by = self.effects.at(rows.frame())
            values = values * np.exp(by) if self.effects.ratio else values + by * self.units[np.maximum(of, 0)]
        for k in np.flatnonzero((of >= 0) & (step <= 0)):  # asked of what was seen
            held = self.known.values[of[k]]
            values[k] = held[max(0, len(held) - 1 + step[k])]
        return Dense(values[:, None])

    @abstractmethod
    def paths(self, series: Sequence[Floats], horizon: int, ctx: Context) -> Floats:
        """Forecasts `(n, horizon)` of n series."""


def cleared(panel: Panel, train: Rows, features: Mapping[str, Any]) -> tuple[list[Floats], Effects, int]:
    """Series as they would have been without what is known beforehand, those effects, and the period of what is left."""
    frame, known, asked = train.frame(), tuple(features.get("known", ())), int(features.get("period", 0))
    of, step = panel.place(train)
    series, effects, period = panel.values, Effects((), False), asked
    for _ in range(2 if known else 1):  # the second time with the period that the first has laid bare
        effects = Effects.of(panel, frame, of, step, known, 2 * max(period, 7) + 1)
        series = effects.without(panel, effects.at(frame), of, step) if effects else panel.values
        period = asked or period_of(series)
    return series, effects, period


def bounded(paths: Floats, series: Sequence[Floats]) -> Floats:
    """Within each series' range and as much again, never below zero where it never was; the last value for no number."""
    low, high = np.array([y.min() for y in series]), np.array([y.max() for y in series])
    last = np.array([y[-1] for y in series])
    floor = np.where(low >= 0, 0.0, low - FAR * (high - low))
    held = np.where(np.isfinite(paths), paths, last[:, None])
    return np.clip(held, floor[:, None], (high + FAR * (high - low))[:, None])
