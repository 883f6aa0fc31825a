"""Every recipe the built-in builder can make: what to try first, what to try next to it, and what it costs.

A kind (tabular, text) is a package with a `catalog` module of the same functions; this module joins them.
Nothing here looks at a clock or at data: the same facts give the same recipes, estimates and mutations.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from types import ModuleType

from podium.protocol import Column
from podium.recipes.detection import catalog as detection
from podium.recipes.forecast import catalog as forecast
from podium.recipes.identify import catalog as identify
from podium.recipes.image_to_image import catalog as image_to_image
from podium.recipes.lm import catalog as lm
from podium.recipes.measured import as_made
from podium.recipes.quantiles import catalog as quantiles
from podium.recipes.ranking import catalog as ranking
from podium.recipes.recommend import catalog as recommend
from podium.recipes.segmentation import catalog as segmentation
from podium.recipes.spans import catalog as spans
from podium.recipes.tabular import catalog as tabular
from podium.recipes.tabular import options
from podium.recipes.text import catalog as text
from podium.recipes.text_to_text import catalog as text_to_text
from podium.recipes.vision import catalog as vision
from podium.records import Competition, DataFacts, Hardware, Recipe, dumps
from podium.tasks.ranked_classes import is_many

KINDS: dict[str, ModuleType] = {
    "detection": detection,
    "forecast": forecast,
    "identify": identify,
    "image_to_image": image_to_image,
    "lm": lm,
    "quantiles": quantiles,
    "ranking": ranking,
    "recommend": recommend,
    "segmentation": segmentation,
    "spans": spans,
    "tabular": tabular,
    "text": text,
    "text_to_text": text_to_text,
    "vision": vision,
}
OF_ROWS = ("vision", "text", "tabular")  # what reads rows of a table, with the texts and files that belong to them
KINDS_OF: dict[str, tuple[str, ...]] = {
    "object_detection": ("detection",),
    "span_extraction": ("spans",),
    "text_generation": ("text_to_text",),
    "ranking": ("ranking", "tabular"),
    "recommendation": ("recommend",),
    "image_to_image": ("image_to_image",),
    "language_modelling": ("lm",),
    "segmentation": ("segmentation",),
    "forecasting": ("forecast",),
}  # task type → kinds, where answers are no numbers or rows no rows of a table
BESIDE = 3  # tabular recipes that are tried first where texts or images carry the rows
CARRIES = 20  # columns of a table that carry the rows as well as images do


def kinds_of(competition: Competition) -> tuple[str, ...]:
    """The kinds whose recipes answer such a task, those that lead first."""
    usual = KINDS_OF.get(competition.task_type, OF_ROWS)
    if competition.submission_kind == "distribution":
        return ("quantiles",)
    if competition.submission_kind == "ranking" and usual == OF_ROWS:  # classes in order
        return ("identify",) if is_many(competition) else (*usual, "identify")
    return usual


def families(facts: DataFacts, competition: Competition) -> tuple[str, ...]:
    """Names of the families that make sense for this data and whose library is installed here."""
    return tuple(name for kind in kinds_of(competition) for name in KINDS[kind].families(facts, competition))


def portfolio(facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]:
    """The warm start, in order: the cheapest sound baseline first, then strong and diverse families.

    Where several kinds have recipes they take turns, and what leads leaves a few places to what does not.
    """
    found = [KINDS[kind].portfolio(facts, competition, hardware) for kind in kinds_of(competition)]
    lists = [recipes for recipes in found if recipes]
    pictured = any(column.pixels for column in facts.columns)
    few = None if pictured and sum(_tells(column) for column in facts.columns) >= CARRIES else BESIDE
    lists = [*lists[:1], *(recipes[:few] for recipes in lists[1:])]
    turns = max((len(recipes) for recipes in lists), default=0)
    return tuple(recipes[turn] for turn in range(turns) for recipes in lists if turn < len(recipes))


def _tells(column: Column) -> bool:
    return column.kind in ("numeric", "categorical", "date", "code", "boolean")


def neighbours(recipe: Recipe, rng: random.Random, facts: DataFacts, competition: Competition) -> Recipe:
    """One meaningful mutation of `recipe`, in parameters or features, within its family's search space."""
    changed: Recipe = _kind(recipe).neighbours(recipe, rng, facts, competition)
    return changed


def crossover(a: Recipe, b: Recipe, rng: random.Random) -> Recipe:
    """The model and parameters of one parent on the features of the other, of tables on those that are not a model's own way
    of seeing; `a` itself where the other's are of no use to it."""
    if a.kind != b.kind or KINDS[a.kind].FAMILIES[a.model].reads != KINDS[b.kind].FAMILIES[b.model].reads:
        return a
    body, other = (a, b) if rng.random() < 0.5 else (b, a)
    if a.kind == "tabular":
        features = {name: value for name, value in body.features.items() if not heeds(body, name)}
    else:
        features = dict(body.features)
    features |= {name: value for name, value in other.features.items() if heeds(body, name)}
    return Recipe(body.kind, body.model, features, dict(body.params))


def second_level(models: Sequence[str], facts: DataFacts, competition: Competition) -> Recipe | None:
    """Boosting on what these experiments predict, the first the most wanted, and on the table; None where answers are no numbers
    a row, where rows are in an order of time, or columns would be too many."""
    if "tabular" not in kinds_of(competition) or competition.looks_forward or competition.task_type == "ranking":
        return None
    return tabular.second_level(models, facts)


def heeds(recipe: Recipe, option: str) -> bool:
    """Whether another recipe's feature option says something to this one: of tables what is made of the rows, whichever model
    reads it; else what it names itself."""
    return option in (options.OF_ROWS if recipe.kind == "tabular" else recipe.features)


def cost_s(recipe: Recipe, facts: DataFacts, rows: int) -> float:
    """Static estimate of one fit on `rows` rows and one predict, in seconds on one core. Calibrated by bench/recipes.py."""
    cost: float = _kind(recipe).cost_s(recipe, facts, rows)
    return cost


def memory_mb(recipe: Recipe, facts: DataFacts) -> int:
    """Static estimate of the peak resident memory of one run, in MB."""
    memory: int = _kind(recipe).memory_mb(recipe, facts)
    return memory


def modules(facts: DataFacts, competition: Competition) -> tuple[str, ...]:
    """What a warm parent imports for this campaign's recipes; torch (3 s, 200 MB) only where a family of another kind than
    tables trains nets: of tables few families do, and the first submission must not wait for them.

    A name that ends in `.*` stands for a package with all its modules. `torch._dynamo` is half of torch's time: every
    optimiser imports it as it is made.
    """
    known = {kind: KINDS[kind].families(facts, competition) for kind in kinds_of(competition)}
    kinds = ["tabular", *(kind for kind, names in known.items() if names and kind != "tabular")]
    needed = {
        package for kind in kinds[1:] for name in known.get(kind, ()) for package in KINDS[kind].FAMILIES[name].requires
    }
    nets = ("torch", "torch._dynamo", "podium.recipes.neural.*") if "torch" in needed else ()
    return (*nets, *(f"podium.recipes.{kind}.*" for kind in kinds))


def fingerprint(recipe: Recipe) -> str:
    """Sixteen hex digits: equal for equal recipes, whatever the order of their keys."""
    return hashlib.sha256(dumps(recipe).encode()).hexdigest()[:16]


def _kind(recipe: Recipe) -> ModuleType:
    if recipe.kind not in KINDS:
        raise ValueError(f"recipe kind: expected one of {', '.join(KINDS)}; found {recipe.kind!r}")
    return KINDS[recipe.kind]


__all__ = [
    "KINDS",
    "as_made",
    "cost_s",
    "crossover",
    "families",
    "fingerprint",
    "heeds",
    "kinds_of",
    "memory_mb",
    "modules",
    "neighbours",
    "portfolio",
    "second_level",
]
