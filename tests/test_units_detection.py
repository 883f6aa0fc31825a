"""Images as units: boxes from columns, cells, COCO and VOC, images without boxes, boxes that are none, and test's rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from podium import tasks
from podium.competition import build, intake
from podium.competition.box_format import ANSWER_KEY, NOTHING_KEY, TRUTH_KEY
from podium.competition.units import TRUTH
from podium.competition.units.detection import make
from podium.competition.units.unit import Units
from podium.errors import IntakeError
from podium.records import Competition

pytest.importorskip("PIL")

SAYS = "# Find\n\nDetect animals: draw bounding boxes.\n\n## Metric\n\nCOCO mAP of the boxes.\n"
SIZE = (80, 60)  # width, height of every image
# class, corners: a box of each image; the third image has two, the fourth none
BOXES = [
    (0, "cat", (5, 6, 25, 26)),
    (1, "dog", (0, 0, 40, 30)),
    (2, "cat", (10, 10, 20, 50)),
    (2, "dog", (30, 20, 70, 55)),
]


def image(path: Path) -> None:
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", SIZE, (90, 120, 30)).save(path)


def folder(root: Path, train: int = 6, test: int = 5) -> Path:
    """Images a0 … of train, b0 … of test, and a description; tables are each test's own."""
    for at in range(train):
        image(root / "train" / f"a{at}.png")
    for at in range(test):
        image(root / "test" / f"b{at}.png")
    (root / "description.md").write_text(SAYS)
    return root


def rows(spell: Callable[[tuple[float, ...]], tuple[object, ...]], names: list[str]) -> pl.DataFrame:
    listed = [(f"a{at}", label, *spell(box)) for at, label, box in BOXES * 3]
    return pl.DataFrame(listed, schema=["image_id", "label", *names], orient="row", strict=False)


def size(box: tuple[float, ...]) -> tuple[float, ...]:
    return (box[0], box[1], box[2] - box[0], box[3] - box[1])


def sample(root: Path, **cells: object) -> None:
    pl.DataFrame({"image_id": [f"b{at}" for at in range(5)], **cells}).write_csv(root / "sample_submission.csv")


def as_columns(root: Path) -> None:
    rows(lambda b: b, ["xmin", "ymin", "xmax", "ymax"]).write_csv(root / "train.csv")
    pl.DataFrame({"image_id": [f"b{at}" for at in range(5)]}).write_csv(root / "test.csv")
    sample(root, label="cat", confidence=0.5, xmin=1, ymin=1, xmax=9, ymax=9)


def as_sizes(root: Path) -> None:
    rows(size, ["x", "y", "width", "height"]).write_csv(root / "train.csv")
    pl.DataFrame({"image_id": [f"b{at}" for at in range(5)]}).write_csv(root / "test.csv")
    sample(root, label="cat", score=0.5, x=1, y=1, width=9, height=9)


def as_cells(root: Path) -> None:
    rows(lambda b: (str(list(map(float, size(b)))),), ["bbox"]).write_csv(root / "train.csv")
    sample(root, PredictionString="cat 1.0 0 0 50 50")


def as_strings(root: Path) -> None:
    by_image: dict[str, list[str]] = {}
    for at, label, box in BOXES:
        by_image.setdefault(f"a{at}", []).append(" ".join(map(str, (label, *box))))
    frame = pl.DataFrame({"image_id": list(by_image), "PredictionString": [" ".join(of) for of in by_image.values()]})
    frame.write_csv(root / "train.csv")
    sample(root, PredictionString="cat 0.9 0 0 50 50")


def as_coco(root: Path) -> None:
    images = [{"id": 10 + at, "file_name": f"a{at}.png"} for at in range(6)]
    notes = [
        {"id": k, "image_id": 10 + at, "category_id": 3 if label == "cat" else 7, "bbox": list(size(box))}
        for k, (at, label, box) in enumerate(BOXES)
    ]
    kinds = [{"id": 3, "name": "cat"}, {"id": 7, "name": "dog"}]
    content = {"images": images, "annotations": notes, "categories": kinds}
    (root / "train" / "annotations.json").write_text(json.dumps(content))
    sample(root, label="dog", confidence=0.5, x=1, y=1, w=9, h=9)


def as_voc(root: Path) -> None:
    for at in range(6):
        objects = "".join(
            f"<object><name>{label}</name><bndbox><xmin>{b[0]}</xmin><ymin>{b[1]}</ymin><xmax>{b[2]}</xmax>"
            f"<ymax>{b[3]}</ymax></bndbox></object>"
            for i, label, b in BOXES
            if i == at
        )
        (root / "train" / f"a{at}.xml").write_text(f"<annotation><filename>a{at}.png</filename>{objects}</annotation>")
    sample(root, label="dog", confidence=0.5, xmin=1, ymin=1, xmax=9, ymax=9)


WAYS = {
    "columns": (as_columns, "columns: label xmin ymin xmax ymax", "columns: label confidence xmin ymin xmax ymax", 3),
    "sizes": (as_sizes, "columns: label x y w h", "columns: label confidence x y w h", 3),
    "cells": (as_cells, "cell: x y w h", "cell: label confidence x y w h", 3),
    "strings": (as_strings, "cell: label xmin ymin xmax ymax", "cell: label confidence xmin ymin xmax ymax", 1),
    "coco": (as_coco, "coco: label x y w h", "columns: label confidence x y w h", 1),
    "voc": (as_voc, "voc: label xmin ymin xmax ymax", "columns: label confidence xmin ymin xmax ymax", 1),
}


def units(root: Path, **told: str) -> tuple[Competition, Units]:
    made = intake(root, told)
    return made, make(made, Path(made.data_dir), 0)


@pytest.mark.parametrize("way", WAYS)
def test_boxes_are_read_however_they_are_written(way: str, tmp_path: Path) -> None:
    ship, given, asked, times = WAYS[way]
    ship(folder(tmp_path / "f"))
    told = {"target_column": "PredictionString"} if way == "strings" else {}
    if way == "strings":
        (tmp_path / "f" / "description.md").write_text(SAYS + "\nA cell: label xmin ymin xmax ymax of each box.\n")
    made, found = units(tmp_path / "f", **told)
    assert (made.evidence[TRUTH_KEY].value, made.evidence[ANSWER_KEY].value) == (given, asked)
    assert made.classes == ("cat", "dog") and made.cv_strategy == "random"
    train = dict(zip(found.source.train["image_id"].to_list(), found.source.train[TRUTH].to_list(), strict=True))
    assert sorted(train) == [f"a{at}" for at in range(6)], "images without a box are rows too"
    expected: dict[str, list[float]] = {f"a{at}": [] for at in range(6)}
    for at, label, box in BOXES:
        expected[f"a{at}"] += [float(made.classes.index(label)), *map(float, box)]
    assert {name: sorted(of) for name, of in train.items()} == {n: sorted(of * times) for n, of in expected.items()}
    assert found.source.test["image_id"].to_list() == [f"b{at}" for at in range(5)]
    assert found.files is not None
    refs = found.files["file"]
    assert [Path(str(r)).stem for r in refs] == [*found.source.train["image_id"], *found.source.test["image_id"]]
    assert tasks.obstacle(made) == ""


def test_boxes_that_are_none_are_dropped_and_told(tmp_path: Path) -> None:
    root = folder(tmp_path / "f")
    as_columns(root)
    bad = [
        ("a3", "cat", 70, 50, 99, 99),
        ("a3", "cat", 5, 5, 5, 9),
        ("a4", "cat", 90, 90, 95, 95),
        ("a4", "dog", None, 1, 2, 3),
    ]
    good = rows(lambda b: b, ["xmin", "ymin", "xmax", "ymax"])
    pl.concat([good, pl.DataFrame(bad, schema=good.schema, orient="row")]).write_csv(root / "train.csv")
    _, found = units(root)
    train = dict(zip(found.source.train["image_id"].to_list(), found.source.train[TRUTH].to_list(), strict=True))
    assert train["a3"] == [0.0, 70.0, 50.0, 80.0, 60.0] and train["a4"] == []
    told = " ".join(found.source.notices)
    assert "1 boxes of train reach out" in told and "3 boxes of train have no area" in told


def test_shares_of_the_sides_become_pixels(tmp_path: Path) -> None:
    root = folder(tmp_path / "f")
    as_columns(root)
    shares = rows(lambda b: (b[0] / 80, b[1] / 60, b[2] / 80, b[3] / 60), ["xmin", "ymin", "xmax", "ymax"])
    shares.write_csv(root / "train.csv")
    sample(root, label="cat", confidence=0.5, xmin=0.1, ymin=0.1, xmax=0.9, ymax=0.9)
    made, found = units(root)
    assert made.evidence[TRUTH_KEY].value.endswith("relative") and made.evidence[ANSWER_KEY].value.endswith("relative")
    assert found.source.train[TRUTH][1].to_list()[:5] == pytest.approx([1, 0, 0, 40, 30])


def test_test_rows_from_the_folder_where_nothing_names_them(tmp_path: Path) -> None:
    root = folder(tmp_path / "f", test=8)
    as_columns(root)
    (root / "test.csv").unlink()
    _, found = units(root)
    assert found.source.test["image_id"].to_list() == [f"b{at}" for at in range(8)], "the sample shows five of eight"


def test_a_cell_that_says_nothing_is_found(tmp_path: Path) -> None:
    root = folder(tmp_path / "f")
    as_cells(root)
    sample(root, PredictionString="cat 1 0 0 1 1")
    assert intake(root).evidence[NOTHING_KEY].value == "cat 1 0 0 1 1"


def test_images_that_are_not_there_are_told(tmp_path: Path) -> None:
    root = folder(tmp_path / "f")
    as_columns(root)
    frame = pl.read_csv(root / "train.csv").with_columns(pl.concat_str(pl.lit("x"), "image_id").alias("image_id"))
    frame.write_csv(root / "train.csv")
    with pytest.raises(IntakeError, match="images of train are not found"):
        units(root)


def test_one_image_without_a_file_is_left_out(tmp_path: Path) -> None:
    root = folder(tmp_path / "f")
    as_columns(root)
    (root / "train" / "a1.png").unlink()
    _, found = units(root)
    assert "a1" not in found.source.train["image_id"].to_list()
    assert "1 images of train have no file" in " ".join(found.source.notices)


def test_the_dealt_data_hold_an_image_a_row(tmp_path: Path) -> None:
    root = folder(tmp_path / "f")
    as_columns(root)
    made = intake(root)
    data = build(made, tmp_path / "data", 0)
    assert (data.facts.n_train, data.facts.n_test, data.facts.n_folds) == (6, 5, 3)
    task = tasks.for_competition(made)
    task.measure(data.folder)
    truth = task.encode(data.labels(data.train))
    assert len(truth) == 6 and len(truth.label) == 12
    ids = data.ids(data.test)
    assert ids is not None and ids.to_list() == [f"b{at}" for at in range(5)]
    assert [column.kind for column in data.columns] == ["file"]
