"""Dealing the rows: one feature file in a blinded order, labels and ids apart, vault and folds, all published at once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition import attached, columns, relation, splits
from podium.competition.columns import ColumnType
from podium.competition.dataset import MARK, POSITION, ROW, Dataset, write_arrow, write_json
from podium.competition.folder import TableFiles, look
from podium.competition.source import Source, read_source
from podium.errors import CampaignError, IntakeError
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
    files = TableFiles(competition.train_file, competition.test_file, competition.sample_file)
    source = _in_sample_order(read_source(data, files, [competition.id_column or ""]), competition)
    n_train, n = source.train.height, source.train.height + source.test.height
    raw = _stack(source, competition)
    file_columns = attached.find_files(look(data), source.train, source.test, competition.id_column)
    raw = raw.drop([f.name for f in file_columns], strict=False)
    types = [_type(raw[name], competition) for name in raw.columns]
    frame = columns.conform(raw, types)
    labels = _labels(source.train, competition)
    groups, times = _groups(source, frame, competition), _times(source, competition)
    order = _order(n_train, n, times, seed)
    row_of = np.empty(n, dtype=np.int64)
    row_of[order] = np.arange(n)
    frame = _with_files(frame, file_columns, row_of, data, part)[order]
    types += [ColumnType(f.name, "str", source="file") for f in file_columns]
    write_arrow(frame, part / "features.arrow")
    where = pl.DataFrame({ROW: row_of[:n_train], POSITION: np.arange(n_train)})
    write_arrow(pl.concat([where, labels], how="horizontal"), part / "labels.arrow")
    write_arrow(_ids(source, competition, row_of), part / "ids.arrow")
    for name, array in (("groups", groups), ("times", times)):
        if array is not None and (name == "groups" or competition.cv_strategy == "forward"):
            np.save(part / f"{name}.npy", array[order])
    described = _describe(frame, types, {f.name for f in file_columns})
    write_json({"columns": to_json(described), "types": to_json(types)}, part / "schema.json")
    _split(competition, part, labels, groups, times, row_of, n_train, described, source.test.height, seed)


# ---------------------------------------------------------------- features


def _in_sample_order(source: Source, competition: Competition) -> Source:
    """Test rows in the order of the sample submission."""
    key = competition.id_column
    if source.sample is None or key is None or key not in source.test.columns or key not in source.sample.columns:
        return source
    asked = source.sample.select(pl.col(key).cast(pl.String))
    given = source.test.with_columns(pl.col(key).cast(pl.String))
    ordered = asked.join(given, on=key, how="left", maintain_order="left")
    if ordered.height != source.test.height:
        raise IntakeError(
            "the sample submission disagrees with test",
            expected=f"{source.test.height} rows",
            found=str(ordered.height),
        )
    return Source(source.train, ordered.select(source.test.columns), source.sample, source.notices)


def _stack(source: Source, competition: Competition) -> pl.DataFrame:
    """Feature columns of train's rows, then test's; a column typed differently in the two becomes String."""
    key = competition.id_column
    names = [c for c in source.train.columns if c in source.test.columns and c not in competition.target_columns]
    out = []
    for name in names:
        train, test = source.train[name], source.test[name]
        if name == key and not relation.id_is_feature(train, test):
            continue
        if train.dtype != test.dtype:
            common = _common(train, test)
            train, test = train.cast(common), test.cast(common)
        out.append(pl.concat([train, test]))
    return pl.DataFrame(out)


def _common(train: pl.Series, test: pl.Series) -> pl.DataType | type[pl.DataType]:
    """The type both fit: of the other where one is empty, Float64 for numbers, else String."""
    if pl.Null in (train.dtype, test.dtype):
        return test.dtype if train.dtype == pl.Null else train.dtype
    return pl.Float64 if train.dtype.is_numeric() and test.dtype.is_numeric() else pl.String


def _type(series: pl.Series, competition: Competition) -> ColumnType:
    kind = columns.learn_type(series)
    if series.name != competition.id_column:
        return kind
    return ColumnType(kind.name, kind.cast if kind.cast == "datetime" else "str", kind.format, source="id")


def _with_files(
    frame: pl.DataFrame, found: Sequence[attached.FileColumn], row_of: Ints, data: Path, part: Path
) -> pl.DataFrame:
    """Attached files under blinded names in `files/`, and the columns that name them."""
    if found:
        (part / "files").mkdir()
    for at, column in enumerate(found):
        blinded: list[str | None] = []
        for row, ref in zip(row_of.tolist(), column.refs, strict=True):
            name = None if ref is None else f"{row}{f'_{at}' if at else ''}{PurePosixPath(ref).suffix.lower()}"
            if ref is not None and name is not None:
                attached.link(data / ref, part / "files" / name)
            blinded.append(name)
        frame = frame.with_columns(pl.Series(column.name, blinded, dtype=pl.String))
    return frame


def _describe(frame: pl.DataFrame, types: Sequence[ColumnType], files: set[str]) -> tuple[Column, ...]:
    return tuple(columns.describe(frame[t.name], t, is_file=t.name in files) for t in types)


# ---------------------------------------------------------------- labels, ids, order


def _labels(train: pl.DataFrame, competition: Competition) -> pl.DataFrame:
    """Targets as spelled (classes) or Float64, and label-side columns in their clean type."""
    out = []
    numbers = not competition.classes
    for name in competition.target_columns:
        series = train[name].cast(pl.String)
        if numbers and series.str.to_lowercase().is_in(["true", "false"]).all():
            series = (series.str.to_lowercase() == "true").cast(pl.Float64)
        out.append(series.str.strip_chars().cast(pl.Float64) if numbers and series.dtype == pl.String else series)
    for name in competition.label_side_columns:
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
    """order[row] = position in train-then-test. By time where folds are forward, else permuted once by the seed."""
    if times is None:
        return np.random.default_rng([seed, 0]).permutation(n)
    by_time = np.argsort(times[:n_train], kind="stable")
    return np.concatenate([by_time, n_train + np.argsort(times[n_train:], kind="stable")])


def _times(source: Source, competition: Competition) -> Floats | None:
    """Times of all rows where folds are forward."""
    name = competition.time_column
    if competition.cv_strategy != "forward" or name is None:
        return None
    return _clock(source, name)


def _clock(source: Source, name: str) -> Floats:
    parts = []
    for frame in (source.train, source.test):
        if name not in frame.columns:  # a time that only train has: test is later by definition
            parts.append(np.full(frame.height, np.inf))
            continue
        times = relation.as_time(frame[name])
        if times is None or not np.isfinite(times).any():
            numbers = relation.numeric_ids(frame[name])
            if numbers is None:
                raise IntakeError(
                    f"time column {name!r} holds no times", expected="dates or numbers", remedy="correct `time_column`"
                )
            times = numbers
        parts.append(np.where(np.isfinite(times), times, np.nanmin(times)))
    return np.concatenate(parts)


def _groups(source: Source, frame: pl.DataFrame, competition: Competition) -> Ints | None:
    """Group numbers of all rows where folds are grouped: by the column, by blocks of time, or by equal features."""
    if not competition.cv_strategy.endswith("grouped"):
        return None
    name = competition.group_column
    if name is None:
        keys = relation.hash_rows(frame, frame.columns)
    elif name == competition.time_column:
        return _blocks(source, name)
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


def _blocks(source: Source, name: str) -> Ints:
    """Blocks of consecutive times, as long as the runs in which test comes."""
    times, n_train = _clock(source, name), source.train.height
    run = max(1, relation.time_order(times[:n_train], times[n_train:]).run)
    _, index = np.unique(times, return_inverse=True)
    return (index // run).astype(np.int64)


# ---------------------------------------------------------------- split and facts


def _strata(labels: pl.DataFrame, competition: Competition) -> Floats:
    """One number a row whose order folds balance: class code, target value, combination of labels, mean rank."""
    frame = labels.select(competition.target_columns)
    if competition.classes:
        code = {name: at for at, name in enumerate(competition.classes)}
        return frame.to_series().replace_strict(code, default=len(code), return_dtype=pl.Float64).to_numpy()
    values: Floats = frame.to_numpy().astype(np.float64)
    if competition.task_type == "multilabel_classification":
        combined: Floats = values @ (2.0 ** np.arange(values.shape[1]))
        return combined
    if values.shape[1] == 1:
        return values[:, 0]
    mean_rank: Floats = values.argsort(axis=0).argsort(axis=0).mean(axis=1)
    return mean_rank


def _split(
    competition: Competition, part: Path, labels: pl.DataFrame, groups: Ints | None, times: Floats | None, row_of: Ints,
    n_train: int, described: tuple[Column, ...], n_test: int, seed: int,
) -> None:  # fmt: skip
    strata = _strata(labels, competition)
    labelled_groups = None if groups is None else groups[:n_train]
    labelled_times = None if times is None else times[:n_train]
    dealt = splits.deal(competition.cv_strategy, competition.cv_folds, strata, labelled_groups, labelled_times, seed)
    rows, folded = row_of[:n_train], ~dealt.vault
    sort = np.argsort(rows[folded])
    train, fold_of = rows[folded][sort], dealt.fold_of[folded][sort]
    vault, test = np.sort(rows[dealt.vault]), row_of[n_train:]
    np.savez(part / "splits.npz", train=train, fold_of=fold_of, vault=vault, test=test)
    sha = splits.digest(competition.cv_strategy, train, fold_of, vault, test)
    write_json(
        {
            "strategy": competition.cv_strategy,
            "folds": competition.cv_folds,
            "version": splits.VERSION,
            "sha256": sha,
            "seed": seed,
            "train": len(train),
            "vault": len(vault),
            "test": n_test,
        },
        part / "splits.json",
    )
    facts = _facts(competition, labels.filter(pl.Series(folded)), described, len(vault), n_test, labelled_groups)
    meta: dict[str, Any] = {
        "competition": to_json(competition),
        "seed": seed,
        "n_rows": n_train + n_test,
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
    groups: Ints | None,
) -> DataFacts:
    targets = labels.select(competition.target_columns)
    skew, least, outputs = 0.0, 0.0, len(competition.target_columns)
    cardinality = targets.to_series(0).n_unique()
    if competition.classes:
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
        n_groups=0 if groups is None else len(np.unique(groups)),
        target_skew=skew,
        target_min=least,
    )
