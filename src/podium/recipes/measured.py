"""What a solution's `prepare` measures once for all rows, and what that costs where another experiment has measured the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from podium.records import Recipe

ONCE = "prepare"  # the value of a feature that is measured once
MADE = "made"  # in its place, for estimates: another experiment has measured the same


@dataclass(frozen=True)
class Measuring:
    """`function` of the kind's package, called by `prepare`; `features` that it goes by: no other is passed on, so that
    solutions which measure alike share what was measured (`campaign/prepared.py`)."""

    function: str
    features: tuple[str, ...]

    def of(self, features: Mapping[str, Any]) -> dict[str, Any]:
        return {name: features[name] for name in self.features if name in features}


MEASURINGS = {
    "files": Measuring("measure_files", ("blocks", "backbone", "size")),
    "meanings": Measuring("embed_texts", ("weights", "length")),
}  # by the feature that says `ONCE`


def measuring(recipe: Recipe) -> Measuring | None:
    """What the recipe measures once; None where it measures in each fit, or nothing."""
    return next((one for key, one in MEASURINGS.items() if recipe.features.get(key) == ONCE), None)


def as_made(recipe: Recipe, others: Iterable[Recipe]) -> Recipe:
    """The recipe as it costs where one of the others has measured what it would measure."""
    mine = measuring(recipe)
    if mine is None:
        return recipe
    alike = (o for o in others if o.kind == recipe.kind and measuring(o) is mine)
    if not any(mine.of(other.features) == mine.of(recipe.features) for other in alike):
        return recipe
    return replace(recipe, features={k: MADE if v == ONCE else v for k, v in recipe.features.items()})
