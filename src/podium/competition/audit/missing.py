"""Gaps: how many, whether train and test have different ones, whether they tell of the target, codes that stand for them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from podium.competition.association import of_ranks, ranks
from podium.competition.audit.drift import LEAST_ROWS
from podium.competition.audit.view import Floats, Severity, View, finding, floats
from podium.protocol import Column
from podium.records import AuditFinding

CODES = (-1.0, -9.0, -99.0, -999.0, -9999.0, -99999.0, 99.0, 999.0, 9999.0, 99999.0, 999999.0, 1e10)
SURE = 5.0  # standard errors


def check_missing(view: View) -> Iterator[AuditFinding]:
    for column in view.columns:
        if column.missing > 0 and column.kind != "constant":
            text = f"{column.name} is missing in {column.missing:.1%} of rows"
            yield finding("missing", "info", column.name, column.missing, text)


def check_difference(view: View) -> Iterator[AuditFinding]:
    """Shares of missing values that differ between train and test by more than chance gives."""
    n, m = len(view.train), len(view.test)
    if min(n, m) < LEAST_ROWS:
        return
    for column in view.columns:
        if not column.missing:
            continue
        a, b = (side[column.name].null_count() / len(side) for side in (view.train, view.test))
        pooled = (a * n + b * m) / (n + m)
        error = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
        if abs(a - b) > max(SURE * error, 0.02):
            severity: Severity = "warn" if abs(a - b) > 0.2 else "info"
            text = f"{column.name} is missing in {a:.1%} of train and {b:.1%} of test"
            yield finding("missing_drift", severity, column.name, b - a, text)


def check_pattern(view: View) -> Iterator[AuditFinding]:
    """Gaps that tell of the target: of one column, and the number of gaps in a row."""
    gaps = [c for c in view.columns if 0 < c.missing < 1]
    total = np.zeros(len(view.train))
    for column in gaps:
        here = view.train[column.name].is_null().to_numpy().astype(np.float64)
        total += here
        yield from _tells(view, column.name, f"whether {column.name} is missing", here)
    if len(gaps) > 1:
        yield from _tells(view, None, "the number of missing values in a row", total)


def _tells(view: View, column: str | None, what: str, values: Floats) -> Iterator[AuditFinding]:
    if values.min() == values.max():
        return
    told = of_ranks(what, ranks(values), view.truth)
    if told.strength > max(view.chance, 0.1):
        severity: Severity = "warn" if told.strength > 0.7 else "info"
        text = f"{what} tells of the target ({told.measure} {told.figure:.3f})"
        yield finding("missing_pattern", severity, column, told.figure, text)


def check_codes(view: View) -> Iterator[AuditFinding]:
    """Numbers that stand for a missing value: -1, -999 and their like, apart from all other values."""
    for column in view.of_kind("numeric"):
        values = floats(view.train[column.name])
        values = values[np.isfinite(values)]
        if len(values) >= 50 and column.n_unique > 10:
            yield from _codes(column, values)


def _codes(column: Column, values: Floats) -> Iterator[AuditFinding]:
    found, counts = np.unique(values[np.isin(values, CODES)], return_counts=True)
    for code, count in zip(found.tolist(), counts.tolist(), strict=True):
        rest = values[values != code]
        if count < max(5, 0.001 * len(values)) or len(np.unique(rest)) < 5:
            continue
        low, high = np.quantile(rest, [0.05, 0.95])
        gap = rest.min() - code if code < 0 else code - rest.max()
        apart = gap > 0.5 * (high - low) if abs(code) > 9 else rest.min() >= 0 and gap >= 1
        if apart and gap > 0:
            share = count / len(values)
            text = f"{code:g} stands apart in {column.name} ({share:.1%} of rows): a code for a missing value?"
            yield finding("sentinel", "info", column.name, share, text)


def check_words(view: View) -> Iterator[AuditFinding]:
    """Words that stand for a missing value among a column's names."""
    words = ["?", "na", "n/a", "nan", "none", "null", "unknown", "missing", "-", "not available"]
    for column in view.of_kind("categorical", "code"):
        series = view.train[column.name].drop_nulls()
        if not len(series):
            continue
        hits = series.filter(series.str.strip_chars().str.to_lowercase().is_in(words))
        share = len(hits) / len(series)
        if 0 < share < 0.9:
            text = f"{column.name} says {hits[0]!r} in {share:.1%} of rows: missing, or a value of its own?"
            yield finding("sentinel", "info", column.name, share, text)


CHECKS = (check_missing, check_difference, check_pattern, check_codes, check_words)
