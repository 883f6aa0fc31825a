"""Train against test by column: distributions and values that only test has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from podium.competition.audit.view import Floats, Severity, View, finding, floats
from podium.protocol import Column
from podium.records import AuditFinding

LEAST_ROWS = 20  # a side
MOST_VALUES = 1000  # of a column whose values are counted
LOUD = 0.15  # distance beyond which a column is warned of


@dataclass(frozen=True)
class Shift:
    """How far a column's distributions in train and test lie apart, and what chance alone gives at most."""

    column: Column
    figure: float
    noise: float
    measure: Literal["KS distance", "total variation"]


def shifts(view: View) -> list[Shift]:
    """Kolmogorov–Smirnov for numbers, total variation for values; none where a side has too few rows."""
    n, m = len(view.train), len(view.test)
    if min(n, m) < LEAST_ROWS:
        return []
    found: list[Shift] = []
    bound = noise_bound(n, m, len(view.columns))
    for column in view.columns:
        a, b = view.train[column.name], view.test[column.name]
        if column.kind in ("numeric", "date"):
            found.append(Shift(column, distance(floats(a), floats(b)), bound, "KS distance"))
        elif column.kind in ("categorical", "boolean", "code") and column.n_unique <= MOST_VALUES:
            found.append(Shift(column, *_variation(a.cast(pl.String), b.cast(pl.String)), "total variation"))
    return found


def check_drift(view: View) -> Iterator[AuditFinding]:
    """Columns that differ by more than chance gives."""
    for one in shifts(view):
        name = one.column.name
        if one.figure > max(one.noise, 0.02):
            asked = view.competition
            expected = asked.looks_forward or name in (asked.time_column, asked.group_column)
            severity: Severity = "warn" if one.figure > LOUD and not expected else "info"
            how = f"{one.measure} {one.figure:.3f}, noise up to {one.noise:.3f}"
            yield finding("drift", severity, name, one.figure, f"{name} differs between train and test ({how})")


def noise_bound(n: int, m: int, columns: int) -> float:
    """Two-sided KS at 1 % over all columns (Bonferroni), Smirnov's asymptotic bound."""
    return float(np.sqrt(-0.5 * np.log(0.01 / (2 * max(1, columns)))) * np.sqrt((n + m) / (n * m)))


def distance(a: Floats, b: Floats) -> float:
    """Kolmogorov–Smirnov: largest gap between the two distributions; missing values count as the lowest."""
    a, b = np.sort(np.nan_to_num(a, nan=-np.inf)), np.sort(np.nan_to_num(b, nan=-np.inf))
    both = np.concatenate([a, b])
    gap = np.searchsorted(a, both, "right") / len(a) - np.searchsorted(b, both, "right") / len(b)
    return float(np.abs(gap).max())


def _variation(a: pl.Series, b: pl.Series) -> tuple[float, float]:
    """Total variation distance of values, and what chance alone gives at most (mean + three deviations, about)."""
    counts = [s.fill_null("").rename("v").value_counts(name=f"n{at}") for at, s in enumerate((a, b))]
    joined = counts[0].join(counts[1], on="v", how="full", coalesce=True).fill_null(0)
    p, q = joined["n0"].to_numpy() / len(a), joined["n1"].to_numpy() / len(b)
    pooled = (p * len(a) + q * len(b)) / (len(a) + len(b))
    spread = np.sqrt(pooled * (1 - pooled) * (1 / len(a) + 1 / len(b)))
    expected = 0.4 * spread.sum()  # E|Z| / 2 a value
    return float(np.abs(p - q).sum() / 2), float(expected + 1.5 * np.sqrt((spread**2).sum()))


def check_unseen(view: View) -> Iterator[AuditFinding]:
    for column in view.of_kind("categorical"):
        values = view.test[column.name].drop_nulls()
        if len(values):
            new = float((~values.is_in(view.train[column.name].drop_nulls().unique().implode())).mean() or 0)  # type: ignore[arg-type]
            if new > 0.05:
                text = f"{new:.0%} of test's values of {column.name} are not in train"
                loud = new > 0.5 and column.name != view.competition.group_column
                yield finding("unseen", "warn" if loud else "info", column.name, new, text)


CHECKS = (check_drift, check_unseen)
