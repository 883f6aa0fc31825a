"""Greedy: improve the best. Ties and a parent that has been tried often give way to the next."""

from __future__ import annotations

import random

from podium.records import ExperimentFact, Facts
from podium.team.policy.lineage import children, valid

TRIES = 4  # children without a gain after which the next best is improved


def parent(facts: Facts, rng: random.Random) -> ExperimentFact | None:
    ranked = valid(facts)
    for candidate in ranked:
        if len(children(facts, candidate.id)) < TRIES or candidate is ranked[-1]:
            return candidate
    return None
