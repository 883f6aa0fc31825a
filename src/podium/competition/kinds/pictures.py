"""Image to image: each pixel's value is asked for, of images whose clean, coloured or later twins train shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from podium.competition.folder import TableFiles
from podium.competition.kinds.clues import Clues, is_role
from podium.competition.kinds.reading import Reading
from podium.records import Evidence

TASK = "image_to_image"
_CLEAN = re.compile(r"clean|target|truth|gt|label|output|denoised|high", re.I)  # what is asked for, not what is given
PIXEL = r"^(.+)[_\-](\d+)[_\-](\d+)$"  # image, row, column


def read(clues: Clues) -> Reading | None:
    """The sample submission has a row a pixel (`image_row_column`), and train's images come in pairs."""
    sample = clues.sample
    if sample is None or sample.width < 2 or len(clues.images) < 4 or clues.files.train:
        return None
    ids = sample[sample.columns[0]]
    images = ids.str.extract(PIXEL, 1)
    stems = {PurePosixPath(ref).stem for ref in clues.images if not is_role(ref, "train")}
    if images.null_count() or not images.is_in(list(stems)).all() or images.n_unique() > 0.2 * len(ids):
        return None
    inputs, twins = pair(clues.images)
    why = f"the sample submission asks for {len(ids):,} pixels of {images.n_unique()} images"
    why += f"; images of {inputs} have twins in {twins}" if twins else ""
    answers = tuple(sample.columns[1:])
    evidence = {
        "target_column": Evidence(",".join(answers), _why_target(twins), 0.95 if twins else 0.7),
        "id_column": Evidence(sample.columns[0], "image, row and column in one", 0.97),
        "submission_kind": Evidence("image", "one row a pixel", 0.97),
    }  # fmt: skip
    return Reading(
        TASK, why, 0.97 if twins else 0.75, (), tuple(sample.columns[:1]), tuple(sample.columns), "image", evidence,
        inputs=("image",), target_name=clues.target_name or answers[0],
        files=TableFiles(inputs, _test_folder(clues), clues.files.sample),
    )  # fmt: skip


def _why_target(twins: str) -> str:
    return "a pixel's value" + (f", as in {twins}" if twins else "")


def pair(images: Sequence[str]) -> tuple[str, str]:
    """(folder of train's images, folder of their twins by name); "" where there are none."""
    folders: dict[str, set[str]] = {}
    for ref in images:
        folders.setdefault(str(PurePosixPath(ref).parent), set()).add(PurePosixPath(ref).name)
    names = sorted(folders, key=lambda f: (not re.search(r"train", f, re.I), len(f), f))
    for at, one in enumerate(names):
        for other in names[at + 1 :]:
            if len(folders[one] & folders[other]) > 0.9 * len(folders[one]):
                return (other, one) if _CLEAN.search(PurePosixPath(one).name) else (one, other)
    return names[0] if names else "", ""


def _test_folder(clues: Clues) -> str:
    return next((str(PurePosixPath(r).parent) for r in clues.images if is_role(r, "test")), "")
