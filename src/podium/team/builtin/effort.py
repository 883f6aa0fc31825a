"""How much effort an experiment is worth now: rows, rounds, trees and epochs, as the time left holds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from podium.records import ExperimentSpec, Facts
from podium.team.builtin import batch, cost, history, sampled
from podium.team.builtin.stock import Catalog

HALF_EFFORT = 0.7  # of the gain, for half the rounds
HALF_ROWS = 0.9  # of the gain, for half of many rows


def affordable(spec: ExperimentSpec, facts: Facts, catalog: Catalog) -> ExperimentSpec | None:
    """`eased`, a draft on a sample where rows are many; and of a family not tried, where its recipe names epochs, with as few of
    them as its share of the time asks for, if an eighth is enough: a learning rate falls to its end whenever that is, so a
    short schedule tells what a long may bring."""
    if spec.operator == "draft":
        spec = _sized(spec, facts, catalog)
    found = eased(spec, facts, catalog)
    if found is None or found.recipe is None or "epochs" not in found.recipe.params or not batch.untried(found, facts):
        return found
    return fair(spec, facts, catalog) or found


def eased(spec: ExperimentSpec, facts: Facts, catalog: Catalog) -> ExperimentSpec | None:
    """The spec, with less effort where it would not end in the time left; None where no effort is small enough."""
    return next((one for one in _versions(spec, facts, catalog) if cost.fits([one], facts)), None)


def fair(spec: ExperimentSpec, facts: Facts, catalog: Catalog) -> ExperimentSpec | None:
    """The spec, with less effort where it would take more than a fair share of the time left; None where none is so small."""
    ends = (one for one in _versions(spec, facts, catalog) if cost.fits([one], facts))
    return next((one for one in ends if cost.is_fair(one.cost_s, facts)), None)


def _sized(spec: ExperimentSpec, facts: Facts, catalog: Catalog) -> ExperimentSpec:
    """A draft on as many rows as a tenth of the time left holds, if there are plenty."""
    found = spec
    for one in _versions(spec, facts, catalog):
        if spec.recipe is None or one.recipe is None or one.recipe.params != spec.recipe.params:
            break
        found = one
        if cost.share(one.cost_s, facts) <= sampled.SHARE:
            break
    return found


def _versions(spec: ExperimentSpec, facts: Facts, catalog: Catalog) -> Iterator[ExperimentSpec]:
    """The spec, on ever fewer rows as long as there are plenty, and then with ever less effort, down to an eighth."""
    effort = 1.0
    while spec.recipe is not None and effort >= cost.LEAST_EFFORT:
        yield spec
        smaller = cost.cheaper(spec.recipe, facts, catalog)
        if smaller is None:
            return
        fewer = smaller.params == spec.recipe.params
        effort /= 1 if fewer else 2
        spec = replace(
            spec,
            recipe=smaller,
            cost_s=cost.experiment_s(smaller, facts, catalog),
            expected_gain=spec.expected_gain * (HALF_ROWS if fewer else HALF_EFFORT),
            name=spec.name if spec.name.endswith(history.QUICK) else f"{spec.name}{history.QUICK}",
        )
