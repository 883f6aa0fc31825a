"""Segmentation: a row an image. Its truth is every class's mask, from run lengths, polygons or files beside the images."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium import pixels
from podium.competition import pictured, splits
from podium.competition.dealt import Dealt
from podium.competition.folder import TableFiles, look_at
from podium.competition.source import Source, read_source
from podium.competition.table import read_table
from podium.competition.units import mask_rows, named_files
from podium.competition.units.mask_cells import decoded, rows_first
from podium.competition.units.mask_files import MaskFiles
from podium.competition.units.mask_rows import MaskRows
from podium.competition.units.named_files import Named
from podium.competition.units.unit import TRUTH, Units
from podium.errors import IntakeError
from podium.records import Competition

LARGEST = 1 << 20  # pixels of a stored truth, all classes: what has more is stored smaller
COVERAGES = 10  # strata of folds: shares of the image that are the object's
Bytes = NDArray[np.uint8]
Files = dict[str, dict[str, str]]  # column → image → reference


def make(competition: Competition, data: Path, seed: int) -> Units:
    """Raises IntakeError: no test images, images without a file, no masks, masks that do not fit; UserError: no pillow."""
    pixels.require()
    refs = named_files.references(look_at(competition))
    known = mask_rows.names_of(refs)
    source = _source(competition, data)
    wanted = source.sample if source.sample is not None else source.test
    if not wanted.width:
        raise IntakeError("there are no test images", expected="a sample submission or a test table")
    rows = MaskRows.of(wanted, competition, known)
    test = rows.image.unique(maintain_order=True).to_list()
    held = MaskRows.of(source.train, competition, known) if source.train.width else None
    train = _train_images(refs) if held is None else held.image.unique(maintain_order=True).to_list()
    of_train = named_files.named(refs, train, "train")
    files = _files(of_train, named_files.named(refs, test, "test"), train, test)
    train = [image for image in train if all(image in of for of in files.values())]
    with tempfile.TemporaryDirectory() as scratch:
        truths = _Truths(competition, data, Path(scratch), files, held, _masks_beside(of_train, files, held))
        planes = [truths.of(image) for image in train]
        sizes = [truths.size(image) for image in [*train, *test]]
    frames = [_features(source.train, held, train, competition), _features(source.test, None, test, competition, known)]
    shared = [c for c in frames[0].columns if c in frames[1].columns]
    table = frames[0].select(shared).with_columns(pl.Series(TRUTH, planes and [p for p, _ in planes], dtype=pl.Binary))
    names = {"sizes": pl.Series(sizes, dtype=pl.List(pl.Int64))}
    if source.sample is not None:
        names |= mask_rows.asked(source.sample, rows, test, competition)
    return Units(
        replace(source, train=table, test=frames[1].select(shared)),
        dealt=_dealt(competition, np.array([covered for _, covered in planes]), seed),
        files={name: tuple(of.get(image) for image in [*train, *test]) for name, of in files.items()},
        names=names,
    )


def _source(competition: Competition, data: Path) -> Source:
    """The tables as they are; an empty one where the host ships none."""
    files = TableFiles.of(competition)
    if files.train and files.test:
        return read_source(data, files, competition.id_columns or [competition.id_column or ""])

    def table(ref: str, *, all_text: bool = False) -> pl.DataFrame:
        return read_table(data, ref, all_text=all_text).frame if ref and (data / ref).is_file() else pl.DataFrame()

    sample = table(files.sample, all_text=True) if files.sample else None
    return Source(table(files.train), table(files.test), sample, ())


def _train_images(refs: Sequence[str]) -> list[str]:
    """Where no table lists them: every image that is neither a mask nor of test."""
    own = [PurePosixPath(r) for r in refs if named_files.split_of(r) != "test" and not named_files.is_mask(r)]
    stems = dict.fromkeys(path.stem for path in own)
    return list(stems) if len(stems) > 0.5 * len(own) else list(dict.fromkeys(path.parent.name for path in own))


def _files(train: Named, test: Named, train_ids: Sequence[str], test_ids: Sequence[str]) -> Files:
    patterns = named_files.shared(train, test, len(train_ids), len(test_ids))
    plain = [p for p in patterns if not named_files.is_mask(p)]
    if not plain:
        raise IntakeError(
            "the images of train and test are not found", expected="files called after the ids of the tables",
            found=", ".join([*train, *test][:4]) or "no image files", remedy="unpack the images beside the tables",
        )  # fmt: skip
    out: Files = {}
    for name, pattern in zip(named_files.column_names(plain), plain, strict=True):
        out[name] = {image: refs[0] for of in (train, test) for image, refs in of[pattern].items()}
    lost = [image for image in test_ids if any(image not in of for of in out.values())]
    if lost:
        raise IntakeError(
            f"{len(lost)} test images have no file", found=f"none for {lost[0]}", remedy="download the images again"
        )
    return out


def _masks_beside(train: Named, files: Files, held: MaskRows | None) -> dict[str, list[str]]:
    """Files of masks, by image; none where a table's cells are masks."""
    if held is not None and held.mask is not None:
        return {}
    shown = {ref for of in files.values() for ref in of.values()}
    out: dict[str, list[str]] = {}
    for of in train.values():
        for image, refs in of.items():
            out.setdefault(image, []).extend(r for r in refs if r not in shown and named_files.is_mask(r))
    if not any(out.values()):
        raise IntakeError(
            "train's masks are not found", expected="a column of run lengths, or images of masks called after the images",
            found="neither", remedy="set `target_column` in config.json",
        )  # fmt: skip
    return out


class _Truths:
    """The truth of one image after another."""

    def __init__(
        self, competition: Competition, data: Path, scratch: Path, files: Files, held: MaskRows | None,
        masks: Mapping[str, list[str]],
    ) -> None:  # fmt: skip
        images = files[next(iter(files))]
        self._paths = named_files.on_disk(
            data, [*images.values(), *(r for refs in masks.values() for r in refs)], scratch
        )
        self._images, self._masks = images, masks
        self._cells = {} if held is None or masks else held.by_image()
        self._code = {name: at for at, name in enumerate(competition.classes)}
        self._planes = max(1, len(competition.classes))
        self._along_rows = rows_first(competition.description)
        self._reader = MaskFiles([[self._paths[r] for r in masks[i]] for i in masks], self._planes) if masks else None

    def size(self, image: str) -> tuple[int, int]:
        ref = self._images[image]
        return pictured.size(self._paths[ref], ref)

    def of(self, image: str) -> tuple[bytes, float]:
        """(the planes encoded, share of pixels that are of some class)."""
        height, width = self.size(image)
        if self._reader is not None:
            planes = self._reader.planes([self._paths[r] for r in self._masks.get(image, ())], height, width)
        else:
            planes = np.zeros((self._planes, height, width), dtype=np.uint8)
            for kind, cell in self._cells.get(image, ()):
                drawn = decoded(cell, height, width, self._along_rows)
                planes[self._code.get(kind or "", 0)][drawn] = 255
        covered = float((planes.max(axis=0) > 127).mean())
        return pixels.encode(_smaller(planes)), covered


def _smaller(planes: Bytes) -> Bytes:
    """Every so many rows and columns averaged where an image is larger than a truth is stored."""
    by = int(np.ceil(np.sqrt(planes.size / LARGEST)))
    if by <= 1:
        return planes
    kinds, height, width = planes.shape
    cut = planes[:, : height // by * by, : width // by * by].reshape(kinds, height // by, by, width // by, by)
    return np.asarray(np.round(cut.mean(axis=(2, 4))), dtype=np.uint8)


def _features(
    frame: pl.DataFrame, rows: MaskRows | None, images: Sequence[str], competition: Competition,
    known: frozenset[str] = frozenset(),
) -> pl.DataFrame:  # fmt: skip
    """One row an image, the first of its table's, with what else the table tells of it."""
    key = competition.id_column or "image"
    out = pl.DataFrame({key: images}, schema={key: pl.String})
    if not frame.width:
        return out
    rows = rows or MaskRows.of(frame, competition, known)
    apart = {key, *competition.id_columns, *competition.target_columns, *competition.label_side_columns}
    told = [frame[c] for c in frame.columns if c not in apart and not _is(frame[c], rows)]
    first = pl.DataFrame([rows.image.alias(key), *told]).unique(subset=key, keep="first", maintain_order=True)
    return out.join(first, on=key, how="left", maintain_order="left")


def _is(column: pl.Series, rows: MaskRows) -> bool:
    """Whether a column says no more than image or class."""
    text = column.cast(pl.String)
    return any(other is not None and text.equals(other) for other in (rows.image, rows.kind))


def _dealt(competition: Competition, covered: NDArray[np.float64], seed: int) -> Dealt | None:
    """Folds alike in how much of an image is the object's; as for tables where the strategy is another."""
    if competition.cv_strategy not in ("random", "stratified"):
        return None
    strata = np.where(covered > 0, 1.0 + np.floor(COVERAGES * covered), 0.0)
    return splits.deal("stratified", competition.cv_folds, strata, None, None, seed)
