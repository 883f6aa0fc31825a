"""The image families: which make sense, what to try first, mutations, costs."""

from __future__ import annotations

import importlib.util
import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

from podium.recipes.family import Family
from podium.recipes.measured import ONCE
from podium.recipes.pretrained import allowed, timm_models
from podium.recipes.tabular.installed import loads
from podium.recipes.vision import backbones
from podium.recipes.vision.cost import NETS, cost_s, memory_mb, pictures
from podium.recipes.vision.widths import BLOCKS
from podium.records import Competition, DataFacts, Hardware, Recipe

__all__ = ["FAMILIES", "cost_s", "families", "memory_mb", "neighbours", "portfolio"]

_PIL, _SK = "pillow", "scikit-learn"
_DEEP = (_PIL, "torch", "efficientnet_lite_pytorch")
FAMILIES: dict[str, Family] = {
    "picture_linear": Family("PictureLinear", (_PIL, _SK), "numbers"),
    "picture_boost": Family("PictureBoost", (_PIL, "lightgbm"), "numbers"),
    "picture_lda": Family("PictureLDA", (_PIL, _SK), "numbers"),
    "picture_kernel": Family("PictureKernel", (_PIL, _SK), "numbers"),
    "picture_forest": Family("PictureForest", (_PIL, _SK), "numbers"),
    "picture_mlp": Family("PictureMLP", (_PIL,), "numbers"),
    "deep_linear": Family("PictureLinear", (*_DEEP, _SK), "deep"),
    "deep_boost": Family("PictureBoost", (*_DEEP, "lightgbm"), "deep"),
    "deep_lda": Family("PictureLDA", (*_DEEP, _SK), "deep"),
    "deep_kernel": Family("PictureKernel", (*_DEEP, _SK), "deep"),
    "resnet": Family("SmallResNet", (_PIL, "torch"), "pixels"),
    "tuned": Family("TunedNet", _DEEP, "pixels of a backbone"),
}

TINY = 64  # pixels of the longer side up to which a net is trained from scratch, at full size
KERNEL_ROWS, LDA_ROWS = 12_000, 60_000
MANY = 12  # classes from which boosting, a tree for each, gives way
SEEN = 100_000  # images that a net from scratch is shown, at least 6 and at most 30 times each
FEW = 4_000  # rows up to which an outline (5 ms an image) and a frozen backbone are cheap
NOISY = re.compile(
    r"nois[ey]\w* label|label\w* nois|mis-?label|(wrong|incorrect|erroneous)\w* label|mistook|mistaken", re.I
)
ALL = (*BLOCKS, "outline")
CHEAP = ("colour", "thumb")

SPACE: dict[str, Mapping[str, Sequence[Any]]] = {
    "linear": {},
    "kernel": {"kernel": ("rbf", "laplace"), "rows": (2500, 4000)},
    "lda": {"sharpness": (0.4, 0.6, 0.8, 1.0)},
    "forest": {"trees": (200, 400), "min_samples_leaf": (1, 2, 4), "max_features": ("sqrt", 0.1, 0.3)},
    "boost": {
        "learning_rate": (0.03, 0.06, 0.1),
        "num_leaves": (7, 15, 31),
        "feature_fraction": (0.05, 0.1, 0.2, 0.4),
        "min_data_in_leaf": (5, 15, 40),
        "lambda_l2": (0.5, 5.0, 30.0),
    },
    "mlp": {
        "hidden": ([64], [128, 64], [256, 128]),
        "epochs": (15, 30, 60),
        "dropout": (0.2, 0.4),
        "decay": (0.01, 0.1, 0.3),
        "nets": (2, 4),
    },
}
NET_SPACE: Mapping[str, Sequence[Any]] = {
    "epochs": (6, 9, 12, 18, 27),
    "learning_rate": (1.5e-3, 3e-3, 6e-3),
    "decay": (0.005, 0.02, 0.1),
    "shift": (0.0, 0.06, 0.12),
    "light": (0.0, 0.15, 0.3),
    "hide": (0.0, 0.3, 0.6),
    "mix": (0.0, 0.2, 0.4),
    "views": (1, 4, 8),
}
SHAPES: Mapping[str, Sequence[Any]] = {"width": (12, 16, 24, 32), "depth": (1, 2)}
TUNING: Mapping[str, Sequence[Any]] = {"slower": (0.05, 0.2, 0.5), "scales": ((1.0,), (1.25,), (1.0, 1.25))}
ROBUST: Mapping[str, Sequence[Any]] = {
    "smoothing": (0.0, 0.05, 0.1, 0.2),
    "tempers": (None, (0.8, 1.2), (0.6, 1.4), (0.3, 1.4)),
    "clean": (False, True),
}
SIZES = (64, 96, 128, 160, 224)


def families(facts: DataFacts, competition: Competition) -> tuple[str, ...]:
    """None without a column of images, or where nothing installed reads them."""
    columns = pictures(facts)
    if not columns or importlib.util.find_spec("PIL") is None:
        return ()
    names = ["picture_linear"]
    names += ["picture_boost"] if loads("lightgbm") else []
    names += ["picture_lda"] if _classifies(competition) and facts.n_train <= LDA_ROWS else []
    names += ["picture_kernel"] if facts.n_train <= KERNEL_ROWS else []
    names += ["picture_forest", "picture_mlp"]
    if importlib.util.find_spec("torch") is not None and _nets_learn(facts):
        names.append("resnet")
    if _backbones(competition):
        deep = [name.replace("picture", "deep") for name in names if name.startswith("picture")]
        names += [name for name in deep if name in FAMILIES]
        names += ["tuned"] if len(columns) == 1 else []
    return tuple(names)


def portfolio(facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]:
    """Cheapest first; then what is strong at this size and unlike the others."""
    known, largest = families(facts, competition), max((c.pixels for c in pictures(facts)), default=0)
    tiny = largest <= TINY
    by_hand = _by_hand(facts, competition)
    deep, nets = _deep(facts, competition, largest), _nets(facts, competition, tiny)
    if tiny:
        listed = [by_hand[0], nets[0], *by_hand[1:3], nets[1], *deep, *by_hand[3:], *nets[2:]]
    else:
        listed = [by_hand[0], *deep[:1], by_hand[1], *deep[1:], *by_hand[2:], *nets]
    listed = [_once(recipe, competition) for recipe in listed if recipe.model in known]
    return tuple(recipe for recipe in listed if memory_mb(recipe, facts) <= max(1024, hardware.memory_mb // 2))


def _once(recipe: Recipe, competition: Competition) -> Recipe:
    """Measures of images are taken once, for all folds, where rows may be seen together."""
    if recipe.model in NETS or competition.looks_forward:
        return recipe
    return Recipe(recipe.kind, recipe.model, {**recipe.features, "files": ONCE}, recipe.params)


def _by_hand(facts: DataFacts, competition: Competition) -> list[Recipe]:
    every = list(ALL if facts.n_train <= FEW else BLOCKS)
    boost = {"rounds": 300, "patience": 20, "learning_rate": 0.08, "num_leaves": 15, "feature_fraction": 0.1}
    quick = {"rounds": 60, "patience": 15, "learning_rate": 0.2, "num_leaves": 15, "feature_fraction": 0.2}
    wide = _recipe("picture_linear", {"blocks": every, "components": 200, "share": 0.3}, {})
    lda = _recipe("picture_lda", {"blocks": every, "components": 150}, {})
    kernel = _recipe("picture_kernel", {"blocks": every, "components": 100}, {})
    first = _recipe("picture_boost", {"blocks": list(CHEAP)}, quick)
    many = facts.n_outputs > MANY
    if many or not loads("lightgbm"):
        first = _recipe("picture_linear", {"blocks": [*CHEAP, "gradients"], "components": 100}, {})
    rest = [
        *((lda, wide, kernel) if many else (wide, kernel, lda)),
        *([] if many else [_recipe("picture_boost", {"blocks": every}, boost)]),
    ]
    forest = _recipe("picture_forest", {"blocks": every}, {"trees": 300, "max_features": "sqrt"})
    cleaned = [Recipe(r.kind, r.model, r.features, {**r.params, "clean": True}) for r in (forest, kernel, wide)]
    told = _may_be_wrong(competition) and NOISY.search(competition.description) is not None
    ahead, behind = (cleaned, []) if told else ([], cleaned if _may_be_wrong(competition) else [])
    return [first, *ahead, rest[0], forest, *rest[1:], *behind]


def _deep(facts: DataFacts, competition: Competition, largest: int) -> list[Recipe]:
    """A frozen backbone's features, at a size that they can bear; tiny images are enlarged."""
    names = _backbones(competition)
    if not names:
        return []
    fits = [size for size in SIZES if size <= max(96, largest)]
    low, high = min(fits[-1], 96), min(fits[-1], 160)
    see = {"blocks": ["deep"], "backbone": names[0], "size": low}
    sharp = {**see, "size": high, "blocks": ["deep", "colour", "gradients"]}
    listed = [
        _recipe("deep_linear", {**see, "components": 300}, {}),
        _recipe("deep_kernel", {**sharp, "components": 150}, {}),
        _recipe("deep_lda", {**sharp, "components": 200}, {}),
    ]
    if _may_be_wrong(competition):
        listed.append(_recipe("deep_linear", {**sharp, "components": 300}, {"clean": True}))
    others = [_recipe("deep_linear", {**sharp, "backbone": name, "components": 300}, {}) for name in names[1:]]
    return [*listed[:1], *others, *listed[1:]]


def _nets(facts: DataFacts, competition: Competition, tiny: bool) -> list[Recipe]:
    epochs = max(6, min(30, round(SEEN / max(1, facts.n_train))))
    scratch = {"size": 0 if tiny else TINY, "turns": "ask"}
    listed = [
        _recipe("resnet", scratch, {"epochs": epochs, "width": 16}),
        _recipe("resnet", scratch, {"epochs": epochs, "width": 24, "hide": 0.3}),
    ]
    tuned = {"epochs": 6, "learning_rate": 1e-3, "batch_size": 32}
    names = _backbones(competition)
    low = {"size": 96 if tiny else 128, "turns": "ask", "backbone": (*names, "efficientnet_lite0")[0]}
    listed.append(_recipe("tuned", low, tuned))
    others = [_recipe("tuned", {**low, "backbone": name}, tuned) for name in names[1:]]
    listed.append(_recipe("tuned", {**low, "size": 96 if tiny else 224}, {**tuned, "epochs": 10, "smoothing": 0.05}))
    if _may_be_wrong(competition):
        listed.append(_recipe("resnet", scratch, {"epochs": epochs, "width": 16, "clean": True, "smoothing": 0.05}))
    return [*listed, *others] if tiny else [*listed[2:3], *others, *listed[3:4], *listed[:2], *listed[4:]]


def neighbours(recipe: Recipe, rng: random.Random, facts: DataFacts, competition: Competition) -> Recipe:
    """One or two steps in parameters, or other measures of the images."""
    features, params = dict(recipe.features), dict(recipe.params)
    space = _space(recipe, competition)
    moves = ["features", *space] if recipe.model in NETS else ["features", "features", *space]
    for move in dict.fromkeys(rng.sample(moves, min(len(moves), rng.choice([1, 1, 2])))):
        if move == "features":
            _move_features(recipe, features, rng, facts, _backbones(competition))
        else:
            others = [value for value in space[move] if value != params.get(move)]
            params[move] = rng.choice(others)
    return Recipe(recipe.kind, recipe.model, features, params)


def _space(recipe: Recipe, competition: Competition) -> dict[str, Sequence[Any]]:
    robust = dict(ROBUST) if _may_be_wrong(competition) else {}
    if recipe.model in NETS:
        return {**NET_SPACE, **(SHAPES if recipe.model == "resnet" else TUNING), **robust}
    space = dict(SPACE[recipe.model.split("_")[1]])
    return {**space, **({"clean": ROBUST["clean"]} if robust else {})}


def _move_features(
    recipe: Recipe, features: dict[str, Any], rng: random.Random, facts: DataFacts, names: Sequence[str]
) -> None:
    """`names`: of backbones that may be used."""
    if recipe.model in NETS:
        largest = max((c.pixels for c in pictures(facts)), default=TINY)
        sizes = [size for size in (32, 48, *SIZES) if size <= max(1.5 * largest, 64)]
        options: dict[str, Sequence[Any]] = {"size": sizes or [64], "turns": ("ask", "none", "mirror", "all")}
    else:
        options = {"components": (50, 100, 200, 400), "share": (0.3, 1.0, 3.0)}
        chosen = list(features.get("blocks", BLOCKS))
        free = [
            block for block in ALL if FAMILIES[recipe.model].reads == "deep" or len(chosen) > 1 or block not in chosen
        ]
        toggled = rng.choice(free)
        after = [block for block in chosen if block != toggled] if toggled in chosen else [*chosen, toggled]
        options["blocks"] = [after] if after else [chosen]
        if "deep" in chosen:
            options["size"] = SIZES
    if len(names) > 1 and "backbone" in features:
        options["backbone"] = names
    name = rng.choice(sorted(options))
    others = [value for value in options[name] if value != features.get(name)]
    if others:
        features[name] = rng.choice(others)


def _recipe(model: str, features: dict[str, Any], params: dict[str, Any]) -> Recipe:
    return Recipe("vision", model, features, params)


def _classifies(competition: Competition) -> bool:
    return competition.task_type.endswith("classification")


def _backbones(competition: Competition) -> tuple[str, ...]:
    """Pretrained ones that may be used, what needs nothing but packages first; then timm's that the user names."""
    return (*(backbones.available() if allowed(competition) else ()), *timm_models(competition))


def _may_be_wrong(competition: Competition) -> bool:
    """Whether each row has one class, so that a wrong one can be told."""
    return competition.task_type in ("binary_classification", "multiclass_classification")


def _nets_learn(facts: DataFacts) -> bool:
    """From scratch a net needs a few dozen images a class."""
    return facts.n_train >= 300
