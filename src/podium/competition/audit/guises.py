"""A column that says nothing as it stands, and gives the target away by its last digit, its length, its range, a part of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from podium.competition import levels
from podium.competition.audit.leaks import alone, bound
from podium.competition.audit.structure import pieces
from podium.competition.audit.view import Floats, Ints, View, finding, floats
from podium.protocol import Column
from podium.records import AuditFinding

ROWS, MOST_COLUMNS = 2_000, 200  # looked at
FEW = 20  # values: a column of so few is its own best guise
RANGES = 32  # quantiles: the target may be anything of the value, not only more with more
MODULI = (2, 3, 7, 10, 11, 12, 16, 60, 100)
WHOLE = 2.0**53  # beyond it a float has no last digit
CLOCK = ("second", "minute", "hour", "day", "weekday", "month", "microsecond")
Forms = Iterator[tuple[str, Ints]]


def check_guises(view: View) -> Iterator[AuditFinding]:
    """Learned on half of the rows and tried on the other half, so that trying many forms finds nothing by itself."""
    rows = sampled(view)
    outcome = levels.outcomes(view.truth.take(rows))
    for column in view.columns[:MOST_COLUMNS]:
        what, strength = "", bound(view)
        for name, codes in forms(column, view.train[column.name][rows]):
            told = levels.told(codes, outcome)
            if max(told.named, told.ordered) > strength:
                what, strength = name, max(told.named, told.ordered)
        plain = alone(view, column) if what else None
        if what and (plain is None or plain.strength <= bound(view)):
            text = f"{what} of {column.name} nearly gives the target away (strength {strength:.2f}; 1 tells all)"
            yield finding("leak", "warn", column.name, strength, text)


def sampled(view: View) -> Ints:
    """Positions of the train rows that pairs and guises of columns are tried on."""
    n = len(view.train)
    return np.arange(n) if n <= ROWS else np.sort(view.rng(9).choice(n, ROWS, replace=False))


def forms(column: Column, values: pl.Series) -> Forms:
    """What a value may be read as: name and 0-based codes `(n,)`, in an order that makes sense."""
    if column.n_unique <= 1 or not len(values):
        return
    if column.kind == "numeric":
        yield from _of_numbers(floats(values), fine=column.n_unique > FEW)
    elif column.kind == "date":
        yield from _of_dates(values)
    elif column.kind in ("categorical", "code", "text") and column.n_unique > FEW:
        yield from _of_strings(values)
        for name, part in pieces(column, values):
            yield name, _ranked(part)


def remainders(values: Floats) -> Forms:
    """Of whole numbers, by small moduli; none where the values are no whole numbers."""
    whole = np.isfinite(values) & (np.abs(values) < WHOLE) & (values == np.round(values))
    if whole.mean() < 0.9:
        return
    kept = np.where(whole, values, 0.0).astype(np.int64)
    for modulus in MODULI:
        yield f"the remainder by {modulus}", kept % modulus


def _of_numbers(values: Floats, *, fine: bool) -> Forms:
    yield from remainders(values)
    if not fine:
        return
    known = values[np.isfinite(values)]
    if len(known) < 50:
        return
    edges = np.unique(np.quantile(known, np.linspace(0, 1, RANGES + 1)[1:-1]))
    yield "the range", np.where(np.isfinite(values), np.searchsorted(edges, values) + 1, 0)
    if (known != np.round(known)).mean() > 0.1:
        spelled = pl.Series(values).cast(pl.String)
        yield "the last digit", _ranked(spelled.str.tail(1))
        yield "the number of digits", _ranked(spelled.str.len_chars())


def _of_dates(values: pl.Series) -> Forms:
    if not values.dtype.is_temporal():
        return
    for unit in CLOCK:
        if values.dtype == pl.Date and unit in ("second", "minute", "hour", "microsecond"):
            continue
        part = getattr(values.dt, unit)()
        if part.n_unique() > 1:
            yield f"the {unit}", _ranked(part) if unit != "microsecond" else _ranked(part % 10)


def _of_strings(values: pl.Series) -> Forms:
    text = values.fill_null("")
    stripped = text.str.strip_chars()
    yield "the length", _ranked(text.str.len_chars())
    yield "the number of words", _ranked(text.str.count_matches(r"\S+"))
    yield "the number of capitals", _ranked(text.str.count_matches(r"[A-Z]"))
    yield "the number of digits", _ranked(text.str.count_matches(r"\d"))
    yield "spaces at the ends", _ranked(text.str.len_chars() - stripped.str.len_chars())
    yield "the first character", _ranked(stripped.str.head(1))
    yield "the last character", _ranked(stripped.str.tail(1))
    last = text.str.extract(r"(\d{1,15})\D*$", 1).cast(pl.Float64)
    if last.null_count() < 0.1 * len(last):
        for name, codes in remainders(floats(last)):
            yield f"{name} of the last number", codes


def _ranked(values: pl.Series) -> Ints:
    codes: Ints = np.asarray(values.rank("dense").fill_null(0).cast(pl.Int64))
    return codes


CHECKS = (check_guises,)
