"""Files that belong to rows: named by the row's id (`images/17.jpg`, `train/17/geometry.xyz`) or by a path column."""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import polars as pl

from podium.competition import archives
from podium.competition.folder import Contents

COVERED = 0.95  # of train's rows and of test's have their file, or it is not a column of files
MOST_COLUMNS = 4
_SPLIT_WORD = re.compile(r"(^|[/_-])(train|test)([/_.-]|ing|$)", re.I)  # `.`: of `train.zip/`


@dataclass(frozen=True)
class FileColumn:
    """For each row of train, then of test, the reference of its file below the data folder; None where it has none."""

    name: str
    refs: tuple[str | None, ...]


def find_files(contents: Contents, train: pl.DataFrame, test: pl.DataFrame, id_column: str | None) -> list[FileColumn]:
    """Columns of attached files, those named by id first."""
    refs = [ref for group in contents.attached.values() for ref in group]
    if len(refs) < 2:
        return []
    by_id = [] if id_column is None else _by_id(refs, train, test, id_column)
    by_path = [f for f in _by_path(refs, train, test) if f.name != id_column or f.refs not in [b.refs for b in by_id]]
    named = [f.refs for f in by_path]  # the same files under the table's own name for them
    return ([f for f in by_id if f.refs not in named] + by_path)[:MOST_COLUMNS]


def _by_id(refs: Sequence[str], train: pl.DataFrame, test: pl.DataFrame, id_column: str) -> list[FileColumn]:
    if id_column not in train.columns or id_column not in test.columns:
        return []
    ids = [frame[id_column].cast(pl.String).to_list() for frame in (train, test)]
    known, all_ids = set(refs), {*ids[0], *ids[1]}
    patterns = Counter(p for ref in refs for p in _patterns(ref, all_ids))
    by_split: dict[str, dict[str, list[str | None]]] = {"train": {}, "test": {}}
    for pattern, count in patterns.most_common(20):
        for split, split_ids in zip(("train", "test"), ids, strict=True):
            word = _SPLIT_WORD.search(pattern)
            if count < COVERED * len(split_ids) or (word and word.group(2).lower() != split):
                continue
            files = [ref if (ref := pattern.replace("{id}", i or "")) in known else None for i in split_ids]
            if sum(f is not None for f in files) >= COVERED * len(files):
                by_split[split][_neutral(pattern)] = files
    shared = [p for p in by_split["train"] if p in by_split["test"]]
    return [
        FileColumn("file" if len(shared) == 1 else _name(p), (*by_split["train"][p], *by_split["test"][p]))
        for p in shared
    ]


def _patterns(ref: str, ids: set[str]) -> list[str]:
    path = PurePosixPath(ref)
    out = []
    if path.stem in ids:
        out.append(str(path.with_name("{id}" + path.suffix)))
    if path.name in ids:
        out.append(str(path.with_name("{id}")))
    if path.parent.name in ids:
        out.append(str(path.parent.with_name("{id}") / path.name))
    return out


def _neutral(pattern: str) -> str:
    """Without the split, so that train's and test's agree; a folder of it inside an archive of it says it twice."""
    apart = _SPLIT_WORD.sub(lambda m: f"{m[1]}*{'' if m[3] == 'ing' else m[3]}", pattern)  # `images_training/`
    return re.sub(r"(\*[^/]*/)\*/", r"\1", apart)


def _name(pattern: str) -> str:
    path = PurePosixPath(pattern)
    stem = path.parent.name if "{id}" in path.name else path.stem
    return "file_" + (re.sub(r"[^A-Za-z0-9]+", "_", stem).strip("_") or "0")


def _by_path(refs: Sequence[str], train: pl.DataFrame, test: pl.DataFrame) -> list[FileColumn]:
    known = set(refs)
    by_name: dict[str, str | None] = {}
    for ref in refs:  # a base name that is there twice names nothing
        name = ref.rsplit("/", 1)[-1]
        by_name[name] = None if name in by_name else ref
    found = []
    for column in (c for c in test.columns if c in train.columns and test[c].dtype == pl.String == train[c].dtype):
        values = [*train[column].to_list(), *test[column].to_list()]
        sample = [v for v in values[:: max(1, len(values) // 200)] if v]
        if not sample or not all("." in v for v in sample[:10]):
            continue
        matched = [v if v in known else by_name.get((v or "").rsplit("/", 1)[-1]) for v in values]
        if sum(m is not None for m in matched) >= COVERED * len(matched):
            found.append(FileColumn(column, tuple(matched)))
    return found


def publish(folder: Path, wanted: Sequence[tuple[str, Path]]) -> None:
    """Each reference's file at its target: a hard link where the file system allows it, else a copy; members of archives
    are unpacked. Raises IntakeError for what cannot be unpacked."""
    packed: dict[str, Path] = {}
    for ref, target in wanted:
        if (folder / ref).is_file():
            _link(folder / ref, target)
        else:
            packed.setdefault(ref, target)
    archives.extract(folder, packed)
    for ref, target in wanted:
        if ref in packed and packed[ref] != target:  # one file of several rows
            _link(packed[ref], target)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
