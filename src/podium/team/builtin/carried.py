"""Columns that clearly won here, carried over to what is still to come.

A portfolio is written before anything is known. Where one option lifts a model by far, the drafts that are not tried yet are
given it too: without it they lose whatever else they are good for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from podium.recipes.tabular.options import OF_ROWS, OF_TARGET
from podium.records import ExperimentFact, Facts, Recipe
from podium.team.builtin import cost, history, learnings, novelty, sampled, stacking
from podium.team.builtin.stock import Catalog

KIND = "tabular"  # whose encoder has these options; the same names mean other things elsewhere
BY_FAR = 5.0  # noise floors
FURTHER = 15.0  # the same between different parameters, which may be worth a few themselves


@dataclass(frozen=True)
class Won:
    """One option's value, what it gained in the metric's unit, and the two experiments that show it."""

    value: Any
    gain: float
    winner: ExperimentFact
    control: ExperimentFact


def won(facts: Facts) -> dict[str, Won]:
    """Option → its gain by far, of members of the blend over the best that lacks it of the same model."""
    ranked, weights = history.scored(facts), history.weights(facts)
    found: dict[str, Won] = {}
    for e in ranked:
        if e.recipe is None or e.recipe.kind != KIND or not weights.get(e.id):
            continue
        for name in sorted(OF_ROWS & e.recipe.features.keys() - found.keys()):
            value, control = e.recipe.features[name], _control(facts, e, name, ranked)
            if value and control is not None:
                found[name] = Won(value, history.gain(facts, e, control), e, control)
    if found.keys() & OF_TARGET and "target" not in found:
        least = min((found[name] for name in sorted(found.keys() & OF_TARGET)), key=lambda one: one.gain)
        found["target"] = replace(least, value=True)
    return found


def _control(facts: Facts, e: ExperimentFact, name: str, ranked: Sequence[ExperimentFact]) -> ExperimentFact | None:
    """The experiment that shows by how far the option lifts `e`: the best without any of it, of the same model with the same
    parameters; of other parameters, where the distance is too far for these alone and it had no less effort. None where
    neither is there, and where the best of the model does without it."""
    assert e.recipe is not None
    model = (e.recipe.kind, e.recipe.model)
    rows = e.recipe.features.get(sampled.OPTION)
    alike = [o for o in ranked if o.recipe and (o.recipe.kind, o.recipe.model) == model]
    alike = [o for o in alike if o.recipe and o.recipe.features.get(sampled.OPTION) == rows]
    without = [o for o in alike if o.recipe and not o.recipe.features.get(name)]
    ahead = {o.id: history.gain(facts, e, o) / history.noise(facts) for o in without}
    if not without or ahead[without[0].id] <= 0:
        return None
    same = next((o for o in without if history.same_body(e, o)), None)
    if same is not None and ahead[same.id] >= BY_FAR:
        return same
    best = without[0]
    return best if ahead[best.id] >= FURTHER and _effort(best) >= _effort(e) else None


def effort(recipe: Recipe) -> float:
    """Rounds, trees or epochs; 0 of a model that has none."""
    return next((float(recipe.params[name]) for name in cost.EFFORT if isinstance(recipe.params.get(name), int)), 0.0)


def _effort(e: ExperimentFact) -> float:
    return 0.0 if e.recipe is None else effort(e.recipe)


def portfolio(facts: Facts, catalog: Catalog) -> tuple[Recipe, ...]:
    """The catalog's, with the options that won on what was not tried of it; what was tried in other clothes is left out."""
    listed, found = catalog.portfolio(facts.data, facts.competition, facts.hardware), won(facts)
    tried, seen = novelty.tried(facts), novelty.seen(facts, catalog)
    fresh = [one for one in listed if catalog.fingerprint(one) in seen or not any(wears(t, one) for t in tried)]
    return tuple(one if catalog.fingerprint(one) in seen else dressed(one, found) for one in fresh)


def wears(tried: Recipe, plain: Recipe) -> bool:
    """Whether the one is the other with more columns, be it on a sample of the rows."""
    if (tried.kind, tried.model, tried.params) != (plain.kind, plain.model, plain.params):
        return False
    more = tried.features.keys() - plain.features.keys() - {sampled.OPTION}
    return more <= OF_ROWS and all(tried.features.get(name) == value for name, value in plain.features.items())


def dressed(recipe: Recipe, found: Mapping[str, Won]) -> Recipe:
    """The recipe with the options that won and that it does not name itself."""
    options = {name: one.value for name, one in found.items()} if recipe.kind == KIND else {}
    return replace(recipe, features={**options, **recipe.features}) if options else recipe


def held_back(facts: Facts, found: Mapping[str, Won]) -> list[ExperimentFact]:
    """The best of each family that was not far behind what shows by how far the options lift: on the old columns, as that was."""
    if not found:
        return []
    control = max((one.control for one in found.values()), key=facts.worth)
    leaders: dict[str, ExperimentFact] = {}
    for e in history.scored(facts):
        if e.recipe is not None and not stacking.read(e):
            leaders.setdefault(e.family, e)
    noise = history.noise(facts)
    return [
        e
        for e in leaders.values()
        if history.gain(facts, e, control) >= 0 or not learnings.far_behind(facts, control, e, noise)
    ]


def redressed(
    facts: Facts, leaders: Iterable[ExperimentFact], found: Mapping[str, Won]
) -> list[tuple[ExperimentFact, Recipe]]:
    """Leaders of families that were never tried with all that won, and who else was held back by that, each with its recipe as it
    is then; in their order. Once a family has been, its own evidence counts."""
    asked = {e.id: e for e in [*leaders, *held_back(facts, found)]}
    pairs = [
        (e, dressed(e.recipe, found))
        for e in asked.values()
        if e.recipe is not None and not _worn(facts, e.family, found)
    ]
    return [(e, recipe) for e, recipe in pairs if recipe != e.recipe]


def _worn(facts: Facts, family: str, found: Mapping[str, Won]) -> bool:
    own = [e.recipe for e in facts.experiments if e.family == family and e.recipe is not None]
    return any(all(recipe.features.get(name) for name in found) for recipe in own)


def said(recipe: Recipe, found: Mapping[str, Won]) -> str:
    """What a draft wears, and the experiments that it rests on; "" where nothing won."""
    worn = [
        f"{name} [{one.control.id}, {one.winner.id}]"
        for name, one in found.items()
        if recipe.features.get(name) == one.value
    ]
    return f"; with {', '.join(worn)}, which won here" if worn else ""
