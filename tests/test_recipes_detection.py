"""Detection recipes: targets, peaks, views; both detectors on a toy; the catalog."""

from __future__ import annotations

import importlib.util
import pickle
import random
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from podium.metrics.boxes import box_map
from podium.metrics.shapes import Boxes
from podium.packing import unpack_boxes
from podium.protocol import Column, Context, Layout, Rows
from podium.recipes import catalog as all_kinds
from podium.recipes import source
from podium.recipes.detection import CellBoost, CenterNet, catalog
from podium.recipes.detection.augment import Jitter, View, seen, view
from podium.recipes.detection.peaks import onto_image, suppress
from podium.recipes.detection.targets import draw
from podium.records import Competition, DataFacts, Hardware

pytest.importorskip("PIL")
from podium.recipes.detection.pictures import Pictures, longest_for

TORCH = importlib.util.find_spec("torch") is not None
needs_torch = pytest.mark.skipif(not TORCH, reason="torch is not installed")


# ---------------------------------------------------------------- a toy: red squares and blue bars


def toy(folder: Path, n: int = 14, seed: int = 0, size: tuple[int, int] = (64, 96)) -> tuple[Rows, NDArray[Any]]:
    from PIL import Image

    rng, truth = np.random.default_rng(seed), np.empty(n, dtype=object)
    for at in range(n):
        pixels = rng.normal(120, 6, (*size, 3))
        boxes = []
        for label, (w, h) in ((0, (20, 20)), (1, (30, 12)))[: 1 + at % 2]:
            x, y = int(rng.integers(1, 46 - w)) + 48 * label, int(rng.integers(1, size[0] - h - 1))
            pixels[y : y + h, x : x + w] = (200, 30, 30) if label == 0 else (30, 40, 200)
            boxes.append([label, x, y, x + w, y + h])
        truth[at] = np.array(boxes, dtype=np.float64)
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / f"{at}.png")
    frame = pl.DataFrame({"file": [f"{at}.png" for at in range(n)]})
    return Rows(frame, np.arange(n), y=truth, files=folder), truth


def context(**changes: Any) -> Context:
    base = Context(
        seed=3, cores=1, task_type="object_detection", metric="box_map", n_outputs=60, schema=(Column("file", "file"),),
        classes=("square", "bar"), layout=Layout("boxes", (10, 6), "float32"),
    )  # fmt: skip
    return replace(base, **changes)


def score(truth: NDArray[Any], values: NDArray[Any]) -> float:
    found = unpack_boxes(values.reshape(len(truth), -1))
    sides = []
    for lists in (truth, found):
        flat = np.concatenate(list(lists))
        image = np.repeat(np.arange(len(truth)), [len(of) for of in lists])
        sure = flat[:, 5] if flat.shape[1] > 5 else None
        sides.append(Boxes.of(image, flat[:, 0], flat[:, 1:5], len(truth), sure))
    return box_map(*sides)


def test_boosted_cells_find_squares_and_bars(tmp_path: Path) -> None:
    rows, truth = toy(tmp_path, 24)
    ctx = context()
    few = rows.take(np.arange(16))
    model = CellBoost(size=96, rounds=40, num_leaves=15).fit(few, ctx)
    rest = np.arange(16, 24)
    found = model.predict(Rows(rows.frame(), rest, files=tmp_path), ctx).values
    assert found.shape == (8, 10, 6) and score(truth[rest], found) > 0.5
    again = pickle.loads(pickle.dumps(model)).predict(Rows(rows.frame(), rest[::-1].copy(), files=tmp_path), ctx).values
    assert np.array_equal(again[::-1], found), "a row's boxes do not depend on the rows beside it"
    same = CellBoost(size=96, rounds=40, num_leaves=15).fit(few, ctx)
    assert same.boosters == model.boosters


def test_boosted_cells_end_in_time_and_survive_a_missing_image(tmp_path: Path) -> None:
    rows, _ = toy(tmp_path, 8)
    (tmp_path / "5.png").write_bytes(b"no image")
    frame = pl.DataFrame({"file": [*(f"{at}.png" for at in range(7)), None]})
    began, ctx = time.monotonic(), context(deadline=time.monotonic() + 2.0)
    model = CellBoost(size=96, rounds=100_000).fit(rows, ctx)
    assert time.monotonic() - began < 60  # of rounds without end
    found = unpack_boxes(model.predict(Rows(frame, np.arange(8), files=tmp_path), context()).values.reshape(8, -1))
    assert not len(found[5]) and not len(found[7])


@needs_torch
def test_the_net_learns_and_predicts_row_by_row(tmp_path: Path) -> None:
    rows, truth = toy(tmp_path, 16)
    ctx = context()
    params = {
        "size": 96,
        "stride": 8,
        "epochs": 24,
        "lr": 2e-3,
        "pretrained": False,
        "frozen": 0,
        "width": 32,
        "zoom": 1.1,
    }
    model = CenterNet(**params).fit(rows, ctx)
    unlabelled = Rows(rows.frame(), np.arange(16), files=tmp_path)
    found = model.predict(unlabelled, ctx).values
    assert found.shape == (16, 10, 6) and score(truth, found) > 0.2
    kept = pickle.loads(pickle.dumps(model))
    alone = kept.predict(unlabelled.take(np.array([11])), ctx).values
    sure = found[11][:, 5] > 0.1
    assert np.allclose(alone[0][sure], found[11][sure], atol=1e-2)


@needs_torch
def test_the_net_is_the_same_for_a_seed_and_ends_in_time(tmp_path: Path) -> None:
    rows, _ = toy(tmp_path, 6)
    params = {
        "size": 64,
        "stride": 4,
        "pretrained": False,
        "frozen": 0,
        "width": 16,
        "mosaic": 0.5,
        "crop": 32,
        "upside": True,
    }
    a, b = (CenterNet(epochs=1, **params).fit(rows, context()) for _ in range(2))
    assert all(np.array_equal(a.weights[name], b.weights[name]) for name in a.weights)
    began = time.monotonic()
    short = CenterNet(epochs=100_000, **params).fit(rows, context(deadline=time.monotonic() + 1.5))
    assert time.monotonic() - began < 60 and short.notes["steps"] >= 1


@needs_torch
@pytest.mark.skipif(not all(map(catalog.loads, catalog.PRETRAINED)), reason="no weights installed")
def test_the_pretrained_encoder_keeps_its_first_blocks() -> None:
    import torch

    from podium.recipes.detection.network_net import Detector

    net = Detector(2, 8, True, 10.0, 32, frozen=3).train()
    assert not any(p.requires_grad for p in net.encoder.blocks[:3].parameters())
    assert not any(part.training for part in net.encoder.modules() if isinstance(part, torch.nn.BatchNorm2d))
    heat, sides = net(torch.zeros(1, 3, 64, 96))
    assert heat.shape == (1, 2, 8, 12) and sides.shape == (1, 4, 8, 12)


# ---------------------------------------------------------------- targets, peaks, views


def test_targets_lead_back_to_their_boxes() -> None:
    boxes = np.array([[1, 10, 20, 50, 44], [0, 60, 4, 66, 10.0]])
    heat, sides, weight = draw(boxes, 2, (12, 18), 4)
    assert heat.max() == 1 and (heat == 1).sum() == 2
    for label, left, top, right, bottom in boxes:
        row, column = np.argwhere(heat[int(label)] == 1)[0]
        x, y = (column + 0.5) * 4, (row + 0.5) * 4
        line = sides[:, row, column]
        assert [x - line[0], y - line[1], x + line[2], y + line[3]] == pytest.approx([left, top, right, bottom])
        assert weight[row, column] > 0
    assert not draw(np.zeros((0, 5)), 2, (12, 18), 4)[0].any()


def test_a_small_box_is_not_lost_in_a_large_one() -> None:
    _, sides, _ = draw(np.array([[0, 0, 0, 64, 64], [0, 28, 28, 36, 36.0]]), 1, (16, 16), 4)
    assert sides[:, 8, 8].max() < 10


def test_suppression_by_hand() -> None:
    found = np.array([[0, 0, 0, 10, 10, 0.9], [0, 1, 0, 11, 10, 0.8], [1, 1, 0, 11, 10, 0.7], [0, 30, 0, 40, 10, 0.6]])
    assert suppress(found, 0.5, 9)[:, 5].tolist() == [0.9, 0.7, 0.6]
    assert suppress(found, 0.5, 2)[:, 5].tolist() == [0.9, 0.7]
    assert len(suppress(found, 0.9, 9)) == 4
    assert onto_image(found[:1], 0.5, (15, 15))[0].tolist() == [0, 0, 0, 15, 15, 0.9]


def test_views_carry_their_boxes() -> None:
    whole = View((1.0, 1.0), (48.0, 32.0), (64, 96))
    boxes = np.array([[0, 10, 20, 30, 40.0]])
    assert np.array_equal(seen(boxes, whole), boxes)
    mirrored = View((-1.0, 1.0), (48.0, 32.0), (64, 96))
    assert seen(boxes, mirrored)[0].tolist() == [0, 66, 20, 86, 40]
    away = View((1.0, 1.0), (148.0, 32.0), (64, 96))
    assert not len(seen(boxes, away))


@needs_torch
def test_pixels_go_where_their_boxes_go() -> None:
    from podium.recipes.detection.network_net import looked_at

    pixels = np.full((64, 96, 3), 127, dtype=np.uint8)
    pixels[20:40, 10:30] = 255
    rng = np.random.default_rng(0)
    for _ in range(12):
        of = view(rng, Jitter(upside=True), (64, 96), (64, 96), np.zeros((0, 5)))
        (box,) = seen(np.array([[0, 10, 20, 30, 40.0]]), of)
        image = looked_at(pixels, of, np.ones(3), 0.0).numpy()[0]
        y, x = np.nonzero(image > 0.5)
        assert [x.min(), y.min(), x.max() + 1, y.max() + 1] == pytest.approx(box[1:], abs=1.5)


def test_the_canvas_is_as_large_as_the_smallest_class_needs() -> None:
    large, tiny = np.array([[0, 0, 0, 50, 50.0]] * 9), np.array([[1, 0, 0, 5, 5.0]])
    sizes = np.array([[100, 200]])
    assert longest_for([large], sizes, 10, (64, 960)) == 64
    assert longest_for([np.vstack([large, tiny])], sizes, 10, (64, 960)) == 416  # 10 pixels of 5 in 200
    assert longest_for([np.vstack([large, tiny])], sizes, 10, (64, 320)) == 320
    assert longest_for([np.zeros((0, 5))], sizes, 10, (64, 320)) == 64


def test_images_of_other_shapes_are_laid_on_one_canvas(tmp_path: Path) -> None:
    rows, _ = toy(tmp_path, 4)
    toy(tmp_path, 1, size=(100, 96))
    pictures = Pictures(rows, "file", longest=lambda sizes: 96)
    assert pictures.canvas == (64, 96) and pictures.scale.tolist() == pytest.approx([0.64, 1, 1, 1])
    assert pictures[np.array([0])].shape == (1, 64, 96, 3)
    assert (pictures[np.array([0])][0, :, 70:] == 127).all()


# ---------------------------------------------------------------- catalog

FACTS = DataFacts(270, 0, 90, 3, (Column("file", "file", 360),), 3, 270)
COMPETITION = Competition(
    "toy", "/nowhere", "object_detection", "box_map", "higher", ("label",), "image", ("image", "boxes"), "boxes",
    classes=("a", "b", "c"), inputs=("image",),
)  # fmt: skip
HARDWARE = Hardware(2, 4000)


def test_the_portfolio_begins_with_what_is_cheap() -> None:
    found = all_kinds.portfolio(FACTS, COMPETITION, HARDWARE)
    assert found[0].model == "cell_boost" and len({recipe.model for recipe in found}) == (2 if TORCH else 1)
    costs = [all_kinds.cost_s(recipe, FACTS, 180) for recipe in found]
    assert costs[0] == min(costs) and all(0 < cost < 3600 for cost in costs)
    assert all(400 < all_kinds.memory_mb(recipe, FACTS) < 4000 for recipe in found)
    for recipe in found:
        text = source.solution(recipe, "A detector", "because")
        compile(text, "solution.py", "exec")
        assert catalog.FAMILIES[recipe.model].class_name in text


def test_without_torch_something_plays(monkeypatch: pytest.MonkeyPatch) -> None:
    loads = catalog.loads
    monkeypatch.setattr(catalog, "loads", lambda package: package != "torch" and loads(package))
    assert catalog.families(FACTS, COMPETITION) == ("cell_boost",)
    assert {recipe.model for recipe in catalog.portfolio(FACTS, COMPETITION, HARDWARE)} == {"cell_boost"}


def test_rules_that_forbid_pretrained_models_bind_the_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "loads", lambda package: True)
    for rule, learned in (("ask", True), ("yes", True), ("no", False)):
        listed = catalog.portfolio(FACTS, replace(COMPETITION, pretrained=rule), HARDWARE)
        nets = [recipe for recipe in listed if recipe.model == "centernet"]
        assert nets and all(net.params["pretrained"] is learned for net in nets)


def test_neighbours_change_something_the_family_knows() -> None:
    rng = random.Random(0)
    for recipe in all_kinds.portfolio(FACTS, COMPETITION, HARDWARE):
        for _ in range(20):
            other = all_kinds.neighbours(recipe, rng, FACTS, COMPETITION)
            changed = {k for k, v in other.params.items() if recipe.params.get(k) != v}
            assert changed and changed <= set(catalog.SPACE[recipe.model])


def test_larger_pictures_and_longer_schedules_cost_more() -> None:
    net = catalog.portfolio(FACTS, COMPETITION, HARDWARE)[-1]
    dearer = [{"size": 640}, {"epochs": 50}, {"stride": 4}]
    for change in dearer:
        other = replace(net, params={**net.params, **change})
        assert catalog.cost_s(other, FACTS, 180) > catalog.cost_s(net, FACTS, 180)
