"""Recommendation: who did what with which items, and a list of items asked for each of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from podium.competition.folder import TableFiles
from podium.competition.kinds import cells, tails
from podium.competition.kinds.clues import Clues
from podium.competition.kinds.ranking import ranks_lists
from podium.competition.kinds.reading import Reading
from podium.competition.relation import TIME_NAME
from podium.competition.timeline import days
from podium.errors import IntakeError
from podium.records import Evidence

TASK = "recommendation"
_WORDS = (
    r"recommend|interaction|next (items?|purchase|basket|click)|will (buy|order|purchase)|reorder|session"
    r"|customers?|\busers?\b"
)
MOST_TABLES = 8
FOLDS, MOST_WINDOWS = 5, 3


@dataclass(frozen=True)
class Interactions:
    """A table with a row (or a list of events) for each thing somebody did. `user` "" where it is another table's."""

    ref: str
    user: str
    item: str
    time: str
    why: str
    frame: pl.DataFrame


def read(clues: Clues) -> Reading | None:
    """Lists of items are asked for, and a table of interactions holds those items, several rows for one of whom they are."""
    answer = _answer(clues)
    if not answer or clues.sample is None:
        return None
    found = _interactions(clues, answer)
    if found is None:
        return None
    ids = _ids(clues, answer)
    listed = f"cells of the sample submission's {answer} list items"
    evidence = {
        "target_column": Evidence(answer, f"{listed}; {found.why}", 0.95),
        "id_column": Evidence(",".join(ids), "first column of the sample submission: a list for each", 0.95),
        "submission_kind": Evidence("ranking", f"{listed}, best first", 0.95),
    }
    if found.time:
        evidence["time_column"] = Evidence(found.time, f"when, in {found.ref}", 0.85)
    if found.user:
        evidence["group_column"] = Evidence(found.user, f"whose, in {found.ref}", 0.9)
    own = (answer,) if answer in found.frame.columns else (found.item,)
    cut = _cut(clues, found)
    form, shown = _form(clues, answer)
    evidence["answer_form"] = Evidence(form, shown, 0.9)
    evidence["cv_strategy"] = Evidence(cut.strategy, cut.why, 0.9)
    return Reading(
        TASK, f"{listed}; {found.why}", 0.95 if clues.says(_WORDS) else 0.85, own, ids, tuple(clues.sample.columns), "ranking",
        evidence, inputs=("interactions",), target_name="" if own == (answer,) else answer,
        files=TableFiles(found.ref, clues.files.test if clues.files.test != found.ref else "", clues.files.sample),
        group_column=found.user or None, time_column=found.time or None, cv_strategy=cut.strategy,
        cv_folds=cut.folds, cv_horizon=cut.horizon,
    )  # fmt: skip


def _form(clues: Clues, answer: str) -> tuple[str, str]:
    """How a list is written: `rows` where each item has a row of its own, else what stands between items."""
    assert clues.sample is not None
    cell = next((text for text in cells.head(clues.sample[answer]).to_list() if cells.split_by(text)), "")
    if not cell and _row_an_item(clues):
        return "rows", "the sample submission has a row an item"
    return cells.split_by(cell) or " ", "as the sample submission separates items"


@dataclass(frozen=True)
class Cut:
    """`horizon`: events a user for last_n, days of the window for forward."""

    strategy: str
    folds: int
    horizon: float
    why: str


def _cut(clues: Clues, found: Interactions) -> Cut:
    """As the description says; windows need a history of two at least before the first fold's."""
    timed = bool(found.time) and found.time in found.frame.columns and found.frame.height > 0
    tail = tails.read(clues.text, timed=timed, apart=_has_own_events(clues, found))
    if tail.how == "window":
        times = days(found.frame[found.time])
        windows = int(float(np.ptp(times)) // tail.days) - 1
        if windows >= 2:
            return Cut("forward", min(MOST_WINDOWS, windows), tail.days, tail.why)
    deep = False
    if tail.how == "last" and found.user in found.frame.columns:
        sizes = found.frame[found.user].value_counts()["count"].to_numpy().astype(np.int64)
        deep = tails.depth(sizes, tail) > 1
    return Cut("last_n", MOST_WINDOWS if deep else FOLDS, float(tail.most), tail.why)


def _has_own_events(clues: Clues, found: Interactions) -> bool:
    return clues.files.test not in ("", clues.files.sample, found.ref) and (
        clues.test is not None and found.item in flat_columns(clues.test)
    )


def flat_columns(frame: pl.DataFrame) -> list[str]:
    """The columns of a table, and the fields of its lists of records."""
    nested = [
        field.name
        for kind in frame.dtypes
        if isinstance(kind, pl.List) and isinstance(kind.inner, pl.Struct)
        for field in kind.inner.fields
    ]
    return [*frame.columns, *nested]


def _answer(clues: Clues) -> str:
    """The column of the sample submission whose cells list several items."""
    if clues.sample is None or clues.sample.width > 4:
        return ""
    for name in clues.sample.columns[1:]:
        if cells.lists(clues.sample[name]) > 0.5 or _single(clues, name):
            return name
    return _row_an_item(clues)


def _row_an_item(clues: Clues) -> str:
    """The second column, where the sample submission lists items down its rows and a metric of lists scores it."""
    sample = clues.sample
    if sample is None or sample.width < 2 or sample[sample.columns[0]].n_unique() > 0.5 * sample.height:
        return ""
    known = clues.test.columns if clues.test is not None else []
    return sample.columns[1] if sample.columns[1] not in known and ranks_lists(clues) else ""


def _single(clues: Clues, name: str) -> bool:
    """A sample that shows one item a row, where the description says that lists are asked for."""
    words = r"(space|blank)[- ](delimited|separated)|separated by (a )?(spaces?|blanks?)|up to \d+ (items|products|predictions)"
    return clues.says(words) and clues.says(_WORDS) and clues.train is not None and name not in clues.train.columns


def _ids(clues: Clues, answer: str) -> tuple[str, ...]:
    if clues.config.get("id_column"):
        return tuple(str(clues.config["id_column"]).split(","))
    assert clues.sample is not None
    return tuple(c for c in clues.sample.columns[: clues.sample.columns.index(answer)][:1])


def _interactions(clues: Clues, answer: str) -> Interactions | None:
    """Train, else another table, whose column holds the listed items and whose rows repeat for one of whom they are."""
    assert clues.sample is not None
    ids, items = clues.sample[clues.sample.columns[0]].head(5000), cells.tokens(clues.sample[answer])
    best: tuple[float, Interactions] | None = None
    for ref in _tables(clues):
        frame = _frame(clues, ref)
        if frame is None:
            continue
        measured = _measure(ref, frame, ids, items, clues.sample.columns[0])
        if measured and (best is None or measured[0] > best[0]):
            best = measured
    return best[1] if best is not None else None


def _tables(clues: Clues) -> list[str]:
    first = [clues.files.train] if clues.files.train else []
    json_lines = [t for t in clues.contents.tables if t.lower().endswith(("jsonl", "ndjson")) and "train" in t.lower()]
    rest = [t for t in clues.others if t in clues.headers]
    return list(dict.fromkeys([*first, *json_lines, *rest]))[:MOST_TABLES]


def _frame(clues: Clues, ref: str) -> pl.DataFrame | None:
    if ref == clues.files.train:
        return clues.train
    try:
        return clues.table(ref)
    except IntakeError:  # a side table that cannot be read is nobody's train table
        return None


def _measure(
    ref: str, frame: pl.DataFrame, ids: pl.Series, items: pl.Series, id_name: str
) -> tuple[float, Interactions] | None:
    nested = _nested(ref, frame, items)
    if nested is not None:
        return nested
    item = _item_column(frame, items)
    if not item:
        return None
    others = [c for c in frame.columns if c != item]
    users = {
        c: cells.within(ids, frame[c]) for c in others if frame[c].dtype == pl.String or frame[c].dtype.is_integer()
    }
    named = [c for c in others if c == id_name]
    user = named[0] if named else max(users, key=lambda c: users[c], default="")
    shared = users.get(user, 0.0)
    if not user or cells.unique_share(frame[user]) > 0.9 or (shared < 0.3 and not named):
        return None
    time = next(
        (c for c in others if c != user and (TIME_NAME.search(c) or frame[c].dtype.is_temporal() or c == "t_dat")), ""
    )
    why = f"{ref} has {frame.height:,} rows of {user} and {item}, {frame.height / max(1, frame[user].n_unique()):.1f} a {user}"
    return 1.0 + shared, Interactions(ref, user, item, time, why, frame)


def _item_column(frame: pl.DataFrame, items: pl.Series) -> str:
    fits = {
        c: cells.within(items, frame[c])
        for c in frame.columns
        if (frame[c].dtype == pl.String or frame[c].dtype.is_integer()) and frame[c].n_unique() > 5
    }
    best = max(fits, key=lambda c: (round(fits[c], 2), bool(re.search(r"item|product|article|movie|song|track|ad|aid", c, re.I))),
               default="")  # fmt: skip
    return best if best and fits[best] > 0.6 else ""


def _nested(ref: str, frame: pl.DataFrame, items: pl.Series) -> tuple[float, Interactions] | None:
    """One row a session, its events in a list of records (JSON lines)."""
    for name in frame.columns:
        kind = frame[name].dtype
        if not isinstance(kind, pl.List) or not isinstance(kind.inner, pl.Struct):
            continue
        events = frame[name].head(2000).explode().struct.unnest()
        item = _item_column(events, items) or next((c for c in events.columns if re.search(r"item|id$", c)), "")
        if not item:
            continue
        user = next((c for c in frame.columns if c != name), "")
        time = next((c for c in events.columns if TIME_NAME.search(c)), "")
        why = (
            f"{ref} has {frame.height:,} rows of {user}, each with a list of {', '.join(events.columns[:4])} in {name}"
        )
        flat = pl.DataFrame({c: pl.Series([], dtype=pl.String) for c in (user, *events.columns) if c})
        return 1.0, Interactions(ref, user, item, time, why, flat)
    return None
