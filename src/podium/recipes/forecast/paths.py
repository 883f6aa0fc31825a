"""What models share that forecast each series as a path: fit makes the paths, predict reads them off."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from podium.metrics.distributions import levels_in
from podium.protocol import Context, Dense, Rows
from podium.recipes.forecast.backtest import Backtest, backtest
from podium.recipes.forecast.bounds import bounded
from podium.recipes.forecast.effects import Effects, unit_of
from podium.recipes.forecast.hierarchy import Hierarchy, hierarchy_of
from podium.recipes.forecast.panel import Panel
from podium.recipes.forecast.reconcile import Reconciler
from podium.recipes.forecast.season import period_of
from podium.recipes.forecast.spread import quantiles

Floats = NDArray[np.float64]


class PathModel(ABC):
    """`features`: `horizon`, steps ahead that are asked; `known` columns of the future, whose effects are taken
    out of the past and put back; `period`, 0 where it is to be found; `reconcile`: forecasts of sums help their parts, where
    columns or names tell of sums and past windows say that it does.

    A path depends on what its series (and others) did before; beyond the horizon it stays where it is. Where the metric asks for
    quantiles each step has one value a level, by the errors on past windows.
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
        tree = hierarchy_of(panel, train.frame(), panel.place(train)[0]) if self.features.get("reconcile") else None
        self.known = panel.tail(self.horizon)
        self.ahead = bounded(self._answers(series, tree, ctx), series)
        self.unknown = np.median(self.ahead, axis=0)
        return self

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        of, step = self.known.place(rows)
        at = np.clip(step, 1, self.horizon) - 1
        values = np.where((of >= 0)[:, None], self.ahead[of, at], self.unknown[at])
        if self.effects:
            by = self.effects.at(rows.frame())[:, None]
            values = values * np.exp(by) if self.effects.ratio else values + by * self.units[np.maximum(of, 0)][:, None]
        for k in np.flatnonzero((of >= 0) & (step <= 0)):  # asked of what was seen
            held = self.known.values[of[k]]
            values[k] = held[max(0, len(held) - 1 + step[k])]
        return Dense(values)

    def _answers(self, series: Sequence[Floats], tree: Hierarchy | None, ctx: Context) -> Floats:
        """`(n, horizon, answers)`: values, or quantiles around them."""
        levels = levels_in(ctx.metric)
        sums = tree.added(series) if tree else []
        every = [*series, *sums]
        if sums and self.period == 1 and not self.features.get("period"):
            self.period = self.notes["period"] = period_of(sums)  # which noise hides in the parts
        past = backtest(self.paths, every, self.horizon, ctx) if tree or levels else None
        paths = bounded(self.paths(every, self.horizon, ctx), every)
        if tree is not None and past is not None:
            reconciler = Reconciler(tree, every, len(series))
            way = reconciler.chosen(past, ctx.metric in ("smape", "mape"))
            self.notes |= {"sums": len(tree.parts), "reconciled": way.name, "level": way.level}
            paths = reconciler.apply(way, paths, past)
        if not levels or past is None:
            return paths[: len(series), :, None]
        own = Backtest(past.forecast[:, : len(series)], past.truth[:, : len(series)])
        return quantiles(paths[: len(series)], own, np.array([unit_of(y) for y in series]), levels)

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
