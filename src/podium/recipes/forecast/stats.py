"""Models of statsforecast (an extra): AutoETS, AutoCES, DynamicOptimizedTheta, AutoARIMA, the median of those named."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context
from podium.recipes.forecast.bounds import bounded
from podium.recipes.forecast.classical import classical
from podium.recipes.forecast.paths import PathModel

Floats = NDArray[np.float64]
LONGEST_SEASON = 24  # a longer one costs minutes a series


class StatsModels(PathModel):
    """`models`: names of statsforecast's classes; `recent`: so many of a series' last values count.

    Series that time does not allow are answered by the median of quick methods.
    """

    def __init__(
        self,
        features: Mapping[str, Any] | None = None,
        models: Sequence[str] = ("DynamicOptimizedTheta",),
        recent: int = 260,
    ) -> None:
        super().__init__(features)
        self.models, self.recent = tuple(models), recent

    def paths(self, series: Sequence[Floats], horizon: int, ctx: Context) -> Floats:
        os.environ.setdefault("NUMBA_CACHE_DIR", str(ctx.scratch))
        import statsforecast.models as library

        season = self.period if 1 < self.period <= LONGEST_SEASON else 1
        made = [getattr(library, name)(season_length=season) for name in self.models]
        out, slowest = classical(series, horizon, "median", self.period), 0.0
        for k, y in enumerate(series):
            begun = time.monotonic()
            if ctx.time_left() < 5.0 + 3.0 * slowest:
                self.notes["answered"] = k
                break
            values = np.ascontiguousarray(y[-self.recent :])
            if len(values) > 2 * season + 6 and np.ptp(values) > 0:
                found = [self._one(model, values, horizon, out[k]) for model in made]
                out[k] = np.median(bounded(np.stack(found), [values] * len(found)), axis=0)
            slowest = max(slowest, time.monotonic() - begun) if k else slowest  # the first one compiles
        return out

    @staticmethod
    def _one(model: Any, values: Floats, horizon: int, instead: Floats) -> Floats:
        """One model's path; `instead` where it finds no fit (it then raises what its optimiser raised)."""
        try:
            return np.asarray(model.forecast(y=values, h=horizon)["mean"], dtype=np.float64)
        except (ValueError, ArithmeticError, IndexError, np.linalg.LinAlgError):
            return instead
