"""The submission as a sheet: which columns hold ids and which answers, and what may stand in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from podium.errors import IntakeError, InvalidPredictions
from podium.records import Competition

if TYPE_CHECKING:
    import polars as pl


def spelling_key(text: str) -> str:
    """One key for the spellings of one label: `True`, `true`; `1`, `1.0`, ` 1`."""
    plain = text.strip().lower()
    try:
        return repr(float(plain))
    except ValueError:
        return plain


def label_codes(labels: pl.Series, classes: Sequence[str]) -> NDArray[np.int64]:
    """Codes `(n,)` of labels in the order of `classes`, exact spelling first. Raises IntakeError on any other label."""
    import polars as pl

    names = labels.cast(pl.String)
    exact = {name: code for code, name in enumerate(classes)}
    loose = {spelling_key(name): code for name, code in exact.items()}
    use_loose = len(loose) == len(exact)  # never where two classes differ in case or number format alone
    known: dict[str, int] = {}
    for name in names.unique().to_list():
        code = None if name is None else exact.get(name, loose.get(spelling_key(name)) if use_loose else None)
        if code is None:
            shown = ", ".join(map(str, classes[:8])) + (" …" if len(classes) > 8 else "")
            raise IntakeError(
                f"target column {labels.name!r} holds a label that is no class",
                expected=f"one of {shown}",
                found="a missing value" if name is None else repr(name),
                remedy="set `classes` in config.json, or drop the row",
            )
        known[name] = code
    return names.replace_strict(known, return_dtype=pl.Int64).to_numpy()


def answer_columns(competition: Competition, n_answers: int) -> list[str]:
    """The submission's columns that hold answers: all but the id. Where no id column is known, one column more than the
    answers means that the first is an id."""
    header = list(competition.submission_columns)
    if competition.id_columns:
        return [name for name in header if name not in competition.id_columns]
    if competition.id_column in header:
        return [name for name in header if name != competition.id_column]
    return header[1:] if len(header) == n_answers + 1 else header


def id_columns(competition: Competition, answers: Sequence[str]) -> list[str]:
    return [name for name in competition.submission_columns if name not in set(answers)]


def fill(competition: Competition, answers: dict[str, Any], n_rows: int, ids: pl.Series | None) -> pl.DataFrame:
    """The sheet in header order. Without ids an id column holds 0, 1, …: rows are then aligned by their order."""
    import polars as pl

    keys = id_columns(competition, list(answers))
    named = _id_values(competition, keys, n_rows, ids)
    missing = [name for name in keys if name not in named]
    if missing:
        raise IntakeError(
            f"cannot fill submission column {missing[0]!r}",
            expected=f"answers for {', '.join(answers)} and one id column",
            found=f"header {', '.join(competition.submission_columns)}",
            remedy="set `submission_columns` and `id_column` in config.json",
        )
    data = named | {name: pl.Series(name, values) for name, values in answers.items()}
    return pl.DataFrame([data[name] for name in competition.submission_columns])


def _id_values(
    competition: Competition, keys: Sequence[str], n_rows: int, ids: pl.Series | None
) -> dict[str, pl.Series]:
    """The id columns by name: one, or the parts of a joined key as the files spell them."""
    import polars as pl

    from podium.competition.keys import split

    if competition.id_columns and ids is not None:
        return {part.name: part for part in split(ids, competition.id_columns)}
    return {name: pl.Series(name, np.arange(n_rows)) if ids is None else ids.alias(name) for name in keys[:1]}


def check_shape(competition: Competition, frame: pl.DataFrame, answers: Sequence[str], ids: pl.Series | None) -> None:
    """Raises InvalidPredictions unless the header, the number of rows and the ids (order included) are what is asked."""
    import polars as pl

    if tuple(frame.columns) != tuple(competition.submission_columns):
        raise InvalidPredictions(
            f"submission header: expected {', '.join(competition.submission_columns)}; found {', '.join(frame.columns)}"
        )
    if ids is None:
        return
    if len(frame) != len(ids):
        raise InvalidPredictions(f"submission rows: expected {len(ids)}; found {len(frame)}")
    for name, asked in _id_values(competition, id_columns(competition, answers), len(frame), ids).items():
        same = frame[name].cast(pl.String).to_numpy() == asked.cast(pl.String).to_numpy()
        if not np.all(same):
            at = int(np.flatnonzero(~np.atleast_1d(same))[0])
            raise InvalidPredictions(
                f"submission column {name!r}, row {at}: expected id {asked[at]!r}; found {frame[name][at]!r}"
            )


def numbers(frame: pl.DataFrame, answers: Sequence[str], low: float, high: float) -> None:
    """Raises InvalidPredictions unless every answer is a finite number in [low, high]."""
    for name in answers:
        column = frame[name]
        if not column.dtype.is_numeric():
            raise InvalidPredictions(f"submission column {name!r}: expected numbers; found {column.dtype}")
        values = column.to_numpy().astype(np.float64)  # nulls become NaN
        bad = ~(np.isfinite(values) & (values >= low) & (values <= high))
        if bad.any():
            at = int(np.flatnonzero(bad)[0])
            raise InvalidPredictions(
                f"submission column {name!r}, row {at}: expected a number in [{low:g}, {high:g}]; found {column[at]!r}"
            )


def dense(values: Any, n_rows: int, widths: Sequence[int]) -> NDArray[np.float64]:
    """`values` as finite `(n_rows, k)` float64 with k in `widths`. Raises InvalidPredictions."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as problem:
        raise InvalidPredictions(f"predictions are not numbers: {problem}") from problem
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[0] != n_rows or array.shape[1] not in widths:
        shapes = " or ".join(f"({n_rows}, {width})" for width in widths)
        raise InvalidPredictions(f"predictions: expected shape {shapes}; found {np.shape(values)}")
    if not np.isfinite(array).all():
        row = int(np.flatnonzero(~np.isfinite(array).all(axis=1))[0])
        raise InvalidPredictions(f"predictions: expected finite numbers; found {array[row].max()} in row {row}")
    return array
