"""The rows of a cheap probe: one feature file in which the same few rows come again and again, each time changed otherwise.

One call of `predict` on it answers most questions, so a probe costs one run. Nothing here depends on an experiment: all
whose features come from the same file are probed with the same rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.protocol import Column

MOST_ROWS, MOST_VALUES = 4096, 2_000_000  # rows of all blocks, and numbers in their predictions
LEAST_BLOCK, LARGEST_BLOCK = 16, 256
MOST_COLUMNS = 24  # blocks for columns; of more columns some are permuted together
CANARIES, CANARY_TIMES = 8, 20
UNSEEN = "podium-unseen"
NUDGE = 1e-9  # of a column's spread: below what any rounding of features keeps apart
CONTINUOUS = 0.5  # share of distinct values among the rows

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Asked:
    """A swap of the sides of a pair, as QA asked for it."""

    left: tuple[str, ...]
    right: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """`frame`: the blocks one after another, then canary rows. `of`, `time_of`: the dealt row that each row's group and
    time are taken from. `blocks`: name → places. Rows after `n_dealt` lie in the file and are not dealt."""

    frame: pl.DataFrame
    of: Rows
    blocks: Mapping[str, slice]
    n_dealt: int
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # block → the columns permuted in it


def comparable(width: int) -> int:
    """How many rows' predictions, of so many numbers each, are held and compared at most."""
    return max(LEAST_BLOCK, MOST_VALUES // width)


def block_rows(n_blocks: int, n_valid: int, width: int = 1) -> int:
    """How many rows a block has, so that all blocks together are no more than `MOST_ROWS` and `comparable`, or
    each has the fewest."""
    return min(n_valid, LARGEST_BLOCK, max(LEAST_BLOCK, min(MOST_ROWS, comparable(width)) // max(1, n_blocks)))


def column_blocks(names: Sequence[str], first: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Block → its columns: each of its own where they are few; else the `first` of their own and the others in groups."""
    if len(names) <= MOST_COLUMNS:
        return {name: (name,) for name in names}
    single = [name for name in first if name in names][: MOST_COLUMNS // 2]
    rest = [name for name in names if name not in single]
    cut = np.array_split(np.arange(len(rest)), MOST_COLUMNS - len(single))
    groups = {f"{len(part)} columns from {rest[part[0]]}": tuple(rest[i] for i in part) for part in cut if len(part)}
    return {**{name: (name,) for name in single}, **groups}


class Builder:
    """Puts blocks together. `rows`: the rows probed, dealt numbers, in the order of the base block.
    `files`: columns that name files."""

    def __init__(self, source: pl.DataFrame, rows: Rows, seed: int, files: Collection[str] = ()) -> None:
        self._source, self._rows, self._rng = source, rows, np.random.default_rng(seed)
        self._base, self._named = source[rows], files
        self._frames: list[pl.DataFrame] = []
        self._of: list[Rows] = []
        self._blocks: dict[str, slice] = {}
        self._columns: dict[str, tuple[str, ...]] = {}
        self._n = 0

    def add(self, name: str, frame: pl.DataFrame, of: Rows) -> None:
        self._frames.append(frame.cast(self._source.schema))
        self._of.append(of)
        self._blocks[name] = slice(self._n, self._n + frame.height)
        self._n += frame.height

    def plain(self, name: str, rows: Rows) -> None:
        self.add(name, self._source[rows], rows)

    def permuted(self, blocks: Mapping[str, tuple[str, ...]]) -> None:
        """A block for each entry, its columns taken together from other rows of the base block."""
        for name, columns in blocks.items():
            key = f"column:{name}"
            self.add(key, self._mixed([columns]), self._rows)
            self._columns[key] = columns

    def all_permuted(self) -> None:
        """Each column, the group and the time from another row each."""
        of = self._rows[self._rng.permutation(len(self._rows))]
        self.add("all", self._mixed([(name,) for name in self._base.columns]), of)

    def nudged(self) -> None:
        """Continuous columns changed in their last digits; no block where there are none."""
        names = [
            name
            for name in self._base.columns
            if self._base[name].dtype.is_float() and self._base[name].n_unique() > CONTINUOUS * self._base.height
        ]
        if names:
            moved = [pl.col(n) * (1 + NUDGE) + NUDGE * pl.col(n).std().fill_nan(0.0).fill_null(0.0) for n in names]
            self.add("jitter", self._base.with_columns(moved), self._rows)

    def unseen(self, schema: Mapping[str, Column], n: int, where: Collection[str] = ()) -> None:
        """Categories that no row has, spelled like those it has: in columns `where` test brings some, in all that have
        categories where it brings none. No block where no column has categories."""
        names = [c.name for c in schema.values() if c.kind in ("categorical", "code") and c.name in self._base.columns]
        names = [name for name in names if self._base[name].dtype == pl.String]
        names = [name for name in names if name in where] or names
        if names:
            few = self._base.head(n)
            self.add("unseen", few.with_columns(_strange(few[name]) for name in names), self._rows[:n])

    def missing(self, schema: Mapping[str, Column], n: int) -> None:
        """Values missing in every column that lacks some somewhere; no block where nothing is ever missing."""
        names = [c.name for c in schema.values() if c.missing > 0 and c.name in self._base.columns and c.kind != "file"]
        if names:
            few = self._base.head(n)
            gone = [pl.lit(None, dtype=few[name].dtype).alias(name) for name in names]
            self.add("missing", few.with_columns(gone), self._rows[:n])

    def swapped(self, name: str, asked: Asked) -> None:
        """The two sides of each pair exchanged; no block where a side is no column."""
        sides = [(a, b) for a, b in zip(asked.left, asked.right, strict=False)]
        if sides and all(side in self._base.columns for pair in sides for side in pair):
            there = [pl.col(b).alias(a) for a, b in sides] + [pl.col(a).alias(b) for a, b in sides]
            self.add(name, self._base.with_columns(there), self._rows)

    def done(self, *, canaries: bool = True) -> Layout:
        n = self._n
        if canaries:
            few = self._rows[np.arange(CANARIES) % len(self._rows)]
            self.add("canary", _canaries(self._source[few], self._named), few)
        blocks = {name: at for name, at in self._blocks.items() if name != "canary"}
        return Layout(pl.concat(self._frames), np.concatenate(self._of), blocks, n, self._columns)

    def _mixed(self, together: Sequence[tuple[str, ...]]) -> pl.DataFrame:
        frame = self._base
        for columns in together:
            order = self._rng.permutation(frame.height)
            frame = frame.with_columns(self._base[list(columns)][order].get_columns())
        return frame


def _strange(series: pl.Series) -> pl.Series:
    """Other values of the same pattern: digits become nines where there are digits, else a word that nobody uses."""

    def one(value: str | None) -> str | None:
        if value is None:
            return None
        nines = "".join("9" if c.isdigit() else c for c in value)
        return nines if nines != value else UNSEEN

    return pl.Series(series.name, [one(value) for value in series.to_list()], dtype=pl.String)


def _canaries(frame: pl.DataFrame, files: Collection[str]) -> pl.DataFrame:
    """Rows that would leave a mark on every statistic they enter; their files are the first one's, since there must be one."""

    def mark(name: str, dtype: pl.DataType) -> pl.Expr | None:
        if dtype.is_float():
            return pl.lit(1e6, dtype=dtype).alias(name)
        if isinstance(dtype, pl.List):
            return pl.concat_list([pl.col(name).fill_null([])] * CANARY_TIMES).alias(name)
        if name in files:
            return pl.col(name).first().alias(name)
        if dtype.is_integer():
            return pl.lit(100, dtype=dtype).alias(name)
        return pl.lit("podium-canary").alias(name) if dtype == pl.String else None

    marks = [mark(name, dtype) for name, dtype in frame.schema.items()]
    return frame.with_columns([one for one in marks if one is not None])
