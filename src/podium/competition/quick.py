"""A quick model for measuring, not for winning: columns as numbers, small boosted trees. Nothing of the team's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition import lean

Floats = NDArray[np.float64]
PARAMS: dict[str, Any] = {
    "num_leaves": 15, "learning_rate": 0.15, "min_data_in_leaf": 20, "max_bin": 63, "bagging_fraction": 0.8,
    "bagging_freq": 1, "feature_fraction": 0.8, "num_threads": 1, "deterministic": True, "force_row_wise": True,
    "verbosity": -1,
}  # fmt: skip
LONG_TEXT = 40  # mean characters beyond which a string is told by its length and words alone


def encode(frame: pl.DataFrame, columns: Sequence[str]) -> tuple[Floats, list[str]]:
    """`(n, k)` float64, NaN where missing, and the column each came from. Strings by how frequent they are and a code in
    the order of their names; long ones by their length; dates as microseconds, weekday and hour."""
    parts: list[Floats] = []
    names: list[str] = []
    for name in columns:
        found = [] if frame[name].dtype.is_nested() else _numbers(frame[name])
        parts += found
        names += [name] * len(found)
    values = np.column_stack(parts) if parts else np.empty((frame.height, 0))
    return values, names


def _numbers(series: pl.Series) -> list[Floats]:
    if series.dtype in (pl.Date, pl.Datetime):
        clock = [series.dt.epoch("us"), series.dt.weekday()]
        return [_floats(part) for part in (*clock, *([series.dt.hour()] if series.dtype == pl.Datetime else []))]
    if series.dtype.is_numeric() or series.dtype == pl.Boolean:
        return [_floats(series)]
    text = series.cast(pl.String)
    lengths = _floats(text.str.len_chars())
    if np.nanmean(np.append(lengths, 0.0)) > LONG_TEXT:
        return [lengths, _floats(text.str.count_matches(r"\S+"))]
    counts = _floats(pl.len().over("v").alias("c").pipe(pl.DataFrame({"v": text}).select).to_series())
    return [_floats(text.rank("dense")), counts]


def _floats(series: pl.Series) -> Floats:
    out: Floats = series.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()
    return out


def fit_predict(
    x: Floats, y: Floats, train: NDArray[Any], valid: NDArray[Any], objective: str, seed: int, *, classes: int = 2,
    trees: int = 40,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Predictions of the rows `valid` `(m,)` or `(m, classes)`, and the gain of each column, by trees fitted on `train`.

    `objective`: LightGBM's: binary, multiclass, regression. Deterministic by `seed`, one thread.
    """
    lightgbm = lean.lightgbm()

    params = {**PARAMS, "objective": objective, "seed": seed}
    if objective == "multiclass":
        params["num_class"] = classes
    data = lightgbm.Dataset(x[train], y[train], params=params)
    model = lightgbm.train(params, data, num_boost_round=trees)
    gains = model.feature_importance("gain")
    return np.asarray(model.predict(x[valid], num_threads=1)), np.asarray(gains, dtype=np.float64)
