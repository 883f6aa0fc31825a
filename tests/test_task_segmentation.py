"""Masks and images as tasks: what every task must do, decisions that find a planted rule, submissions in the sample's rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import picture_competitions as made
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("PIL", reason="images need pillow")

from podium import pixels, tasks
from podium.competition import build, intake
from podium.competition.units import TRUTH
from podium.errors import InvalidPredictions
from podium.metrics import get
from podium.metrics.shapes import Masks
from podium.tasks import mask_decision
from podium.tasks.image_to_image import ImageToImageTask
from podium.tasks.mask_decision import Counts
from podium.tasks.resize import resized, weights
from podium.tasks.segmentation import MOST_VALUES, SegmentationTask, grid_of
from podium.testing import task_conformance


def task_of(folder: Path, tmp: Path) -> tuple[SegmentationTask | ImageToImageTask, object]:
    data = build(intake(folder), tmp, 0)
    task = tasks.of_data(data)
    assert isinstance(task, (SegmentationTask, ImageToImageTask))
    return task, data


@pytest.mark.parametrize("classes", [False, True])
def test_segmentation_conforms(tmp_path: Path, classes: bool) -> None:
    made.of_classes(tmp_path / "c", True) if classes else made.in_cells(tmp_path / "c")
    data = build(intake(tmp_path / "c"), tmp_path / "data", 0)
    task = tasks.of_data(data)
    labels = data.labels(data.train)
    raw = np.random.default_rng(0).random((labels.height, task.n_outputs())).astype(np.float16)
    raw = (0.5 * raw + 0.5 * task.perfect(task.encode(labels))).astype(np.float16)  # type: ignore[operator]
    task_conformance.conform(task, labels, raw, pl.Series("id", [f"x{i}" for i in range(labels.height)]))


def test_image_to_image_conforms(tmp_path: Path) -> None:
    made.pages(tmp_path / "p")
    data = build(intake(tmp_path / "p"), tmp_path / "data", 0)
    task = tasks.of_data(data)
    labels = pl.concat([data.labels(data.train)] * 2)
    raw = np.random.default_rng(0).random((labels.height, task.n_outputs())).astype(np.float16)
    task_conformance.conform(task, labels, raw, pl.Series("id", [f"x{i}" for i in range(labels.height)]))


# ---------------------------------------------------------------- decisions


def test_what_is_right_scores_full(tmp_path: Path) -> None:
    made.in_cells(tmp_path / "c")
    data = build(intake(tmp_path / "c"), tmp_path / "data", 0)
    task = tasks.of_data(data)
    truth = task.encode(data.labels(data.train))
    assert task.layout().shape == (1, made.HEIGHT, made.WIDTH)
    assert task.score_raw(truth, task.perfect(truth), data.fold_of) == 1.0  # type: ignore[arg-type]


@pytest.mark.parametrize("metric", ["dice", "iou", "mask_ap", "dice_global"])
def test_the_decision_fits_the_metric(metric: str) -> None:
    """Objects at 0.35, haze at 0.3 in empty images: only a low threshold with a rule for the empty ones is right."""
    rng = np.random.default_rng(0)
    truth = np.zeros((60, 20, 20), dtype=np.bool_)
    truth[:30, 5:12, 5:12] = True
    raw = np.where(truth, 0.36, 0.02)
    raw[:30, 7:9, 7:9] = 0.9
    raw[30:, 5:12, 5:12] = 0.36
    raw = np.clip(raw + rng.normal(0, 0.005, raw.shape), 0, 1).astype(np.float16)
    counts = Counts.of(truth.reshape(60, -1), raw.reshape(60, -1))
    assert np.array_equal(counts.truth, truth.sum(axis=(1, 2)))
    found = mask_decision.fitted(metric, counts, 400)
    mask = (raw >= found["threshold"]) & ((raw >= found["top"]).sum(axis=(1, 2)) > found["least"])[:, None, None]
    assert get(metric)(Masks.from_array(truth), Masks.from_array(mask)) == 1.0


def test_specks_are_left_out_where_that_helps() -> None:
    truth = np.zeros((40, 32, 32), dtype=np.bool_)
    truth[:, 4:14, 4:14] = True
    masks = truth.copy()
    masks[:, 20:23, 20:23] = True
    masks[:, 27:29, 2:6] = True
    least = mask_decision.least_object("dice", truth, masks)
    assert 9 < least <= 100
    assert np.array_equal(mask_decision.without_specks(masks, least), truth)
    assert mask_decision.least_object("dice", masks, masks) == 0.0


def test_each_class_of_an_image_counts_alike() -> None:
    truth, found = np.zeros((2, 2, 4, 4), dtype=np.bool_), np.zeros((2, 2, 4, 4), dtype=np.bool_)
    truth[0, 0, :2], found[0, 0, :2], found[1, 1, 0, 0] = True, True, True  # right; right; right; a false one
    shapes = np.tile([4, 4], (2, 1))
    t, p = Masks(truth.reshape(-1), shapes, 2), Masks(found.reshape(-1), shapes, 2)
    for name in ("dice", "iou", "mask_ap"):
        assert get(name)(t, p) == pytest.approx(3 / 4)
    assert get("dice_global")(t, p) == pytest.approx(16 / 17)
    assert get("dice")(t[[1]], p[[1]]) == pytest.approx(1 / 2)
    with pytest.raises(InvalidPredictions, match="2 masks an image"):
        get("dice")(t, Masks.from_array(found[:, 0]))


# ---------------------------------------------------------------- grids


@given(st.integers(1, 40), st.integers(1, 40))
def test_resizing_keeps_what_is_even(n_out: int, n_in: int) -> None:
    assert np.allclose(weights(n_out, n_in).sum(axis=1), 1.0, atol=1e-6)
    assert np.allclose(resized(np.full((2, n_in, 3), 0.7), n_out, 5), 0.7, atol=1e-6)


def test_the_grid_is_the_images_own_or_smaller() -> None:
    assert grid_of(np.tile([101, 101], (4000, 1)), 1) == (101, 101)
    height, width = grid_of(np.tile([1400, 2100], (5500, 1)), 4)
    assert 4 * height * width <= 1.05 * MOST_VALUES and 5500 * 4 * height * width <= 1.05 * 200_000_000
    assert height / width == pytest.approx(1400 / 2100, rel=0.05)


def test_large_images_are_scored_small_and_written_large(tmp_path: Path) -> None:
    folder, rng = tmp_path / "c", np.random.default_rng(0)
    sides = (260, 400)
    made.images(folder / "train", [f"a{i}.png" for i in range(12)], rng, sides)
    made.images(folder / "test", [f"b{i}.png" for i in range(4)], rng, sides)
    truth = np.zeros((12, *sides), dtype=np.bool_)
    truth[3:, 40:200, 60:300] = True
    pl.DataFrame({"id": [f"a{i}" for i in range(12)], "rle": made.cells(truth)}).write_csv(folder / "train.csv")
    pl.DataFrame({"id": [f"b{i}" for i in range(4)], "rle": [""] * 4}).write_csv(folder / "sample_submission.csv")
    made.says(folder)
    data = build(intake(folder), tmp_path / "data", 0)
    task = tasks.of_data(data)
    encoded = task.encode(data.labels(data.train))
    assert task.n_outputs() <= 1.05 * MOST_VALUES
    right = task.perfect(encoded)
    full = encoded.pixels.reshape(len(encoded), -1).any(axis=1)
    decided = task.decide(right[np.flatnonzero(full)[[0]].repeat(4)], {})  # type: ignore[index]
    frame = task.write(decided, data.ids(data.test))
    task.check_submission(frame, data.ids(data.test))
    written = Masks.from_rle(frame["rle"].to_list(), np.array(sides)).pixels.reshape(4, *sides)
    both, either = (written & truth[5]).sum(axis=(1, 2)), (written | truth[5]).sum(axis=(1, 2))
    assert (both / either > 0.97).all()


# ---------------------------------------------------------------- submissions


@pytest.mark.parametrize("joined", [True, False])
def test_rows_and_order_are_the_samples(tmp_path: Path, joined: bool) -> None:
    made.of_classes(tmp_path / "c", joined)
    data = build(intake(tmp_path / "c"), tmp_path / "data", 0)
    task = tasks.of_data(data)
    masks = made.blobs(2 * made.TEST, np.random.default_rng(5)).reshape(made.TEST, 2, made.HEIGHT, made.WIDTH)
    decided = task.decide(masks.reshape(made.TEST, -1).astype(np.float16), {})
    ids = data.ids(data.test)
    frame = task.write(decided, ids)
    task.check_submission(frame, ids)
    sample = pl.read_csv(tmp_path / "c" / "sample_submission.csv")
    keys = sample.columns[:-1]
    assert frame.select(keys).equals(sample.select(keys))
    assert frame["EncodedPixels"].to_list() == made.cells(np.concatenate([masks[:, 0], masks[:, 1]]))
    with pytest.raises(InvalidPredictions):
        task.check_submission(frame.with_columns(pl.lit("900 1").alias("EncodedPixels")), ids)


def test_an_empty_mask_is_spelled_as_the_sample_does(tmp_path: Path) -> None:
    made.in_cells(tmp_path / "c")
    path = tmp_path / "c" / "sample_submission.csv"
    path.write_text(path.read_text().replace("1 1", "-1"))
    data = build(intake(tmp_path / "c", {"task_type": "segmentation"}), tmp_path / "data", 0)
    task = tasks.of_data(data)
    frame = task.write(task.decide(np.zeros((made.TEST, task.n_outputs()), dtype=np.float16), {}), data.ids(data.test))
    assert frame["rle_mask"].to_list() == ["-1"] * made.TEST


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_what_is_written_is_what_was_decided(seed: int) -> None:
    rng = np.random.default_rng(seed)
    masks = rng.random((3, 1, 5, 7)) < rng.random()
    whole = Masks(masks.reshape(-1), np.tile([5, 7], (3, 1)))
    again = Masks.from_rle(whole.to_rle(), np.array([5, 7]))
    assert np.array_equal(again.pixels, whole.pixels)


def test_pixels_are_written_where_they_belong(tmp_path: Path) -> None:
    made.pages(tmp_path / "p")
    data = build(intake(tmp_path / "p"), tmp_path / "data", 0)
    task = tasks.of_data(data)
    assert task.layout().shape == (1, 8, 9)
    raw = np.random.default_rng(0).random((2, *task.layout().shape)).astype(np.float16)
    ids = data.ids(data.test)
    frame = task.write(task.decide(raw.reshape(2, -1), {}), ids)
    task.check_submission(frame, ids)
    assert frame["id"].to_list() == pl.read_csv(tmp_path / "p" / "sampleSubmission.csv")["id"].to_list()
    value = dict(zip(frame["id"].to_list(), frame["value"].to_list(), strict=True))
    assert value["3_8_6"] == pytest.approx(float(raw[0, 0, 7, 5]), abs=1e-4)
    assert value["1_7_9"] == pytest.approx(float(raw[1, 0, 6, 8]), abs=1e-4)
    with pytest.raises(InvalidPredictions, match="in the sample's order"):
        task.check_submission(frame.reverse(), ids)


def test_the_score_pools_the_pixels_of_all_images(tmp_path: Path) -> None:
    made.pages(tmp_path / "p")
    data = build(intake(tmp_path / "p"), tmp_path / "data", 0)
    task = tasks.of_data(data)
    labels = data.labels(data.train)
    truth = task.encode(labels)
    guess = np.full_like(truth, 0.5, dtype=np.float16)
    true = np.concatenate([pixels.decode(one).reshape(-1) for one in labels[TRUTH].to_list()]) / 255.0
    assert task.score(truth, guess) == pytest.approx(float(np.sqrt(np.mean((true - 0.5) ** 2))), rel=1e-5)
    assert task.score(truth, task.perfect(truth)) == pytest.approx(0.0, abs=1e-3)  # type: ignore[arg-type]
