"""Dealing the rows: one feature file in a blinded order, labels and ids apart, vault and folds, all published at once."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition import attached, columns, features, pictured, relation, side_tables, splits, timeline, windows
from podium.competition.columns import ColumnType
from podium.competition.dataset import MARK, POSITION, ROW, Dataset, write_arrow, write_json
from podium.competition.dealt import Dealt
from podium.competition.folder import TableFiles, look_at
from podium.competition.keys import keyed
from podium.competition.source import Source, read_source
from podium.competition.units import TRUTH, Units, units_of
from podium.competition.units.unit import BESIDE
from podium.errors import CampaignError
from podium.metrics import custom
from podium.protocol import Column
from podium.records import Competition, DataFacts, to_json

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def build(competition: Competition, folder: Path, seed: int) -> Dataset:
    """Deal the competition's rows into `folder` (`<campaign>/data`), which appears whole or not at all.

    What is there already is opened when it was dealt from the same competition and seed. Raises CampaignError for
    another one's data or where the folder cannot be written, IntakeError when the files no longer fit.
    """
    if (folder / MARK).exists():
        there = Dataset.open(folder)
        if there.seed != seed or to_json(there.competition) != to_json(competition):
            raise CampaignError(
                f"{folder} holds other data", expected="this competition and seed", remedy="use a new campaign"
            )
        return there
    part = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        _write(competition, part, seed)
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
        part.rename(folder)
    except OSError as error:
        raise CampaignError(
            f"cannot write {folder}", found=str(error), remedy="free some space there, or choose another `--campaign`"
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Dataset.open(folder)


def _write(competition: Competition, part: Path, seed: int) -> None:
    data = Path(competition.data_dir)
    units = units_of(competition, data, seed) or _rows(competition, data)
    source = units.source
    n_train, n = source.train.height, source.train.height + source.test.height
    raw = features.stack(source, competition)
    file_columns = _files(units, competition)
    raw = raw.drop([f.name for f in file_columns], strict=False)
    types = [features.type_of(raw[name], competition) for name in raw.columns]
    frame = columns.conform(raw, types)
    labels = _labels(source.train, competition)
    times = _times(source, competition) if units.clock is None else units.clock
    groups = _groups(source, frame, competition, times) if units.groups is None else units.groups
    dealt = units.dealt or _deal(competition, labels, groups, times, n_train, seed)
    clock = None if dealt.clock is None else _clock_of_all(dealt.clock, times, n)
    order = _order(n_train, n, clock, seed)
    row_of = np.empty(n, dtype=np.int64)
    row_of[order] = np.arange(n)
    write_arrow(_ids(source, competition, row_of), part / "ids.arrow")
    joined = side_tables.keep(source, competition, row_of, part, raw=dealt.clock is None)
    side_tables.keep_coded(units.names, units.tables, part)
    left = features.with_files(frame, file_columns, row_of, data, part).get_columns()
    del source, raw, frame  # the dealt copy grows as these go
    frame = features.gathered(left, order)
    types += [ColumnType(f.name, "str", source="file") for f in file_columns]
    write_arrow(frame, part / "features.arrow")
    where = pl.DataFrame({ROW: row_of[:n_train], POSITION: np.arange(n_train)})
    write_arrow(pl.concat([where, labels], how="horizontal"), part / "labels.arrow")
    for name, array in (("groups", groups), ("times", clock)):
        if array is not None:
            np.save(part / f"{name}.npy", array[order])
    described = features.describe(frame, types, {f.name for f in file_columns})
    described = pictured.measured(described, frame, part / "files")
    schema = {"columns": to_json(described), "types": to_json(types), "joins": to_json(joined)}
    write_json(schema, part / "schema.json")
    if custom.is_users(competition.metric):
        custom.keep(competition.metric, part)
    blocks = competition.cv_strategy in ("interleaved_block", "purged")  # sampling units, not groups of the data
    n_groups = 0 if groups is None or blocks else len(np.unique(groups[:n_train]))
    _split(competition, part, labels, dealt, row_of, described, n_groups, seed)


# ---------------------------------------------------------------- labels, ids, order


def _rows(competition: Competition, data: Path) -> Units:
    """Where a row of train's table is what is predicted."""
    source = read_source(data, TableFiles.of(competition), competition.id_columns or [competition.id_column or ""])
    return Units(features.in_sample_order(keyed(source, competition.id_columns), competition))


def _files(units: Units, competition: Competition) -> list[attached.FileColumn]:
    if units.files is not None:
        return [attached.FileColumn(name, refs) for name, refs in units.files.items()]
    return attached.find_files(look_at(competition), units.source.train, units.source.test, competition.id_column)


def _labels(train: pl.DataFrame, competition: Competition) -> pl.DataFrame:
    """Targets as spelled (classes), Float64, or as a unit's `TRUTH`; label-side columns in their clean type."""
    out = [train[TRUTH]] if TRUTH in train.columns else []
    numbers = not competition.classes
    for name in () if out else competition.target_columns:
        if train[name].dtype == pl.UInt8:  # a label of a cell that lists several
            out.append(train[name])
            continue
        series = train[name].cast(pl.String)
        if numbers and series.str.to_lowercase().is_in(["true", "false"]).all():
            series = (series.str.to_lowercase() == "true").cast(pl.Float64)
        out.append(series.str.strip_chars().cast(pl.Float64) if numbers and series.dtype == pl.String else series)
    out += [train[name] for name in BESIDE if name in train.columns]
    for name in (c for c in competition.label_side_columns if c in train.columns):
        out.append(columns.cast(train[name], columns.learn_type(train[name])).alias(name))
    return pl.DataFrame(out)


def _ids(source: Source, competition: Competition, row_of: Ints) -> pl.DataFrame:
    key, parts = competition.id_column, []
    sample = source.sample if source.sample is not None else source.test
    for frame, fallback in ((source.train, None), (source.test, sample)):
        holder = frame if key in frame.columns else fallback
        has = key is not None and holder is not None and key in holder.columns
        parts.append(holder[key].cast(pl.String) if has else pl.Series([None] * frame.height, dtype=pl.String))  # type: ignore[index]
    ids = pl.concat([p.alias("id") for p in parts])
    return pl.DataFrame({"row": row_of, "id": ids}).sort("row")


def _order(n_train: int, n: int, times: Floats | None, seed: int) -> Ints:
    """order[row] = position in train-then-test. By time where folds look forward, else permuted once by the seed."""
    if times is None:
        return np.random.default_rng([seed, 0]).permutation(n)
    by_time = np.argsort(times[:n_train], kind="stable")
    return np.concatenate([by_time, n_train + np.argsort(times[n_train:], kind="stable")])


def _clock_of_all(clock: Floats, times: Floats | None, n: int) -> Floats:
    """The order in which rows may be seen, train's then test's: by their times where train's clock is those."""
    if times is not None and np.array_equal(clock, times[: len(clock)]):
        return times
    return np.concatenate([clock, np.full(n - len(clock), clock.max() + 1.0)])


def _times(source: Source, competition: Competition) -> Floats | None:
    """Times of all rows where folds are cut in time: days for dates, else the column's own unit."""
    name = competition.time_column
    if competition.cv_strategy not in splits.TIMED or name is None:
        return None
    parts = []
    for frame in (source.train, source.test):
        if name not in frame.columns:  # a time that only train has: test is later by definition
            parts.append(np.full(frame.height, np.inf))
            continue
        parts.append(timeline.clock_or_number(frame[name]))
    return np.concatenate(parts)


def _groups(source: Source, frame: pl.DataFrame, competition: Competition, times: Floats | None) -> Ints | None:
    """Group numbers of all rows where folds keep them: by the column, by equal features, or blocks of time."""
    strategy, name = competition.cv_strategy, competition.group_column
    if strategy == "interleaved_block" and times is not None:
        return timeline.blocks(times, source.train.height, competition.cv_horizon, 10 * competition.cv_folds)
    if strategy == "purged" and times is not None:
        return windows.units(times, competition.cv_folds)
    if strategy not in (*splits.IN_BLOCKS, "last_n"):
        return None
    if name is None:
        keys = relation.hash_rows(frame, frame.columns)
    else:
        keys = pl.concat(
            [f[name].cast(pl.String) if name in f.columns else pl.Series(name, [None] * f.height, dtype=pl.String)
             for f in (source.train, source.test)]
        )  # fmt: skip
        if name == competition.id_column:
            shared = relation.group_key(keys)
            keys = keys if shared is None else shared
    codes = keys.rank("dense").cast(pl.Int64)
    lonely = int(codes.max() or 0) + 1  # type: ignore[arg-type]
    numbers = codes.fill_null(-1).to_numpy().copy()
    numbers[numbers < 0] = lonely + np.arange(int((numbers < 0).sum()))  # a row without a group stands alone
    return numbers.astype(np.int64)


# ---------------------------------------------------------------- split and facts


def _strata(labels: pl.DataFrame, competition: Competition) -> Floats:
    """One number a row whose order folds balance: class code, target value, combination of labels, mean rank."""
    if TRUTH in labels.columns:
        return np.zeros(labels.height)
    frame = labels.select(competition.target_columns)
    if competition.classes:
        code = {name: at for at, name in enumerate(competition.classes)}
        return frame.to_series().replace_strict(code, default=len(code), return_dtype=pl.Float64).to_numpy()
    values: Floats = frame.to_numpy().astype(np.float64)
    if competition.task_type == "multilabel_classification":
        rarest_last = np.argsort(np.argsort(-values.sum(axis=0), kind="stable"), kind="stable")
        # so a rare label's rows lie together, and are dealt evenly; of thousands the commonest count for nothing
        combined: Floats = values @ (2.0 ** (rarest_last - values.shape[1] + 1.0))
        return combined
    if values.shape[1] == 1:
        return values[:, 0]
    mean_rank: Floats = values.argsort(axis=0).argsort(axis=0).mean(axis=1)
    return mean_rank


def _deal(
    competition: Competition, labels: pl.DataFrame, groups: Ints | None, times: Floats | None, n_train: int, seed: int
) -> Dealt:
    return splits.deal(
        competition.cv_strategy,
        competition.cv_folds,
        _strata(labels, competition),
        None if groups is None else groups[:n_train],
        None if times is None else times[:n_train],
        seed,
        competition.cv_gap,
        competition.cv_horizon,
    )


def _split(
    competition: Competition, part: Path, labels: pl.DataFrame, dealt: Dealt, row_of: Ints,
    described: tuple[Column, ...], n_groups: int, seed: int,
) -> None:  # fmt: skip
    n_train = len(dealt.vault)
    rows, folded = row_of[:n_train], ~dealt.vault
    sort = np.argsort(rows[folded])
    train, fold_of, barred = rows[folded][sort], dealt.fold_of[folded][sort], dealt.barred[folded][sort]
    vault, test = np.sort(rows[dealt.vault]), row_of[n_train:]
    np.savez(part / "splits.npz", train=train, fold_of=fold_of, barred=barred, vault=vault, test=test)
    sha = splits.digest(competition.cv_strategy, train, fold_of, barred, vault, test)
    write_json(
        {
            "strategy": competition.cv_strategy,
            "folds": competition.cv_folds,
            "gap": competition.cv_gap,
            "horizon": competition.cv_horizon,
            "version": splits.VERSION,
            "sha256": sha,
            "seed": seed,
            "train": len(train),
            "vault": len(vault),
            "test": len(test),
        },
        part / "splits.json",
    )
    facts = _facts(competition, labels.filter(pl.Series(folded)), described, len(vault), len(test), n_groups)
    meta: dict[str, Any] = {
        "competition": to_json(competition),
        "seed": seed,
        "n_rows": len(row_of),
        "facts": to_json(facts),
        "splits_hash": sha,
    }
    write_json(meta, part / MARK)


def _facts(
    competition: Competition,
    labels: pl.DataFrame,
    described: tuple[Column, ...],
    n_vault: int,
    n_test: int,
    n_groups: int,
) -> DataFacts:
    targets = labels.select(TRUTH if TRUTH in labels.columns else list(competition.target_columns))
    skew, least, outputs = 0.0, 0.0, len(competition.target_columns)
    answers = targets.to_series(0)
    cardinality = labels.height if answers.name == TRUTH else answers.n_unique()
    if answers.name == TRUTH:
        outputs = max(1, len(competition.classes))
    elif competition.classes:
        outputs = (
            1
            if len(competition.classes) == 2 or competition.task_type == "ordinal_regression"
            else len(competition.classes)
        )
    elif competition.task_type == "regression":
        least = float(targets.to_numpy().min())
        skew = float(targets.to_series().skew() or 0.0) if len(competition.target_columns) == 1 else 0.0
    return DataFacts(
        n_train=labels.height,
        n_vault=n_vault,
        n_test=n_test,
        n_folds=competition.cv_folds,
        columns=described,
        n_outputs=outputs,
        target_cardinality=cardinality,
        n_groups=n_groups,
        target_skew=skew,
        target_min=least,
    )
