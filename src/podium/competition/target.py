"""Which column identifies a row, which are to be predicted, and how the submission spells the classes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from podium.competition.config import names
from podium.competition.description import predicted, target_named
from podium.competition.keys import joined
from podium.competition.quantile_answers import levels_of_columns
from podium.competition.source import Source
from podium.errors import Ambiguous, IntakeError
from podium.records import Evidence

_ID_NAME = re.compile(r"^(id|ids|index|key|uid|uuid|row_?id|.*[_ ]id|.*Id|.*ID)$")


@dataclass(frozen=True)
class Target:
    """`columns` in submission order. `classes`: labels in the order of the submission's class columns, where it has such
    columns; () where a row's answer is one cell. `steps`: see there."""

    columns: tuple[str, ...]
    classes: tuple[str, ...]
    evidence: Evidence
    steps: tuple[str, ...] = ()  # columns of the submission that ask for a distribution over values: P0 … P599


def find_id(source: Source, config: dict[str, Any]) -> tuple[tuple[str, ...], Evidence]:
    """The columns of the submission that name a row: usually one, () where rows are matched by position. Raises
    IntakeError: unknown, ambiguous."""
    asked = names(config.get("id_column"))
    if asked:
        return _id_asked(source, asked)
    if source.sample is None:
        return _id_without_sample(source)
    first, *others = source.sample.columns
    keys = [c for c in source.sample.columns if c in source.test.columns and c not in source.train_only]
    if len(keys) > 1 and first in keys and source.test[first].n_unique() < source.test.height:
        return tuple(keys), Evidence(
            ",".join(keys), "columns of both the sample submission and test; together they name a row", 0.95
        )
    if first in source.test.columns:
        return (first,), Evidence(first, "first column of the sample submission, and a column of test", 0.98)
    if keys:
        return (keys[0],), Evidence(keys[0], "column of both the sample submission and test", 0.9)
    if first in source.train_only and (others == [] or all(c in source.train_only for c in others)):
        return (), Evidence("", "every column of the sample submission is a target: rows are matched by position", 0.8)
    parts = joined(source.sample[first], source.test)
    if parts:
        why = f"first column of the sample submission: test's {' and '.join(parts)} joined, in the same order"
        return (first,), Evidence(first, why, 0.95)
    _check_other_name(source.sample[first], source.test)
    return (first,), Evidence(
        first, "first column of the sample submission; test lacks it, so rows are matched by position", 0.7
    )


def _id_asked(source: Source, asked: tuple[str, ...]) -> tuple[tuple[str, ...], Evidence]:
    known = {*source.test.columns, *(source.sample.columns if source.sample is not None else ())}
    for name in asked:
        if name not in known:
            raise IntakeError(
                f"no id column {name!r}",
                expected="a column of test",
                found=", ".join(sorted(known)[:20]),
                remedy="correct `--id`",
            )
    return asked, Evidence(",".join(asked), "config.json or a flag says so", 1.0)


def _check_other_name(ids: pl.Series, test: pl.DataFrame) -> None:
    """Matching by position would be wrong where test holds the same ids, under another name and in another order."""
    for name in (c for c in test.columns if not test[c].dtype.is_nested()):
        other = test[name].cast(pl.String, strict=False)
        if (
            len(other) == len(ids)
            and not (other == ids).all()
            and other.n_unique() == len(ids)
            and other.is_in(ids.implode()).all()
        ):
            raise IntakeError(
                f"the sample submission calls test's {name!r} {ids.name!r}, in another order",
                expected="one name for the id",
                remedy=f"rename {ids.name!r} in the sample submission, or {name!r} in train and test",
            )


def _id_without_sample(source: Source) -> tuple[tuple[str, ...], Evidence]:
    for column in source.test.columns:
        if not _ID_NAME.match(column) or column not in source.train.columns:
            continue
        if source.test[column].n_unique() == source.test.height:
            return (column,), Evidence(column, "unique in test, named like an id; there is no sample submission", 0.7)
    return (), Evidence("", "no sample submission and no column that names rows: matched by position", 0.4)


def find_target(source: Source, id_column: str | None, config: dict[str, Any], text: str) -> Target:
    """The columns to predict. Raises IntakeError listing the choices and `--target` where it is ambiguous."""
    asked = names(config.get("target_column"))
    if asked:
        return _asked(source, id_column, asked)
    candidates = [c for c in source.train_only if c != id_column]
    values = [c for c in source.sample.columns if c != id_column] if source.sample is not None else []
    if not candidates:
        raise _no_target(source, values)
    both = [c for c in values if c in candidates]
    if values and len(both) == len(values):
        return Target(
            tuple(values), (), Evidence(", ".join(values), "column of the sample submission that test lacks", 0.98)
        )
    if len(values) >= 2:
        return _by_classes(source, candidates, values)
    return _by_name(source, candidates, values, text)


def _asked(source: Source, id_column: str | None, asked: Sequence[str]) -> Target:
    for name in asked:
        if name not in source.train.columns:
            raise IntakeError(
                f"no target column {name!r} in train",
                expected="one of " + ", ".join(source.train_only[:20] or source.train.columns[:20]),
                remedy="correct `--target` or `target_column`",
            )
        if name in source.test.columns and source.test[name].null_count() < source.test.height:
            raise IntakeError(
                f"target {name!r} is also in test",
                expected="a column that only train has",
                remedy="name another, or drop it from test",
            )
    evidence = Evidence(", ".join(asked), "config.json or a flag says so", 1.0)
    values = [c for c in source.sample.columns if c != id_column] if source.sample is not None else []
    if len(asked) == 1 and len(values) >= 2:
        classes = _class_order(source.train[asked[0]], values)
        if classes is None and _counts_up(values) and _is_number(source.train[asked[0]]):
            return Target(tuple(asked), (), evidence, tuple(values))
        if classes is None:
            raise classes_disagree(source.train[asked[0]], values)
        return Target(tuple(asked), classes, evidence)
    if set(values) == set(asked):
        asked = values  # the submission's order
    return Target(tuple(asked), (), evidence)


def _no_target(source: Source, values: Sequence[str]) -> IntakeError:
    asked = f"{values[0]!r} of the sample submission" if values else "a column"
    return IntakeError(
        "no target: every column of train is in test too",
        expected=f"{asked} in train alone",
        found=", ".join(source.train.columns[:12]),
        remedy="check that train and test are not mixed up",
    )


def _by_classes(source: Source, candidates: Sequence[str], values: Sequence[str]) -> Target:
    fits = [(c, order) for c in candidates if (order := _class_order(source.train[c], values)) is not None]
    if len(fits) == 1:
        column, order = fits[0]
        return Target((column,), order, Evidence(column, "its labels are the columns of the sample submission", 0.97))
    if len(fits) > 1:
        raise _ambiguous(source, [c for c, _ in fits], "the labels of several fit the sample submission")
    steps = [c for c in candidates if _is_number(source.train[c])] if _counts_up(values) else []
    if len(steps) == 1:
        what = "quantiles of" if levels_of_columns(values) else "a distribution over"
        why = f"the sample submission asks for {values[0]} … {values[-1]}: {what} its values"
        return Target((steps[0],), (), Evidence(steps[0], why, 0.85), tuple(values))
    if len(candidates) == 1:
        raise classes_disagree(source.train[candidates[0]], values)
    raise _ambiguous(
        source, candidates, f"none has the labels of the sample submission's columns {', '.join(values[:6])}"
    )


def classes_disagree(labels: pl.Series, values: Sequence[str]) -> IntakeError:
    """The line for a submission with columns that are not the target's labels."""
    known = labels.cast(pl.String).drop_nulls().unique().sort().to_list()
    return IntakeError(
        f"the sample submission disagrees with the labels of {labels.name!r}",
        expected="a column for each of " + ", ".join(known[:12]),
        found=", ".join(values[:12]),
        remedy="check sample_submission, or set `--target`",
    )


def _counts_up(values: Sequence[str]) -> bool:
    """Columns numbered one by one (P0 … P599, Yards-99 … Yards99), or quantile levels."""
    found = [re.fullmatch(r"([A-Za-z_ ]*?)(-?\d+)", value) for value in values]
    numbers = [int(match[2]) for match in found if match]
    counted = len(numbers) == len(values) >= 20 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    return counted or bool(levels_of_columns(values))


def _is_number(series: pl.Series) -> bool:
    known = series.drop_nulls().cast(pl.String)
    return bool(len(known)) and known.cast(pl.Float64, strict=False).null_count() == 0 and known.n_unique() > 2


def _plain(label: str) -> str:
    number = re.fullmatch(r"(-?\d+)\.0+", label.strip())
    return re.sub(r"[^a-z0-9]+", "_", (number.group(1) if number else label).strip().lower()).strip("_")


def _class_order(labels: pl.Series, values: Sequence[str]) -> tuple[str, ...] | None:
    """Labels as spelled in train, in the order of the sample's columns; None where they are no one-to-one match.

    A column is a label, or a common prefix and a label (`Status_CL`, `Class_1`, `target_0`).
    """
    known = labels.cast(pl.String).drop_nulls().unique().to_list()
    if len(known) > len(values) or len(known) < 2:
        return None
    by_plain = {_plain(label): label for label in known}
    plain = [_plain(value) for value in values]
    if len(by_plain) < len(known):
        return None
    for cut in {0, *_cuts(plain)}:
        rest = [p[cut:].strip("_") for p in plain]
        if set(rest) >= set(by_plain) and len(set(rest)) == len(values):
            # A class that train never shows keeps the spelling of its column.
            return tuple(by_plain.get(r, value) for r, value in zip(rest, values, strict=True))
    return None


def _cuts(plain: Sequence[str]) -> list[int]:
    """Lengths of the common prefix of all names: whole, and at its last underscore."""
    low, high = min(plain), max(plain)
    size = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), len(low))
    return [size, low[:size].rfind("_") + 1]


def _by_name(source: Source, candidates: Sequence[str], values: Sequence[str], text: str) -> Target:
    if len(candidates) == 1:
        note = "" if not values else f" (the sample submission calls it {values[0]!r})"
        return Target((candidates[0],), (), Evidence(candidates[0], f"the only column that test lacks{note}", 0.9))
    named = target_named(text)
    if named and all(part in candidates for part in names(named)):
        return Target(names(named), (), Evidence(named, "the description names it as the target", 0.9))
    said = predicted(text, candidates)
    if said is not None and not values:
        return Target((said[0],), (), Evidence(said[0], f"the description says: {said[1]}", 0.85))
    for name in ("target", "label", "y", "class"):
        exact = [c for c in candidates if c.lower() == name]
        if len(exact) == 1 and not values:
            return Target((exact[0],), (), Evidence(exact[0], f"called {exact[0]!r}, and test lacks it", 0.7))
    raise _ambiguous(source, candidates, "test lacks all of these")


def _ambiguous(source: Source, candidates: Sequence[str], why: str) -> Ambiguous:
    return Ambiguous(
        f"which column is the target is ambiguous: {why}",
        key="target_column",
        choices={name: _shown(source.train[name]) for name in candidates[:20]},
        remedy="choose with `--target NAME`, or `target_column` in config.json",
    )


def _shown(values: pl.Series) -> str:
    """A column in a few words, to choose by."""
    known = values.drop_nulls().cast(pl.String)
    examples = ", ".join(value[:20] for value in known.unique(maintain_order=True).head(4).to_list())
    return f"{known.n_unique():,} distinct values such as {examples}"
