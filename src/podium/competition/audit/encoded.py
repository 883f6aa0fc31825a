"""Columns computed from labels, the row's own among them: target means over small groups, figures that repeat the target."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from podium.competition import levels
from podium.competition.association import Truth
from podium.competition.audit.leaks import alone, bound
from podium.competition.audit.view import Floats, View, finding, floats
from podium.protocol import Column
from podium.records import AuditFinding

LEAST = 10  # rows of a value before it counts as pure
PURE = 0.3  # share of rows with a value that knows one outcome alone
SHARED = 0.05  # of rows in which a continuous target stands again, in one unit
DISTINCT = 0.2  # distinct values a row: a target with fewer is not continuous


def check_encoded(view: View) -> Iterator[AuditFinding]:
    for column in view.of_kind("numeric"):
        plain = alone(view, column)
        if plain is not None and plain.strength > bound(view):
            continue  # told already
        values = floats(view.train[column.name])
        yield from _pure(column, values, view.truth)
        yield from _again(column, values, view)


def _pure(column: Column, values: Floats, truth: Truth) -> Iterator[AuditFinding]:
    """A mean of labels over a group of one, or of rows that agree, takes a few values that are never wrong, of both sides."""
    if truth.codes is None:
        return
    kept = np.isfinite(values)
    distinct, codes, counts = np.unique(values[kept], return_inverse=True, return_counts=True)
    if len(distinct) < 5:
        return
    for outcome in levels.outcomes(truth)[kept].T:
        ones = np.bincount(codes, weights=outcome, minlength=len(distinct))
        usual = counts >= LEAST
        always, never = usual & (ones == counts), usual & (ones == 0)
        share = counts[always | never].sum() / len(values)
        base = float(outcome.mean())
        surprise = counts[always].sum() * np.log(max(base, 1e-9)) + counts[never].sum() * np.log(max(1 - base, 1e-9))
        if always.any() and never.any() and share > PURE and surprise < np.log(1e-9):
            text = (
                f"{share:.0%} of rows have a value of {column.name} that goes with one outcome and never with another: "
                "a mean of labels, the row's own among them?"
            )
            yield finding("leak", "warn", column.name, share, text)
            return


def _again(column: Column, values: Floats, view: View) -> Iterator[AuditFinding]:
    """A continuous target that stands in the column for some of the rows, as it is or in another unit."""
    if view.truth.values is None:
        return
    for name, target in zip(view.targets, view.truth.values.T, strict=True):
        kept = np.isfinite(values) & (values != 0) & (target != 0)
        if kept.sum() < 50 or len(np.unique(target)) < DISTINCT * len(target):
            continue
        ratio = np.round(np.log(np.abs(target[kept] / values[kept])), 6)
        _, counts = np.unique(ratio, return_counts=True)
        share = counts.max() / len(target)
        if share > SHARED:
            text = f"{column.name} is {name} itself, or a fixed multiple of it, in {share:.0%} of rows"
            yield finding("leak", "warn", column.name, share, text)
            return


CHECKS = (check_encoded,)
