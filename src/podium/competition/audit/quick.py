"""A quick model for the audit alone: out-of-fold class probabilities in about a second, one thread, the same each time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from podium.competition import lean
from podium.competition.audit.view import Floats, Ints, View, floats

MOST_ROWS = 5_000
MOST_COLUMNS = 60
MOST_CLASSES = 12
FOLDS = 3
TREES = 240  # of all classes together


@dataclass(frozen=True)
class Told:
    """Out-of-fold `probabilities` `(n, k)` of the rows with these `codes`; `rows`: positions in the view's train rows."""

    probabilities: Floats
    codes: Ints
    rows: Ints


def out_of_fold(view: View, codes: Ints) -> Told | None:
    """LightGBM on the columns as they are, or words where there is little else; None where nothing can be learned from."""
    rows = np.arange(len(codes))
    if len(rows) > MOST_ROWS:
        rows = np.sort(view.rng(7).choice(rows, MOST_ROWS, replace=False))
    codes = codes[rows]
    k = int(codes.max()) + 1
    if np.bincount(codes, minlength=k).min() < FOLDS:
        return None
    features, names = _features(view, rows)
    if not features.shape[1]:
        return None
    folds = _folds(codes, view.rng(8))
    out = np.zeros((len(codes), k))
    for fold in range(FOLDS):
        held = folds == fold
        out[held] = _fit_predict(features[~held], codes[~held], features[held], k, names, view.seed)
    return Told(out, codes, rows)


def _folds(codes: Ints, rng: np.random.Generator) -> Ints:
    """Stratified: each class dealt in turn."""
    order = np.lexsort((rng.random(len(codes)), codes))
    folds = np.empty(len(codes), dtype=np.int64)
    folds[order] = np.arange(len(codes)) % FOLDS
    return folds


def _features(view: View, rows: Ints) -> tuple[Floats, list[int]]:
    """Numbers, dates and booleans as they are, names as codes; and which columns are names."""
    out: list[Floats] = []
    names: list[int] = []
    for column in view.of_kind("numeric", "boolean", "date", "categorical")[:MOST_COLUMNS]:
        series = view.train[column.name][rows]
        if column.kind == "categorical":
            if column.n_unique > 100:
                continue
            names.append(len(out))
            out.append(np.asarray(series.rank("dense").cast(pl.Float64).fill_null(0.0)))
        else:
            out.append(floats(series))
    return (np.column_stack(out) if out else np.empty((len(rows), 0))), names


def _fit_predict(train: Floats, codes: Ints, held: Floats, k: int, names: list[int], seed: int) -> Floats:
    lightgbm = lean.lightgbm()

    params = {
        "objective": "binary" if k == 2 else "multiclass", "num_leaves": 15, "learning_rate": 0.1, "min_data_in_leaf": 20,
        "num_threads": 1, "deterministic": True, "force_row_wise": True, "seed": seed % 2**31, "verbosity": -1,
        "max_bin": 63, "feature_fraction": 0.8,
    }  # fmt: skip
    if k > 2:
        params["num_class"] = k
    data = lightgbm.Dataset(train, codes, categorical_feature=names or "auto", params={"verbosity": -1, "max_bin": 63})
    rounds = max(15, min(60, TREES // (1 if k == 2 else k)))
    told = np.asarray(lightgbm.train(params, data, num_boost_round=rounds).predict(held))
    return np.column_stack([1.0 - told, told]) if k == 2 else told.reshape(len(held), k)
