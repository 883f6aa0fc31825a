"""Who did what with which item, when: a recommendation's interactions, as codes and in the order of time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from podium.competition.folder import TableFiles
from podium.competition.table import read_table
from podium.competition.timeline import days
from podium.errors import IntakeError
from podium.records import Competition

USER, ITEM, TIME, EVENT = "#user", "#item", "#time", "#event:"
MOST_EXTRAS = 6  # further columns of an event that histories keep
FEW = 30  # distinct strings that are kinds of event


@dataclass(frozen=True)
class Events:
    """`learnt` and `before_test`: columns USER, ITEM (codes), TIME (days where it is told), `EVENT`…; by user, then time.

    `asked`: `name` as the submission spells it and USER, in its order. `items`, `users`: the spelling of each code. `apart`: test
    has events of its own. `cold_share`: of those asked, who have none.
    """

    learnt: pl.DataFrame
    before_test: pl.DataFrame
    asked: pl.DataFrame
    items: pl.Series
    users: pl.Series
    extras: tuple[str, ...]
    timed: bool
    apart: bool
    notices: tuple[str, ...] = ()

    @property
    def n_users(self) -> int:
        """Those asked included."""
        return len(self.users)

    @property
    def cold_share(self) -> float:
        known = self.asked[USER].is_in(self.before_test[USER].unique().implode())
        return 1.0 - float(known.mean() or 0.0)  # type: ignore[arg-type]


def read_events(competition: Competition, data: Path) -> Events:
    """Interactions of train, and test's own where it has any. Raises IntakeError: no user or item column."""
    files = TableFiles.of(competition)
    user, item = competition.group_column or "", competition.target_columns[0]
    train = flat(read_table(data, files.train).frame, user, item)
    own = _own(data, files, user, item)
    asked = _asked(competition, data, files, user)
    both = [train] if own is None else [train, own]
    for frame in both:
        missing = [name for name in (user, item) if name not in frame.columns]
        if missing:
            raise IntakeError(
                f"no column {missing[0]!r} in the interactions", expected=", ".join(frame.columns[:12]),
                remedy="set `group_column` (whose) and `target_column` (which item) in config.json",
            )  # fmt: skip
    names = [_spelled(frame[item], _width(competition, data, files)) for frame in both]
    items = pl.concat(names).drop_nulls().unique().sort().alias(ITEM)
    people = [frame[user].cast(pl.String) for frame in both]
    users = pl.concat(people).drop_nulls().unique().sort().alias("name")
    timed = bool(competition.time_column) and all(competition.time_column in f.columns for f in both)
    extras = _extras(train, own, {user, item, competition.time_column or ""})
    coded = [
        _coded(frame, name, who, items, users, competition.time_column if timed else None, extras)
        for frame, name, who in zip(both, names, people, strict=True)
    ]
    users = pl.concat([users, asked.filter(~asked.is_in(users.implode()))])  # those without a history come last
    to = pl.DataFrame({"name": asked, USER: _codes(asked, users)})
    before = pl.concat(coded[::-1]) if own is None else coded[1]
    before = before.filter(pl.col(USER).is_in(to[USER].implode()))
    kept = tuple(f"{EVENT}{name}" for name in extras)
    return Events(coded[0], before, to, items, users, kept, timed, own is not None)


def flat(frame: pl.DataFrame, user: str, item: str) -> pl.DataFrame:
    """A row an event, where a row is a session with its events in a list of records, or a list of items."""
    for name in frame.columns:
        kind = frame[name].dtype
        if isinstance(kind, pl.List) and isinstance(kind.inner, pl.Struct):
            return frame.explode(name).unnest(name)
    if item in frame.columns and isinstance(frame[item].dtype, pl.List):
        return frame.explode(item)
    return frame


def _own(data: Path, files: TableFiles, user: str, item: str) -> pl.DataFrame | None:
    """Test's own events, where it has any."""
    if not files.test or files.test == files.sample:
        return None
    frame = flat(read_table(data, files.test).frame, user, item)
    return frame if user in frame.columns and item in frame.columns else None


def _asked(competition: Competition, data: Path, files: TableFiles, user: str) -> pl.Series:
    """Who is asked, as spelled, each once, in the submission's order."""
    ref = files.sample or files.test
    frame = read_table(data, ref, all_text=True).frame
    key = competition.id_column if competition.id_column in frame.columns else frame.columns[0]
    return frame[key or frame.columns[0]].drop_nulls().unique(maintain_order=True).alias("name")


def _width(competition: Competition, data: Path, files: TableFiles) -> int:
    """Digits of an item where the sample submission spells items with zeros in front; else 0."""
    if not files.sample:
        return 0
    frame = read_table(data, files.sample, all_text=True).frame
    cells = frame[frame.columns[-1]].drop_nulls().head(50).to_list()
    tokens = [token for cell in cells for token in cell.replace(",", " ").split()]
    widths = {len(token) for token in tokens if token.isdigit()}
    return widths.pop() if len(widths) == 1 and any(token.startswith("0") for token in tokens) else 0


def _spelled(items: pl.Series, width: int) -> pl.Series:
    text = items.cast(pl.String)
    if items.dtype.is_float():
        text = text.str.replace(r"\.0$", "")
    return text.str.zfill(width) if width else text


def _codes(names: pl.Series, known: pl.Series) -> pl.Series:
    """Position of each name in `known` (distinct), null where it is not there."""
    table = pl.DataFrame({"name": known, "code": np.arange(len(known), dtype=np.int64)})
    asked = pl.DataFrame({"name": names.cast(pl.String)})
    return asked.join(table, on="name", how="left", maintain_order="left")["code"]


def _extras(train: pl.DataFrame, own: pl.DataFrame | None, taken: set[str]) -> list[str]:
    """Columns of an event that are numbers or few words."""
    shared = [c for c in train.columns if c not in taken and (own is None or c in own.columns)]
    fits = [
        c for c in shared
        if train[c].dtype.is_numeric() or train[c].dtype == pl.Boolean
        or (train[c].dtype == pl.String and train[c].n_unique() <= FEW)
    ]  # fmt: skip
    return [c for c in fits if train[c].n_unique() > 1][:MOST_EXTRAS]


def _coded(
    frame: pl.DataFrame, names: pl.Series, people: pl.Series, items: pl.Series, users: pl.Series, time: str | None,
    extras: list[str],
) -> pl.DataFrame:  # fmt: skip
    columns = {USER: _codes(people, users), ITEM: _codes(names, items)}
    columns[TIME] = pl.Series(days(frame[time]) if time else np.arange(frame.height, dtype=np.float64))
    for name in extras:
        columns[f"{EVENT}{name}"] = _number(frame[name])
    coded = pl.DataFrame({name: series.alias(name) for name, series in columns.items()})
    return coded.drop_nulls([USER, ITEM]).sort(USER, TIME, maintain_order=True)


def _number(series: pl.Series) -> pl.Series:
    if series.dtype == pl.String:
        words = series.unique().drop_nulls().sort()
        return _codes(series, words).cast(pl.Float64)
    return series.cast(pl.Float64)


__all__ = ["EVENT", "ITEM", "TIME", "USER", "Events", "flat", "read_events"]
