"""What the checks look at: a bounded sample of train and test, the truth of the former, and what chance alone gives."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition.answer_size import answer_size, is_structured
from podium.competition.association import Truth, by_chance
from podium.competition.dataset import Dataset
from podium.protocol import Column
from podium.records import AuditFinding, Competition

SAMPLE = 20_000  # rows of train, and of test, that checks look at
LEAST = 2_000  # so many at least, however wide the table
CELLS = 1_500_000  # rows of the sample × columns
MOST_COLUMNS = 1_000  # drawn by the seed beyond that
EXTREME = 1e60  # beyond it powers overflow; no order of rows is lost that matters
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Severity = Literal["info", "warn", "block"]


@dataclass(frozen=True)
class View:
    """Features of sampled train and test rows, the truth of the former.

    `columns`: those looked at; `rows`, `test_rows`: row numbers of `train` and `test`; `n_train`, `n_test`: of all rows.
    """

    competition: Competition
    dataset: Dataset
    columns: tuple[Column, ...]
    train: pl.DataFrame
    test: pl.DataFrame
    rows: Ints
    test_rows: Ints
    truth: Truth
    n_train: int
    n_test: int
    seed: int

    @property
    def targets(self) -> tuple[str, ...]:
        """What the columns of `truth.values` are called."""
        asked = self.competition.target_columns
        name = self.competition.target_name or ", ".join(asked) or "answer"
        return (f"size of {name}",) if self.structured else asked

    @functools.cached_property
    def structured(self) -> bool:
        """Whether answers are masks, boxes, lists or texts: `truth` is then their size."""
        return is_structured(self.dataset.labels(self.rows[:1]))

    @functools.cached_property
    def chance(self) -> float:
        """The strength of association that a column without meaning hardly ever reaches on these rows."""
        return max(by_chance(np.arange(len(self.rows), dtype=np.float64), self.truth, self.rng(2)), 0.02)

    def of_train(self, name: str) -> pl.Series:
        """A column of the sampled train rows, though it be none of those looked at."""
        return self.train[name] if name in self.train.columns else self._whole[name][self.rows]

    @functools.cached_property
    def _whole(self) -> pl.DataFrame:
        return self.dataset.frame()

    def chance_of(self, n: int) -> float:
        """The same on `n` of these rows: chance shrinks with the root of their number."""
        return self.chance * float(np.sqrt(len(self.rows) / max(1, n)))

    def rng(self, salt: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, salt])

    def of_kind(self, *kinds: str) -> list[Column]:
        return [c for c in self.columns if c.kind in kinds]


def look_at(competition: Competition, dataset: Dataset, seed: int) -> View:
    """A sample drawn by the seed: at most SAMPLE rows a side, CELLS cells and MOST_COLUMNS columns."""
    rng = np.random.default_rng([seed, 1])
    columns = dataset.columns
    if len(columns) > MOST_COLUMNS:
        drawn = np.sort(rng.choice(len(columns), MOST_COLUMNS, replace=False))
        columns = tuple(columns[i] for i in drawn)
    most = max(LEAST, min(SAMPLE, CELLS // max(1, len(columns))))
    rows, test = (_drawn(all_rows, most, rng) for all_rows in (dataset.train, np.sort(dataset.test)))
    frame = dataset.frame().select([c.name for c in columns])
    truth = truth_of(competition, dataset.labels(rows))
    return View(competition, dataset, columns, frame[rows], frame[test], rows, test, truth,
                len(dataset.train), len(dataset.test), seed)  # fmt: skip


def _drawn(rows: Ints, most: int, rng: np.random.Generator) -> Ints:
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))


def truth_of(competition: Competition, labels: pl.DataFrame) -> Truth:
    """Labels as arrays: class codes `(n,)`, or values `(n, k)`; the size of answers that are neither."""
    if is_structured(labels):
        return Truth(None, answer_size(labels)[:, None])
    if competition.classes:
        codes = {name: at for at, name in enumerate(competition.classes)}
        return Truth(labels.to_series().replace_strict(codes, return_dtype=pl.Int64).to_numpy(), None)
    values = labels.select(competition.target_columns).to_numpy().astype(np.float64).reshape(labels.height, -1)
    return Truth(None, np.clip(values, -EXTREME, EXTREME))


def finding(check: str, severity: Severity, column: str | None, figure: float | None, message: str) -> AuditFinding:
    """A finding with its figure rounded as it is recorded; a figure that is no number is left out."""
    kept = None if figure is None or not np.isfinite(figure) else round(float(figure), 5)
    return AuditFinding(check, severity, column, kept, message)


def floats(series: pl.Series) -> Floats:
    """Any column as float64, NaN where it has no number; dates in microseconds; held within EXTREME."""
    if series.dtype.is_temporal():
        series = series.dt.epoch("us")
    values = series.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()
    out: Floats = np.clip(values, -EXTREME, EXTREME)
    return out
