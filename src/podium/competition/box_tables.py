"""Boxes as a competition gives them: rows of four columns, cells, COCO JSON, Pascal VOC XML."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition.box_format import LABEL, TRUTH_KEY, BoxFormat, recorded, split_boxes
from podium.competition.folder import look_at
from podium.competition.table import read_bytes, read_table
from podium.errors import IntakeError
from podium.records import Competition


@dataclass(frozen=True)
class Boxes:
    """All boxes: `image` ids, `label` `(m,)` codes (-1: none of the classes), `four` `(m, 4)` numbers as written."""

    image: Sequence[str]
    label: NDArray[np.int64]
    four: NDArray[np.float64]


Found = tuple[list[str], list[str | None], list[Sequence[Any]], list[str]]  # of boxes: images, labels, numbers; images


def read(competition: Competition, data: Path) -> tuple[Boxes, list[str]]:
    """(boxes, ids of the images that were spoken of, in order). Raises IntakeError where they cannot be read."""
    fmt = recorded(competition, TRUTH_KEY)
    readers: dict[str, Callable[[Competition, Path, BoxFormat], Found]] = {
        "columns": _columns, "cell": _cells, "coco": _coco, "voc": _voc,
    }  # fmt: skip
    image, label, four, every = readers[fmt.holder](competition, data, fmt)
    numbers = np.array([[_number(v) for v in row] for row in four], dtype=np.float64).reshape(-1, 4)
    code = {name: at for at, name in enumerate(competition.classes)}
    codes = [code.get(str(name), -1) if code else 0 for name in label]
    if not len(numbers) or not np.isfinite(numbers).all(axis=1).any():
        raise IntakeError("train has no boxes", expected="four numbers a box", found=fmt.spelled())
    return Boxes(image, np.array(codes, dtype=np.int64), numbers), every


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):  # a blank, or a word: an image without a box
        return float("nan")


def _table(competition: Competition, data: Path) -> tuple[pl.DataFrame, str]:
    frame = read_table(data, competition.train_file, all_text=True).frame
    key = competition.id_column
    return frame, key if key in frame.columns else frame.columns[0]


def _label_column(competition: Competition, numbers: Sequence[str]) -> str | None:
    return next((c for c in competition.target_columns if c not in numbers), None)


def _columns(competition: Competition, data: Path, fmt: BoxFormat) -> Found:
    frame, key = _table(competition, data)
    pairs = zip(competition.target_columns, fmt.fields, strict=True)
    numbers = [column for column, of in pairs if of in fmt.geometry]
    label = _label_column(competition, numbers)
    ids = frame[key].to_list()
    labels = frame[label].str.strip_chars().to_list() if label else [None] * len(ids)
    return ids, labels, list(frame.select(numbers).rows()), ids


def _cells(competition: Competition, data: Path, fmt: BoxFormat) -> Found:
    frame, key = _table(competition, data)
    column = competition.target_columns[-1]
    beside = _label_column(competition, [column])
    at = fmt.fields.index(LABEL) if LABEL in fmt.fields else None
    first = fmt.fields.index(fmt.geometry[0])
    image, labels, four = [], [], []
    for row in frame.iter_rows(named=True):
        for box in split_boxes(row[column] or "", len(fmt.fields)):
            image.append(row[key])
            labels.append(box[at] if at is not None else row[beside] if beside else None)
            four.append(box[first : first + 4])
    return image, labels, list(four), frame[key].to_list()


def _coco(competition: Competition, data: Path, fmt: BoxFormat) -> Found:
    del fmt
    content = json.loads(read_bytes(data, competition.train_file))
    suffixed = _suffixed(competition, data)
    names = {}
    for image in content.get("images") or []:
        path = PurePosixPath(str(image.get("file_name", image["id"])))
        names[image["id"]] = path.name if suffixed else path.stem
    called = {c["id"]: str(c.get("name", c["id"])) for c in content.get("categories") or []}
    notes = [n for n in content["annotations"] if not n.get("iscrowd") and n.get("image_id") in names]
    labels: list[str | None] = []
    for note in notes:
        kind = note.get("category_id")
        labels.append(str(kind) if str(kind) in competition.classes else called.get(kind, str(kind)))
    return [names[n["image_id"]] for n in notes], labels, [n["bbox"] for n in notes], list(names.values())


def _voc(competition: Competition, data: Path, fmt: BoxFormat) -> Found:
    suffixed = _suffixed(competition, data)
    image, labels, four, every = [], [], [], []
    attached = look_at(competition).attached
    for ref in (r for group in attached.values() for r in group if r.lower().endswith(".xml")):
        text = read_bytes(data, ref).decode("utf-8", "replace")
        named = re.search(r"<filename>\s*(.*?)\s*</filename>", text, re.S)
        path = PurePosixPath(ref)  # files are often renamed, and their annotations with them
        name = path.stem + (PurePosixPath(named[1]).suffix if named and suffixed else "")
        every.append(name)
        for part in re.findall(r"<object>(.*?)</object>", text, re.S):
            label = re.search(r"<name>\s*(.*?)\s*</name>", part, re.S)
            numbers = [re.search(rf"<{side}>\s*(.*?)\s*</{side}>", part, re.S) for side in fmt.geometry]
            image.append(name)
            labels.append(label[1] if label else None)
            four.append([found[1] if found else None for found in numbers])
    return image, labels, list(four), every


def _suffixed(competition: Competition, data: Path) -> bool:
    """Whether the competition's ids end like files do."""
    if not competition.sample_file:
        return False
    ids = read_table(data, competition.sample_file, all_text=True).frame[competition.id_column or ""].head(50)
    return bool(ids.str.contains(r"\.[A-Za-z]{2,4}$").all())
