"""Attached files as the audit sees them: where each sampled train row's file lies, and its name as the host shipped it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from podium.competition import attached
from podium.competition.audit.view import Ints, View
from podium.competition.folder import TableFiles, look_at
from podium.competition.source import read_source

MOST_BYTES = 200_000_000  # of tables that are read again for the names of files
MOST_FILES = 2_000  # files of train rows whose sizes and headers are looked at


@dataclass(frozen=True)
class Attachment:
    """One column of files. `rows`: positions within the sampled train rows; `paths`: their files, all there."""

    column: str
    rows: Ints
    paths: tuple[Path, ...]


def of_train(view: View, most: int = MOST_FILES) -> list[Attachment]:
    """For each column of files, those of at most `most` train rows."""
    return _attachments(view, view.train, most)


def of_test(view: View, most: int = MOST_FILES) -> list[Attachment]:
    return _attachments(view, view.test, most)


def _attachments(view: View, side: pl.DataFrame, most: int) -> list[Attachment]:
    """Columns that name the same files as an earlier one are left out."""
    found: dict[int, Attachment] = {}
    for column in view.of_kind("file"):
        attachment = _attachment(view, column.name, side[column.name].to_list(), most)
        if attachment is not None:
            found.setdefault(attachment.paths[0].stat().st_ino, attachment)
    return list(found.values())


def _attachment(view: View, column: str, names: list[str | None], most: int) -> Attachment | None:
    folder = view.dataset.files
    if folder is None:
        return None
    rows = np.arange(len(names))
    if len(rows) > most:
        rows = np.sort(view.rng(6).choice(rows, most, replace=False))
    found = [(i, folder / name) for i in rows.tolist() if (name := names[i]) and (folder / name).is_file()]
    if not found:
        return None
    return Attachment(column, np.array([i for i, _ in found]), tuple(path for _, path in found))


def shipped(view: View) -> list[attached.FileColumn]:
    """The files by the host's own names, for each row of train, then of test; none where the tables are too large to read
    again."""
    competition = view.competition
    data = Path(competition.data_dir)
    files = TableFiles.of(competition)
    sizes = [(data / ref).stat().st_size for ref in (files.train, files.test) if (data / ref).is_file()]
    if not view.of_kind("file") or len(sizes) < 2 or sum(sizes) > MOST_BYTES:
        return []
    source = read_source(data, files, [competition.id_column or ""])
    return attached.find_files(look_at(competition), source.train, source.test, competition.id_column)
