"""Two columns that say nothing apart and give the target away together: by sum, difference, product, ratio, or as a pair."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from podium.competition import levels
from podium.competition.association import Truth, of_ranks, ranks
from podium.competition.audit.guises import sampled
from podium.competition.audit.leaks import associations, bound
from podium.competition.audit.view import Floats, Ints, View, finding, floats
from podium.protocol import Column
from podium.records import AuditFinding

MOST = 30  # columns of each kind that are paired
FEW = 12  # values of a column that is paired by value
SCREEN, LIKELY = 300, 0.75  # rows on which a pair must reach so much to be measured on all
TOLD = 3  # pairs that are named
CLOSED = 0.2  # of what the better column leaves open may stay open


@dataclass(frozen=True)
class Apart:
    """What a pair must beat: the strength of each column alone, on the same rows; suspects are left out."""

    rows: Ints
    truth: Truth
    bound: float
    alone: Mapping[str, float]

    def beaten(self, strength: float, a: str, b: str) -> bool:
        """Beyond the bound, and most of what the better column leaves open is closed."""
        left = 1.0 - max(self.alone.get(a, 0.0), self.alone.get(b, 0.0))
        return strength > self.bound and 1.0 - strength < CLOSED * left


def check_pairs(view: View) -> Iterator[AuditFinding]:
    rows, most = sampled(view), bound(view)
    told = Apart(rows, view.truth.take(rows), most, {a.column: a.strength for a in associations(view)})
    columns = [c for c in view.columns if told.alone.get(c.name, 0.0) <= most]
    found = [*_by_number(view, columns, told), *_by_value(view, columns, told)]
    for strength, what, first in sorted(found, reverse=True)[:TOLD]:
        text = f"{what} nearly gives the target away (strength {strength:.2f}; 1 tells all), though neither does alone"
        yield finding("leak", "warn", first, strength, text)


def _by_number(view: View, columns: Sequence[Column], told: Apart) -> Iterator[tuple[float, str, str]]:
    numbers = {
        c.name: floats(view.train[c.name][told.rows]) for c in columns if c.kind in ("numeric", "boolean", "date")
    }
    few = np.arange(min(SCREEN, len(told.rows)))
    some = told.truth.take(few)
    for (a, x), (b, y) in itertools.combinations(list(numbers.items())[:MOST], 2):
        for what in OPERATIONS:
            if _strength(what, x[few], y[few], some) > LIKELY:
                strength = _strength(what, x, y, told.truth)
                if told.beaten(strength, a, b):
                    yield strength, what.format(a=a, b=b), a


OPERATIONS: Mapping[str, Callable[[Floats, Floats], Floats]] = {
    "{a} + {b}": np.add,
    "{a} - {b}": np.subtract,
    "|{a} - {b}|": lambda x, y: np.abs(x - y),
    "{a} × {b}": np.multiply,
    "{a} / {b}": np.divide,
}


def _strength(what: str, x: Floats, y: Floats, truth: Truth) -> float:
    with np.errstate(all="ignore"):  # infinities keep their place, what is no number ranks first
        value = OPERATIONS[what](x, y)
    return of_ranks(what, ranks(np.where(np.isnan(value), -np.inf, value)), truth).strength


def _by_value(view: View, columns: Sequence[Column], told: Apart) -> Iterator[tuple[float, str, str]]:
    """Each pair of values is a name of its own: a parity, a lock and its key."""
    codes = {}
    for column in columns:
        if column.kind in ("numeric", "boolean", "categorical", "code") and 2 <= column.n_unique <= FEW:
            values = view.train[column.name][told.rows]
            codes[column.name] = np.asarray(values.rank("dense").fill_null(0)).astype(np.int64)
    outcome = levels.outcomes(told.truth)
    for (a, x), (b, y) in itertools.combinations(list(codes.items())[:MOST], 2):
        strength = levels.told(x * (FEW + 1) + y, outcome).named
        if told.beaten(strength, a, b):
            yield strength, f"the pair of {a} and {b}", a


CHECKS = (check_pairs,)
