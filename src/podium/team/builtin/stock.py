"""What the built-in team may draw on: the recipes catalog, by its signatures, loaded only when a brief is played."""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, cast

from podium.records import Competition, DataFacts, Hardware, Recipe

SourceOf = Callable[[Recipe, str, str], str]  # (recipe, title, hypothesis) → the text of solution.py


class Catalog(Protocol):
    """The functions of `podium.recipes.catalog` that roles call. Pure: no clock, no data, no global random."""

    def portfolio(self, facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]: ...

    def families(self, facts: DataFacts, competition: Competition) -> tuple[str, ...]: ...

    def neighbours(self, recipe: Recipe, rng: random.Random, facts: DataFacts, competition: Competition) -> Recipe: ...

    def crossover(self, a: Recipe, b: Recipe, rng: random.Random) -> Recipe: ...

    def second_level(self, models: Sequence[str], facts: DataFacts, competition: Competition) -> Recipe | None: ...

    def heeds(self, recipe: Recipe, option: str) -> bool: ...

    def cost_s(self, recipe: Recipe, facts: DataFacts, rows: int) -> float: ...

    def as_made(self, recipe: Recipe, others: Iterable[Recipe]) -> Recipe: ...

    def fingerprint(self, recipe: Recipe) -> str: ...


def shipped_catalog() -> Catalog:
    """The catalog this package ships. Imported here: it pulls in numpy and polars, which `--help` must not."""
    return cast(Catalog, importlib.import_module("podium.recipes.catalog"))


def shipped_source() -> SourceOf:
    return cast(SourceOf, importlib.import_module("podium.recipes.source").solution)
