"""Files of the data folder: unused ones, ones of no row, and attached files whose size, age or name tells of the target."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
import polars as pl

from podium.competition import attached, levels
from podium.competition.association import of_ranks, ranks
from podium.competition.audit import attachments
from podium.competition.audit.view import Floats, Ints, Severity, View, finding
from podium.competition.folder import look_at
from podium.competition.naming import role_of, stem_of
from podium.records import AuditFinding

DOCUMENTS = (".md", ".html", ".txt", ".json", ".zip", ".pdf")
LEAST = 50  # files that a measurement needs


def check_unused(view: View) -> Iterator[AuditFinding]:
    """Tables and files in the data folder that nothing uses yet."""
    folder = Path(view.competition.data_dir)
    if not folder.is_dir():
        return
    contents = look_at(view.competition)
    competition = view.competition
    used = {competition.train_file, competition.test_file, competition.sample_file, competition.labels_file}
    used |= {ref for join in view.dataset.joins for ref in join.refs}
    told = [re.fullmatch(r"(.+) is not joined: (.+)", e.why) for e in competition.evidence.values()]
    why = {match[1]: match[2] for match in told if match}
    for ref in contents.tables:
        about = re.search(r"dictionary|description", stem_of(ref))  # says what the columns are
        if ref not in used and ref not in contents.texts and not about:
            else_ = "labels that are not asked for?" if role_of(ref) == "labels" else "a table to join?"
            yield finding("unused", "info", None, None, f"{ref} is not used: {why.get(ref, else_)}")
    if view.dataset.files is None:
        for below, refs in contents.attached.items():
            others = [r for r in refs if len(refs) >= LEAST or not r.lower().endswith(DOCUMENTS)]
            if len(others) >= 5:
                text = f"{len(others)} files in {below} (like {others[0]}) are not used"
                yield finding("unused", "info", None, len(others), text)


def check_attached(view: View) -> Iterator[AuditFinding]:
    """What can be known of a file without opening it, against the target; files that belong to no row."""
    for attachment in attachments.of_train(view):
        sizes = np.array([path.stat().st_size for path in attachment.paths], dtype=np.float64)
        yield from _tells(view, attachment.column, "the size of its file", sizes, attachment.rows, 0.5)
    columns = attachments.shipped(view)
    data = Path(view.competition.data_dir)
    if not data.is_dir():
        return
    places = view.dataset.positions(view.rows)
    for column in {c.refs[:50]: c for c in reversed(columns)}.values():  # one of those that name the same files
        refs = [column.refs[place] for place in places.tolist()]
        there = [i for i, ref in enumerate(refs) if ref and (data / ref).is_file()][: attachments.MOST_FILES]
        if len(there) >= LEAST:
            yield from _names(view, column.name, data, [str(refs[i]) for i in there], np.array(there))
    yield from _of_no_row(view, data, columns)


def _names(view: View, column: str, data: Path, refs: list[str], rows: Ints) -> Iterator[AuditFinding]:
    ages = np.array([(data / ref).stat().st_mtime for ref in refs])
    yield from _tells(view, column, "the time its file was written", ages, rows, 0.3)
    stems = [PurePosixPath(ref).stem for ref in refs]
    words = pl.Series([re.sub(r"\d+", "", ref) for ref in refs])
    yield from _named(view, column, "the words in its file's name or folder", words, rows)
    if not (view.competition.id_column and column.startswith("file")):  # else its number is the id's: `order.py` looks
        digits = [re.findall(r"\d+", stem) for stem in stems]
        numbers = np.array([float(d[-1][:15]) if d else -1.0 for d in digits])
        yield from _tells(view, column, "the number in its file's name", numbers, rows, 0.3)


def _tells(view: View, column: str, what: str, values: Floats, rows: Ints, loud: float) -> Iterator[AuditFinding]:
    if len(values) < LEAST or values.min() == values.max():
        return
    truth = view.truth.take(rows)
    told = of_ranks(what, ranks(values), truth)
    if told.strength > max(view.chance_of(len(rows)), 0.1):
        severity: Severity = "warn" if told.strength > loud else "info"
        text = f"{column}: {what} tells of the target ({told.measure} {told.figure:.3f})"
        yield finding("file", severity, column, told.figure, text)


def _named(view: View, column: str, what: str, words: pl.Series, rows: Ints) -> Iterator[AuditFinding]:
    if not 2 <= words.n_unique() <= len(words) // 2:
        return
    codes = np.asarray(words.rank("dense").cast(pl.Int64)) - 1
    told = levels.told(codes, levels.outcomes(view.truth.take(rows)))
    if told.named > max(told.chance, 0.1):
        severity: Severity = "warn" if told.named > 0.3 else "info"
        text = f"{column}: {what} tell of the target (strength {told.named:.2f}; 1 tells all), like {words[0]!r}"
        yield finding("file", severity, column, told.named, text)


def _of_no_row(view: View, data: Path, columns: list[attached.FileColumn]) -> Iterator[AuditFinding]:
    """Files of train's rows alone, and files beside those of the rows that no row names."""
    used = {ref for column in columns for ref in column.refs if ref}
    suffixes = {PurePosixPath(ref).suffix.lower() for ref in used}
    ids = [set(some.to_list()) if (some := view.dataset.ids(rows)) is not None else set()
           for rows in (view.dataset.train, view.dataset.test)]  # fmt: skip
    for below, refs in look_at(view.competition).attached.items():
        others = [r for r in refs if r not in used]
        stems = {PurePosixPath(r).stem for r in others}
        if len(stems & ids[0]) >= max(LEAST, 0.5 * len(ids[0])) and not stems & ids[1]:
            text = f"{len(others)} files in {below} (like {others[0]}) belong to train's rows alone: labels, or notes on them?"
            yield finding("label_side", "info", None, len(others), text)
            continue
        others = [r for r in others if PurePosixPath(r).suffix.lower() in suffixes]
        if others and (len(others) < len(refs) or len(others) >= 5):
            text = f"{len(others)} files in {below} (like {others[0]}) belong to no row of train or test"
            yield finding("extra_files", "info", None, len(others), text)


CHECKS = (check_unused, check_attached)
