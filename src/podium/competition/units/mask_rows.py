"""Rows of a table of masks: which image and which class each is of, and the rows that a submission asks for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import polars as pl

from podium.competition.keys import with_key
from podium.errors import IntakeError
from podium.records import Competition

MARKS = ("-1",)  # how an empty mask is spelled, beside nothing at all


@dataclass(frozen=True)
class MaskRows:
    """`kind` None: one mask an image, whatever its rows; `mask` None where there is no such column."""

    image: pl.Series
    kind: pl.Series | None
    mask: pl.Series | None

    @classmethod
    def of(cls, frame: pl.DataFrame, competition: Competition, images: Collection[str]) -> MaskRows:
        """`images`: names and stems of the image files. Raises IntakeError where no column names them."""
        ids, classes = competition.id_columns or (competition.id_column or "",), competition.classes
        masks = (*competition.target_columns, competition.target_name, *competition.submission_columns[-1:])
        mask = next((frame[c].cast(pl.String) for c in masks if c in frame.columns and c not in ids), None)
        if len(ids) == 2 and all(name in frame.columns for name in ids):
            return cls(frame[ids[0]].cast(pl.String), frame[ids[1]].cast(pl.String), mask)
        name = ids[0] if ids[0] in frame.columns else _naming(frame, images)
        named = frame[name].cast(pl.String)
        if len(classes) < 2:
            return cls(named, None, mask)
        if not named.head(200).is_in(list(images)).all():
            return cls(*split_ids(named), mask)
        beside = [c for c in frame.columns if c != name and frame[c].cast(pl.String).drop_nulls().is_in(classes).all()]
        return cls(named, frame[beside[0]].cast(pl.String) if beside else None, mask)

    def by_image(self) -> Mapping[str, list[tuple[str | None, str | None]]]:
        """Image → (class, cell) of each of its rows."""
        out: dict[str, list[tuple[str | None, str | None]]] = {}
        kinds = [None] * len(self.image) if self.kind is None else self.kind.to_list()
        cells = [None] * len(self.image) if self.mask is None else self.mask.to_list()
        for image, kind, cell in zip(self.image.to_list(), kinds, cells, strict=True):
            out.setdefault(image, []).append((kind, cell))
        return out


def split_ids(ids: pl.Series) -> tuple[pl.Series, pl.Series]:
    """`0a1.jpg_3` as image `0a1.jpg` and class `3`."""
    return ids.str.extract(r"^(.+)[_\-][^_\-]+$", 1), ids.str.extract(r"[_\-]([^_\-]+)$", 1)


def names_of(refs: Sequence[str]) -> frozenset[str]:
    """Names, stems and folders' names of files: what a table may call an image."""
    paths = [PurePosixPath(ref) for ref in refs]
    return frozenset({name for path in paths for name in (path.name, path.stem, path.parent.name)})


def asked(
    sample: pl.DataFrame, rows: MaskRows, images: Sequence[str], competition: Competition
) -> dict[str, pl.Series]:
    """What `tasks.segmentation` writes by: of each row of the sample, the place of its image among the test rows, the code
    of its class, its id cells joined; and how an empty mask is spelled."""
    place = {image: at for at, image in enumerate(images)}
    code = {name: at for at, name in enumerate(competition.classes)}
    kinds = (
        pl.Series([0] * sample.height) if rows.kind is None else rows.kind.replace_strict(code, return_dtype=pl.Int64)
    )
    key = competition.id_column or sample.columns[0]
    ids = with_key(sample, competition.id_columns)[key].cast(pl.String)
    marked = [] if rows.mask is None else [m for m in MARKS if (rows.mask.str.strip_chars() == m).any()]
    return {
        "asked_image": rows.image.replace_strict(place, return_dtype=pl.Int64),
        "asked_class": kinds,
        "asked_id": ids,
        "empty": pl.Series([marked[0] if marked else ""]),
    }


def _naming(frame: pl.DataFrame, images: Collection[str]) -> str:
    for name in frame.columns:
        if frame[name].cast(pl.String).head(200).is_in(list(images)).all():
            return name
    raise IntakeError(
        "no column names the images", expected="names of image files, with or without their suffix",
        found=", ".join(frame.columns), remedy="set `id_column` in config.json",
    )  # fmt: skip
