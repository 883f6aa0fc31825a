"""A second level: when the campaign has enough models for one that reads what they predict, and which it should read."""

from __future__ import annotations

from podium.recipes.tabular.options import LAZY
from podium.records import ExperimentFact, Facts
from podium.team.builtin import history, learnings

FAMILIES, LEAST, MOST = 3, 4, 16  # kinds of models from which on they differ enough; models that are read
FRESH = 1 / 3  # of what is read, that no second level has read yet, for another to be worth its time
HALF = 0.5  # of the time or the experiments, from which on the members are there


def due(facts: Facts) -> tuple[str, ...]:
    """Ids of what a second level should read now, what matters most first; empty before half of the campaign, and where one has
    read most of it."""
    found = members(facts)
    if not in_time(facts) or len(found) < LEAST or len({e.family for e in found}) < FAMILIES:
        return ()
    known = {id_ for e in facts.experiments for id_ in read(e)}
    fresh = [e for e in found if e.id not in known]
    return tuple(e.id for e in found) if len(fresh) >= max(1, FRESH * len(found)) else ()


def members(facts: Facts) -> list[ExperimentFact]:
    """What carries the blend, then the best of each family, then the next best; none that reads others itself. Of what is far
    behind and carries nothing, a family’s best alone, unless it is slow to predict: what is read must predict the test rows."""
    weights, noise = history.weights(facts), history.noise(facts)
    ranked = [e for e in history.scored(facts) if not read(e)]
    near = [e for e in ranked if not learnings.far_behind(facts, ranked[0], e, noise)]
    heavy = sorted((e for e in ranked if weights.get(e.id, 0.0) > 0), key=lambda e: -weights[e.id])
    leaders: dict[str, ExperimentFact] = {}
    for e in ranked:
        if e in near or e.family not in LAZY:
            leaders.setdefault(e.family, e)
    return list({e.id: e for e in [*heavy, *leaders.values(), *near]}.values())[:MOST]


def yardstick(facts: Facts, e: ExperimentFact) -> ExperimentFact | None:
    """What `e` is far behind of, if it is: the best, but for what reads none the best that reads none. A second level is ahead of
    all that it reads, and better members are what the next one needs."""
    best = history.best(facts)
    if best is None or not read(best) or read(e):
        return best
    return next((one for one in history.scored(facts) if not read(one)), best)


def read(e: ExperimentFact) -> tuple[str, ...]:
    """Ids of the experiments whose predictions are among its columns."""
    return tuple(e.recipe.features.get("models", ())) if e.recipe is not None else ()


def in_time(facts: Facts) -> bool:
    """Whether so much of the campaign has gone that most members are there."""
    budget = facts.budget
    if budget.time_left_s is not None and budget.time_total_s:
        return budget.time_left_s <= HALF * budget.time_total_s
    left = budget.experiments_left
    return left is not None and left <= HALF * (left + facts.n_experiments)
