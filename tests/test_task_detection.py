"""Detection as a task: layout, raw predictions, and submissions in every way that boxes are asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from podium.competition.box_format import (
    ANSWER_KEY,
    CENTRE,
    CORNERS,
    NOTHING_KEY,
    SIZE,
    TRUTH_KEY,
    BoxFormat,
    from_corners,
    recorded,
    to_corners,
)
from podium.competition.units import TRUTH
from podium.errors import IntakeError, InvalidPredictions
from podium.metrics import get
from podium.metrics.shapes import Boxes
from podium.packing import boxes
from podium.records import Competition, Evidence
from podium.tasks.detection import LEAST, MOST, DetectionTask
from podium.testing.task_conformance import conform

N = 24
COLUMNS = ("image", "label", "confidence", "xmin", "ymin", "xmax", "ymax")


def competition(asked: str = "columns: label confidence xmin ymin xmax ymax", **changes: object) -> Competition:
    header = COLUMNS if asked.startswith("columns") else ("image", "boxes")
    evidence = {
        ANSWER_KEY: Evidence(asked, "the sample", 0.9),
        TRUTH_KEY: Evidence("columns: label xmin ymin xmax ymax", "train", 0.9),
    }
    made = Competition(
        "toy", "/nowhere", "object_detection", "box_map", "higher", ("label", *COLUMNS[3:]), "image", header, "boxes",
        classes=("cat", "dog"), evidence=evidence, inputs=("image",),
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def task_of(made: Competition) -> DetectionTask:
    return DetectionTask(made, get(made.metric))


def labels(seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    lists = []
    for at in range(N):
        m = int(rng.integers(0 if at else 1, 5))
        low = rng.uniform(0, 60, (m, 2))
        lists.append(np.hstack([rng.integers(0, 2, (m, 1)), low, low + rng.uniform(5, 40, (m, 2))]).ravel().tolist())
    return pl.DataFrame({TRUTH: pl.Series(lists, dtype=pl.List(pl.Float64))})


def raw_of(task: DetectionTask, seed: int = 1) -> NDArray[np.float64]:
    """The true boxes, moved a little, and some false ones; one box in the last image."""
    rng = np.random.default_rng(seed)
    truth, found = task.encode(labels()), []
    for at in range(N):
        true = np.column_stack([truth.label, truth.corners])[truth.image == at]
        low = rng.uniform(0, 60, (2, 2))
        all_ = np.vstack([true, np.hstack([rng.integers(0, 2, (2, 1)), low, low + 20])]) if at < N - 1 else true[:1]
        all_ = all_ if len(all_) else np.array([[0, 1, 1, 9, 9.0]])
        all_[:, 1:] += rng.normal(0, 0.5, all_[:, 1:].shape)
        found.append(np.column_stack([all_, rng.uniform(0.2, 1, len(all_))]))
    return np.asarray(boxes(found, task.layout()).values.reshape(N, -1), dtype=np.float64)


IDS = pl.Series("image", [f"im{at:02d}" for at in range(N)])
WAYS = (
    "columns: label confidence xmin ymin xmax ymax", "cell: label confidence xmin ymin xmax ymax", "cell: confidence x y w h",
    "cell: label confidence cx cy w h, relative",
)  # fmt: skip


@pytest.mark.parametrize("asked", WAYS)
def test_conforms(asked: str) -> None:
    task = task_of(competition(asked))
    task.sizes = dict.fromkeys(IDS.to_list(), (100.0, 120.0))
    conform(task, labels(), raw_of(task), IDS)


def test_columns_are_written_surest_first_and_no_image_is_missing() -> None:
    task = task_of(competition())
    found = Boxes.of([0, 0, 2], [1, 0, 0], [[1, 2, 3, 4], [5, 6, 7, 8], [0, 0, 9, 9.126]], 3, [0.25, 0.5, 0.75])
    frame = task.write(found, IDS[:3])
    assert frame.rows() == [
        ("im00", "cat", 0.5, 5.0, 6.0, 7.0, 8.0),
        ("im00", "dog", 0.25, 1.0, 2.0, 3.0, 4.0),
        ("im01", "cat", 0.0, 0.0, 0.0, 1.0, 1.0),
        ("im02", "cat", 0.75, 0.0, 0.0, 9.0, 9.13),
    ]
    task.check_submission(frame, IDS[:3])


@pytest.mark.parametrize(
    ("asked", "cell"),
    [
        ("cell: confidence x y w h", "0.5 10 20 30 40"),
        ("cell: label confidence xmin ymin xmax ymax", "dog 0.5 10 20 40 60"),
        ("cell: label confidence cx cy w h, relative", "dog 0.5 0.25 0.2 0.3 0.2"),
    ],
)
def test_cells_are_written_as_asked(asked: str, cell: str) -> None:
    task = task_of(competition(asked))
    task.sizes = {"im00": (200.0, 100.0)}
    frame = task.write(Boxes.of([0], [1], [[10, 20, 40, 60]], 2, [0.5]), IDS[:2])
    assert frame["boxes"].to_list() == [cell, ""]


def test_no_box_is_spelled_as_the_sample_does() -> None:
    made = competition("cell: label confidence xmin ymin xmax ymax")
    made = replace(made, evidence={**made.evidence, NOTHING_KEY: Evidence("14 1 0 0 1 1", "the sample", 0.7)})
    task = task_of(made)
    frame = task.write(Boxes.of([], [], [], 1, []), IDS[:1])
    assert frame["boxes"].to_list() == ["14 1 0 0 1 1"]
    task.check_submission(frame, IDS[:1])


@pytest.mark.parametrize(
    "cell", ["dog 0.5 1 2 3", "dog 0.5 9 9 1 1", "bird 0.5 1 2 3 4", "dog 0.5 1 2 3 x", "dog 0.5 1 2 nan 4"]
)
def test_a_bad_cell_is_refused(cell: str) -> None:
    task = task_of(competition("cell: label confidence xmin ymin xmax ymax"))
    with pytest.raises(InvalidPredictions):
        task.check_submission(pl.DataFrame({"image": ["im00"], "boxes": [cell]}), IDS[:1])


@pytest.mark.parametrize(
    "row", [("im00", "bird", 0.5, 1, 2, 3, 4), ("im00", "cat", 0.5, 9, 2, 3, 4), ("im77", "cat", 0.5, 1, 2, 3, 4)]
)
def test_a_bad_row_is_refused(row: tuple[object, ...]) -> None:
    with pytest.raises(InvalidPredictions):
        task_of(competition()).check_submission(pl.DataFrame([row], schema=list(COLUMNS), orient="row"), IDS[:1])


@pytest.mark.parametrize(
    "bad", [[2, 0, 0, 1, 1, 0.5], [0.5, 0, 0, 1, 1, 0.5], [0, 5, 5, 1, 1, 0.5], [0, 0, 0, 1, 1, 1.5]]
)
def test_impossible_boxes_are_refused(bad: list[float]) -> None:
    task = task_of(competition())
    raw = np.zeros((1, task.n_outputs()))
    raw[0, :6] = bad
    with pytest.raises(InvalidPredictions):
        task.check(raw, 1)


@pytest.mark.parametrize(("crowd", "most"), [(1, LEAST), (20, 50), (1000, MOST)])
def test_the_layout_has_room_for_crowded_images(crowd: int, most: int, tmp_path: Path) -> None:
    lists = pl.Series([[0.0, 0, 0, 1, 1] * crowd] * 3 + [[]] * 2, dtype=pl.List(pl.Float64))
    pl.DataFrame({TRUTH: lists}).write_ipc(tmp_path / "labels.arrow", compression="uncompressed")
    task = task_of(competition())
    task.measure(tmp_path)
    assert task.layout().shape == (most, 6) and task.n_outputs() == 6 * most


def test_the_perfect_answer_is_perfect() -> None:
    task = task_of(competition())
    truth = task.encode(labels())
    packed = boxes(
        [np.column_stack([truth.label, truth.corners, np.ones(len(truth.label))])[truth.image == i] for i in range(N)],
        task.layout(),
    )
    raw = task.check(packed.values.reshape(N, -1), N)
    assert task.score_raw(truth, raw, (np.arange(N) % 3).astype(np.int8)) == pytest.approx(1.0)


@pytest.mark.parametrize("geometry", [CORNERS, SIZE, CENTRE])
def test_geometries_lead_back(geometry: tuple[str, ...]) -> None:
    low = np.random.default_rng(0).uniform(0, 50, (9, 2))
    corners = np.hstack([low, low + 7.5])
    assert to_corners(from_corners(corners, geometry), geometry) == pytest.approx(corners)


def test_formats_are_recorded_in_words() -> None:
    fmt = BoxFormat("cell", ("label", "confidence", *CENTRE), True)
    assert BoxFormat.read(fmt.spelled()) == fmt
    with pytest.raises(IntakeError):
        BoxFormat.read("cell: a b c d")
    with pytest.raises(IntakeError, match="not known how the boxes of the submission"):
        recorded(replace(competition(), evidence={}), ANSWER_KEY)
