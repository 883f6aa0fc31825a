"""Images as units: masks from cells, from files and from polygons; pairs of images; what cannot be read is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import picture_competitions as made
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("PIL", reason="images need pillow")

from podium import pixels
from podium.competition import build, intake
from podium.competition.dataset import Dataset
from podium.competition.units import TRUTH, named_files, pictures, segmentation
from podium.competition.units.mask_cells import decoded, encoded, rows_first
from podium.competition.units.mask_files import MaskFiles
from podium.errors import IntakeError


def built(folder: Path, data: Path) -> Dataset:
    return build(intake(folder), data, 0)


def planes_of(data: Dataset) -> np.ndarray:
    """Stored truths in the train file's order."""
    rows = data.train[np.argsort(data.positions(data.train))]
    return np.stack([pixels.decode(one) for one in data.labels(rows)[TRUTH].to_list()])


def test_masks_in_cells_with_a_table_beside(tmp_path: Path) -> None:
    truth = made.in_cells(tmp_path / "c")
    data = built(tmp_path / "c", tmp_path / "data")
    assert np.array_equal(planes_of(data)[:, 0] > 127, truth)
    names = [column.name for column in data.columns]
    assert "file" in names and any(name.endswith("z") for name in names)
    ids = data.ids(data.test)
    assert ids is not None and ids.to_list() == [f"b{i:02d}" for i in range(made.TEST)][::-1]  # the sample's order
    covered = planes_of(data).any(axis=(1, 2, 3))
    rows = np.argsort(data.positions(data.train))
    shares = [covered[data.fold_of[rows] == fold].mean() for fold in range(5)]
    assert max(shares) - min(shares) <= 0.3  # folds are alike in how many images are empty


@pytest.mark.parametrize("joined", [True, False])
def test_a_row_an_image_and_class(tmp_path: Path, joined: bool) -> None:
    truth = made.of_classes(tmp_path / "c", joined)
    data = built(tmp_path / "c", tmp_path / "data")
    assert data.competition.classes == ("bird", "fish")
    assert np.array_equal(planes_of(data) > 127, truth)
    assert len(data.test) == made.TEST


def test_several_annotators_make_soft_truth(tmp_path: Path) -> None:
    seen = made.in_files(tmp_path / "c")
    data = built(tmp_path / "c", tmp_path / "data")
    ids = data.ids(data.train)
    assert ids is not None
    found = dict(zip(ids.to_list(), data.labels(data.train)[TRUTH].to_list(), strict=True))
    for at in range(made.TRAIN):
        assert np.array_equal(pixels.decode(found[str(at)])[0], np.round(seen[at] * 127.5).astype(np.uint8))


def test_several_objects_are_joined(tmp_path: Path) -> None:
    left, right = np.zeros((6, 6), dtype=np.uint8), np.zeros((6, 6), dtype=np.uint8)
    left[1:3, 1:3], right[4:, 4:] = 1, 1
    for name, mask in (("a.png", left), ("b.png", right)):
        made.save(tmp_path / name, mask)
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    reader = MaskFiles([paths], 1)
    assert np.array_equal(reader.planes(paths, 6, 6)[0], 255 * (left | right))
    assert not reader.planes([], 6, 6).any()


def test_codes_of_classes_are_planes(tmp_path: Path) -> None:
    codes = np.array([[0, 1], [2, 2]])
    made.save(tmp_path / "a.png", codes)
    planes = MaskFiles([[tmp_path / "a.png"]], 2).planes([tmp_path / "a.png"], 2, 2)
    assert np.array_equal(planes, 255 * np.stack([codes == 1, codes == 2]))


def test_files_are_told_by_their_names() -> None:
    refs = [
        "train/7/band_08.npy",
        "train/7/band_09.npy",
        "train/7/masks.npy",
        "train/9/band_08.npy",
        "train/9/band_09.npy",
    ]
    found = named_files.named(refs, ["7", "9"], "train")
    assert found["*/{id}/band_08.npy"] == {"7": ["train/7/band_08.npy"], "9": ["train/9/band_08.npy"]}
    assert named_files.column_names(["*/{id}/band_08.npy", "*/{id}/band_09.npy"]) == ["file_band_08", "file_band_09"]
    masks = named_files.named(["train/1.jpg", "train_masks/1_mask.gif", "test/2.jpg"], ["1.jpg"], "train")
    assert {pattern for pattern, files in masks.items() if files} == {"*/{id}", "*_masks/{id}_mask.gif"}
    assert named_files.is_mask("train_masks/1_mask.gif") and not named_files.is_mask("train/unmasked.png")


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_cells_go_round(seed: int, along_rows: bool) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((int(rng.integers(1, 9)), int(rng.integers(1, 9)))) < rng.random()
    assert np.array_equal(decoded(encoded(mask, along_rows), *mask.shape, along_rows), mask)


def test_what_a_cell_may_hold() -> None:
    assert not decoded("-1", 3, 3).any() and not decoded(None, 3, 3).any()
    square = decoded("POLYGON ((1 1, 4 1, 4 4, 1 4, 1 1))", 6, 6)
    assert square[2, 2] and square[1:5, 1:5].all() and square.sum() == 16
    ring = decoded("POLYGON ((0 0, 5 0, 5 5, 0 5, 0 0), (2 2, 3 2, 3 3, 2 3, 2 2))", 6, 6)
    assert ring[0, 0] and not ring[2, 2]
    with pytest.raises(IntakeError, match="does not fit its image"):
        decoded("30 5", 3, 3)
    with pytest.raises(IntakeError, match="leaves its image"):
        decoded("POLYGON ((0 0, 90 0, 90 90, 0 0))", 6, 6)
    assert rows_first("numbered from left to right, then top to bottom") and not rows_first(
        "top to bottom, then left to right"
    )


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    made.in_cells(tmp_path / "c")
    competition = intake(tmp_path / "c")
    (tmp_path / "c" / "test" / "images" / "b00.png").unlink()
    with pytest.raises(IntakeError, match=r"not found|have no file"):
        segmentation.make(competition, tmp_path / "c", 0)
    made.pages(tmp_path / "p")
    competition = intake(tmp_path / "p")
    (tmp_path / "p" / "test" / "1.png").unlink()
    with pytest.raises(IntakeError, match="1 test images have no file"):
        pictures.make(competition, tmp_path / "p", 0)


def test_pairs_of_images(tmp_path: Path) -> None:
    clean = made.pages(tmp_path / "p")
    data = built(tmp_path / "p", tmp_path / "data")
    rows = data.train[np.argsort(data.positions(data.train))]
    stored = [pixels.decode(one)[0] for one in data.labels(rows)[TRUTH].to_list()]
    assert all(np.array_equal(a, b) for a, b in zip(stored, clean, strict=True))
    assert data.ids(data.test).to_list() == ["3", "1"]  # type: ignore[union-attr]
    assert pl.read_ipc(tmp_path / "data" / "names_sizes.arrow")["name"].to_list()[-2:] == [[8, 6], [7, 9]]
