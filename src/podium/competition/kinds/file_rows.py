"""Rows that are files: images and sounds whose labels lie in a table of their names, in folders' names or in their own."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import PurePosixPath

import polars as pl

from podium.competition.folder import TableFiles
from podium.competition.kinds.clues import Clues, is_role
from podium.competition.source import Source
from podium.errors import IntakeError

LABEL, FILE = "label", "file"


def source(clues: Clues) -> tuple[Source, TableFiles, tuple[str, ...]]:
    """Tables of rows that are files, where the host ships none: (tables, where they come from, how they were made).

    Train: the table of labels, else the folders of train's files (`train/cat/1.jpg`), else their names (`cat.1.jpg`).
    Test: its table, else the ids of the sample submission, else the files of its folder.
    Raises IntakeError where the labels cannot be told.
    """
    notes: list[str] = []
    train, train_ref = _train(clues, notes)
    sample = clues.sample
    if clues.test is not None:
        test = clues.test
    elif sample is not None:
        key = sample.columns[0]
        test = sample.select(key).unique(maintain_order=True)
        notes.append(f"there is no test table: its rows are those of the sample submission, by {key}")
    else:
        refs = [r for r in _files(clues) if is_role(r, "test")]
        key = train.columns[0]
        test = pl.DataFrame(
            {key: [PurePosixPath(r).name if _with_suffix(train[key]) else PurePosixPath(r).stem for r in refs]}
        )
        notes.append(f"there is no test table: its rows are the {len(refs):,} files of the test folder")
    if not test.height:
        raise IntakeError(
            "there are no test rows", expected="a test table, a sample submission or a folder called test"
        )
    return Source(train, test, sample, ()), TableFiles(train_ref, clues.files.test, clues.files.sample), tuple(notes)


def _files(clues: Clues) -> list[str]:
    return [ref for refs in clues.media.values() for ref in refs]


def train_files(clues: Clues) -> list[str]:
    """References of train's files, in the order of the rows that are made of them where no table names them."""
    return [r for r in _files(clues) if is_role(r, "train")] or [r for r in _files(clues) if not is_role(r, "test")]


def _with_suffix(names: pl.Series) -> bool:
    return bool(names.head(50).cast(pl.String).str.contains(r"\.[A-Za-z0-9]{2,4}$").all())


def _train(clues: Clues, notes: list[str]) -> tuple[pl.DataFrame, str]:
    if clues.files.train:
        frame = clues.table(clues.files.train, all_text=True)
        assert frame is not None
        return frame, clues.files.train
    refs = train_files(clues)
    labels, how = _labels(refs)
    if not labels:
        raise IntakeError(
            "no labels for train's files",
            expected="a train table, a folder for each class, or the class in each file's name",
            found=refs[0] if refs else "no file",
            remedy="name the table of labels with `train_file` in config.json",
        )
    notes.append(how)
    key = clues.sample.columns[0] if clues.sample is not None else FILE
    name = (
        clues.sample.columns[1]
        if clues.sample is not None and clues.sample.width == 2 and clues.sample.columns[1] != key
        else LABEL
    )
    suffixed = _with_suffix(clues.sample[key]) if clues.sample is not None else True
    names = [PurePosixPath(r).name if suffixed else PurePosixPath(r).stem for r in refs]
    if len(set(names)) < len(names):
        names = refs
    folder = PurePosixPath(refs[0]).parts[0]
    return pl.DataFrame({key: names, name: labels}), folder


def _labels(refs: list[str]) -> tuple[list[str], str]:
    """Each file's label, from its folder's name, else from the start of its own; [] where neither tells."""
    parents = [PurePosixPath(r).parent.name for r in refs]
    counts = Counter(parents)
    if 2 <= len(counts) <= 0.5 * len(refs):
        return parents, f"labels are the names of {len(counts)} folders: {', '.join(sorted(counts)[:6])}"
    starts = [re.match(r"^([A-Za-z][A-Za-z ]*?)[._\- ]*\d", PurePosixPath(r).name) for r in refs]
    if all(starts):
        words = [m[1] for m in starts if m]
        counts = Counter(words)
        if 2 <= len(counts) <= 0.2 * len(refs):
            return words, f"labels are how files are called: {', '.join(sorted(counts)[:6])}"
    return [], ""
