"""Files of images that are called after them: `images/17.png`, `17_mask.png`, `17/band_08.npy`, `17/masks/a.png`.

Split words apart, train's and test's lie alike; what only train has is the answer.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from podium.competition import archives
from podium.competition.folder import MEDIA_SUFFIXES, Contents

COVERED = 0.95  # of the images have their file, or it is no column of files
SUFFIXES = (*MEDIA_SUFFIXES, ".npy")
MASKS = re.compile(r"(^|[_\-])(mask|masks|segmentation|segmentations|groundtruth|annotations?|labels?)([_\-]|$)", re.I)
_SPLIT = re.compile(r"(^|[/_\-])(train|test)(ing)?(?=[/_.\-\d]|$)", re.I)
_ENDS = re.compile(r"[_\-. ]")

Named = dict[str, dict[str, list[str]]]  # pattern without its split word → image → references


def references(contents: Contents) -> list[str]:
    """Every image and array beside the tables."""
    return [ref for refs in contents.attached.values() for ref in refs if ref.lower().endswith(SUFFIXES)]


def split_of(ref: str) -> str:
    """train, test, or "" where the path says neither."""
    found = _SPLIT.search(ref)
    return found.group(2).lower() if found else ""


def is_mask(ref: str) -> bool:
    """Whether a folder of the path, or the file's own name, speaks of masks."""
    path = PurePosixPath(ref)
    return any(MASKS.search(part) for part in (*path.parts[:-1], path.stem))


def named(refs: Sequence[str], images: Iterable[str], split: str) -> Named:
    """The files of these images, by how they are called; those of the other split's folders are left out."""
    known = set(images)
    found: Named = defaultdict(lambda: defaultdict(list))
    for ref in refs:
        if split_of(ref) not in ("", split):
            continue
        image = _image_of(ref, known)
        if image is not None:
            found[_pattern(ref, image)][image].append(ref)
    return _generalised(found)


def shared(train: Named, test: Named, n_train: int, n_test: int) -> list[str]:
    """Patterns that nearly all images of both have, one file each: the columns of files."""
    return sorted(
        p for p, files in train.items()
        if p in test and len(files) >= COVERED * n_train and len(test[p]) >= COVERED * n_test
        and all(len(refs) == 1 for refs in files.values())
    )  # fmt: skip


def column_names(patterns: Sequence[str]) -> list[str]:
    """`file`, or `file_band_08` and the like."""
    if len(patterns) == 1:
        return ["file"]
    out: list[str] = []
    for pattern in patterns:
        path = PurePosixPath(pattern)
        stem = path.parent.name if path.stem == "{id}" else path.stem.replace("{id}", "")
        name = "file_" + (re.sub(r"[^A-Za-z0-9]+", "_", stem).strip("_") or "0")
        out.append(name if name not in out else f"{name}_{len(out)}")
    return out


def on_disk(data: Path, refs: Iterable[str], scratch: Path) -> dict[str, Path]:
    """Where each reference's file lies; members of archives are unpacked into `scratch`."""
    paths: dict[str, Path] = {}
    packed: dict[str, Path] = {}
    for at, ref in enumerate(dict.fromkeys(refs)):
        plain = data / ref
        paths[ref] = plain if plain.is_file() else scratch / f"{at}{PurePosixPath(ref).suffix.lower()}"
        if paths[ref] is not plain:
            packed[ref] = paths[ref]
    archives.extract(data, packed)
    return paths


def _image_of(ref: str, known: set[str]) -> str | None:
    """The image that a file is called after: by its whole name, its stem, the stem's beginning, or a folder's name."""
    path = PurePosixPath(ref)
    for name in (path.name, path.stem):
        if name in known:
            return name
    for end in reversed([m.start() for m in _ENDS.finditer(path.stem)]):
        for start in (path.stem[:end], f"{path.stem[:end]}{path.suffix}"):
            if start in known:
                return start
        if _with_suffix(path.stem[:end], known):
            return _with_suffix(path.stem[:end], known)
    return next((part for part in reversed(path.parts[:-1]) if part in known), None)


def _with_suffix(stem: str, known: set[str]) -> str | None:
    """The image of this stem where images are called with their suffix, and masks have another: `1.jpg`, `1_mask.gif`."""
    return next((f"{stem}{suffix}" for suffix in MEDIA_SUFFIXES if f"{stem}{suffix}" in known), None)


def _pattern(ref: str, image: str) -> str:
    stem = PurePosixPath(image).stem if PurePosixPath(image).suffix.lower() in SUFFIXES else image
    pattern = ref
    for name in (image, stem):
        pattern = "/".join(_replaced(part, name) for part in pattern.split("/"))
    return _SPLIT.sub(r"\1*", pattern)


def _replaced(part: str, name: str) -> str:
    return "{id}" + part[len(name) :] if part.startswith(name) else part


def _generalised(found: Named) -> Named:
    """Patterns that a single image has (`{id}/masks/8f3a.png`) by their folder and suffix alone."""
    out: Named = defaultdict(lambda: defaultdict(list))
    most = max((len(files) for files in found.values()), default=0)
    for pattern, files in found.items():
        path = PurePosixPath(pattern)
        rare = len(files) <= max(1, 0.02 * most) and "{id}" in str(path.parent)
        kept = str(path.with_name(f"*{path.suffix}")) if rare else pattern
        for image, refs in files.items():
            out[kept][image] += refs
    return out
