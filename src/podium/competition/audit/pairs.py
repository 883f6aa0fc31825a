"""Two columns that say nothing apart and give the target away together: by sum, difference, product, ratio, or as a pair."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from podium.competition import levels
from podium.competition.association import Truth, of_ranks, ranks
from podium.competition.audit.guises import sampled
from podium.competition.audit.leaks import TOO_GOOD, associations
from podium.competition.audit.view import Floats, Ints, View, finding, floats
from podium.records import AuditFinding

MOST = 30  # columns of each kind that are paired, the most telling first
FEW = 12  # values of a column that is paired by value
SCREEN, LIKELY = 300, 0.75  # rows on which a pair must reach so much to be measured on all
TOLD = 3  # pairs that are named


def check_pairs(view: View) -> Iterator[AuditFinding]:
    rows = sampled(view)
    truth = view.truth.take(rows)
    suspects = {a.column for a in associations(view) if a.strength > TOO_GOOD}
    found = [*_by_number(view, rows, truth, suspects), *_by_value(view, rows, truth, suspects)]
    for strength, what, first in sorted(found, reverse=True)[:TOLD]:
        text = f"{what} nearly gives the target away (strength {strength:.2f}; 1 tells all), though neither does alone"
        yield finding("leak", "warn", first, strength, text)


def _by_number(view: View, rows: Ints, truth: Truth, suspects: set[str]) -> Iterator[tuple[float, str, str]]:
    columns = {c.name: floats(view.train[c.name][rows]) for c in view.of_kind("numeric", "boolean", "date")
               if c.name not in suspects}  # fmt: skip
    few = np.arange(min(SCREEN, len(rows)))
    some = truth.take(few)
    for (a, x), (b, y) in itertools.combinations(list(columns.items())[:MOST], 2):
        for what in OPERATIONS:
            if _strength(what, x[few], y[few], some) > LIKELY:
                strength = _strength(what, x, y, truth)
                if strength > TOO_GOOD:
                    yield strength, what.format(a=a, b=b), a


OPERATIONS = ("{a} + {b}", "{a} - {b}", "|{a} - {b}|", "{a} × {b}", "{a} / {b}")


def _strength(what: str, x: Floats, y: Floats, truth: Truth) -> float:
    with np.errstate(all="ignore"):  # infinities are ranked last, what is no number first
        value = {"+": x + y, "-": x - y, "|": np.abs(x - y), "×": x * y, "/": x / y}[
            "|" if what.startswith("|") else what.split()[1]
        ]
    return of_ranks(what, ranks(np.where(np.isnan(value), -np.inf, value)), truth).strength


def _by_value(view: View, rows: Ints, truth: Truth, suspects: set[str]) -> Iterator[tuple[float, str, str]]:
    """Each pair of values is a name of its own: a parity, a lock and its key."""
    codes = {}
    for column in view.of_kind("numeric", "boolean", "categorical", "code"):
        if 2 <= column.n_unique <= FEW and column.name not in suspects:
            codes[column.name] = np.asarray(view.train[column.name][rows].rank("dense").fill_null(0)).astype(np.int64)
    outcome = levels.outcomes(truth)
    for (a, x), (b, y) in itertools.combinations(list(codes.items())[:MOST], 2):
        told = levels.told(x * (FEW + 1) + y, outcome).named
        if told > TOO_GOOD:
            yield told, f"the pair of {a} and {b}", a


CHECKS = (check_pairs,)
