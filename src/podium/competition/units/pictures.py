"""Image to image: a row an image, its truth the twin that train shows. The submission asks for pixels, a row each."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import polars as pl

from podium import pixels
from podium.competition import pictured
from podium.competition.folder import look_at
from podium.competition.kinds.pictures import PIXEL, pair
from podium.competition.source import Source
from podium.competition.table import read_table
from podium.competition.units import named_files
from podium.competition.units.unit import TRUTH, Units
from podium.errors import IntakeError
from podium.records import Competition

SHADES = 255.0


def make(competition: Competition, data: Path, seed: int) -> Units:
    """Raises IntakeError: no pairs of images, no sample submission, a test image without a file; UserError: no pillow."""
    pixels.require()
    refs = [ref for ref in named_files.references(look_at(competition)) if not ref.endswith(".npy")]
    inputs, twins = pair(refs)
    if not twins:
        raise IntakeError(
            "train's images have no twins", expected="two folders of train whose files are called alike",
            found=", ".join(sorted({str(PurePosixPath(r).parent) for r in refs})[:6]),
        )  # fmt: skip
    sample = read_table(data, competition.sample_file, [competition.submission_columns[0]]).frame
    asked = _asked(sample, competition)
    shown = {PurePosixPath(r).stem: r for r in refs if str(PurePosixPath(r).parent) == inputs}
    clean = {PurePosixPath(r).stem: r for r in refs if str(PurePosixPath(r).parent) == twins}
    train = sorted(shown.keys() & clean.keys())
    test = asked["asked_name"].unique(maintain_order=True).to_list()
    of_test = _test_files(refs, test, {inputs, twins})
    channels = len(competition.submission_columns) - 1
    files = [*(shown[image] for image in train), *(of_test[image] for image in test)]
    with tempfile.TemporaryDirectory() as scratch:
        paths = named_files.on_disk(data, [*files, *(clean[image] for image in train)], Path(scratch))
        truth = [_truth(paths[shown[image]], paths[clean[image]], channels) for image in train]
        sizes = [pictured.size(paths[ref], ref) for ref in files]
    key = competition.id_column or sample.columns[0]
    place = {image: at for at, image in enumerate(test)}
    names = {
        "sizes": pl.Series(sizes, dtype=pl.List(pl.Int64)),
        "asked_image": asked["asked_name"].replace_strict(place, return_dtype=pl.Int32),
        "asked_id": sample[sample.columns[0]].cast(pl.String),
        "asked_scale": pl.Series([_scale(sample, competition)]),
    }
    table = pl.DataFrame({key: train, TRUTH: truth}, schema={key: pl.String, TRUTH: pl.Binary})
    return Units(
        Source(table, pl.DataFrame({key: test}, schema={key: pl.String}), None, ()),
        files={"file": tuple(files)},
        names=names,
    )


def _asked(sample: pl.DataFrame, competition: Competition) -> pl.DataFrame:
    """The image of each row of the sample. Raises IntakeError where an id is no `image_row_column`."""
    name = sample[sample.columns[0]].cast(pl.String).str.extract(PIXEL, 1).alias("asked_name")
    if name.null_count():
        raise IntakeError(
            "a row of the sample submission names no pixel", expected="image_row_column",
            found=str(sample.filter(name.is_null())[0, 0]), remedy="download the sample submission again",
        )  # fmt: skip
    return pl.DataFrame([name])


def _test_files(refs: Sequence[str], test: Sequence[str], of_train: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for ref in refs:
        path = PurePosixPath(ref)
        if str(path.parent) not in of_train and named_files.split_of(ref) != "train":
            found.setdefault(path.stem, ref)
    lost = [image for image in test if image not in found]
    if lost:
        raise IntakeError(
            f"{len(lost)} test images have no file", found=f"none for {lost[0]}", remedy="download the images again"
        )
    return found


def _truth(shown: Path, clean: Path, channels: int) -> bytes:
    """The twin with as many channels as the submission has columns of answers."""
    planes = pixels.read(clean)
    if planes.shape[1:] != pixels.size_of(shown):
        raise IntakeError(
            f"{shown.name} and its twin differ in size",
            expected=str(pixels.size_of(shown)),
            found=str(planes.shape[1:]),
        )
    if channels == 1 and len(planes) == 3:
        planes = np.round(np.tensordot([0.299, 0.587, 0.114], planes, axes=1)).astype(np.uint8)[None]
    return pixels.encode(np.broadcast_to(planes, (channels, *planes.shape[1:])).copy())


def _scale(sample: pl.DataFrame, competition: Competition) -> float:
    """What white is in the submission: 255 where the sample or the description says so, else 1."""
    answers = sample.select(competition.submission_columns[1:])
    top = max(float(answers[c].cast(pl.Float64, strict=False).max() or 0.0) for c in answers.columns)  # type: ignore[arg-type]
    if top > 1.0:
        return SHADES
    import re

    said = re.search(r"\b0\s*(?:-|–|to|and|\.\.)\s*(1|255)\b", competition.description)
    return SHADES if top == 0.0 and said is not None and said.group(1) == "255" else 1.0
