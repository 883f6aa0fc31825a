"""Tables of series, long or wide, as one shape: a row a point, with its series and its step."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition.folder import TableFiles, look
from podium.competition.keys import keyed
from podium.competition.kinds.forecasting import STEP, time_columns
from podium.competition.source import header, read_source
from podium.competition.table import read_table
from podium.competition.units.series_sheet import Asked, asked_of
from podium.competition.units.series_steps import Grid, dates, grid_of
from podium.errors import IntakeError
from podium.records import Competition

Ints = NDArray[np.int64]
MOST_POINTS = 6_000_000  # of train; older ones are left out
SERIES, STEP_NO, VALUE, ID = "series", "time", "#value", "#id"
JOINT = "|"  # between the parts of a series' name


@dataclass(frozen=True)
class Points:
    """`train`: SERIES (String), STEP_NO (Int64), VALUE, then features; `test`: the same without VALUE, with ID, in the
    order of the submission. `sample`: as read. `keys`: the columns that name series together, outermost first."""

    train: pl.DataFrame
    test: pl.DataFrame
    sample: pl.DataFrame | None
    keys: tuple[str, ...]
    notices: tuple[str, ...] = ()


def read_points(competition: Competition, data: Path) -> Points:
    """Raises IntakeError where the tables do not say which points are asked."""
    return _long(competition, data) if competition.time_column else _wide(competition, data)


# ---------------------------------------------------------------- a row a point


def _long(competition: Competition, data: Path) -> Points:
    time, target = str(competition.time_column), competition.target_columns[0]
    ids = list(competition.id_columns) or [competition.id_column or ""]
    if competition.test_file:
        source = keyed(read_source(data, TableFiles.of(competition), ids), competition.id_columns)
        train, test, sample = source.train, source.test, source.sample
        notices = source.notices
    else:
        train, sample = read_table(data, competition.train_file).frame, _sample(competition, data)
        test, notices = pl.DataFrame([_sheet(competition, sample).names.alias(ids[0])]), ()
    train = train.with_columns(pl.col(target).cast(pl.Float64, strict=False)).drop_nulls([time, target])
    common = [c for c in train.columns if c in test.columns and c not in (target, time, competition.id_column)]
    keys = _keys(train, common, competition.group_column, time)
    if not common and not keys:
        keys = _keys(train, [c for c in train.columns if c not in (target, time)], competition.group_column, time)
    id_ = _ids(competition, test, sample)
    named = all(k in test.columns for k in keys)
    grid = grid_of(pl.concat([train[time], test[time]]) if _same(train, test, time) else train[time])
    name = _named(train, keys)
    step = grid.steps(train[time])
    asked, at = (
        _asked(train, test, time, grid, name, keys, step) if named and (keys or common or time in test.columns)
        else _from_ids(_spelled(competition, data, id_), name, grid, step)
    )  # fmt: skip
    features = [c for c in common if c not in keys] if named else []
    beside = [k for k in keys if len(keys) > 1]
    left = [c for c in beside + features if c in test.columns]
    out_train = _frame(name, step, train.select(left), grid, train[time]).with_columns(train[target].alias(VALUE))
    when = test[time] if _same(train, test, time) else None
    out_test = _frame(asked, at, test.select(left), grid, when).with_columns(
        (id_ if sample is None else _sheet(competition, sample).called(id_)).alias(ID)
    )
    if when is None:
        out_train = out_train.drop("date", strict=False)
    return Points(*_in_order(out_train, out_test, sample, competition), sample, tuple(beside), notices)


def _same(train: pl.DataFrame, test: pl.DataFrame, name: str) -> bool:
    return name in test.columns and train[name].dtype == test[name].dtype


def _keys(train: pl.DataFrame, candidates: list[str], first: str | None, time: str) -> list[str]:
    """The fewest columns that, with the time, name a row; those of few values are outermost."""
    usable = [c for c in candidates if train[c].dtype == pl.String or train[c].dtype.is_integer()]
    usable.sort(key=lambda c: (c != first, train[c].n_unique()))
    chosen: list[str] = [first] if first in usable and first is not None else []
    for name in usable:
        if not train.select([*chosen, time]).is_duplicated().any():
            break
        if name not in chosen and train[name].n_unique() > 1:
            chosen.append(name)
    return sorted(chosen, key=lambda c: train[c].n_unique())


def _named(frame: pl.DataFrame, keys: list[str]) -> pl.Series:
    """The name of each row's series."""
    if not keys:
        return pl.Series(SERIES, ["all"] * frame.height, dtype=pl.String)
    parts = [pl.col(k).cast(pl.String).fill_null("") for k in keys]
    return frame.select(pl.concat_str(parts, separator=JOINT).alias(SERIES)).to_series()


def _asked(
    train: pl.DataFrame, test: pl.DataFrame, time: str, grid: Grid, name: pl.Series, keys: list[str], step: Ints
) -> tuple[pl.Series, Ints]:
    """Series and steps of test's rows: by their times, or so many steps after the last of their series."""
    series = _named(test, keys)
    if _same(train, test, time):
        return series, grid.steps(test[time])
    ahead = next((c for c in test.columns if c not in train.columns and STEP.search(c) and _whole(test[c])), None)
    if ahead is None:
        raise IntakeError(
            "test does not say which times are asked", expected=f"a column {time!r}, or one that counts steps ahead",
            found=", ".join(test.columns), remedy="set `time_column`",
        )  # fmt: skip
    return series, _last_of(series, name, step) + test[ahead].cast(pl.Float64).cast(pl.Int64).to_numpy()


def _whole(series: pl.Series) -> bool:
    return series.cast(pl.Float64, strict=False).is_not_null().all()


def _last_of(series: pl.Series, name: pl.Series, step: Ints) -> Ints:
    """The last step of each row's series; the last of all where train does not know the series."""
    last = pl.DataFrame({SERIES: name, "last": step}).group_by(SERIES).agg(pl.col("last").max())
    found = pl.DataFrame({SERIES: series}).join(last, on=SERIES, how="left", maintain_order="left")["last"]
    return found.fill_null(int(step.max())).to_numpy().astype(np.int64)


def _from_ids(id_: pl.Series, name: pl.Series, grid: Grid, step: Ints) -> tuple[pl.Series, Ints]:
    """Series and steps from ids such as `W1_3` or `store_2017-01-05`: the name, a sign, steps ahead or a time."""
    known, texts = set(name.unique().to_list()), id_.cast(pl.String)
    for sign in ("_", "-", "|", ":", " ", "/"):
        parts = [text.rpartition(sign) for text in texts.to_list()]
        heads = [head.replace(sign, JOINT) if head not in known else head for head, _, _ in parts]
        if np.mean([head in known for head in heads]) > 0.9:
            series, tail = pl.Series(SERIES, heads), pl.Series("tail", [t for _, _, t in parts])
            break
    else:
        if known != {"all"}:
            raise IntakeError(
                f"ids of the sample submission such as {texts[0]!r} name no series and step",
                expected="SERIES_STEP or SERIES_DATE", remedy="add a test table with the series and the step of each id",
            )  # fmt: skip
        series, tail = pl.Series(SERIES, ["all"] * len(texts)), texts.alias("tail")
    if grid.dated and not tail.str.contains(r"^\D?\d{1,4}$").all():
        return series, grid.steps(tail)
    counted = tail.str.extract(r"(\d+)$").cast(pl.Int64).to_numpy()
    return series, np.asarray(_last_of(series, name, step) + counted - counted.min() + 1, dtype=np.int64)


# ---------------------------------------------------------------- a column a time


def _wide(competition: Competition, data: Path) -> Points:
    frame, sample = read_table(data, competition.train_file).frame, _sample(competition, data)
    sheet = _sheet(competition, sample)
    times = [
        c for c in time_columns(frame.columns) if frame[c].dtype.is_numeric() or frame[c].null_count() == frame.height
    ]
    keys = [c for c in frame.columns if c not in times]
    times = times[-max(2, MOST_POINTS // max(1, frame.height)) :]
    asked = sheet.names
    name = _series_column(frame, keys, asked)
    beside = [k for k in keys if k != name and frame[k].dtype == pl.String and frame[k].n_unique() > 1]
    grid, stamps = _columns_grid(times)
    frame = frame.rename({name: SERIES}).with_columns(pl.col(SERIES).cast(pl.String))
    long = frame.select([SERIES, *beside, *times]).unpivot(on=times, index=[SERIES, *beside], value_name=VALUE)
    place = pl.DataFrame({"variable": times, STEP_NO: np.arange(len(times)), "date": stamps})
    long = long.join(place, on="variable", how="left").drop("variable").with_columns(pl.col(VALUE).cast(pl.Float64))
    long = long.drop_nulls([VALUE])
    known, step = frame[SERIES], long[STEP_NO].cast(pl.Int64).to_numpy()
    if sheet.steps:
        answers = sheet.steps
        base = _known(asked, set(known.to_list()))
        series = base.gather(np.repeat(np.arange(len(base)), len(answers)))
        at = _last_of(series, long[SERIES], step) + np.tile(np.arange(1, len(answers) + 1), len(base))
        id_ = pl.Series(ID, [f"{key}\t{column}" for key in sheet.keys.to_list() for column in answers])
    else:
        series, at = _from_ids(_spelled(competition, data, asked), known, grid, np.full(len(known), len(times) - 1))
        id_ = sheet.keys.alias(ID)
    told = frame.select([SERIES, *beside]).unique(SERIES, keep="first")
    test = pl.DataFrame({SERIES: series, STEP_NO: at}).join(told, on=SERIES, how="left", maintain_order="left")
    if not grid.dated:
        long = long.drop("date")
    else:
        test = test.with_columns(_after(stamps, at).alias("date"))
    return Points(long, test.with_columns(id_.alias(ID)), sample, tuple(beside))


def _series_column(frame: pl.DataFrame, keys: list[str], asked: pl.Series) -> str:
    """The column whose cells the sample submission's ids are, or begin with; else the first of all different cells."""
    ids = set(asked.to_list())
    for key in keys:
        if set(frame[key].cast(pl.String).to_list()) & ids:
            return key
    different = [key for key in keys if frame[key].n_unique() == frame.height]
    if not different:
        raise IntakeError("no column names the series", expected="one of all different cells", found=", ".join(keys))
    return different[0]


def _known(asked: pl.Series, known: set[str]) -> pl.Series:
    """Series asked under their names, or names with another ending (`_validation`, `_evaluation`)."""
    stems = {re.sub(r"_(validation|evaluation|test|train)$", "", name): name for name in known}
    names = [
        a if a in known else stems.get(re.sub(r"_(validation|evaluation|test|train)$", "", a), a)
        for a in asked.to_list()
    ]
    return pl.Series(SERIES, names, dtype=pl.String)


def _columns_grid(times: list[str]) -> tuple[Grid, pl.Series]:
    """The grid of the columns' names, and their dates (null where they are numbers)."""
    texts = pl.Series("time", [re.sub(r"^(X|d|date)?_?(?=\d{4}[-/._])", "", c).replace(".", "-") for c in times])
    if texts.str.contains(r"^\d{4}[-/_]\d|^\d{1,2}/\d{1,2}/\d").all():
        found = grid_of(texts)
        if found.dated:
            return found, dates(texts)
    return Grid(0.0, 1.0), pl.Series("date", [None] * len(times), dtype=pl.Datetime("us"))


def _after(stamps: pl.Series, at: Ints) -> pl.Series:
    """Dates of steps, by the usual distance beyond the last column."""
    known = stamps.cast(pl.Int64).to_numpy()
    usual = int(np.median(np.diff(known))) if len(known) > 1 else 0
    inside = np.clip(at, 0, len(known) - 1)
    return pl.Series("date", known[inside] + (at - inside) * usual).cast(pl.Datetime("us"))


# ---------------------------------------------------------------- shared


def _sample(competition: Competition, data: Path) -> pl.DataFrame:
    if not competition.sample_file:
        raise IntakeError("no sample submission", expected="a table of the points that are asked", remedy="add one")
    return read_table(data, competition.sample_file, all_text=True).frame


def _sheet(competition: Competition, sample: pl.DataFrame) -> Asked:
    first, *answers = sample.columns
    return asked_of(competition, sample[first].cast(pl.String), answers)


def _spelled(competition: Competition, data: Path, ids: pl.Series) -> pl.Series:
    """Ids as the series and step that they stand for, where a table of two columns beside the sample says so."""
    for ref in look(data).tables:
        head = header(data, ref) if ref not in (competition.train_file, competition.sample_file) else []
        if len(head) == 2 and competition.id_column in head:
            told = read_table(data, ref, head, all_text=True).frame
            other = next(c for c in head if c != competition.id_column)
            spelled = dict(zip(told[competition.id_column].to_list(), told[other].to_list(), strict=True))
            if all(text in spelled for text in ids.to_list()):
                return pl.Series(ID, [spelled[text] for text in ids.to_list()])
    return ids


def _ids(competition: Competition, test: pl.DataFrame, sample: pl.DataFrame | None) -> pl.Series:
    """The submission's ids: test's own, else the sample's where it has as many rows."""
    key = competition.id_column
    for frame in (test, sample):
        if frame is not None and key is not None and key in frame.columns and frame.height == test.height:
            return frame[key].cast(pl.String).alias(ID)
    return pl.Series(ID, [str(k) for k in range(test.height)])


def _frame(name: pl.Series, step: Ints, rest: pl.DataFrame, grid: Grid, when: pl.Series | None) -> pl.DataFrame:
    """SERIES, STEP_NO, the date where there is one, and other features under names of their own."""
    taken = {SERIES, STEP_NO, "date"}
    rest = rest.rename({c: f"{c}_" for c in rest.columns if c in taken})
    out = pl.DataFrame({SERIES: name, STEP_NO: step})
    if grid.dated and when is not None:
        out = out.with_columns(dates(when).alias("date"))
    return pl.concat([out, rest], how="horizontal") if rest.width else out


def _in_order(
    train: pl.DataFrame, test: pl.DataFrame, sample: pl.DataFrame | None, competition: Competition
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Test's rows in the order of the sample submission; train's that are too old left out."""
    key = competition.id_column
    if sample is not None and key is not None and key in sample.columns and test.height == sample.height:
        wanted = sample.select(pl.col(key).cast(pl.String).alias(ID))
        if not wanted[ID].equals(test[ID]) and set(wanted[ID].to_list()) == set(test[ID].to_list()):
            test = wanted.join(test, on=ID, how="left", maintain_order="left")
    if train.height > MOST_POINTS:
        oldest = np.quantile(train[STEP_NO].to_numpy(), 1 - MOST_POINTS / train.height)
        train = train.filter(pl.col(STEP_NO) >= oldest)
    return train, test
