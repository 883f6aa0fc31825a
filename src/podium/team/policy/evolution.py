"""Evolution: tournament selection among the fittest (Bäck 1996), so that the second best has children too."""

from __future__ import annotations

import random

from podium.records import ExperimentFact, Facts
from podium.team.policy.lineage import valid

POPULATION, TOURNAMENT = 12, 3


def parent(facts: Facts, rng: random.Random) -> ExperimentFact | None:
    """The best of a few drawn from the population."""
    population = valid(facts)[:POPULATION]
    if not population:
        return None
    drawn = rng.sample(range(len(population)), min(TOURNAMENT, len(population)))
    return population[min(drawn)]  # ranked: a lower place is fitter
