"""Seconds: what an experiment costs, how long a batch keeps the slots busy, and what still fits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from podium.recipes.tabular.options import LAZY
from podium.records import Budget, ExperimentSpec, Facts, Recipe
from podium.team.builtin import sampled
from podium.team.builtin.stock import Catalog

SAFETY = 1.2  # estimates are this much too low often enough to matter at the end
PREDICTS = 0.2  # of an experiment, that the engine keeps for predicting the test rows by it
MARGIN_S = 1.0
RESERVE, MOST_RESERVE_S = 0.05, 90.0  # of the whole, that the engine keeps for the end: no part of a round's overhead
START_S = 0.3  # of an experiment whatever its size: dealing rows, starting runs, scoring
EFFORT = ("rounds", "trees", "epochs")
STEP = ("learning_rate", "eta")  # of a boosting, doubled as its rounds are halved
LARGEST_STEP = 0.3
LEAST_EFFORT = 1 / 8
LONGEST_SHARE = 0.6  # of the time left, that one experiment may take for its breadth's sake
BREADTH_SHARE = 0.4  # of the time left: a costlier draft competes on its worth like any other


def experiment_s(recipe: Recipe, facts: Facts, catalog: Catalog) -> float:
    """Estimate over all folds on one core, less what others have measured already, by what the family's other experiments
    took beside theirs; what `ExperimentSpec.cost_s` holds."""
    data = facts.data
    recipe = catalog.as_made(recipe, (e.recipe for e in facts.experiments if e.recipe and e.status == "done"))
    folds = max(1, data.n_folds)
    rows = round(data.n_train * max(1, folds - 1) / folds)
    return folds * catalog.cost_s(recipe, data, rows) * facts.budget.paces.get(recipe.model, 1.0)


def wall_s(costs: Sequence[float], n_folds: int, budget: Budget) -> float:
    """How long a batch takes: the work over all cores, or its longest experiment, whichever is more.

    An experiment's first fold runs before the gate, its other folds side by side.
    """
    if not costs:
        return 0.0
    folds, slots, threads = max(1, n_folds), max(1, budget.slots), max(1, budget.threads)
    turns = 1 + math.ceil((folds - 1) / slots)
    longest = max(costs) / folds * turns
    return budget.speed / threads * max(sum(costs) / slots, longest)


def left_s(facts: Facts) -> float:
    """Seconds that a plan may fill; infinity where experiments are counted instead."""
    left = facts.budget.time_left_s
    return math.inf if left is None else max(0.0, left - MARGIN_S - round_overhead_s(facts))


def round_overhead_s(facts: Facts) -> float:
    """What a round takes beside its runs (verifying, blending, starting), from the time gone and the runs' seconds.

    At most a tenth of the whole, for the first estimates are crude; 0 where experiments are counted.
    """
    left, total, rounds = facts.budget.time_left_s, facts.budget.time_total_s, facts.round - 1
    if left is None or total is None or rounds < 1 or not facts.experiments:
        return 0.0
    listed = sum(e.cost_s for e in facts.experiments) * facts.n_experiments / len(facts.experiments)
    running = listed / max(1, facts.budget.slots) / max(1, facts.budget.threads)
    kept = min(MOST_RESERVE_S, RESERVE * total)
    return min(0.1 * total, max(0.0, total - kept - left - running) / rounds)


def is_fair(cost_s: float, facts: Facts) -> bool:
    """Whether a family not tried may have it whatever it promises: of the machine's time, and of the clock's where folds are
    fewer than slots."""
    wall = wall_s([cost_s], facts.data.n_folds, facts.budget)
    return share(cost_s, facts) <= BREADTH_SHARE and wall <= LONGEST_SHARE * left_s(facts)


def share(cost_s: float, facts: Facts) -> float:
    """Of the machine's time left: while an experiment's first fold is alone, others run beside it."""
    left = left_s(facts)
    return on_all_slots_s(cost_s, facts) / left if left > 0 else math.inf


def on_all_slots_s(cost_s: float, facts: Facts) -> float:
    """Wall seconds, all slots at it."""
    budget = facts.budget
    return budget.speed / max(1, budget.threads) * cost_s / max(1, budget.slots)


def fits(specs: Sequence[ExperimentSpec], facts: Facts) -> bool:
    """Whether the batch ends in the time left."""
    costs = [spec.cost_s for spec in specs]
    runs = SAFETY * wall_s(costs, facts.data.n_folds, facts.budget)
    kept = on_all_slots_s(sum(_predicting_s(spec, facts) for spec in specs), facts)
    return runs + kept + START_S * len(costs) <= left_s(facts)


def _predicting_s(spec: ExperimentSpec, facts: Facts) -> float:
    """CPU seconds that the engine keeps for predicting the test rows by it, from when it begins."""
    data = facts.data
    lazy = spec.family in LAZY
    return spec.cost_s * (data.n_folds * data.n_test / max(1, data.n_train) if lazy else PREDICTS)


def cheaper(recipe: Recipe, facts: Facts, catalog: Catalog) -> Recipe | None:
    """The recipe on half of the rows while there are plenty; then with half the effort (rounds, trees, epochs), a boosting's
    learning rate raised to match.

    None where it has no effort to halve, or halving it would not lower its cost.
    """
    fewer = sampled.halved(recipe, facts)
    if fewer is not None and experiment_s(fewer, facts, catalog) < experiment_s(recipe, facts, catalog):
        return fewer
    knob = next((name for name in EFFORT if isinstance(recipe.params.get(name), int)), None)
    if knob is None or recipe.params[knob] < (2 if knob == "epochs" else 8):
        return None
    few = recipe.params[knob] < 8  # epochs of fine-tuning: 3, 2, 1
    params = {**recipe.params, knob: (recipe.params[knob] + few) // 2}
    for step in STEP:
        if knob == "rounds" and isinstance(params.get(step), float):
            params[step] = round(min(LARGEST_STEP, params[step] * 2), 6)
    smaller = replace(recipe, params=params)
    return smaller if experiment_s(smaller, facts, catalog) < experiment_s(recipe, facts, catalog) else None
