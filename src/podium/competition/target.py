"""Which column identifies a row, which are to be predicted, and how the submission spells the classes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from podium.competition.config import names
from podium.competition.description import target_named
from podium.competition.source import Source
from podium.errors import IntakeError
from podium.records import Evidence

_ID_NAME = re.compile(r"^(id|ids|index|key|uid|uuid|row_?id|.*[_ ]id|.*Id|.*ID)$")


@dataclass(frozen=True)
class Target:
    """`columns` in submission order. `classes`: labels in the order of the submission's class columns, where it has such
    columns; () where a row's answer is one cell."""

    columns: tuple[str, ...]
    classes: tuple[str, ...]
    evidence: Evidence


def find_id(source: Source, config: dict[str, Any]) -> tuple[str | None, Evidence]:
    """The id column of the submission. Raises IntakeError: unknown, ambiguous."""
    asked = config.get("id_column")
    known = {*source.test.columns, *(source.sample.columns if source.sample is not None else ())}
    if asked:
        if asked not in known:
            raise IntakeError(
                f"no id column {asked!r}",
                expected="a column of test",
                found=", ".join(sorted(known)[:20]),
                remedy="correct `--id`",
            )
        return asked, Evidence(asked, "config.json or a flag says so", 1.0)
    if source.sample is None:
        return _id_without_sample(source)
    first, *others = source.sample.columns
    keys = [c for c in source.sample.columns if c in source.test.columns and c not in source.train_only]
    if len(keys) > 1 and first in keys and source.test[first].n_unique() < source.test.height:
        raise IntakeError(
            f"rows are named by several columns ({', '.join(keys)})",
            expected="one id column",
            remedy="join them into one id column",
        )
    if first in source.test.columns:
        return first, Evidence(first, "first column of the sample submission, and a column of test", 0.98)
    if keys:
        return keys[0], Evidence(keys[0], "column of both the sample submission and test", 0.9)
    if first in source.train_only and (others == [] or all(c in source.train_only for c in others)):
        return None, Evidence(
            "", "every column of the sample submission is a target: rows are matched by position", 0.8
        )
    _check_other_name(source.sample[first], source.test)
    return first, Evidence(
        first, "first column of the sample submission; test lacks it, so rows are matched by position", 0.7
    )


def _check_other_name(ids: pl.Series, test: pl.DataFrame) -> None:
    """Matching by position would be wrong where test holds the same ids, under another name and in another order."""
    for name in test.columns:
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


def _id_without_sample(source: Source) -> tuple[str | None, Evidence]:
    for column in source.test.columns:
        if not _ID_NAME.match(column) or column not in source.train.columns:
            continue
        if source.test[column].n_unique() == source.test.height:
            return column, Evidence(column, "unique in test, named like an id; there is no sample submission", 0.7)
    return None, Evidence("", "no sample submission and no column that names rows: matched by position", 0.4)


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
        if classes is None:
            raise _classes_disagree(source, asked[0], values)
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
        raise _ambiguous([c for c, _ in fits], "the labels of several fit the sample submission")
    if len(candidates) == 1:
        raise _classes_disagree(source, candidates[0], values)
    raise _ambiguous(candidates, f"none has the labels of the sample submission's columns {', '.join(values[:6])}")


def _classes_disagree(source: Source, column: str, values: Sequence[str]) -> IntakeError:
    labels = source.train[column].cast(pl.String).drop_nulls().unique().sort().to_list()
    return IntakeError(
        f"the sample submission disagrees with the labels of {column!r}",
        expected="a column for each of " + ", ".join(labels[:12]),
        found=", ".join(values[:12]),
        remedy="check sample_submission, or set `--target`",
    )


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
    for name in ("target", "label", "y", "class"):
        exact = [c for c in candidates if c.lower() == name]
        if len(exact) == 1 and not values:
            return Target((exact[0],), (), Evidence(exact[0], f"called {exact[0]!r}, and test lacks it", 0.7))
    raise _ambiguous(candidates, "test lacks all of these")


def _ambiguous(candidates: Sequence[str], why: str) -> IntakeError:
    return IntakeError(
        f"which column is the target is ambiguous: {why}",
        found=", ".join(candidates[:20]),
        remedy="choose with `--target NAME`, or `target_column` in config.json",
    )
