"""Forecasting: series that go on. Wide (a column a time), or long with times that test does not hold."""

from __future__ import annotations

import itertools
import re

import polars as pl

from podium.competition.columns import learn_type
from podium.competition.folder import TableFiles
from podium.competition.kinds import cells
from podium.competition.kinds.clues import Clues
from podium.competition.kinds.reading import Reading
from podium.competition.quantile_answers import levels_of_columns, levels_of_ids
from podium.competition.relation import TIME_NAME
from podium.errors import IntakeError
from podium.records import Evidence

TASK = "forecasting"
MOST_FOLDS = 4
LEAST_TIMES = 10  # columns that count up, for a wide table
STEP = re.compile(r"^(h|f|horizon|step|t|fh|lead|ahead)_?\d*$|horizon|step|ahead", re.I)
_WORDS = (
    r"\bforecast|\bhorizon\b|next \d+ (values|days|weeks|months|hours|steps)"
    r"|future (values|sales|demand|traffic|visits)|time series"
)
_TIMES = ("d", "day", "t", "v", "w", "week", "m", "month", "y", "year", "h", "hour", "")


def read(clues: Clues) -> Reading | None:
    """A wide table of series whose later columns are asked for, or a long one whose times test lacks."""
    if clues.media:
        return None
    return _wide(clues) or _long(clues)


# ---------------------------------------------------------------- a column a time


def _wide(clues: Clues) -> Reading | None:
    steps = _steps(clues)
    if clues.sample is None or not (steps or clues.says(_WORDS)):
        return None
    ref, times, keys, frame = _wide_table(clues)
    if not times or frame is None:
        return None
    if (
        clues.test is not None
        and clues.files.test != ref
        and len(set(times) & set(clues.test.columns)) > 0.5 * len(times)
    ):
        return None  # the numbered columns are features: test has them too
    answers = tuple(clues.sample.columns[1:])
    asks, levels = _levels(clues)
    name = clues.target_name or (answers[0] if len(answers) == 1 else "value")
    asked = f"the sample submission asks for {answers[0]}" + (f" … {answers[-1]}" if len(answers) > 1 else "")
    why = f"{ref} holds {frame.height:,} series with a column a time, {times[0]} … {times[-1]}; {asked}"
    evidence = {
        "target_column": Evidence(name, asked, 0.85),
        "id_column": Evidence(clues.sample.columns[0], "first column of the sample submission", 0.95),
        "submission_kind": asks,
        "time_column": Evidence("", f"times are {ref}'s column names", 0.9),
    }
    points = clues.sample.height // (1 if levels_of_columns(answers) else max(1, len(levels)))
    horizon = (
        max(1, points // max(1, frame.height)) if len(answers) == 1 or levels_of_columns(answers) else len(answers)
    )
    return Reading(
        TASK, why, 0.95 if clues.says(_WORDS) else 0.85, (name,), tuple(clues.sample.columns[:1]), tuple(clues.sample.columns),
        "series", evidence, inputs=("series",), target_name=name, group_column=keys[0] if keys else None, cv_strategy="forward",
        levels=levels, files=TableFiles(ref, clues.files.test if clues.files.test != ref else "", clues.files.sample),
        cv_folds=folds_for(len(times), horizon), cv_horizon=float(horizon),
    )  # fmt: skip


def _wide_table(clues: Clues) -> tuple[str, list[str], list[str], pl.DataFrame | None]:
    """(table, its columns of times, its other columns, the table)."""
    best: tuple[str, list[str], list[str]] = ("", [], [])
    for ref, header in clues.headers.items():
        if ref == clues.files.sample:
            continue
        times = time_columns(header)
        if len(times) >= LEAST_TIMES and len(times) > 0.5 * len(header) and len(times) >= len(best[1]):
            best = (ref, times, [c for c in header if c not in times])
    if not best[0]:
        return "", [], [], None
    try:
        frame = clues.table(best[0])
    except IntakeError:  # told where it is read as train
        return "", [], [], None
    if frame is None:
        return "", [], [], None
    words = [c for c in best[1][:2] if not cells.numeric(frame[c])]  # `V1` may be the series' name
    best = (best[0], [c for c in best[1] if c not in words], [*words, *best[2]])
    numbers = all(cells.numeric(frame[c]) or frame[c].null_count() == frame.height for c in best[1][:20])
    return (*best, frame) if numbers else ("", [], [], None)


def time_columns(header: list[str]) -> list[str]:
    """Columns named by dates, or by one short word and a number that counts up (`d_1`, `V2`, `t3`), in order."""
    dates = [
        c for c in header if re.fullmatch(r"(X|d|date)?_?\d{4}[-/._]\d{1,2}([-/._]\d{1,2})?|\d{1,2}/\d{1,2}/\d{2,4}", c)
    ]
    if len(dates) >= LEAST_TIMES:
        return dates
    by_word: dict[str, list[tuple[int, str]]] = {}
    for name in header:
        match = re.fullmatch(r"([A-Za-z]{0,6}_?)(\d+)", name)
        if match and match[1].lower().rstrip("_") in _TIMES:
            by_word.setdefault(match[1], []).append((int(match[2]), name))
    longest = max(by_word.values(), key=len, default=[])
    numbers = [n for n, _ in longest]
    steps = {b - a for a, b in itertools.pairwise(numbers)}
    return [name for _, name in longest] if steps == {1} else []


def _steps(clues: Clues) -> bool:
    """Whether the sample submission has a column a step: F1 … F28, h1 … h13."""
    answers = clues.sample.columns[1:] if clues.sample is not None else []
    plain = [re.fullmatch(r"([A-Za-z]{1,8}_?)(\d+)", c) for c in answers]
    numbers = [int(m[2]) for m in plain if m]
    return (
        len(answers) >= 3
        and len(numbers) == len(answers)
        and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    )


# ---------------------------------------------------------------- quantiles


def _levels(clues: Clues) -> tuple[Evidence, tuple[float, ...]]:
    """What a cell of the submission holds, and the levels of its quantiles, in its columns or its ids; () for a value."""
    assert clues.sample is not None
    levels = levels_of_columns(clues.sample.columns[1:]) or levels_of_ids(clues.sample.to_series(0))[1]
    what = f"{len(levels)} quantiles a series and time" if levels else "one value a series and time"
    return Evidence("series", what, 0.9), levels


# ---------------------------------------------------------------- a row a time


def _long(clues: Clues) -> Reading | None:
    """Train has a time and a value, test neither: it names series and steps ahead, or is not there at all."""
    train, test = clues.train, clues.test
    if train is None or clues.sample is None or not (clues.says(_WORDS) or clues.config.get("task_type")):
        return None
    time = _time(train, test)
    if not time:
        return None
    common = [c for c in test.columns if c in train.columns] if test is not None else []
    alien = [c for c in test.columns if c not in train.columns] if test is not None else []
    features = [c for c in common if c not in clues.sample.columns[:1] and not _keys(train, [c])]
    step = next((c for c in alien if STEP.search(c)), "")
    asked = bool(clues.config.get("task_type"))  # then a test that holds times is one of series too
    if test is not None and not asked and (time in test.columns or (features and not step) or not alien):
        return None
    target = _value(clues, train, time)
    if not target:
        return None
    keys = _keys(train, [c for c in (common or train.columns) if c not in (target, time)])
    lacks = (
        f"test lacks {time}" + (f" and counts {step}" if step else "") if test is not None else "there is no test table"
    )
    if test is not None and time in test.columns:
        lacks = "test has later times, and `task_type` says that they are forecasts"
    why = f"train's series go on: it has {target} at {time}, and {lacks}"
    horizon, length = _lengths(train, test, time, step, keys)
    ids = tuple(clues.sample.columns[:1])
    asks, levels = _levels(clues)
    evidence = {
        "target_column": Evidence(target, "the numbers that train has at each time", 0.9),
        "id_column": Evidence(",".join(ids), "first column of the sample submission: a series and a step", 0.95),
        "time_column": Evidence(time, "counts up within each series", 0.9),
        "submission_kind": asks,
    }
    if keys:
        evidence["group_column"] = Evidence(keys[0], f"names a series; {train[keys[0]].n_unique():,} of them", 0.9)
    return Reading(
        TASK, why, 0.95 if step or not common else 0.85, (target,), ids, tuple(clues.sample.columns), "series", evidence,
        inputs=("series",), levels=levels, files=clues.files,
        group_column=keys[0] if keys else None, time_column=time, cv_strategy="forward",
        label_side_columns=tuple(c for c in train.columns if c not in (target, time, *keys[:1], *common)),
        cv_folds=folds_for(length, horizon), cv_horizon=float(horizon),
    )  # fmt: skip


def folds_for(length: float, horizon: float) -> int:
    """As many windows, 2 to 4, as leave two more in a series of usual length: one for the vault and one to learn from."""
    return max(2, min(MOST_FOLDS, int(length / max(1.0, horizon)) - 2))


def _lengths(
    train: pl.DataFrame, test: pl.DataFrame | None, time: str, step: str, keys: list[str]
) -> tuple[float, float]:
    """Steps that are asked of a series, and points that a usual series has."""
    by = [k for k in keys if test is None or k in test.columns]
    length = float(train.group_by(by).len()["len"].median() if by else train.height)  # type: ignore[arg-type]
    if test is None:
        return 1.0, length
    counted = test[step].cast(pl.Float64, strict=False).max() if step else None
    if counted is None and time in test.columns:
        counted = test[time].n_unique()
    if counted is None:
        counted = test.group_by(by).len()["len"].max() if by and by[0] in test.columns else test.height
    return float(counted or 1), length  # type: ignore[arg-type]


def _time(train: pl.DataFrame, test: pl.DataFrame | None) -> str:
    """A date, or a number that counts up, which test lacks or holds."""
    for name in train.columns:
        series = train[name]
        if series.dtype.is_temporal() or (
            series.dtype == pl.String and learn_type(series.head(2000)).cast == "datetime"
        ):
            return name
    for name in train.columns:
        if test is not None and name in test.columns:
            continue
        if (TIME_NAME.search(name) or name.lower() in ("t", "ds", "step")) and cells.numeric(train[name]):
            steps = train[name].cast(pl.Float64, strict=False).diff().drop_nulls()
            if cells.share(steps == 1.0) > 0.8 or cells.share(steps >= 0) > 0.9:
                return name
    return ""


def _value(clues: Clues, train: pl.DataFrame, time: str) -> str:
    """The target: of the sample submission's name, the description's, or the only number left."""
    asked = clues.config.get("target_column")
    if asked:
        return str(asked)
    assert clues.sample is not None
    numbers = [
        c
        for c in train.columns
        if c != time and cells.numeric(train[c]) and not (clues.test is not None and c in clues.test.columns)
    ]
    for name in (*clues.sample.columns[1:], clues.target_name):
        if name in numbers:
            return name
    return numbers[0] if len(numbers) == 1 else ""


def _keys(train: pl.DataFrame, columns: list[str]) -> list[str]:
    """Columns that name series: their values repeat."""
    return [
        c for c in columns
        if (train[c].dtype == pl.String or train[c].dtype.is_integer()) and train[c].n_unique() <= 0.2 * train.height
    ]  # fmt: skip
