"""Columns that tell too much, groups of one label, columns that only train has."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from podium.competition import relation
from podium.competition.association import Association, lookup, numeric
from podium.competition.audit.view import Severity, View, finding, floats
from podium.protocol import Column
from podium.records import AuditFinding

TOO_GOOD, TOO_CLOSE = 0.95, 0.97  # strength beyond which a column is a suspect, of classes and of numbers: sizes and
# prices go together as closely as 0.96 in honest tables, a column does not tell classes apart so well
TELLING = 10  # so many of the strongest columns are listed
MOST_COLUMNS = 5_000  # beyond, only those that all checks look at
LOOKUP_KINDS = ("categorical", "code", "boolean", "text")  # texts, where they come back


def associations(view: View) -> list[Association]:
    """One for each column that can be measured, the strongest first; of more columns than other checks look at."""
    found: list[Association] = []
    for column in view.dataset.columns if len(view.dataset.columns) <= MOST_COLUMNS else view.columns:
        told = alone(view, column)
        found += [told] if told else []
    return sorted(found, key=lambda a: -a.strength)


def alone(view: View, column: Column) -> Association | None:
    """What one column tells, by its order or by its values; None where that cannot be measured."""
    if column.kind in ("numeric", "date", "boolean"):
        return numeric(column.name, floats(view.of_train(column.name)), view.truth)
    if column.kind in LOOKUP_KINDS and column.n_unique < 0.5 * view.dataset.n_rows:
        return lookup(column.name, view.of_train(column.name), view.truth)
    return None


def bound(view: View) -> float:
    """The strength beyond which what is known of the target is too good to be honest."""
    return TOO_CLOSE if view.truth.codes is None else TOO_GOOD


def check_single_columns(view: View) -> Iterator[AuditFinding]:
    ranked = associations(view)
    for one in ranked:
        if one.strength > bound(view):
            told = f"{one.measure} {one.figure:.3f}"
            text = f"{one.column} alone nearly gives the target away ({told}): is it known at prediction time?"
            yield finding("leak", "warn", one.column, one.figure, text)
    for one in ranked[:TELLING]:
        yield finding("association", "info", one.column, one.figure, f"{one.measure} {one.figure:.3f} alone")


def check_groups(view: View) -> Iterator[AuditFinding]:
    """Rows of one group (the split's, or the first part of the id) that share their label, where test has their group."""
    for name, train, test in _groups(view):
        told = lookup(name, train, view.truth)
        if told is None or told.strength < 0.6:
            continue
        shared = float(test.is_in(train.unique().implode()).mean() or 0) if len(test) else 0.0  # type: ignore[arg-type]
        severity: Severity = "warn" if shared > 0.05 else "info"
        where = f"{shared:.0%} of test rows belong to a group of train" if shared else "test has other groups"
        text = f"rows of one {name} nearly share their label ({told.measure} {told.figure:.3f}); {where}"
        yield finding("group_leak", severity, None, told.figure, text)


def _groups(view: View) -> Iterator[tuple[str, pl.Series, pl.Series]]:
    if view.dataset.groups is not None:
        numbers = np.load(view.dataset.groups)
        name = view.competition.group_column or "group of equal rows"
        yield f"group ({name})", pl.Series(numbers[view.rows]), pl.Series(numbers[view.test_rows])
        return
    train, test = view.dataset.ids(view.rows), view.dataset.ids(view.test_rows)
    if train is None or test is None:
        return
    keys = relation.group_key(train), relation.group_key(test)
    if keys[0] is not None and keys[1] is not None:
        yield f"group of {view.competition.id_column} (its first part)", keys[0], keys[1]


def check_label_side(view: View) -> Iterator[AuditFinding]:
    names = view.competition.label_side_columns
    if not names:
        return
    side = view.dataset.label_side(view.rows)
    numbers = [n for n in names if side[n].dtype.is_numeric()]
    if view.truth.values is not None and view.truth.values.shape[1] == 1 and numbers:
        total = side.select(pl.sum_horizontal(numbers)).to_series().to_numpy()
        if np.allclose(total, view.truth.values[:, 0]):
            target = view.targets[0]
            text = f"{' + '.join(numbers)} = {target}: model the parts and add them, or use them as further targets"
            yield finding("label_side", "info", target, 1.0, text)
    for name in names:
        text = f"only train has {name}: dealt with the labels, never a feature"
        yield finding("label_side", "info", name, None, text)


CHECKS = (check_single_columns, check_groups, check_label_side)
