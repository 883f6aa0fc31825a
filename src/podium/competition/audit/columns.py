"""Shapes of columns: constants, many values, far outliers, numbers that are names."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from podium.competition import levels
from podium.competition.audit.view import View, finding, floats
from podium.protocol import Column
from podium.records import AuditFinding

MANY = 50  # values of a category
FEW = (4, 200)  # values of a whole-numbered column that may be a code


def check_columns(view: View) -> Iterator[AuditFinding]:
    for column in view.columns:
        if column.kind == "constant":
            yield finding("constant", "info", column.name, column.n_unique, f"{column.name} has one value at most")
        if column.kind == "categorical" and column.n_unique > MANY:
            text = f"{column.name} has {column.n_unique} values: encode by target or count, fitted on training rows"
            yield finding("cardinality", "info", column.name, column.n_unique, text)
        if column.kind == "numeric":
            yield from _outliers(column, view)


def _outliers(column: Column, view: View) -> Iterator[AuditFinding]:
    values = floats(view.train[column.name])
    values = values[np.isfinite(values)]
    if len(values) < 50:
        return
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    spread = high - low
    far = np.abs(values - middle) > 10 * spread
    if spread > 0 and far.any():
        worst = values[np.argmax(np.abs(values - middle))]
        where = f"worst {worst:g}, median {middle:g}"
        text = f"{int(far.sum())} values of {column.name} lie more than ten 5–95 % ranges off its median ({where})"
        yield finding("outlier", "info", column.name, far.mean(), text)


def check_coded(view: View) -> Iterator[AuditFinding]:
    """Whole numbers that tell more as names than by their order: categories in disguise."""
    outcome = levels.outcomes(view.truth)
    for column in view.of_kind("numeric"):
        if not FEW[0] <= column.n_unique <= min(FEW[1], len(view.train) // 20):
            continue
        values = floats(view.train[column.name])
        values = np.where(np.isfinite(values), values, np.nanmin(values) - 1 if np.isfinite(values).any() else 0.0)
        if not np.array_equal(values, np.round(values)):
            continue
        _, codes = np.unique(values, return_inverse=True)
        told = levels.told(codes.astype(np.int64), outcome)
        gain = told.named - told.ordered
        if gain > max(2 * told.chance, 0.1):
            text = (
                f"{column.name} tells more by value ({told.named:.2f}) than by order ({told.ordered:.2f}; 1 tells all): "
                "its numbers may be names, or its effect bends"
            )
            yield finding("coded", "info", column.name, gain, text)


CHECKS = (check_columns, check_coded)
