"""Which columns help: on held-back rows the loss must rise when a column's values are shuffled (Breiman 2001).

A quick booster is fitted on either half of the rows and asked about the other; a column whose rise is not more than chance
over both is left out. Of two copies each hides the other's worth: so what is left must be as good as the whole, or all stay.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context, Rows
from podium.recipes.tabular.installed import loads
from podium.recipes.tabular.matrix import Matrix
from podium.recipes.tabular.target import Floats, Target

HALVES = 2
ROWS = 20_000  # that the booster is fitted on and asked about, at most
LEAST_ROWS = 200  # below which chance would choose
LABELS = 3  # label columns that are asked about, at most
ROUNDS, RATE, LEAVES = 80, 0.1, 15
SURE = 1.0  # standard errors that the loss must rise by: a useless column stays by chance once in six times
WORSE = 0.001  # share of the held-back loss that leaving columns out may cost


def helpful(matrix: Matrix, train: Rows, ctx: Context) -> NDArray[np.intp] | None:
    """Columns that help with any label, ascending; None for all: rows are too few to tell, leaving out costs, or LightGBM is
    not there to ask."""
    n, width = matrix.values.shape
    if n < LEAST_ROWS or width < 2 or not loads("lightgbm"):
        return None
    assert train.y is not None
    target = Target.of(train.y, ctx)
    order = np.random.default_rng([ctx.seed, 13]).permutation(n)[:ROWS]
    labels = target.columns(train.y)
    labels = labels[:: -(-len(labels) // LABELS)]
    rises = np.zeros((len(labels), width))
    for half in range(HALVES):
        held, most = order[half::HALVES], np.delete(order, np.s_[half::HALVES])
        rises += np.stack([_rises(matrix, label, target, most, held, ctx) for label in labels])
    kept = np.flatnonzero(rises.max(axis=0) > SURE * HALVES**0.5)
    if not len(kept) or len(kept) == width:
        return None
    held, most = order[::HALVES], np.delete(order, np.s_[::HALVES])
    lost = [_lost(matrix.only(kept), label, target, most, held, ctx) for label in labels]
    whole = [_lost(matrix, label, target, most, held, ctx) for label in labels]
    return kept if all(few <= every * (1 + WORSE) for few, every in zip(lost, whole, strict=True)) else None


def _lost(
    matrix: Matrix, label: NDArray[Any], target: Target, most: NDArray[np.intp], held: NDArray[np.intp], ctx: Context
) -> float:
    """Mean loss of the held-back rows, by a booster fitted on the others."""
    found = _fitted(matrix, label, target, most, ctx).predict(matrix.values[held], num_threads=ctx.cores)
    return float(_losses(found, label[held], target).mean())


def _rises(
    matrix: Matrix, label: NDArray[Any], target: Target, most: NDArray[np.intp], held: NDArray[np.intp], ctx: Context
) -> Floats:
    """`(d,)`: by how many standard errors the held-back rows' loss rises when the column is shuffled; 0 where it is not used."""
    booster = _fitted(matrix, label, target, most, ctx)
    values, rng = matrix.values[held].copy(), np.random.default_rng([ctx.seed, 17])
    base, rises = (
        _losses(booster.predict(values, num_threads=ctx.cores), label[held], target),
        np.zeros(values.shape[1]),
    )
    for column in np.flatnonzero(booster.feature_importance("gain") > 0):
        kept = values[:, column].copy()
        values[:, column] = kept[rng.permutation(len(kept))]
        more = _losses(booster.predict(values, num_threads=ctx.cores), label[held], target) - base
        rises[column] = more.mean() / (more.std() / len(more) ** 0.5 + 1e-12)
        values[:, column] = kept
    return rises


def _fitted(matrix: Matrix, label: NDArray[Any], target: Target, rows: NDArray[np.intp], ctx: Context) -> Any:
    import lightgbm

    from podium.recipes.tabular.lightgbm_model import OBJECTIVES

    params = {
        "objective": OBJECTIVES[target.loss], "num_class": target.n_classes or 1, "learning_rate": RATE, "num_leaves": LEAVES,
        "min_data_in_leaf": 20, "num_threads": ctx.cores, "seed": ctx.seed, "deterministic": True,
        "force_row_wise": True, "verbosity": -1,
    }  # fmt: skip
    data = lightgbm.Dataset(matrix.values[rows], label[rows], categorical_feature=matrix.categorical, params=params)
    return lightgbm.train(params, data, ROUNDS)


def _losses(found: Floats, label: NDArray[Any], target: Target) -> Floats:
    """`(n,)`: log loss of classes, absolute or squared error of values."""
    if target.loss == "multiclass":
        return np.asarray(-np.log(np.clip(found[np.arange(len(label)), label.astype(np.int64)], 1e-7, 1)))
    if target.loss == "binary":
        found = np.clip(found, 1e-7, 1 - 1e-7)
        return np.asarray(-(label * np.log(found) + (1 - label) * np.log(1 - found)))
    return np.asarray(np.abs(found - label) if target.loss == "l1" else (found - label) ** 2)
