"""Segmentation: which pixels belong to a thing, as run lengths, polygons or images of masks."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import polars as pl

from podium.competition.kinds import cells
from podium.competition.kinds.clues import Clues
from podium.competition.kinds.reading import Reading
from podium.competition.units.mask_rows import split_ids
from podium.records import Evidence

TASK = "segmentation"
_NAMED = re.compile(
    r"^(rle|rle_?mask|mask|mask_?rle|encoded_?pixels|segmentation|encoding|annotation|predicted_?rle)$|_rle$|^rle_",
    re.I,
)
_MASKS = re.compile(r"(^|[_\-])(mask|masks|segmentation|segmentations|groundtruth|annotations?|labels?)([_\-]|$)", re.I)
_WORDS = r"run[- ]length|segment(ation|ed|ing)|\bmasks?\b|pixel[- ](level|wise)"


def read(clues: Clues) -> Reading | None:
    """Masks are answers: cells of the sample submission or of train's own columns, or images of masks beside train's."""
    column, why = _column(clues)
    folder = _mask_images(clues)
    if not column and not (folder and clues.says(_WORDS) and clues.says(r"segment|run[- ]length")):
        return None
    if column and not (clues.says(_WORDS) or folder or _measured(clues, column)):
        return None
    ids, class_column = _ids(clues, column)
    train = clues.train
    targets = (column,) if column and train is not None and column in train.columns else _own(clues)
    name = column or clues.target_name or "mask"
    how = f"{folder} holds masks of train's images" if folder else ""
    evidence = {
        "target_column": Evidence(name, "; ".join(p for p in (why, how) if p), 0.95 if why else 0.8),
        "id_column": Evidence(",".join(ids), _why_ids(clues, ids), 0.9 if ids else 0.4),
        "submission_kind": Evidence("mask", why or how, 0.95),
    }
    header = tuple(clues.sample.columns) if clues.sample is not None else (*ids, name)
    side = () if train is None else tuple(c for c in train.columns if c not in (*targets, *ids, class_column))
    known = set(clues.test.columns) if clues.test is not None else set()
    return Reading(
        TASK, "; ".join(p for p in (why, how) if p), 0.97 if column and (folder or targets) else 0.8, targets, ids, header,
        "mask", evidence, inputs=tuple(clues.media) or ("image",), target_name="" if name in targets else name,
        classes=_classes(clues, ids, class_column), files=clues.files,
        label_side_columns=tuple(c for c in side if c not in known),
    )  # fmt: skip


def _column(clues: Clues) -> tuple[str, str]:
    """(answer column, evidence): called like a mask, or with cells that are run lengths or polygons."""
    if clues.sample is None:
        own = _own(clues)
        return (own[0], f"cells of train's {own[0]} are masks; there is no sample submission") if own else ("", "")
    for name in clues.answers:
        train = clues.train[name] if clues.train is not None and name in clues.train.columns else None
        for series, whose in ((train, "train's"), (clues.sample[name], "the sample submission's")):
            if series is None:
                continue
            if cells.polygons(series) > 0.5:
                return name, f"cells of {whose} {name} are polygons"
            if cells.runs(series) > 0.9:
                return name, f"cells of {whose} {name} are run lengths of pixels"
        if _NAMED.search(name) and (train is None or not cells.numeric(train)):
            return name, f"the sample submission asks for {name}"
    fresh = [c for c in clues.answers if clues.train is None or c not in clues.train.columns]
    if len(fresh) == 1 and clues.says(r"segment|run[- ]length") and _mask_images(clues):
        return fresh[0], f"the sample submission asks for {fresh[0]}, and train has images of masks"
    if len(fresh) == 1 and _own(clues):
        return fresh[0], f"the sample submission asks for {fresh[0]}, and train's {_own(clues)[0]} holds masks"
    return "", ""


def _measured(clues: Clues, column: str) -> bool:
    frames = [f for f in (clues.train, clues.sample) if f is not None]
    return any(cells.runs(f[c]) > 0.9 for f in frames for c in f.columns if c == column or c in _own(clues))


def _own(clues: Clues) -> tuple[str, ...]:
    """Train's own columns of masks."""
    if clues.train is None:
        return ()
    return tuple(
        c for c in clues.label_side
        if clues.train[c].dtype == pl.String and (cells.runs(clues.train[c]) > 0.9 or cells.polygons(clues.train[c]) > 0.5)
    )  # fmt: skip


def _mask_images(clues: Clues) -> str:
    """A folder of masks whose files are named as the images are."""
    by_folder: dict[str, set[str]] = {}
    for ref in clues.images:
        path = PurePosixPath(ref)
        plain = re.sub(r"[_\-](mask|seg|gt|label)s?$", "", path.stem.lower())
        by_folder.setdefault(str(path.parent), set()).add(plain)
        if plain != path.stem.lower():
            by_folder.setdefault(f"{path.parent}#masks", set()).add(plain)
    for folder, names in by_folder.items():
        plain_folder = folder.removesuffix("#masks")
        if not (folder.endswith("#masks") or _MASKS.search(PurePosixPath(folder).name)):
            continue
        twins = [f for f, others in by_folder.items() if f not in (folder,) and len(names & others) > 0.8 * len(names)]
        if twins:
            return plain_folder
    return ""


def _ids(clues: Clues, column: str) -> tuple[tuple[str, ...], str]:
    """What names a mask: the first column, with a class beside it where an image has one mask a class."""
    if clues.config.get("id_column"):
        return tuple(str(clues.config["id_column"]).split(",")), ""
    frame = clues.sample if clues.sample is not None else clues.test if clues.test is not None else clues.train
    if frame is None:
        return (), ""
    keys = [c for c in frame.columns if c != column]
    if not keys:
        return (), ""
    kinds = [c for c in keys[1:] if re.search(r"class|label|type|category", c, re.I) or _completes(frame, keys[0], c)]
    if kinds and clues.sample is not None and frame[keys[0]].n_unique() < frame.height:
        return (keys[0], kinds[0]), kinds[0]
    return (keys[0],), kinds[0] if kinds else ""


def _completes(frame: pl.DataFrame, key: str, other: str) -> bool:
    """Whether the two name a row together, with few values of the other."""
    few = frame[other].n_unique() <= max(2, 0.2 * frame.height) and frame[key].n_unique() < frame.height
    return few and frame.select(key, other).n_unique() == frame.height


def _why_ids(clues: Clues, ids: tuple[str, ...]) -> str:
    return "first column of the sample submission" if len(ids) == 1 else "an image has a mask for each class"


def _classes(clues: Clues, ids: tuple[str, ...], column: str) -> tuple[str, ...]:
    """A column's values, or the ends of ids that name image and class in one: `0a1.jpg_3`."""
    if clues.train is not None and column in clues.train.columns:
        return tuple(clues.train[column].drop_nulls().cast(pl.String).unique().sort().to_list())
    if clues.sample is None or len(ids) != 1 or ids[0] not in clues.sample.columns:
        return ()
    known = [name for ref in clues.images for name in (PurePosixPath(ref).name, PurePosixPath(ref).stem)]
    named = clues.sample[ids[0]].cast(pl.String)
    if named.head(200).is_in(known).any():
        return ()
    images, kinds = split_ids(named)
    found = kinds.drop_nulls().unique(maintain_order=True).to_list()
    each = images.is_in(known).all() and len(found) * images.n_unique() == len(named)
    return tuple(found) if each and len(found) > 1 else ()
