"""Object detection: an image a row, its boxes the answer; images without boxes are rows too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium import pixels
from podium.competition import box_tables
from podium.competition.box_format import ANSWER_KEY, TRUTH_KEY, recorded, to_corners
from podium.competition.folder import MEDIA_SUFFIXES, look_at
from podium.competition.kinds.clues import is_role
from podium.competition.source import Source
from podium.competition.table import format_of, read_bytes, read_table
from podium.competition.units.unit import TRUTH, Units
from podium.errors import IntakeError
from podium.records import Competition

Floats = NDArray[np.float64]
FILE = "file"
LEAST = 1e-6  # of a side, in pixels: less is no box


def make(competition: Competition, data: Path, seed: int) -> Units:
    """Boxes as train gives them, in pixels of the image's file: cut to the image; those of no area are dropped.

    Raises IntakeError: boxes that cannot be read, images that cannot be found; UserError: no pillow.
    """
    del seed
    pixels.require()
    recorded(competition, ANSWER_KEY)  # what cannot be answered is told before anything is dealt
    key = competition.id_column or FILE
    refs = [r for group in look_at(competition).attached.values() for r in group if r.lower().endswith(MEDIA_SUFFIXES)]
    boxes, listed = box_tables.read(competition, data)
    test_ids, test = _test(competition, data, refs, key)
    train_ids = list(dict.fromkeys(listed))
    found = _located(train_ids, refs, "train")
    if sum(ref is not None for ref in found) < 0.5 * len(found):
        raise IntakeError(
            "the images of train are not found",
            expected=f"files named like {key}",
            found=f"{train_ids[0]!r} among {refs[0]}",
        )
    notices: list[str] = []
    missing = [i for i, ref in zip(train_ids, found, strict=True) if ref is None]
    if missing:
        notices.append(f"{len(missing)} images of train have no file and are left out, {missing[0]!r} for one")
    files = {i: ref for i, ref in zip(train_ids, found, strict=True) if ref is not None}
    empty = _without_boxes(files, test_ids, _located(test_ids, refs, "test"), refs)
    if empty:
        notices.append(f"{len(empty)} images of train's folder have no box")
    files |= empty
    truth = _truth(competition, data, boxes, files, notices)
    train = pl.DataFrame({key: list(files), TRUTH: pl.Series(truth, dtype=pl.List(pl.Float64))})
    source = Source(train, test, _sample(competition, data), tuple(notices))
    return Units(source, files={FILE: (*files.values(), *_located(test_ids, refs, "test"))})


# ---------------------------------------------------------------- which images


def _test(competition: Competition, data: Path, refs: Sequence[str], key: str) -> tuple[list[str], pl.DataFrame]:
    """Ids of test's images: of its table, else of the sample submission and of the rest of its folder."""
    ref = competition.test_file
    if ref and format_of(ref):
        frame = read_table(data, ref, all_text=True).frame
        name = key if key in frame.columns else frame.columns[0]
        ids = frame[name].cast(pl.String).unique(maintain_order=True).to_list()
    else:
        sample = _sample(competition, data)
        ids = [] if sample is None else sample[key].cast(pl.String).unique(maintain_order=True).to_list()
        held = {PurePosixPath(r).parent for r in _located(ids, refs, "test") if r is not None} if ids else set()
        others = [r for r in refs if is_role(r, "test") and (not held or PurePosixPath(r).parent in held)]
        if recorded(competition, ANSWER_KEY).holder == "columns" or not ids:
            known, suffixed = set(_located(ids, refs, "test")), bool(ids) and "." in ids[0]
            ids += [_named(r, suffixed) for r in others if r not in known]
    if not ids:
        raise IntakeError(
            "there are no test images", expected="a test table, a sample submission or a folder called test"
        )
    return ids, pl.DataFrame({key: ids})


def _sample(competition: Competition, data: Path) -> pl.DataFrame | None:
    return read_table(data, competition.sample_file, all_text=True).frame if competition.sample_file else None


def _named(ref: str, suffixed: bool) -> str:
    path = PurePosixPath(ref)
    return path.name if suffixed else path.stem


def _located(ids: Sequence[str], refs: Sequence[str], role: str) -> list[str | None]:
    """The file of each id: by path, by name, by its stem; of several, the one whose folder is of the role."""
    by_name: dict[str, str] = {}
    for ref in sorted(refs, key=lambda r: (is_role(r, role), not is_role(r, "test" if role == "train" else "train"))):
        path = PurePosixPath(ref)
        for name in (path.name.split(".")[0], path.stem, path.name, ref):
            by_name[name] = ref
    return [by_name.get(i) or by_name.get(PurePosixPath(i).name) for i in ids]


def _without_boxes(
    files: Mapping[str, str], test_ids: Sequence[str], tests: Sequence[str | None], refs: Sequence[str]
) -> dict[str, str]:
    """Images that lie among train's and that nothing says a word of: id → file."""
    taken = {*files.values(), *(ref for ref in tests if ref is not None)}
    folders = {PurePosixPath(ref).parent for ref in files.values()}
    suffixed = "." in next(iter(files), "")
    left = [r for r in refs if r not in taken and PurePosixPath(r).parent in folders and not is_role(r, "test")]
    shared = folders & {PurePosixPath(ref).parent for ref in tests if ref is not None}
    named = {_named(r, suffixed): r for r in left if PurePosixPath(r).parent not in shared}
    return {name: ref for name, ref in named.items() if name not in files and name not in set(test_ids)}


# ---------------------------------------------------------------- boxes


def _truth(
    competition: Competition, data: Path, boxes: box_tables.Boxes, files: Mapping[str, str], notices: list[str]
) -> list[list[float]]:
    """Class code, xmin, ymin, xmax, ymax of each box, flat, an image a list."""
    fmt = recorded(competition, TRUTH_KEY)
    place = {name: at for at, name in enumerate(files)}
    image = np.array([place.get(i, -1) for i in boxes.image], dtype=np.int64)
    known = image >= 0
    sizes = np.array([_size(data, ref) for ref in files.values()], dtype=np.float64).reshape(-1, 2)
    four, image, label = boxes.four[known], image[known], boxes.label[known]
    size = sizes[image]
    corners = to_corners(four, fmt.geometry)
    if fmt.relative:
        corners = corners * size[:, [1, 0, 1, 0]]
    finite = np.isfinite(corners).all(axis=1)
    cut = np.clip(corners, 0.0, size[:, [1, 0, 1, 0]])
    good = finite & (cut[:, 2] - cut[:, 0] > LEAST) & (cut[:, 3] - cut[:, 1] > LEAST) & (label >= 0)
    beyond = good & (np.abs(cut - corners) > 1.0).any(axis=1)
    if beyond.any():
        notices.append(f"{int(beyond.sum())} boxes of train reach out of their image: cut to it")
    if (dropped := int((~good).sum())) > 0:
        notices.append(f"{dropped} boxes of train have no area, or numbers that are none: dropped")
    held = np.concatenate([label[good, None], cut[good]], axis=1)
    order = np.argsort(image[good], kind="stable")
    parts = np.split(held[order], np.cumsum(np.bincount(image[good], minlength=len(files)))[:-1])
    return [part.reshape(-1).tolist() for part in parts]


def _size(data: Path, ref: str) -> tuple[float, float]:
    """(height, width) of an image; without bounds where it cannot be read, so that its boxes are not cut."""
    path = data / ref
    return pixels.size_of(path if path.is_file() else read_bytes(data, ref)) or (np.inf, np.inf)
