"""Points of series: a row each, ordered by how long before (or after) the first point that its series is asked for.

Folds mimic the horizon: each validates a window as long as what is asked, the last ending where train (or the vault) ends,
and trains on what lies before it, less the time that is left out between train and test. Only windows are scored.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition.dealt import Dealt, bar, no_bars
from podium.competition.source import Source
from podium.competition.splits import VAULT_FROM
from podium.competition.units.series_tables import ID, SERIES, STEP_NO, VALUE, Points, read_points
from podium.competition.units.unit import BESIDE, Units
from podium.errors import IntakeError
from podium.metrics.forecasts import scaled
from podium.records import Competition

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def make(competition: Competition, data: Path, seed: int) -> Units:
    """Features: `series`, `time` (whole steps), the keys of a hierarchy, `date`, and what is known of the future.

    Raises IntakeError where series are too short for the folds.
    """
    points = read_points(competition, data)
    clock = clock_of(points)
    n = points.train.height
    dealt = windows(clock[:n], clock[n:], competition.cv_folds)
    target, key = competition.target_columns[0], competition.id_column or ID
    train = _named(points.train).rename({VALUE: target})
    if scaled(competition.metric):
        train = train.with_columns(_beside(points, clock, dealt, competition))
    test = _named(points.test).rename({ID: key})
    source = Source(train, test, points.sample, points.notices)
    return Units(source, clock=clock, dealt=dealt)


def _named(frame: pl.DataFrame) -> pl.DataFrame:
    """Series that are called by numbers get a letter, so that nothing takes them for numbers; steps as numbers."""
    numbers = frame[SERIES].cast(pl.Float64, strict=False).is_not_null().any()
    name = pl.concat_str(pl.lit("s"), pl.col(SERIES)).alias(SERIES) if numbers else pl.col(SERIES)
    return frame.with_columns(name, pl.col(STEP_NO).cast(pl.Float64))


def clock_of(points: Points) -> Floats:
    """Steps of train's, then test's rows before (<= 0) and from (1) the first point that is asked of their series.

    A series that is not asked for counts from the first point asked of any, where train goes on until then, or its own end.
    """
    train, test = points.train, points.test
    first = test.group_by(SERIES).agg(pl.col(STEP_NO).min().alias("first"))
    last = train.group_by(SERIES).agg(pl.col(STEP_NO).max().alias("last"))
    both = last.join(first, on=SERIES, how="left")
    asked = first["first"]
    together = asked.n_unique() == 1
    other = pl.lit(asked.min()) if together else pl.col("last") + 1
    both = both.with_columns(pl.col("first").fill_null(other))
    origin = both.select(SERIES, "first")
    of_train = train.select(SERIES, STEP_NO).join(origin, on=SERIES, how="left", maintain_order="left")
    of_test = test.select(SERIES, STEP_NO).join(first, on=SERIES, how="left", maintain_order="left")
    clock = pl.concat([f.select((pl.col(STEP_NO) - pl.col("first") + 1).cast(pl.Float64)) for f in (of_train, of_test)])
    found: Floats = clock.to_series().to_numpy().astype(np.float64)
    found[: train.height] = np.minimum(found[: train.height], 0.0)
    return found


def windows(train: Floats, test: Floats, folds: int) -> Dealt:
    """Vault (from 20,000 rows on: the last window) and folds of `clock_of`'s times; windows are shorter than what is asked
    where so many of them would not fit."""
    gap, room = -float(train.max()), float(train.max() - train.min()) + 1.0
    horizon = max(1.0, min(float(test.max(initial=1.0)), room // (folds + 1)))
    skipped = max(0.0, min(gap, room - (folds + 1) * horizon))  # as much of the gap as leaves something to train on
    vault = np.zeros(len(train), dtype=bool)
    fold_of, barred = np.full(len(train), -1, dtype=np.int8), no_bars(len(train))
    end = -gap
    if len(train) >= VAULT_FROM and (train <= end - (folds + 1) * horizon - skipped).any():
        vault = (train > end - horizon) & (train <= end)
        end -= horizon
    for fold in range(folds - 1, -1, -1):
        here = (train > end - horizon) & (train <= end) & ~vault
        past = train <= end - horizon - skipped
        if not here.any() or not past.any():
            raise IntakeError(
                f"series are too short for {folds} windows of {horizon:g} steps",
                expected="points before the first window", remedy="lower `cv_folds`",
            )  # fmt: skip
        fold_of[here] = fold
        bar(barred, fold, ~past)
        end -= horizon
    return Dealt(vault, fold_of, barred, train)


# ---------------------------------------------------------------- scales and weights


def _beside(points: Points, clock: Floats, dealt: Dealt, competition: Competition) -> list[pl.Series]:
    """Code, in-sample scale and weight of each of train's rows, the scale over what lies before its window."""
    train = points.train
    code = train[SERIES].rank("dense").cast(pl.Int64).to_numpy() - 1
    order = np.lexsort((train[STEP_NO].to_numpy(), code))
    value, at = train[VALUE].to_numpy()[order], clock[: train.height][order]
    season = _season(competition)
    scale, weight = np.ones(train.height), np.ones(train.height)
    for rows in [dealt.vault, *(dealt.fold_of == k for k in range(competition.cv_folds))]:
        if not rows.any():
            continue
        past = at < clock[: train.height][rows].min()
        squared = competition.metric in ("rmsse", "wrmsse")
        found = _scales(value[past], code[order][past], int(code.max()) + 1, season, squared)
        scale[rows] = found[code[rows]]
        if competition.metric.startswith(("wrmsse", "wspl")):
            sold = np.bincount(code[order][past][at[past] > at[past].max() - 28], minlength=int(code.max()) + 1,
                               weights=value[past][at[past] > at[past].max() - 28])  # fmt: skip
            weight[rows] = np.maximum(sold, 1e-9)[code[rows]]
    if competition.metric == "wmae":
        weight = _told_weight(train, competition)
    return [
        pl.Series(name, held) for name, held in zip(BESIDE[:3], (code.astype(np.float64), scale, weight), strict=True)
    ]


def _scales(value: Floats, code: Ints, size: int, season: int, squared: bool) -> Floats:
    """Mean step `season` apart in each series (or its square); the median where a series is too short or constant."""
    step, inside = np.abs(value[season:] - value[:-season]), code[season:] == code[:-season]
    held = code[season:][inside]
    total = np.bincount(held, weights=(step**2 if squared else step)[inside], minlength=size)
    count = np.bincount(held, minlength=size)
    scale = total / np.maximum(count, 1)
    usual = float(np.median(scale[scale > 0])) if (scale > 0).any() else 1.0
    return np.where(scale > 0, scale, usual)


def _season(competition: Competition) -> int:
    """Points apart that the scale compares: what the description calls the season, else neighbours."""
    told = re.search(r"season(?:ality|al period)?[^.\d]{0,40}?\b(\d{1,3})\b", competition.description, re.I)
    return max(1, int(told[1])) if told else 1


def _told_weight(train: pl.DataFrame, competition: Competition) -> Floats:
    """5 in the weeks of holidays where a column marks them (Walmart's rule, or the number told), else 1."""
    flag = next((c for c in train.columns if re.search(r"holiday", c, re.I)), None)
    if flag is None:
        return np.ones(train.height)
    told = re.search(r"(\d+)\s+(?:if|for|when)[^.]{0,40}holiday", competition.description, re.I)
    on = train[flag].cast(pl.String).str.to_lowercase().is_in(["true", "1", "yes"]).to_numpy()
    return np.where(on, float(told[1]) if told else 5.0, 1.0)
