"""The dealt data: features of every row in one Arrow file, labels and ids in files that only the engine reads.

<campaign>/data/
  features.arrow   every row (train, vault, test), features alone, row number = blinded id
  labels.arrow     engine only: row, place in the train file, the targets and the label-side columns of train and vault rows
  ids.arrow        engine only: `row`, `id`: the competition's own ids
  splits.npz       train, fold_of, barred (bit k: fold k may not train on the row), vault, test (in the submission's order)
  splits.json      strategy, version, sha256
  schema.json      columns as intake understood them, their types, date formats
  groups.npy times.npy   over all rows, where the split needs them
  joined/ tables/  side tables: `podium.competition.side_tables`
  files/           attached files under blinded names
  prefix/          feature files that end where a forward fold's past ends
  metric.py        the user's own metric, where there is one: frozen by the hash in its name
  dataset.json     competition, seed, facts; written last
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition import new_rows, side_tables
from podium.competition.arrow import write_arrow, write_json
from podium.competition.columns import ColumnType
from podium.competition.joins import Join
from podium.competition.units import TRUTH
from podium.competition.units.unit import BESIDE
from podium.errors import CampaignError
from podium.metrics import custom
from podium.protocol import Column
from podium.records import Competition, DataFacts, from_json

__all__ = ["MARK", "POSITION", "ROW", "Dataset", "write_arrow", "write_json"]

Rows = NDArray[np.int64]
MARK = "dataset.json"
ROW, POSITION = "#row", "#position"  # in labels.arrow: row number; place in the train file


@dataclass(frozen=True)
class Dataset:
    """Engine-only view of `<campaign>/data`. Row numbers are positions in `features`.

    `train`, `vault`: sorted row numbers. `test`: row numbers in the order of the submission. Aligned with `train`:
    `fold_of` int8, -1 for rows that are never scored; `barred` uint32, bit k for rows that fold k may not train on.
    """

    folder: Path
    competition: Competition
    columns: tuple[Column, ...]
    n_rows: int
    train: Rows
    vault: Rows
    test: Rows
    fold_of: NDArray[np.int8]
    barred: NDArray[np.uint32]
    facts: DataFacts
    splits_hash: str
    seed: int
    types: tuple[ColumnType, ...]
    joins: tuple[Join, ...] = ()

    @classmethod
    def open(cls, folder: Path) -> Dataset:
        """The dataset that `build` published in `folder`. Raises CampaignError when there is none."""
        try:
            meta = json.loads((folder / MARK).read_text("utf-8"))
            schema = json.loads((folder / "schema.json").read_text("utf-8"))
            with np.load(folder / "splits.npz") as splits:
                arrays = {name: splits[name] for name in ("train", "fold_of", "barred", "vault", "test")}
        except (OSError, ValueError, KeyError) as error:
            raise CampaignError(
                f"no dealt data in {folder}", found=str(error), remedy="run `podium init` on the competition again"
            ) from error
        competition = from_json(Competition, meta["competition"])
        if custom.is_users(competition.metric):
            custom.restore(competition.metric, folder)
        return cls(
            folder=folder,
            competition=competition,
            columns=tuple(from_json(Column, column) for column in schema["columns"]),
            n_rows=meta["n_rows"],
            train=arrays["train"],
            vault=arrays["vault"],
            test=arrays["test"],
            fold_of=arrays["fold_of"],
            barred=arrays["barred"],
            facts=from_json(DataFacts, meta["facts"]),
            splits_hash=meta["splits_hash"],
            seed=meta["seed"],
            types=tuple(from_json(ColumnType, kind) for kind in schema["types"]),
            joins=tuple(from_json(Join, join) for join in schema["joins"]),
        )

    @property
    def features(self) -> Path:
        return self.folder / "features.arrow"

    @property
    def files(self) -> Path | None:
        return self._existing("files")

    @property
    def tables(self) -> dict[str, Path]:
        """Side tables as Arrow files, ids blinded: what a solution gets as `ctx.tables`."""
        return side_tables.raw_tables(self.folder)

    @property
    def groups(self) -> Path | None:
        """.npy of int64 over all rows; None where rows stand alone."""
        return self._existing("groups.npy")

    @property
    def times(self) -> Path | None:
        """.npy of float64 over all rows; None unless folds look forward."""
        return self._existing("times.npy")

    @property
    def test_order(self) -> Rows:
        """Test row numbers in the order of the sample submission (the test file's order where there is no sample)."""
        return self.test

    def frame(self) -> pl.DataFrame:
        """Features of all rows."""
        return pl.read_ipc(self.features)

    def labels(self, rows: Rows) -> pl.DataFrame:
        """Target columns of labelled rows, in the order of `rows`: String for classes (as spelled in train), else
        Float64; one column `TRUTH` where answers are neither; beside values what a metric scales or weighs them by
        (`BESIDE`). Raises KeyError for a row that has no label."""
        held = [TRUTH] if TRUTH in self._labels.columns else list(self.competition.target_columns)
        held += [name for name in BESIDE if name in self._labels.columns]
        return self._labels.select(held)[self._labelled(rows)]

    def label_side(self, rows: Rows) -> pl.DataFrame:
        """Columns that only train has, besides the targets, in the order of `rows`; empty where there are none."""
        held = [name for name in self.competition.label_side_columns if name in self._labels.columns]
        return self._labels.select(held)[self._labelled(rows)] if held else pl.DataFrame()

    def ids(self, rows: Rows) -> pl.Series | None:
        """The competition's own ids, as spelled in its files (String); None where it has none."""
        if self.competition.id_column is None:
            return None
        frame = pl.read_ipc(self.folder / "ids.arrow")
        return frame["id"][rows].alias(self.competition.id_column)

    def prefix(self, n: int) -> Path:
        """A feature file of the first `n` rows: all that a forward fold whose past and validation end there may see."""
        if not 0 < n <= self.n_rows:
            raise ValueError(f"prefix: expected 1..{self.n_rows} rows; found {n}")
        if n == self.n_rows:
            return self.features
        path = self.folder / "prefix" / f"features_{n}.arrow"
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            write_arrow(self.frame().head(n), path)
        return path

    def extend(self, frame: pl.DataFrame, path: Path | None = None) -> Path:
        """An Arrow feature file of NEW rows with the columns and types of `features`; content-named unless `path` is
        given; side tables are joined by key. Raises IntakeError for a missing column; values that do not fit a column's
        type become null."""
        fitted = new_rows.fitted(self.folder, frame, self.types, self.joins)
        if path is None:
            buffer = io.BytesIO()
            fitted.write_ipc(buffer, compression="uncompressed")
            digest = hashlib.sha256(buffer.getbuffer()).hexdigest()[:16]
            path = self.folder / "new" / f"features_{digest}.arrow"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_arrow(fitted, path)
        return path

    def positions(self, rows: Rows) -> Rows:
        """Places of labelled rows in the train file, 0-based: what row order could give away."""
        return self._labels[POSITION].to_numpy()[self._labelled(rows)]

    def _existing(self, name: str) -> Path | None:
        path = self.folder / name
        return path if path.exists() else None

    @functools.cached_property
    def _labels(self) -> pl.DataFrame:
        return pl.read_ipc(self.folder / "labels.arrow")

    @functools.cached_property
    def _position(self) -> Rows:
        position = np.full(self.n_rows, -1, dtype=np.int64)
        position[self._labels[ROW].to_numpy()] = np.arange(self._labels.height)
        return position

    def _labelled(self, rows: Rows) -> Rows:
        position = self._position[rows]
        if (position < 0).any():
            raise KeyError(f"row {int(np.asarray(rows)[position < 0][0])} has no label")
        return position
