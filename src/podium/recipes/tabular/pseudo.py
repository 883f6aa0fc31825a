"""Pseudo-labels (Lee 2013): rows without labels, labelled by a first fit, are what a second fit learns from as well.

Labels are soft, as in distillation (Hinton, Vinyals and Dean 2015), by copies of a row: one for each class, weighted with
its probability. Under log loss, which is linear in the labels, that is the soft label exactly. No label of these rows is
read: they have none. What sees labels (target means, early stopping's held-back rows) knows the labelled rows alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context, Rows
from podium.recipes.tabular.matrix import Matrix
from podium.recipes.tabular.target import Floats, Target
from podium.records import Competition, DataFacts, Recipe

# Those whose models weigh rows. Left out are linear models, which their own labels tell nothing new; forests, whose full
# grown trees repeat of each row what the first forest said; CatBoost, whose statistics of categories count rows, copies too.
FAMILIES = frozenset({"lightgbm", "hist", "xgboost", "mlp", "tabm", "realmlp", "dual_branch"})
SHARE = 0.3  # test rows for each training row from which on they are worth learning from
LARGE = 200_000  # test rows from which on they cost more than they tell
COPIES = 2  # of a row of classes: most have two that are likely
MOST = 2  # unlabelled rows for each labelled one
TINY = 0.02  # probability below which a row gets no copy of that class
FIRST = 0.3  # of the time left is the first fit's
AGAIN = 2.0  # a second fit is begun only where so many times the first's seconds are left

Ints = NDArray[np.intp]


def worthwhile(facts: DataFacts, competition: Competition) -> bool:
    """Whether test is large enough to teach, small enough to learn from, and there while models are fitted."""
    return facts.n_train * SHARE <= facts.n_test < LARGE and not competition.looks_forward


def beside(recipe: Recipe, facts: DataFacts, rows: int) -> int:
    """Rows, copies counted, that a fit on `rows` labelled ones learns from as well."""
    if not recipe.features.get("pseudo") or recipe.model not in FAMILIES:
        return 0
    there = facts.n_test + facts.n_vault + facts.n_train // max(1, facts.n_folds)
    values = facts.n_outputs == 1 and facts.target_cardinality > 2
    return min(MOST * rows, there) * (1 if values else COPIES)


def drawn(train: Rows, ctx: Context) -> Rows | None:
    """Unlabelled rows to learn from, `MOST` a labelled one, drawn by the seed. None where there are none, and where rows come
    in the order of their times: those of a later day are not there yet."""
    if ctx.unlabelled is None or not len(ctx.unlabelled) or train.times is not None:
        return None
    order = np.random.default_rng([ctx.seed, 19]).permutation(len(ctx.unlabelled))
    return ctx.unlabelled.take(np.sort(order[: MOST * len(train)]))


def joined(
    labelled: tuple[Matrix, Rows], others: tuple[Matrix, Rows], found: Floats, target: Target, weight: float
) -> tuple[Matrix, Rows]:
    """The labelled rows, and after them the others as the first fit `found` them, `(m, outputs)` in the labels' unit.

    Each of them weighs `weight` labelled rows. Their origin is "pseudo": nothing holds them back or counts on their labels.
    """
    (matrix, train), (beside, rows) = labelled, others
    assert train.y is not None
    row, labels, share = copies(found, target)
    y = labels.reshape(len(labels), *train.y.shape[1:])
    more = rows.take(row)
    return replace(matrix, values=np.concatenate([matrix.values, beside.values[row]])), Rows(
        train._source,
        np.concatenate([train.ids, more.ids]),
        y=np.concatenate([train.y, y.astype(train.y.dtype) if target.is_classification else y]),
        weight=np.concatenate([train.weight, weight * train.weight.mean() * share]),
        groups=None if train.groups is None else np.concatenate([train.groups, np.full(len(row), -1)]),
        origin=np.concatenate([train.origin, np.full(len(row), "pseudo")]),
    )


def copies(found: Floats, target: Target) -> tuple[Ints, NDArray[Any], Floats]:
    """Which row of `found` each copy is of, `(c,)`; its label, codes `(c,)` or `(c, outputs)`; its share of the row, `(c,)`.
    Values are taken as they are."""
    if not target.is_classification:
        return np.arange(len(found)), found, np.ones(len(found))
    shares, labels = _classes(found) if target.loss == "multiclass" else _labels(found)
    likeliest = shares == shares.max(axis=1, keepdims=True)  # of many classes all may be below it
    shares = np.where((shares < TINY) & ~likeliest, 0.0, shares)
    row, place = np.nonzero(shares)
    shares = shares / shares.sum(axis=1, keepdims=True)
    return row, labels[row, place], shares[row, place]


def _classes(found: Floats) -> tuple[Floats, NDArray[Any]]:
    """Shares and codes, `(n, classes)` both."""
    return found, np.tile(np.arange(found.shape[1]), (len(found), 1))


def _labels(found: Floats) -> tuple[Floats, NDArray[Any]]:
    """Shares `(n, k + 1)` and labels `(n, k + 1, k)` of 0 and 1, each label with its own probability.

    Labels are set from the likeliest on, one after another: losses are sums over labels, so how they occur together does
    not matter, and k + 1 copies do for what 2^k would say.
    """
    order = np.argsort(-found, axis=1, kind="stable")
    falling = np.take_along_axis(found, order, axis=1)
    edges = np.concatenate([np.ones((len(found), 1)), falling, np.zeros((len(found), 1))], axis=1)
    rank = np.argsort(order, axis=1, kind="stable")
    return -np.diff(edges, axis=1), (rank[:, None, :] < np.arange(found.shape[1] + 1)[:, None]).astype(np.float64)
