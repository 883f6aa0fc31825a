"""Adversarial validation: can a quick classifier tell test's rows from train's, and by which columns?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition import quick, relation
from podium.competition.source import Source
from podium.competition.timeline import clock_or_number
from podium.metrics import get
from podium.metrics.uncertainty import estimate
from podium.records import Evidence

ROWS, FEWEST, CELLS = 8_000, 1_500, 400_000  # of each side at most; fewer where columns are many
MOST_COLUMNS = 200
FOLDS = 3
TREES = 25
SHOWN = 3  # columns that give it away
UNIQUE = 0.95  # share of distinct values beyond which a string is a name, not a feature
LEAST_ROWS = 40  # of each side
BLOCKS = 100  # of time, as units
SIGMAS = 3.0
Units = NDArray[np.int64]


@dataclass(frozen=True)
class Drift:
    """AUC of telling test from train, its standard error, and the columns with their share of the classifier's gain."""

    auc: float
    stderr: float
    columns: tuple[tuple[str, float], ...]
    n_rows: int
    n_columns: int

    @property
    def visible(self) -> bool:
        return self.auc - SIGMAS * self.stderr > 0.5

    def evidence(self) -> Evidence:
        told = f"a classifier tells test from train with AUC {self.auc:.3f} ± {self.stderr:.3f} on {self.n_rows:,} rows"
        if not self.visible:
            odd = self.auc + SIGMAS * self.stderr < 0.5
            note = " (below 0.5 is chance too: rows that repeat evenly mislead folds)" if odd else ""
            return Evidence(f"{self.auc:.3f}", f"{told}: no drift in {self.n_columns} features{note}", 0.95)
        by = ", ".join(f"{name} ({share:.0%})" for name, share in self.columns)
        return Evidence(f"{self.auc:.3f}", f"{told}, by {by}", 0.95)


def units(source: Source, split: object) -> Units | None:
    """What stays together over train's then test's rows, where test has other groups or blocks of time: else a classifier
    would know test's rows by their group."""
    strategy, group, time = (getattr(split, name) for name in ("strategy", "group_column", "time_column"))
    if strategy in ("grouped", "stratified_grouped") and group in source.test.columns:
        keys = pl.concat([frame[group].cast(pl.String) for frame in (source.train, source.test)])
        shared = relation.group_key(keys)
        return (keys if shared is None else shared).rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
    if strategy == "interleaved_block" and time in source.test.columns:
        times = np.concatenate([clock_or_number(frame[time]) for frame in (source.train, source.test)])
        order = np.argsort(np.argsort(times, kind="stable"), kind="stable")
        return np.asarray(order * BLOCKS // len(order), dtype=np.int64)
    return None


def measure(source: Source, columns: Sequence[str], kept: Units | None = None, seed: int = 0) -> Drift | None:
    """Over `columns` of both tables (ids and times left out by the caller), cross-validated on a sample; groups of `kept`
    stay in one fold. None where there are too few rows or columns. Deterministic."""
    n_train, n_test = source.train.height, source.test.height
    if min(n_train, n_test) < LEAST_ROWS:
        return None
    rng = np.random.default_rng([seed, 3])
    most = int(np.clip(CELLS // max(1, min(len(columns), MOST_COLUMNS)), FEWEST, ROWS))
    rows = [_sample(n, most, rng) for n in (n_train, n_test)]
    frame = _stack(source, columns, rows)
    if not frame.width:
        return None
    x, names = quick.encode(frame, frame.columns)
    truth = np.repeat([0, 1], [len(rows[0]), len(rows[1])])
    held = np.concatenate([rows[0], n_train + rows[1]])
    predicted, gains = _cross_validate(x, truth, _fold_of(held, kept, rng), seed)
    groups = None if kept is None else kept[held]
    judged = estimate(get("auc"), truth, predicted[:, None], groups)
    by: dict[str, float] = {}
    for name, gain in zip(names, gains, strict=True):
        by[name] = by.get(name, 0.0) + gain
    total = sum(by.values()) or 1.0
    top = sorted(by.items(), key=lambda item: -item[1])[:SHOWN]
    told = tuple((name, gain / total) for name, gain in top if gain > 0)
    return Drift(judged.value, judged.stderr, told, len(truth), frame.width)


def _sample(n: int, most: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return np.arange(n) if n <= most else np.sort(rng.choice(n, most, replace=False))


def _stack(source: Source, columns: Sequence[str], rows: Sequence[NDArray[np.int64]]) -> pl.DataFrame:
    """Sampled rows of train, then test's; columns of one type in both, that are no names of rows."""
    out = []
    for name in columns[:MOST_COLUMNS]:
        train, test = source.train[name][rows[0]], source.test[name][rows[1]]
        if train.dtype != test.dtype:
            if not (train.dtype.is_numeric() and test.dtype.is_numeric()):
                continue
            train, test = train.cast(pl.Float64), test.cast(pl.Float64)
        both = pl.concat([train, test])
        is_name = both.dtype == pl.String and both.n_unique() > UNIQUE * len(both)
        if not is_name or (both.str.len_chars().mean() or 0) > quick.LONG_TEXT:  # type: ignore[operator]
            out.append(both)
    return pl.DataFrame(out)


def _fold_of(held: NDArray[np.int64], kept: Units | None, rng: np.random.Generator) -> NDArray[np.int64]:
    if kept is None:
        return rng.permutation(len(held)) % FOLDS
    _, code = np.unique(kept[held], return_inverse=True)
    return np.asarray((rng.permutation(int(code.max()) + 1) % FOLDS)[code])


def _cross_validate(
    x: quick.Floats, truth: NDArray[np.int64], fold_of: NDArray[np.int64], seed: int
) -> tuple[quick.Floats, quick.Floats]:
    predicted, gains = np.full(len(truth), truth.mean()), np.zeros(x.shape[1])
    for fold in range(FOLDS):
        train, valid = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        if len(valid) and len(np.unique(truth[train])) == 2:
            labels = truth.astype(np.float64)
            predicted[valid], gained = quick.fit_predict(x, labels, train, valid, "binary", seed, trees=TREES)
            gains += gained
    return predicted, gains
