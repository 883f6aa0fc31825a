"""Image recipes: reading, measures, heads, label noise, the catalog; nets where torch is there."""

from __future__ import annotations

import dataclasses
import importlib.machinery
import importlib.util
import pickle
import random
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

pytest.importorskip("PIL")

from PIL import Image

from podium.errors import SolutionError
from podium.protocol import Column, Context, Rows
from podium.recipes import catalog, source, vision
from podium.recipes.vision import backbones, clean, descriptors, harmless, measure, outline, pictures, widths
from podium.recipes.vision import catalog as of_images
from podium.recipes.vision.augment import Augment, views
from podium.records import Competition, DataFacts, Hardware, Recipe
from podium.testing.contests.images import SHAPES, draw

N, KINDS = 72, 3  # disc, oval, square
ALL = (*descriptors.BLOCKS, "outline")
FILE = Column("file", "file", pixels=32)
CTX = Context(
    1, 1, "multiclass_classification", "accuracy", KINDS, (FILE, Column("z", "numeric")), classes=SHAPES[:KINDS]
)
HERE = importlib.util.find_spec


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """(rows of all, labels)"""
    folder, rng = tmp_path_factory.mktemp("files"), np.random.default_rng(0)
    labels = np.arange(N) % KINDS
    for at, kind in enumerate(labels):
        Image.fromarray(draw(2 * int(kind), rng)).save(folder / f"{at}.png")
    frame = pl.DataFrame({"file": [f"{at}.png" for at in range(N)], "z": rng.standard_normal(N)})
    return folder, frame, labels.astype(np.int64)


def rows(world: Any, at: Any, labelled: bool = False, y: Any = None) -> Rows:
    folder, frame, labels = world
    at = np.asarray(at)
    return Rows(frame, at, y=(labels[at] if y is None else y) if labelled else None, files=folder)


# ---------------------------------------------------------------- reading


def test_every_kind_of_image_is_brought_to_bytes(tmp_path: Path) -> None:
    grey = np.linspace(0, 255, 64 * 48).reshape(48, 64)
    kinds: dict[str, Any] = {
        "l.png": Image.fromarray(grey.astype(np.uint8)),
        "rgb.jpg": Image.fromarray(np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)),
        "deep.png": Image.fromarray((grey * 257).astype(np.uint16)),
        "float.tif": Image.fromarray((grey / 255).astype(np.float32)),
        "bits.png": Image.fromarray(grey > 127),
        "palette.png": Image.fromarray(grey.astype(np.uint8)).convert("P"),
    }
    for name, image in kinds.items():
        image.save(tmp_path / name)
        found = pictures.squared(pictures.open_image(tmp_path / name), 16, 1)
        assert found.shape == (16, 16, 1)
        assert found.dtype == np.uint8
        assert found[0].mean() < 50 < 200 < found[-1].mean(), name
    clear = np.zeros((8, 8, 4), np.uint8)
    Image.fromarray(clear).save(tmp_path / "clear.png")
    assert (pictures.squared(pictures.open_image(tmp_path / "clear.png"), 8, 3) == 255).all()
    assert pictures.channels_of([tmp_path / "l.png", tmp_path / "rgb.jpg", None]) == 1


def test_a_broken_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "7.png").write_bytes(b"no image")
    with pytest.raises(SolutionError, match=r"7\.png.*pillow"):
        pictures.open_image(tmp_path / "7.png")
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)).save(tmp_path / "8.png")
    (tmp_path / "8.png").write_bytes((tmp_path / "8.png").read_bytes()[:4000])
    with pytest.raises(SolutionError, match=r"8\.png"):
        pictures.open_image(tmp_path / "8.png")


def test_an_album_reads_alike_in_memory_and_not(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [*pictures.files_of(rows(world, range(6)), "file"), None]
    kept = pictures.Album(paths, 20, 3)
    monkeypatch.setattr(pictures, "FITS", 0)
    asked = pictures.Album(paths, 20, 3, cores=2)
    at = np.array([6, 3, 0])
    assert np.array_equal(kept[at], asked[at])
    assert not kept[at][0].any()


# ---------------------------------------------------------------- measures


def test_widths_are_as_the_catalog_says(world: Any) -> None:
    for block in ALL:
        found = measure.measured(rows(world, [0, 1]), "file", {"blocks": (block,)}, CTX)
        assert found.shape == (2, widths.width({"blocks": [block]})), block
        assert np.isfinite(found).all()


def test_measures_of_a_row_do_not_depend_on_the_others(world: Any) -> None:
    every = measure.measured(rows(world, range(10)), "file", {"blocks": ALL}, CTX)
    turned = measure.measured(rows(world, [7, 2]), "file", {"blocks": ALL}, dataclasses.replace(CTX, cores=2))
    assert np.allclose(every[[7, 2]], turned, atol=1e-5)


def test_an_outline_is_free_of_place_and_turn() -> None:
    y, x = np.meshgrid(np.arange(96), np.arange(96), indexing="ij")
    upright = ((x - 48) ** 2 / 900 + (y - 48) ** 2 / 200 < 1).astype(np.uint8) * 200
    measured = outline.measure(upright)
    for other in (np.roll(upright, 9, axis=1), upright.T, 255 - upright):
        assert np.allclose(outline.measure(other), measured, atol=0.08)
    square = (np.maximum(abs(x - 48), abs(y - 48)) < 24).astype(np.uint8) * 200
    assert np.abs(outline.measure(square) - measured).max() > 0.3
    assert not outline.measure(np.zeros((96, 96), np.uint8)).any()


def test_prepared_measures_are_those_made_in_place(world: Any) -> None:
    folder, frame, labels = world
    features = {"blocks": ["colour", "outline"]}
    prepared = measure.measure_files(rows(world, range(N)), CTX, features)
    assert prepared.columns == ["z", "file.told"]
    at, held = np.arange(0, 60), np.arange(60, N)
    fitted = [
        vision.PictureLinear(features={**features, "files": "prepare"}).fit(
            Rows(table, at, y=labels[at], files=folder), CTX
        )
        for table in (frame, prepared)
    ]
    found = [m.predict(Rows(t, held, files=folder), CTX).values for m, t in zip(fitted, (frame, prepared), strict=True)]
    assert np.allclose(*found, atol=1e-6)


# ---------------------------------------------------------------- models


@pytest.mark.parametrize("name", ["PictureLinear", "PictureLDA", "PictureKernel", "PictureForest", "PictureBoost"])
def test_heads_learn_and_pickle(world: Any, name: str) -> None:
    if name == "PictureBoost":
        pytest.importorskip("lightgbm")
    order = np.random.default_rng(0).permutation(N)
    params = {"rounds": 30, "patience": 0} if name == "PictureBoost" else {}
    model = getattr(vision, name)(features={"blocks": ["colour", "outline"]}, **params).fit(
        rows(world, order[:48], True), CTX
    )
    model = pickle.loads(pickle.dumps(model))
    found = model.predict(rows(world, order[48:]), CTX).values
    assert np.allclose(found.sum(axis=1), 1)
    assert (found.argmax(axis=1) == world[2][order[48:]]).mean() > 0.6
    again = model.predict(rows(world, order[:47:-1]), CTX).values[::-1]
    assert np.allclose(found, again, atol=1e-5)


def test_values_and_several_labels(world: Any) -> None:
    value = dataclasses.replace(CTX, task_type="regression", metric="rmse", n_outputs=1, classes=())
    y = world[2] * 2.0 + 1
    model = vision.PictureLinear(features={"blocks": ["outline"]}).fit(rows(world, range(60), True, y[:60]), value)
    assert model.predict(rows(world, range(60, N)), value).values.shape == (N - 60, 1)
    several = dataclasses.replace(CTX, task_type="multilabel_classification", n_outputs=2, classes=())
    both = np.column_stack([world[2] == 0, world[2] == 1]).astype(float)
    lda = vision.PictureLDA(features={"blocks": ["outline"]}).fit(rows(world, range(60), True, both[:60]), several)
    found = lda.predict(rows(world, range(60, N)), several).values
    assert found.shape == (N - 60, 2)
    assert 0 <= found.min() <= found.max() <= 1


def test_wrong_labels_are_found_out_of_fold() -> None:
    rng = np.random.default_rng(0)
    truth = np.arange(300) % 3
    told = np.where(rng.random(300) < 0.2, (truth + 1) % 3, truth)
    places = np.eye(3)[truth] + 0.3 * rng.standard_normal((300, 3))

    def judge(fitted: Any, held: Any) -> Any:
        assert not set(fitted) & set(held)
        means = np.stack([places[fitted][told[fitted] == k].mean(axis=0) for k in range(3)])
        near = np.exp(-8 * ((places[held][:, None] - means) ** 2).sum(axis=2))
        return near / near.sum(axis=1, keepdims=True)

    wrong = clean.suspects(told, clean.judged(told, judge, 4, seed=0))
    assert (wrong & (told != truth)).sum() > 0.8 * (told != truth).sum()
    assert (wrong & (told == truth)).mean() < 0.05
    rare = np.zeros(10, dtype=np.int64)
    rare[:3] = 1
    assert not clean.suspects(rare, np.tile([0.9, 0.1], (10, 1)))[:3].any()


# ---------------------------------------------------------------- turns


def test_which_turns_are_harmless_is_told_by_the_data() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 60, (120, 32, 32, 1)).astype(np.uint8)
    labels = np.arange(120) % 2
    pixels[labels == 1, :12] += 150  # what is bright above is another class than what is bright below
    pixels[labels == 0, 20:] += 150
    told = harmless.symmetries(pixels, np.eye(2)[labels], seed=0)
    assert told.mirror
    assert not told.flip
    light = rng.integers(0, 60, (120, 32, 32, 1)).astype(np.uint8)
    light[labels == 1] += 150
    assert harmless.symmetries(light, np.eye(2)[labels], seed=0) == harmless.Symmetries(True, True, True)
    assert len(views(harmless.Symmetries(True, True, True), 8)) == 8
    assert views(told, 8) == [(False, False, False), (True, False, False)]


def test_augmented_batches_keep_their_shape_and_a_seed_fixes_them() -> None:
    images = np.random.default_rng(0).integers(0, 255, (6, 24, 24, 3)).astype(np.uint8)
    augment = Augment(harmless.Symmetries(True, True, True), hide=1.0)
    first, again = (augment(images, np.random.default_rng(5)) for _ in range(2))
    assert first.shape == images.shape
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert not np.array_equal(first, images)
    still = Augment(harmless.Symmetries(), shift=0, light=0)
    assert np.array_equal(still(images, np.random.default_rng(0)), images)


# ---------------------------------------------------------------- the catalog

HARDWARE = Hardware(2, 8000)
ASKED = Competition(
    "toy", "", "multiclass_classification", "accuracy", "higher", ("shape",), "id", ("id", "shape"), "label",
    classes=("a", "b", "c"), inputs=("image",),
)  # fmt: skip


def facts(pixels: int, n: int = 2000, *others: Column) -> DataFacts:
    column = Column("file", "file", pixels=pixels)
    return DataFacts(n, 0, n // 4, 5, (column, *others), 3, 3)


def test_images_are_led_by_vision_and_tables_by_tabular_alone() -> None:
    assert all(recipe.kind == "vision" for recipe in catalog.portfolio(facts(200), ASKED, HARDWARE))
    plain = DataFacts(2000, 0, 500, 5, (Column("z", "numeric"), Column("g", "file")), 3, 3)
    assert of_images.families(plain, ASKED) == ()
    assert all(recipe.kind == "tabular" for recipe in catalog.portfolio(plain, ASKED, HARDWARE))
    both = catalog.portfolio(facts(200, 2000, Column("z", "numeric")), ASKED, HARDWARE)
    assert {recipe.kind for recipe in both} == {"vision", "tabular"}
    assert not any(recipe.features.get("files") for recipe in both if recipe.kind == "tabular")


def test_without_torch_something_is_played(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *_: None if name == "torch" else HERE(name))
    monkeypatch.setattr(backbones, "available", tuple)
    names = of_images.families(facts(200), ASKED)
    assert "picture_linear" in names
    assert not {"resnet", "tuned", "deep_linear"} & set(names)
    modules = catalog.modules(facts(200), ASKED)
    assert "torch" not in modules
    assert "podium.recipes.vision.*" in modules


def test_torch_is_loaded_early_only_where_nets_are_trained() -> None:
    table = DataFacts(2000, 0, 500, 5, (Column("z", "numeric"),), 3, 3)
    assert catalog.modules(table, ASKED) == ("podium.recipes.tabular.*",)
    assert ("torch" in catalog.modules(facts(32), ASKED)) == (HERE("torch") is not None)


@pytest.mark.parametrize("pixels", [32, 300])
def test_every_recipe_and_its_neighbours_cost_something_and_compile(pixels: int) -> None:
    data, rng = facts(pixels), random.Random(0)
    portfolio = of_images.portfolio(data, ASKED, HARDWARE)
    assert len({catalog.fingerprint(recipe) for recipe in portfolio}) == len(portfolio)
    for recipe in portfolio:
        for other in (recipe, *(of_images.neighbours(recipe, rng, data, ASKED) for _ in range(6))):
            assert 0.01 < catalog.cost_s(other, data, 1600) < 50_000
            assert catalog.cost_s(other, data, 1600) > catalog.cost_s(other, data, 200)
            assert 300 < catalog.memory_mb(other, data) < 8000
        compile(source.solution(recipe, "Title", "why"), "solution.py", "exec")
        assert recipe in [recipe] and of_images.neighbours(recipe, rng, data, ASKED) != recipe


def test_what_the_host_says_of_wrong_labels_puts_filters_first() -> None:
    told = dataclasses.replace(ASKED, description="Beware: some of the labels are noisy labels.")
    first = [recipe.params.get("clean", False) for recipe in of_images.portfolio(facts(300, 900), told, HARDWARE)]
    plain = [recipe.params.get("clean", False) for recipe in of_images.portfolio(facts(300, 900), ASKED, HARDWARE)]
    assert first.index(True) < plain.index(True)


def test_features_cross_only_where_they_are_of_use() -> None:
    numbers = Recipe("vision", "picture_linear", {"blocks": ["colour"]}, {})
    pixels = Recipe("vision", "resnet", {"size": 32}, {"epochs": 5})
    assert catalog.crossover(numbers, pixels, random.Random(0)) == numbers
    other = Recipe("vision", "picture_lda", {"blocks": ["thumb"]}, {})
    assert catalog.crossover(numbers, other, random.Random(0)).model in ("picture_linear", "picture_lda")


# ---------------------------------------------------------------- nets


def test_a_small_net_learns_with_a_table_beside(world: Any) -> None:
    pytest.importorskip("torch")
    params = {"epochs": 3, "width": 4, "batch_size": 16, "views": 2, "smoothing": 0.05, "mix": 0.2, "hide": 0.2}
    model = vision.SmallResNet(features={"turns": "ask"}, **params).fit(rows(world, range(60), True), CTX)
    assert model.notes["size"] == 32
    model = pickle.loads(pickle.dumps(model))
    found = model.predict(rows(world, range(60, N)), CTX).values
    assert np.allclose(found.sum(axis=1), 1)
    again = model.predict(rows(world, range(N - 1, 59, -1)), CTX).values[::-1]
    assert np.allclose(found, again, atol=1e-4)


def test_a_small_net_of_values_and_of_two_classes(world: Any) -> None:
    pytest.importorskip("torch")
    params = {"epochs": 1, "width": 4, "batch_size": 16}
    value = dataclasses.replace(CTX, task_type="regression", metric="rmse", n_outputs=1, classes=())
    y = 100 + world[2].astype(float)
    model = vision.SmallResNet(features={"turns": "mirror"}, **params).fit(rows(world, range(60), True, y[:60]), value)
    found = model.predict(rows(world, range(60, N)), value).values
    assert ((found > 99) & (found < 103)).all()
    two = dataclasses.replace(CTX, task_type="binary_classification", n_outputs=1, classes=("a", "b"))
    binary = (world[2] == 1).astype(np.int64)
    net = vision.SmallResNet(features={"turns": "none"}, tempers=(0.8, 1.2), clean=True, **params)
    net.fit(rows(world, range(60), True, binary[:60]), two)
    assert net.notes["left_out"] < 30
    assert net.predict(rows(world, range(60, N)), two).values.shape == (N - 60, 1)


def test_bi_tempered_loss_is_the_logistic_loss_at_one_and_bounded_below_it() -> None:
    torch = pytest.importorskip("torch")
    from podium.recipes.vision import losses_net

    logits = torch.tensor([[2.0, 0.0, -1.0], [-30.0, 30.0, 0.0]])
    wanted = torch.tensor([[1.0, 0, 0], [1.0, 0, 0]])
    plain = losses_net.classes_loss(logits[:1], wanted[:1], torch.ones(1), 0.0, None)
    assert torch.allclose(losses_net.bi_tempered(logits[:1], wanted[:1], 1.0, 1.0).mean(), plain, atol=1e-3)
    robust = losses_net.bi_tempered(logits, wanted, 0.5, 1.5)
    assert float(robust[1]) < 3
    shares = losses_net.tempered_softmax(logits, 1.5)
    assert torch.allclose(shares.sum(dim=1), torch.ones(2), atol=0.02)
    assert float(shares[1, 0]) > float(torch.softmax(logits, 1)[1, 0])


def test_a_backbone_tells_and_is_tuned(world: Any) -> None:
    if not backbones.available():
        pytest.skip("no pretrained backbone is installed")
    features = {"blocks": ["deep"], "backbone": backbones.available()[0], "size": 64, "components": 20}
    model = vision.PictureLinear(features=features).fit(rows(world, range(48), True), CTX)
    found = model.predict(rows(world, range(48, N)), CTX).values
    assert (found.argmax(axis=1) == world[2][48:]).mean() > 0.4


# ---------------------------------------------------------------- backbones by name

TIMM = "timm:tiny.fake"


@pytest.fixture
def timm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A stand-in for timm with one model, its weights in a folder (with the head that we leave out), and that folder."""
    torch = pytest.importorskip("torch")
    from podium.weights.tensors import write_tensors

    class Tiny(torch.nn.Module):  # type: ignore[misc]
        num_features, pretrained_cfg = 6, {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}

        def __init__(self) -> None:
            super().__init__()
            self.stem = torch.nn.Conv2d(3, 6, 5, 4)

        def forward(self, images: Any) -> Any:
            return torch.relu(self.stem(images)).mean(dim=(2, 3))

    def create_model(name: str, pretrained: bool, num_classes: int) -> Any:
        assert not pretrained and not num_classes
        if name != "tiny.fake":
            raise RuntimeError("Unknown model")
        return Tiny()

    fake: Any = types.ModuleType("timm")
    fake.create_model, fake.__spec__ = create_model, importlib.machinery.ModuleSpec("timm", None)
    monkeypatch.setitem(sys.modules, "timm", fake)
    held = {name: value.numpy() for name, value in Tiny().state_dict().items()}
    write_tensors(tmp_path / "model.safetensors", {**held, "head.weight": np.ones((2, 6), np.float32)})
    return tmp_path


def test_a_model_of_timm_is_frozen_and_tuned(world: Any, timm: Path) -> None:
    ctx = dataclasses.replace(CTX, weights={TIMM: timm})
    frozen = vision.PictureLinear(features={"blocks": ["deep"], "backbone": TIMM, "size": 32})
    assert frozen.fit(rows(world, range(48), True), ctx).predict(rows(world, range(48, N)), ctx).values.shape == (
        N - 48,
        3,
    )
    net = vision.TunedNet({"size": 32, "turns": "none", "backbone": TIMM}, epochs=1, batch_size=16, scales=[1.0, 1.5])
    net.fit(rows(world, range(48), True), ctx)
    found = net.predict(rows(world, range(48, N)), dataclasses.replace(CTX, weights={})).values
    assert np.allclose(found.sum(axis=1), 1)
    net.scales = (1.0,)
    assert not np.allclose(net.predict(rows(world, range(48, N)), CTX).values, found, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "says"),
    [("timm:other.fake", "timm has no model 'other.fake'"), (TIMM, "the run has no weights timm:tiny.fake")],
)
def test_what_is_wrong_with_a_backbone_is_said(world: Any, timm: Path, name: str, says: str) -> None:
    net = vision.TunedNet({"size": 32, "turns": "none", "backbone": name}, epochs=1)
    weights = {name: timm} if name != TIMM else {}
    with pytest.raises(SolutionError, match=says):
        net.fit(rows(world, range(8), True), dataclasses.replace(CTX, weights=weights))


def test_weights_of_another_model_are_refused(timm: Path) -> None:
    from podium.recipes.vision import timm_net
    from podium.weights.tensors import write_tensors

    write_tensors(timm / "model.safetensors", {"head.weight": np.ones((2, 6), np.float32)})
    with pytest.raises(SolutionError, match=r"of another model: they lack stem\.weight"):
        timm_net.load(TIMM, timm)


def test_a_named_model_of_timm_gets_recipes_where_timm_is(timm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podium.weights.here", lambda name: True)
    monkeypatch.setattr(backbones, "here", lambda name: False)
    named = dataclasses.replace(ASKED, brought=dataclasses.replace(ASKED.brought, weights=(TIMM,)))
    recipes = [r for r in of_images.portfolio(facts(300), named, HARDWARE) if r.features.get("backbone") == TIMM]
    assert {recipe.model for recipe in recipes} >= {"deep_linear", "tuned"}
    written = source.solution(next(r for r in recipes if r.model == "tuned"), "x", "y")
    assert f"weights: {TIMM}\n" in written and "requires: timm\n" in written and "efficientnet" not in written
    assert all(catalog.cost_s(recipe, facts(300), 1600) > 0 for recipe in recipes)
    forbidden = dataclasses.replace(named, pretrained="no")
    assert not any(recipe.features.get("backbone") for recipe in of_images.portfolio(facts(300), forbidden, HARDWARE))
