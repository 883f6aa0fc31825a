"""Object detection: boxes around things, as columns, in a cell, in COCO JSON or in VOC XML."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import PurePosixPath

import polars as pl

from podium.competition.folder import TableFiles
from podium.competition.kinds import cells
from podium.competition.kinds.clues import Clues
from podium.competition.kinds.reading import Reading
from podium.competition.table import read_bytes
from podium.errors import IntakeError
from podium.records import Evidence

TASK = "object_detection"
_CORNERS = (("xmin", "ymin", "xmax", "ymax"), ("x1", "y1", "x2", "y2"), ("left", "top", "right", "bottom"),
            ("x0", "y0", "x1", "y1"), ("x", "y", "w", "h"), ("x", "y", "width", "height"), ("left", "top", "width", "height"),
            ("xcenter", "ycenter", "width", "height"), ("xc", "yc", "w", "h"), ("cx", "cy", "w", "h"),
            ("xcenter", "ycenter", "w", "h"))  # fmt: skip
_PREDICTION = re.compile(r"prediction_?string|^(pred(ictions?|icted)?_?)?(bbox(es)?|boxes|bounding_?box(es)?)$", re.I)
_WORDS = r"bounding[ -]box|object detection|detect\w* (the |all )?(objects?|boxes)|\bbbox"
_SIDE = ("confidence", "score", "conf", "probability")


def read(clues: Clues) -> Reading | None:
    """Boxes are answers: what the sample submission asks for, or what train has and test lacks."""
    columns, where, why = _answers(clues)
    truth, how = _truth(clues)
    if not columns and not (truth and clues.says(_WORDS)):
        return None
    if where == "string" and not truth and not clues.says(_WORDS):
        return None
    ids = _ids(clues, columns)
    shown = "; ".join(part for part in (why, how) if part)
    name = clues.target_name or (columns[0] if where == "string" else "boxes")
    side = () if clues.train is None else tuple(clues.train.columns)
    evidence = {
        "target_column": Evidence(name, how or why, 0.9 if truth else 0.6),
        "id_column": Evidence(
            ",".join(ids), "names an image; an image may have any number of boxes", 0.9 if ids else 0.4
        ),
        "submission_kind": Evidence("boxes", why or how, 0.95),
    }
    sure = 0.97 if columns and truth else 0.85 if truth or clues.says(_WORDS) else 0.7
    header = tuple(clues.sample.columns) if clues.sample is not None else (*ids, *truth)
    targets = tuple(c for c in (*_labels(side, ids, truth), *truth) if c in side)
    return Reading(
        TASK, shown, sure, targets, ids, header, "boxes", evidence, inputs=tuple(clues.media) or ("image",),
        target_name=name, classes=_classes(clues, targets, truth), files=_files(clues, how),
        label_side_columns=tuple(c for c in side if c not in (*targets, *ids)),
        group_column=ids[0] if ids and ids[0] in side else None, cv_strategy="grouped" if ids and ids[0] in side else "random",
    )  # fmt: skip


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", re.sub(r"^(bbox|box)_?", "", name.lower()))


def corner_columns(header: Sequence[str]) -> tuple[str, ...]:
    """The four columns of a box among these names; () where there are none."""
    by_plain = {_plain(c): c for c in header}
    for four in _CORNERS:
        if all(part in by_plain for part in four):
            return tuple(by_plain[part] for part in four)
    return ()


def _answers(clues: Clues) -> tuple[tuple[str, ...], str, str]:
    """(columns, how they are written, evidence) of the boxes that the sample submission asks for."""
    if clues.sample is None:
        return (), "", ""
    four = corner_columns(clues.answers) or _four_numbers(clues)
    if four:
        return four, "columns", f"the sample submission asks for {', '.join(four)}"
    for name in clues.answers:
        grouped = cells.detections(clues.sample[name])
        if grouped > 0.9 and clues.images and clues.says(_WORDS):
            return (name,), "string", f"cells of the sample submission's {name} are groups of numbers, one group a box"
        if (_PREDICTION.search(name) and cells.runs(clues.sample[name]) == 0) or cells.four_numbers(
            clues.sample[name]
        ) > 0.8:
            held = f", in groups of numbers in {grouped:.0%} of its cells" if grouped else ""
            return (name,), "string", f"the sample submission asks for {name}{held}"
    return (), "", ""


def _four_numbers(clues: Clues) -> tuple[str, ...]:
    """Four numbers that train and the sample submission have in common, where an image has several rows of them."""
    train = clues.train
    if train is None or clues.sample is None or not clues.images or clues.sample.columns[0] not in train.columns:
        return ()
    shared = [c for c in clues.answers if c in clues.label_side and cells.numeric(train[c])]
    several = cells.unique_share(train[clues.sample.columns[0]]) < 0.9
    return tuple(shared) if len(shared) == 4 and several else ()


def _truth(clues: Clues) -> tuple[tuple[str, ...], str]:
    """(train's columns of boxes, evidence), or boxes in annotation files (then the columns are theirs)."""
    train = clues.train
    if train is not None:
        four = corner_columns(clues.label_side) or _four_numbers(clues)
        if four and all(cells.numeric(train[c]) for c in four):
            return four, f"train has a box a row in {', '.join(four)}"
        for name in clues.label_side:
            if train[name].dtype == pl.String and cells.four_numbers(train[name]) > 0.8:
                return (name,), f"cells of train's {name} are boxes of four numbers"
            if _PREDICTION.search(name) and cells.detections(train[name]) > 0.6:
                return (name,), f"cells of train's {name} are groups of numbers, one group a box"
    return _annotations(clues)


def _annotations(clues: Clues) -> tuple[tuple[str, ...], str]:
    for ref in clues.attached(".xml")[:1]:
        text = read_bytes(clues.folder, ref).decode("utf-8", "replace")
        if "<bndbox>" in text:
            return ("xmin", "ymin", "xmax", "ymax"), f"{ref} and its like hold <bndbox> of Pascal VOC"
    for ref in _json(clues):
        found = _coco(clues, ref)
        if found:
            return ("bbox",), found
    return (), ""


def _json(clues: Clues) -> list[str]:
    refs = [t for t in (*clues.contents.tables, *clues.attached(".json")) if t.lower().endswith(".json")]
    return refs[:3] if clues.images or clues.says(_WORDS) else []


def _coco(clues: Clues, ref: str) -> str:
    try:
        data = json.loads(read_bytes(clues.folder, ref))
    except (ValueError, IntakeError):  # no COCO file then; a table that is broken is told when it is read as one
        return ""
    notes = data.get("annotations") if isinstance(data, dict) else None
    if isinstance(notes, list) and notes and isinstance(notes[0], dict) and "bbox" in notes[0]:
        return f"{ref} holds {len(notes):,} annotations with a bbox, as COCO writes them"
    return ""


def _labels(header: Sequence[str], ids: Sequence[str], truth: Sequence[str]) -> list[str]:
    named = [
        c
        for c in header
        if c.lower() in ("label", "class", "class_name", "category", "class_id", "category_id", "name")
    ]
    return [c for c in named if c not in ids and c not in truth][:1]


def _ids(clues: Clues, columns: Sequence[str]) -> tuple[str, ...]:
    if clues.config.get("id_column"):
        return tuple(str(clues.config["id_column"]).split(","))
    for frame in (clues.sample, clues.test, clues.train):
        if frame is not None and frame.width:
            first = [c for c in frame.columns if c not in columns and c.lower() not in _SIDE]
            return tuple(first[:1])
    return ()


def _classes(clues: Clues, targets: Sequence[str], truth: Sequence[str]) -> tuple[str, ...]:
    labels = [c for c in targets if c not in truth]
    if not labels or clues.train is None:
        return ()
    return tuple(clues.train[labels[0]].drop_nulls().cast(pl.String).unique().sort().to_list())


def _files(clues: Clues, how: str) -> TableFiles:
    if clues.files.train or not how:
        return clues.files
    ref = how.split(" ")[0]
    train = ref if ref.lower().endswith(".json") else str(PurePosixPath(ref).parent)
    return TableFiles(train, clues.files.test, clues.files.sample)
