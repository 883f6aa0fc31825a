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
OF_ROWS = ("text", "tabular")  # what reads rows of a table, with the texts and files that belong to them
KINDS_OF: dict[str, tuple[str, ...]] = {}  # task type → kinds, where answers are no numbers or rows no rows of a table
BESIDE = 3  # tabular recipes that are tried first where texts or images carry the rows


def kinds_of(competition: Competition) -> tuple[str, ...]:
    """The kinds whose recipes answer such a task, those that lead first."""
    return KINDS_OF.get(competition.task_type, OF_ROWS)


def families(facts: DataFacts, competition: Competition) -> tuple[str, ...]:
    """Names of the families that make sense for this data and whose library is installed here."""
    return tuple(name for kind in kinds_of(competition) for name in KINDS[kind].families(facts, competition))


def portfolio(facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]:
    """The warm start, in order: the cheapest sound baseline first, then strong and diverse families.

    Where several kinds have recipes they take turns, and what leads leaves a few places to what does not.
    """
    found = [KINDS[kind].portfolio(facts, competition, hardware) for kind in kinds_of(competition)]
    lists = [recipes for recipes in found if recipes]
    lists = [*lists[:1], *(recipes[:BESIDE] for recipes in lists[1:])]
    turns = max((len(recipes) for recipes in lists), default=0)
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
