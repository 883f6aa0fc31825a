"""Rows of numbers that nearly equal a row of train: the same thing measured, rounded or disturbed twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition.audit.view import Floats, Severity, View, finding, floats
from podium.records import AuditFinding

QUERIES = 1_000  # rows a side whose nearest train row is looked for
REFERENCES = 10_000  # train rows they are compared with
COLUMNS = (2, 40)  # numeric columns of many values that it takes, and that are compared at most
MANY = 20  # values
LEAST = 200  # rows, below which no cloud is seen
RARE = 0.001  # share of rows of a smooth cloud of points that would pass for near copies
CLOSEST = 0.1  # of the usual distance, whatever the dimension


@dataclass(frozen=True)
class Nearness:
    """Distances to the nearest of the reference rows, of test rows and of other train rows, as shares of the usual one;
    0 for equal rows. `far`: what counts as near."""

    across: Floats
    within: Floats
    far: float

    @property
    def test(self) -> float:
        """Share of test rows with a near copy."""
        return float(((self.across > 0) & (self.across < self.far)).mean())

    @property
    def train(self) -> float:
        return float(((self.within > 0) & (self.within < self.far)).mean())

    @property
    def beyond(self) -> bool:
        """Test rows lie nearer to train's than train's rows lie to each other, by more than chance gives."""
        p = max(self.train, RARE)
        error = np.sqrt(p * (1 - p) * (1 / len(self.across) + 1 / len(self.within)))
        return self.test > self.train + 4 * error + 0.005 and self.test * len(self.across) >= 5


def nearness(view: View) -> Nearness | None:
    """Distances to the nearest train row, of test rows and of train rows not among the references; equal rows left out.

    What is near follows the intrinsic dimension d of the cloud (Facco et al. 2017, TwoNN, by the median): in a smooth cloud
    a share of about r^d of neighbours lies nearer than r times the usual distance. None where too little can be compared.
    """
    names = [c.name for c in view.of_kind("numeric") if c.n_unique > MANY][: COLUMNS[1]]
    if len(names) < COLUMNS[0] or len(view.train) < LEAST or len(view.test) < 50:
        return None
    train, test = _scaled(view.train.select(names), view.test.select(names))
    rng = view.rng(5)
    held = rng.choice(len(train), min(QUERIES, len(train) // 3), replace=False)
    kept = np.setdiff1d(np.arange(len(train)), held)
    if len(kept) > REFERENCES:
        kept = rng.choice(kept, REFERENCES, replace=False)
    asked = rng.choice(len(test), min(QUERIES, len(test)), replace=False)
    within, second = _two_nearest(train[held], train[kept])
    across, _ = _two_nearest(test[asked], train[kept])
    found = _far(within, second)
    return None if found is None else Nearness(across / found[0], within / found[0], found[1])


def near_rows(
    asked: pl.DataFrame, known: pl.DataFrame, names: Sequence[str], rng: np.random.Generator
) -> NDArray[np.int64]:
    """For each row of `asked`, the place of the row of `known` that it equals, or nearly equals, in all of these numeric
    columns, by the same measure over every row; -1 where there is none, and everywhere where the columns are too few or
    hold too few values for nearness to mean anything."""
    names = [name for name in names if known[name].n_unique() > MANY][: COLUMNS[1]]
    nothing = np.full(asked.height, -1, dtype=np.int64)
    if len(names) < COLUMNS[0] or known.height < LEAST or not asked.height:
        return nothing
    rows, theirs = _scaled(known.select(names), asked.select(names))
    held = rng.choice(len(rows), min(QUERIES, len(rows) // 3), replace=False)
    kept = np.setdiff1d(np.arange(len(rows)), held)
    if len(kept) > REFERENCES:
        kept = rng.choice(kept, REFERENCES, replace=False)
    found = _far(*_two_nearest(rows[held], rows[kept]))
    if found is None:
        return nothing
    from scipy.spatial import cKDTree

    distance, place = cKDTree(rows).query(theirs, distance_upper_bound=found[0] * found[1])
    return np.where(np.isfinite(distance), place, -1).astype(np.int64)


def _far(within: Floats, second: Floats) -> tuple[float, float] | None:
    """(the usual distance to the nearest row, the share of it that counts as near); None where near means nothing."""
    apart = within > 0
    if apart.sum() < 50 or apart.mean() < 0.5:  # values so few that rows coincide
        return None
    usual = float(np.median(within[apart]))
    spread = float(np.median(np.log(second[apart] / within[apart])))
    dimension = np.log(2.0) / max(spread, 1e-6)
    return usual, min(CLOSEST, (RARE / np.log(2.0)) ** (1.0 / dimension))


def _scaled(train: pl.DataFrame, test: pl.DataFrame) -> tuple[Floats, Floats]:
    """Columns as places among train's values, 0 to 1, linear in between; missing values apart from all others."""
    out = []
    for name in train.columns:
        a, b = floats(train[name]), floats(test[name])
        known = np.sort(a[np.isfinite(a)])
        if not len(known) or known[0] == known[-1]:
            continue
        grid, places = _grid(known)
        out.append([np.where(np.isfinite(x), np.interp(np.nan_to_num(x), grid, places), -1.0) for x in (a, b)])
    return np.column_stack([a for a, _ in out]), np.column_stack([b for _, b in out])


def _grid(known: Floats) -> tuple[Floats, Floats]:
    """Knots of a smooth version of the distribution: 65 quantiles, repeated values once."""
    grid, first = np.unique(np.quantile(known, np.linspace(0, 1, 65)), return_index=True)
    return grid, np.linspace(0, 1, 65)[first]


def _two_nearest(asked: Floats, among: Floats) -> tuple[Floats, Floats]:
    """Euclidean distances to the nearest and the second nearest row that differs, in blocks."""
    nearest, second = np.empty(len(asked)), np.empty(len(asked))
    small = among.astype(np.float32)
    squares = (small**2).sum(axis=1)
    for start in range(0, len(asked), 250):
        block = asked[start : start + 250].astype(np.float32)
        rough = squares[None, :] - 2.0 * block @ small.T
        candidates = np.argpartition(rough, 7, axis=1)[:, :8]
        exact = np.sqrt(((among[candidates] - asked[start : start + 250, None, :]) ** 2).sum(axis=2))
        exact.sort(axis=1)
        exact = np.where(exact < 1e-12, 0.0, exact)
        nearest[start : start + 250], second[start : start + 250] = exact[:, 0], exact[:, 1]
    return nearest, second


def check_near(view: View) -> Iterator[AuditFinding]:
    seen = nearness(view)
    if seen is None or not (seen.beyond or min(seen.test, seen.train) > 0.05):
        return
    text = (
        f"{seen.test:.1%} of test rows nearly equal a train row in every number (nearer than {seen.far:.2g} of the usual "
        f"distance); of train rows {seen.train:.1%} have such a neighbour in train"
    )
    severity: Severity = "warn" if seen.beyond and seen.test > 0.01 else "info"
    yield finding("near_duplicate", severity, None, seen.test, text)


CHECKS = (check_near,)
