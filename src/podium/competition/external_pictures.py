"""Pictures from elsewhere, in a folder or an archive, as labelled rows: by tables that name them, else by their folders' names.

Read as they are needed: names and labels first, then the files of those that could be training rows, one after another.
"""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition import archives, attached, external, new_rows
from podium.competition.dataset import Dataset
from podium.competition.external import Taken
from podium.competition.external_prints import Prints, Thumb, thumb
from podium.competition.folder import MEDIA_SUFFIXES, look
from podium.competition.table import format_of, read_table
from podium.errors import IntakeError
from podium.records import Competition

REF = "#ref"
NAMED = 0.5  # of a table's rows whose file is there: below this it does not speak of these pictures
MOST_OWN = 60_000  # own pictures that copies are known of; those of test first
PLAYED = ("binary_classification", "multiclass_classification", "multilabel_classification", "ordinal_regression",
          "regression")  # fmt: skip


@dataclass(frozen=True)
class Found:
    """`refs`: pictures below `base`, in order; `tables`: beside them, likewise."""

    base: Path
    refs: tuple[str, ...]
    tables: tuple[str, ...]


def has_pictures(path: Path) -> bool:
    """Whether this is a picture, or a folder or an archive that holds one."""
    if path.is_dir():
        return any(has_pictures(one) for one in path.rglob("*") if one.is_file())
    if archives.is_archive(path.name):
        return any(_is_picture(member.name) for member in archives.members(path, path.name))
    return _is_picture(path.name)


def obstacle(dataset: Dataset) -> str:
    """Why pictures from elsewhere cannot be training rows of this competition; "" where they may."""
    asked = dataset.competition
    if asked.task_type not in PLAYED:
        return f"pictures are not joined to {asked.task_type.replace('_', ' ')}"
    if asked.looks_forward:
        return "where folds look forward a row from elsewhere has no place in time"
    if len(_file_columns(dataset)) != 1:
        return f"a row of this competition has {len(_file_columns(dataset)) or 'no'} pictures; expected one"
    return ""


def take(source: Path, dataset: Dataset, into: Path, name: str) -> Taken:
    """Training rows of the pictures in `source`, a folder or an archive. The files that may be used lie in `into` (made anew)
    under numbers; rows tell them by `name`/NUMBER. Where there is no `obstacle`. Raises IntakeError: no labels, damaged."""
    found = _listed(source)
    rows = _labelled_rows(found, dataset.competition)
    labels, known = external.labels_of(rows, dataset)
    beyond = external.beyond(known, dataset)
    told = external.Told()
    told.drop("no label of train's", ~known)
    told.drop(f"more than {external.MOST} times train", beyond)
    kept = np.flatnonzero(told.kept)
    names = _publish(found, rows[REF].gather(kept).to_list(), into)
    for reason, positions in _refused(dataset, [into / name for name in names]).items():
        mask = np.zeros(rows.height, dtype=bool)
        mask[kept[positions]] = True
        told.drop(reason, mask)
    chosen = {row: name for row, name in zip(kept.tolist(), names, strict=True) if told.kept[row]}
    for left_out in set(names) - set(chosen.values()):
        (into / left_out).unlink()
    frame = rows.filter(pl.Series(told.kept)).with_columns(
        pl.Series(_file_columns(dataset)[0], [f"{name}/{file}" for file in chosen.values()], dtype=pl.String)
    )
    return _taken(frame, labels.filter(pl.Series(told.kept)), told, dataset)


def digest(source: Path) -> str:
    """sha256 of the names and contents of a folder's pictures and tables; of the file, where it is one."""
    if source.is_file():
        with source.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    found, told = _listed(source), hashlib.sha256()
    for ref in sorted({_on_disk(source, ref) for ref in (*found.refs, *found.tables)}):
        with (source / ref).open("rb") as file:
            told.update(f"{ref}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return told.hexdigest()


def _taken(frame: pl.DataFrame, labels: pl.DataFrame, told: external.Told, dataset: Dataset) -> Taken:
    absent = [kind.name for kind in dataset.types if kind.source != "file" and kind.name not in frame.columns]
    frame = frame.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in absent)
    lacking = f"; no {', '.join(absent[:3])}{' …' if len(absent) > 3 else ''} beside them" if absent else ""
    features = new_rows.fitted(dataset.folder, frame, dataset.types, dataset.joins)
    return Taken(features, labels, None, told.dropped, told.message + lacking)


# ---------------------------------------------------------------- what there is


def _listed(source: Path) -> Found:
    if source.is_dir():
        contents = look(source)
        refs = [ref for group in contents.attached.values() for ref in group]
        return Found(source, tuple(r for r in refs if _is_picture(r)), contents.tables)
    inside = [f"{source.name}/{member.name}" for member in archives.members(source, source.name)]
    shown = [ref for ref in inside if not any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(ref).parts)]
    tables = [ref for ref in shown if format_of(ref) is not None]
    return Found(source.parent, tuple(r for r in shown if _is_picture(r)), tuple(tables))


def _is_picture(ref: str) -> bool:
    return ref.lower().endswith(MEDIA_SUFFIXES) and not ref.lower().endswith(".dcm")


def _on_disk(folder: Path, ref: str) -> str:
    """The file that holds what a reference names: itself, or the archive that it leads into."""
    parts = PurePosixPath(ref).parts
    return next("/".join(parts[:n]) for n in range(1, len(parts) + 1) if (folder / "/".join(parts[:n])).is_file())


def _file_columns(dataset: Dataset) -> list[str]:
    return [column.name for column in dataset.columns if column.kind == "file" and column.pixels]


# ---------------------------------------------------------------- labels


def _labelled_rows(found: Found, asked: Competition) -> pl.DataFrame:
    """`REF`, the targets as spelled, and what else a table tells, a row a picture. Raises IntakeError."""
    by_name = _by_name(found.refs)
    tables = [frame for ref in found.tables if (frame := _by_table(found, ref, by_name, asked)) is not None]
    if tables:
        return pl.concat(tables, how="diagonal_relaxed").unique(REF, keep="first", maintain_order=True)
    spelled = {name.strip().lower(): name for name in asked.classes}
    if len(asked.target_columns) == 1 and spelled:
        labels = [_class_of(ref, spelled) for ref in found.refs]
        if any(label is not None for label in labels):
            return pl.DataFrame({REF: found.refs, asked.target_columns[0]: labels})
    raise IntakeError(
        f"its {len(found.refs):,} pictures have no labels",
        expected=f"a table with {', '.join(asked.target_columns[:3])} that names them"
        + (", or folders called as the classes are" if spelled else ""),
        found=", ".join(found.refs[:2]) or "no pictures",
    )


def _class_of(ref: str, spelled: Mapping[str, str]) -> str | None:
    """The class that a picture's folder is called after, the innermost first."""
    folders = [part.strip().lower() for part in reversed(PurePosixPath(ref).parts[:-1])]
    return next((spelled[name] for name in folders if name in spelled), None)


def _by_name(refs: Sequence[str]) -> dict[str, str]:
    """Reference by what a table may call it: its path, name and stem, those apart that several have."""
    paths = [(ref, PurePosixPath(ref)) for ref in refs]
    counts = Counter(name for _, path in paths for name in {path.name, path.stem})
    found = {name: ref for ref, path in paths for name in (path.stem, path.name) if counts[name] == 1}
    for ref, path in paths:
        found.update({"/".join(path.parts[at:]): ref for at in range(len(path.parts) - 1)})
    return found


def _by_table(found: Found, ref: str, by_name: Mapping[str, str], asked: Competition) -> pl.DataFrame | None:
    """The table's rows whose picture is there; None where it names none, or has no labels."""
    frame = read_table(found.base, ref, all_text=True).frame
    named = {
        name: [by_name.get(str(value or "").strip().lstrip("./")) for value in frame[name]]
        for name in frame.columns
        if name not in asked.target_columns
    }
    key = max(named, key=lambda name: sum(at is not None for at in named[name]), default=None)
    if key is None or sum(at is not None for at in named[key]) < NAMED * frame.height:
        return None
    others = [name for name in frame.columns if name != key]
    if len(asked.target_columns) == 1 == len(others) and others[0] != asked.target_columns[0]:
        frame = frame.rename({others[0]: asked.target_columns[0]})
    if any(name not in frame.columns for name in asked.target_columns):
        return None
    rows = frame.drop(key).with_columns(pl.Series(REF, named[key], dtype=pl.String)).drop_nulls(REF)
    return _spelled(rows, asked)


def _spelled(frame: pl.DataFrame, asked: Competition) -> pl.DataFrame:
    """Classes as train spells them, whatever the case."""
    if not asked.classes or len(asked.target_columns) != 1:
        return frame
    spelled, target = {name.strip().lower(): name for name in asked.classes}, asked.target_columns[0]
    told = [spelled.get(str(value or "").strip().lower(), value) for value in frame[target]]
    return frame.with_columns(pl.Series(target, told, dtype=pl.String))


# ---------------------------------------------------------------- files


def _publish(found: Found, refs: Sequence[str], into: Path) -> list[str]:
    """The pictures under numbers in `into`; their names there."""
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    names = [f"{number}{PurePosixPath(ref).suffix.lower()}" for number, ref in enumerate(refs)]
    attached.publish(found.base, [(ref, into / name) for ref, name in zip(refs, names, strict=True)])
    return names


def _refused(dataset: Dataset, paths: Sequence[Path]) -> dict[str, NDArray[np.int64]]:
    """Why → positions in `paths`, of what is no picture and of what is, or nearly is, one of the competition's own."""
    rows, own = _own(dataset)
    hashes = {_sha(path): row for row, path in zip(rows.tolist(), own, strict=True)}
    equal = np.array([hashes.get(_sha(path), -1) for path in paths], dtype=np.int64)
    thumbs: list[Thumb | None] = [thumb(path) for path in paths]
    copies = Prints([thumb(path) for path in own]).copies(thumbs)
    near = np.where(copies >= 0, rows[copies], -1) if len(rows) else copies
    sides = (("test", dataset.test), ("train", np.concatenate([dataset.train, dataset.vault])))
    return {
        "no picture": np.flatnonzero([one is None for one in thumbs]),
        **{f"equal to a {what} picture": np.flatnonzero(np.isin(equal, side)) for what, side in sides},
        **{f"a near-copy of a {what} picture": np.flatnonzero(np.isin(near, side)) for what, side in sides},
    }


def _own(dataset: Dataset) -> tuple[NDArray[np.int64], list[Path]]:
    """Row numbers and files of the competition's own pictures, test's first."""
    assert dataset.files is not None, "a column of pictures has its files"
    rows = np.concatenate([dataset.test, dataset.vault, dataset.train])[:MOST_OWN]
    names = dataset.frame()[_file_columns(dataset)[0]].gather(rows).to_list()
    there = [(row, dataset.files / name) for row, name in zip(rows.tolist(), names, strict=True) if name]
    return np.array([row for row, _ in there], dtype=np.int64), [path for _, path in there]


def _sha(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


__all__ = ["digest", "has_pictures", "obstacle", "take"]
