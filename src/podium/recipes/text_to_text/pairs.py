"""What text-to-text models read: the text to be written anew, and what stands beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from podium.protocol import Context, Rows

LOOKED_AT = 2000  # rows
FEW = 200  # a column of strings with so many values or fewer is context
PREVIOUS, NEXT = "#previous", "#next"  # of the columns that `measure_files` adds


@dataclass(frozen=True)
class Sources:
    """n texts, and for each the values beside it, by name: classes, the texts before and after it in its group."""

    texts: tuple[str, ...]
    beside: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Sequence[int]) -> Sources:
        return Sources(tuple(self.texts[row] for row in rows), tuple(self.beside[row] for row in rows))


class Reader:
    """Which columns hold what, learned from the training rows and their answers."""

    def __init__(self, train: Rows, ctx: Context) -> None:
        assert train.y is not None, "the source is found by the answers"
        known = [column for column in ctx.schema if column.name in train.columns]
        readable = [column.name for column in known if column.kind not in ("file", "list", "constant")]
        strings = [column.name for column in known if column.kind in ("text", "categorical", "code")]
        sources = strings or readable
        if not sources:
            raise ValueError("no column holds a text to start from")
        frame = _as_strings(train.frame(sources))
        self.column = _source(frame, list(map(str, train.y)))
        few = {
            column.name
            for column in known
            if column.n_unique <= FEW and column.kind in ("categorical", "code", "boolean")
        }
        self.context = [name for name in readable if name in few and name != self.column]
        self.context += [c for c in (self.column + PREVIOUS, self.column + NEXT) if c in train.columns]

    def read(self, rows: Rows) -> Sources:
        frame = _as_strings(rows.frame([self.column, *self.context]))
        beside = frame.select(self.context).rows() if self.context else [()] * frame.height
        return Sources(tuple(frame[self.column].to_list()), tuple(beside))


def _as_strings(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.all().cast(pl.String).fill_null(""))


def _source(frame: pl.DataFrame, answers: list[str]) -> str:
    """The column that is most like the answers: equal, or of like length; of those alike, the longest."""
    step = max(1, len(answers) // LOOKED_AT)
    wanted = pl.Series(answers[::step])
    merits = {}
    for name in frame.columns:
        held = frame[name].gather_every(step)
        lengths = float(held.str.len_chars().mean() or 0.0)  # type: ignore[arg-type]
        merits[name] = (round(float((held == wanted).mean() or 0.0), 2), lengths * (held.n_unique() > 1))  # type: ignore[arg-type]
    return max(merits, key=lambda name: merits[name])


def measure_files(rows: Rows, ctx: Context, features: Mapping[str, Any]) -> pl.DataFrame:
    """The rows' features, with the cells before and after each in its group for every column of short strings.

    Groups are the engine's; within one, rows follow the column of numbers that tells them apart (a token's place).
    Features of all rows are made at once, so a row's neighbours are the same whichever rows are predicted with it.
    """
    frame = rows.frame()
    place = _place(frame, rows)
    if rows.groups is None or place is None:
        return frame
    order = np.lexsort((place, rows.groups))
    groups, back = rows.groups[order], np.argsort(order, kind="stable")
    names = [c.name for c in ctx.schema if c.kind in ("text", "categorical", "code") and c.name in frame.columns]
    beside = []
    for name in names:
        cells = frame[name].cast(pl.String)[order]
        same = pl.Series(groups[1:] == groups[:-1])
        before = pl.concat([pl.Series([False]), same])
        after = pl.concat([same, pl.Series([False])])
        for suffix, step, there in ((PREVIOUS, 1, before), (NEXT, -1, after)):
            moved = pl.select(pl.when(there).then(cells.shift(step))).to_series()
            beside.append(moved[back].alias(name + suffix))
    return frame.with_columns(beside)


def _place(frame: pl.DataFrame, rows: Rows) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]] | None:
    """The first column of numbers that no two rows of a group share; None without."""
    if rows.groups is None:
        return None
    for name in (c for c in frame.columns if frame[c].dtype.is_numeric()):
        values = frame[name].cast(pl.Float64).fill_null(0.0).to_numpy()
        pairs = np.unique(np.stack([rows.groups.astype(np.float64), values]), axis=1)
        if pairs.shape[1] == len(values):
            return np.asarray(values)
    return None
