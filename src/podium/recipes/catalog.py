"""Every recipe the built-in builder can make: what to try first, what to try next to it, and what it costs.

A kind (tabular, text) is a package with a `catalog` module of the same functions; this module joins them.
Nothing here looks at a clock or at data: the same facts give the same recipes, estimates and mutations.
"""

from __future__ import annotations

import hashlib
import random
from types import ModuleType

from podium.recipes.tabular import catalog as tabular
from podium.recipes.text import catalog as text
from podium.records import Competition, DataFacts, Hardware, Recipe, dumps

KINDS: dict[str, ModuleType] = {"tabular": tabular, "text": text}
BESIDE = 3  # tabular recipes that are tried first where texts carry the rows


def families(facts: DataFacts, competition: Competition) -> tuple[str, ...]:
    """Names of the families that make sense for this data and whose library is installed here."""
    return tuple(name for kind in KINDS.values() for name in kind.families(facts, competition))


def portfolio(facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]:
    """The warm start, in order: the cheapest sound baseline first, then strong and diverse families.

    Where texts carry the rows, the text families lead and a few tabular recipes take turns with them.
    """
    texts = text.portfolio(facts, competition, hardware)
    tables = tabular.portfolio(facts, competition, hardware)
    if not texts or not tables:
        return texts or tables
    lists = [texts, tables[:BESIDE]]
    turns = max(len(recipes) for recipes in lists)
    return tuple(recipes[turn] for turn in range(turns) for recipes in lists if turn < len(recipes))


def neighbours(recipe: Recipe, rng: random.Random, facts: DataFacts, competition: Competition) -> Recipe:
    """One meaningful mutation of `recipe`, in parameters or features, within its family's search space."""
    changed: Recipe = _kind(recipe).neighbours(recipe, rng, facts, competition)
    return changed


def crossover(a: Recipe, b: Recipe, rng: random.Random) -> Recipe:
    """The model and parameters of one parent on the features of the other; `a` itself where their kinds differ."""
    if a.kind != b.kind:
        return a
    body, features = (a, b) if rng.random() < 0.5 else (b, a)
    return Recipe(body.kind, body.model, dict(features.features), dict(body.params))


def cost_s(recipe: Recipe, facts: DataFacts, rows: int) -> float:
    """Static estimate of one fit on `rows` rows and one predict, in seconds on one core. Calibrated by bench/recipes.py."""
    cost: float = _kind(recipe).cost_s(recipe, facts, rows)
    return cost


def memory_mb(recipe: Recipe, facts: DataFacts) -> int:
    """Static estimate of the peak resident memory of one run, in MB."""
    memory: int = _kind(recipe).memory_mb(recipe, facts)
    return memory


def fingerprint(recipe: Recipe) -> str:
    """Sixteen hex digits: equal for equal recipes, whatever the order of their keys."""
    return hashlib.sha256(dumps(recipe).encode()).hexdigest()[:16]


def _kind(recipe: Recipe) -> ModuleType:
    if recipe.kind not in KINDS:
        raise ValueError(f"recipe kind: expected one of {', '.join(KINDS)}; found {recipe.kind!r}")
    return KINDS[recipe.kind]
