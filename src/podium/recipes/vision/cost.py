"""Static estimates of time and memory. Constants are fits to `bench/vision.py` on one x86 core of 2026."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from podium.protocol import Column
from podium.recipes.measured import MADE, ONCE
from podium.recipes.tabular.cost import cost_s as tabular_cost_s
from podium.recipes.vision import backbones
from podium.recipes.vision.widths import WIDTHS, width
from podium.records import DataFacts, Recipe

READ_S, PIXEL_S = 2.0e-4, 1.2e-8  # of an image, and of each of its pixels
BLOCK_S = {"colour": 6e-4, "thumb": 1.0e-4, "gradients": 9.0e-4, "texture": 1.0e-3, "outline": 4.0e-3}
NET_FLOPS = 5.6e10  # a second, of a small net's convolutions, forward and back
DEEP_FLOPS = 8.0e9  # of a backbone's, whose convolutions are thin
START_S = 4.0  # torch, where the warm parent has not loaded it; and the first, slow steps
BACK = 3.0  # a step over a forward pass
ASK_S = 6.0  # which turns are harmless
CLEAN = 1.0  # nets fitted to find wrong labels, over the net itself
IMAGE_S = 4e-5  # augmenting an image of 32 pixels a side

BASE = {
    "picture_linear": "linear", "picture_lda": "linear", "picture_kernel": "kernel", "picture_forest": "extra_trees",
    "picture_boost": "lightgbm", "picture_mlp": "mlp", "picture_knn": "knn",
    "deep_linear": "linear", "deep_lda": "linear", "deep_kernel": "kernel", "deep_boost": "lightgbm",
}  # fmt: skip
NETS = ("resnet", "tuned")


def pictures(facts: DataFacts) -> list[Column]:
    return [column for column in facts.columns if column.kind == "file" and column.pixels]


def cost_s(recipe: Recipe, facts: DataFacts, rows: int) -> float:
    """Seconds of one fit on `rows` rows and one predict of a fold's share, on one core."""
    rows = max(1, rows)
    seconds = _net_s(recipe, facts, rows) if recipe.model in NETS else _measured_s(recipe, facts, rows)
    return round(seconds, 3)


def memory_mb(recipe: Recipe, facts: DataFacts) -> int:
    """Peak of one run: libraries, pixels or features of all rows, a net's activations."""
    rows, columns = facts.n_train + facts.n_test, max(1, len(pictures(facts)))
    if recipe.model in NETS:
        side = _side(recipe, facts)
        held = min(1200.0, rows * columns * side * side * 3 / 2**20)
        batch = int(recipe.params.get("batch_size", 64))
        active = (
            batch * side * side * (4 * 4 * int(recipe.params.get("width", 16)) * 3 if recipe.model == "resnet" else 900)
        )
        return int(700 + held + active / 2**20)
    wide = width(recipe.features) * columns
    deep = 500 if "deep" in recipe.features.get("blocks", ()) else 0
    return int(400 + deep + 6 * 4 * rows * wide / 2**20)


def net_flops(side: int, channels: int, width: int, depth: int) -> float:
    """Operations of `nets.Residual` for one image, forward."""
    total, before = 9.0 * channels * width * side**2, width
    for level in (1, 2, 3):
        after, area = width * 2**level, (side / 2**level) ** 2
        total += area * (9.0 * before * after + 9.0 * after * after * (2 * depth - 1) + before * after)
        before = after
    return 2 * total


def _measured_s(recipe: Recipe, facts: DataFacts, rows: int) -> float:
    features, columns = recipe.features, pictures(facts)
    once = features.get("files") == ONCE
    every = facts.n_train + facts.n_vault + facts.n_test
    looked = every / max(1, facts.n_folds) if once else rows * (1 + 1 / max(1, facts.n_folds - 1))
    looked *= features.get("files") != MADE  # by another experiment
    seconds = looked * sum(_look_s(features, column) for column in columns)
    model = Recipe("tabular", BASE[recipe.model], {"files": False, "texts": 0}, recipe.params)
    wide = Column("image", "numeric", 1000)
    kept = int(features.get("components", 0)) if BASE[recipe.model] != "lightgbm" else 0
    wide_columns = (wide,) * (kept or width(features)) * max(1, len(columns))
    beside = tuple(column for column in facts.columns if column.kind != "file")
    seconds += tabular_cost_s(model, replace(facts, columns=(*beside, *wide_columns)), rows)
    if recipe.params.get("clean"):
        seconds += 4 * 2e-8 * rows * 100 * max(2, facts.n_outputs) * 20 + 0.5
    if kept:
        seconds += 2e-8 * rows * width(features) * 20
    return seconds


def _look_s(features: Any, column: Column) -> float:
    """Reading one image and measuring it."""
    blocks = tuple(features.get("blocks", ("colour", "thumb", "gradients", "texture")))
    seconds = READ_S + PIXEL_S * column.pixels**2 + sum(BLOCK_S.get(block, 0.0) for block in blocks)
    if "deep" in blocks:
        size = int(features.get("size", 128))
        seconds += 1e9 * backbones.flops(str(features.get("backbone", "")), size) / DEEP_FLOPS + 1e-3
    return seconds


def _side(recipe: Recipe, facts: DataFacts) -> int:
    largest = max((column.pixels for column in pictures(facts)), default=64)
    return int(recipe.features.get("size", 0)) or min(largest, 64)


def _net_s(recipe: Recipe, facts: DataFacts, rows: int) -> float:
    params, side, columns = recipe.params, _side(recipe, facts), pictures(facts)
    if recipe.model == "resnet":
        operations = net_flops(
            side, 3 * max(1, len(columns)), int(params.get("width", 16)), int(params.get("depth", 1))
        )
        forward = operations / NET_FLOPS
    else:
        forward = 1e9 * backbones.flops(str(recipe.features.get("backbone", "efficientnet_lite0")), side) / DEEP_FLOPS
        forward *= 0.75  # the first part of training is at a lower size
    epochs = float(params.get("epochs", 12)) * (1 + (CLEAN if params.get("clean") else 0))
    step = BACK * forward + IMAGE_S * (side / 32) ** 2
    asked = rows / max(1, facts.n_folds - 1)
    read = (rows + asked) * sum(READ_S + PIXEL_S * column.pixels**2 for column in columns)
    return (
        START_S
        + ASK_S * min(1.0, rows / 800)
        + read
        + epochs * rows * step
        + asked
        * forward
        * int(params.get("views", 4))
        * sum(float(scale) ** 2 for scale in params.get("scales", (1.0,)))
    )


__all__ = ["BASE", "NETS", "WIDTHS", "cost_s", "memory_mb", "net_flops", "pictures"]
