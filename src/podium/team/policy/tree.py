"""Tree search: UCT over the lineage (Kocsis and Szepesvári 2006), with ranks as rewards since metrics have no scale."""

from __future__ import annotations

import math
import random

from podium.records import ExperimentFact, Facts
from podium.team.policy.lineage import ancestors, valid

EXPLORATION = 0.7


def parent(facts: Facts, rng: random.Random) -> ExperimentFact | None:
    """The node with the highest upper bound: mean reward of its subtree, plus what its few visits may hide."""
    ranked = valid(facts)
    if not ranked:
        return None
    reward = {e.id: 1.0 - place / len(ranked) for place, e in enumerate(ranked)}
    visits, total = dict.fromkeys(reward, 0), dict.fromkeys(reward, 0.0)
    for experiment in facts.experiments:
        for node in (experiment, *ancestors(facts, experiment)):
            if node.id in visits:
                visits[node.id] += 1
                total[node.id] += reward.get(experiment.id, 0.0)
    everything = sum(visits.values())

    def bound(node: ExperimentFact) -> float:
        n = max(1, visits[node.id])
        return total[node.id] / n + EXPLORATION * math.sqrt(math.log(max(2, everything)) / n)

    return max(ranked, key=lambda node: (bound(node), node.id))
