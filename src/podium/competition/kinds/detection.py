"""Object detection: boxes around things, as columns, in a cell, in COCO JSON or in VOC XML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

import polars as pl

from podium.competition.box_format import (
    ANSWER_KEY,
    CORNERS,
    LABEL,
    NOTHING_KEY,
    SIZE,
    TRUTH_KEY,
    BoxFormat,
    split_boxes,
)
from podium.competition.folder import TableFiles
from podium.competition.kinds import box_clues, cells
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
CONFIDENCE_SAID = re.compile(r"\bconf(idence)?\b|\bscores?\b.{0,40}\bx", re.I)
FOLDS = 3  # a detector is dear to fit


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
    targets = tuple(c for c in (*_labels(clues, ids, truth), *truth) if c in side)
    evidence = {
        "target_column": Evidence(name, how or why, 0.9 if truth else 0.6),
        "id_column": Evidence(
            ",".join(ids), "names an image; an image may have any number of boxes", 0.9 if ids else 0.4
        ),
        "submission_kind": Evidence("boxes", why or how, 0.95),
        **_written(clues, columns, truth, targets, ids),
    }
    sure = 0.97 if columns and truth else 0.85 if truth or clues.says(_WORDS) else 0.7
    header = tuple(clues.sample.columns) if clues.sample is not None else (*ids, *truth)
    return Reading(
        TASK, shown, sure, targets, ids, header, "boxes", evidence, inputs=tuple(clues.media) or ("image",),
        target_name=name, classes=_classes(clues, targets, truth), files=_files(clues, how),
        label_side_columns=tuple(c for c in side if c not in (*targets, *ids)), cv_folds=FOLDS,
    )  # fmt: skip


def _written(
    clues: Clues, columns: Sequence[str], truth: Sequence[str], targets: Sequence[str], ids: Sequence[str]
) -> dict[str, Evidence]:
    """How boxes are given and asked for, where that can be told."""
    out: dict[str, Evidence] = {}
    given = _given_format(clues, truth, targets)
    if given is not None:
        out[TRUTH_KEY] = Evidence(given[0].spelled(), given[1], 0.9)
    if clues.sample is None or not columns:
        return out
    if len(columns) == 4:
        asked = [c for c in clues.sample.columns if c not in ids]
        numbers = clues.sample.select(pl.col(columns).cast(pl.Float64, strict=False))
        relative = bool(given and given[0].relative and (numbers.max_horizontal().max() or 0) <= 1)  # type: ignore[operator]
        fmt = box_clues.of_columns(asked, columns, relative)
        out[ANSWER_KEY] = Evidence(fmt.spelled(), f"the sample submission has {', '.join(asked)}", 0.95)
        return out
    told = re.search(r"submission(?! file).*", clues.text, re.I | re.S)
    fmt, why = box_clues.of_cells(
        clues.sample[columns[0]], told[0] if told else clues.text, given[0].geometry if given else SIZE
    )
    if given and given[0].relative:
        fmt = replace(fmt, relative=True)
    if LABEL not in fmt.fields and len(fmt.fields) == 5 and _several(clues, targets, truth):
        fmt = replace(fmt, fields=(LABEL, *fmt.geometry))
    out[ANSWER_KEY] = Evidence(fmt.spelled(), why, 0.8)
    blank = box_clues.nothing(clues.sample[columns[0]])
    if blank is not None:
        out[NOTHING_KEY] = Evidence(blank, "what every cell of the sample submission holds, or a blank one", 0.7)
    return out


def _several(clues: Clues, targets: Sequence[str], truth: Sequence[str]) -> bool:
    """Whether a box without a class would say too little."""
    return CONFIDENCE_SAID.search(clues.text) is None and len(_classes(clues, targets, truth)) > 1


def _given_format(clues: Clues, truth: Sequence[str], targets: Sequence[str]) -> tuple[BoxFormat, str] | None:
    train = clues.train
    if train is not None and len(truth) == 4 and all(c in train.columns for c in truth):
        most = train.select(pl.col(truth).cast(pl.Float64, strict=False)).max().max_horizontal()[0]
        return box_clues.of_columns(targets, truth, bool(most is not None and most <= 1.0)), ", ".join(truth)
    if train is not None and len(truth) == 1 and truth[0] in train.columns:
        return box_clues.of_cells(train[truth[0]], clues.text)
    if tuple(truth) == CORNERS:
        return BoxFormat("voc", (LABEL, *CORNERS)), "Pascal VOC's <bndbox>"
    return (BoxFormat("coco", (LABEL, *SIZE)), "COCO's bbox") if truth else None


def corner_columns(header: Sequence[str]) -> tuple[str, ...]:
    """The four columns of a box among these names; () where there are none."""
    by_plain = {box_clues.plain(c): c for c in header}
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


def _labels(clues: Clues, ids: Sequence[str], truth: Sequence[str]) -> list[str]:
    """The column of a box's class: of several, the one whose values the sample submission has; else by name."""
    train = clues.train
    if train is None:
        return []
    named = [c for c in train.columns if c.lower() in box_clues.LABELS and c not in ids and c not in truth]
    asked = _asked_labels(clues)
    held = [c for c in named if asked and set(asked) <= set(train[c].drop_nulls().cast(pl.String).unique().to_list())]
    return [*held, *named][:1]


def _asked_labels(clues: Clues) -> list[str]:
    """Classes that the sample submission names."""
    if clues.sample is None:
        return []
    columns, where, _ = _answers(clues)
    if where == "columns":
        spelled = [c for c in clues.sample.columns[1:] if c.lower() in box_clues.LABELS]
        return clues.sample[spelled[0]].drop_nulls().unique().to_list() if spelled else []
    groups = [g for g in box_clues.tokens(clues.sample[columns[0]]) if len(g) == 6] if columns else []
    return sorted({group[0] for group in groups})


def _ids(clues: Clues, columns: Sequence[str]) -> tuple[str, ...]:
    if clues.config.get("id_column"):
        return tuple(str(clues.config["id_column"]).split(","))
    for frame in (clues.sample, clues.test, clues.train):
        if frame is not None and frame.width:
            first = [c for c in frame.columns if c not in columns and c.lower() not in box_clues.SIDE]
            return tuple(first[:1])
    return ()


def _classes(clues: Clues, targets: Sequence[str], truth: Sequence[str]) -> tuple[str, ...]:
    """Labels of what has a box, numbers in their order; () where boxes have none, or no table says."""
    train = clues.train
    labels = [c for c in targets if c not in truth]
    if train is not None and labels:
        boxed = train.drop_nulls([c for c in truth if c in train.columns])
        return _sorted(boxed[labels[0]].drop_nulls().cast(pl.String).unique().to_list())
    if train is not None and len(truth) == 1 and truth[0] in train.columns:
        fmt, _ = box_clues.of_cells(train[truth[0]], clues.text)
        at = fmt.fields.index(LABEL) if LABEL in fmt.fields else -1
        groups = [split_boxes(cell, len(fmt.fields)) for cell in train[truth[0]].drop_nulls().to_list()]
        return _sorted({group[at] for found in groups for group in found}) if at >= 0 else ()
    return _sorted(_annotated(clues)) if train is None else ()


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda n: (0, float(n), n) if re.fullmatch(r"-?\d+(\.\d+)?", n) else (1, 0.0, n)))


def _annotated(clues: Clues) -> set[str]:
    """Classes that annotation files name: COCO's by name, or by number where the sample submission has numbers."""
    refs = clues.attached(".xml")
    if refs and "<bndbox>" in read_bytes(clues.folder, refs[0]).decode("utf-8", "replace"):
        texts = (read_bytes(clues.folder, ref).decode("utf-8", "replace") for ref in refs)
        return {name.strip() for text in texts for name in re.findall(r"<object>.*?<name>(.*?)</name>", text, re.S)}
    for ref in _json(clues):
        if _coco(clues, ref):
            data = json.loads(read_bytes(clues.folder, ref))
            named = {str(c["id"]): str(c.get("name", c["id"])) for c in data.get("categories") or []}
            used = {str(note["category_id"]) for note in data["annotations"] if "category_id" in note}
            asked = set(_asked_labels(clues))
            return used if asked and asked <= {*used, *named} else {named.get(one, one) for one in used}
    return set()


def _files(clues: Clues, how: str) -> TableFiles:
    if clues.files.train or not how:
        return clues.files
    ref = how.split(" ")[0]
    train = ref if ref.lower().endswith(".json") else str(PurePosixPath(ref).parent)
    return TableFiles(train, clues.files.test, clues.files.sample)
