"""AutoKaggle's seven learnings as seeded rules, and when evidence has overturned one.

A learning is in force while its support is at least its contradictions. Roles hand back an update as a `Learning` with
the same id and the new totals; the registry replaces the old one, so that handing it back twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from podium.records import ExperimentFact, Facts, Learning

CORRELATED = 0.995  # L1: beyond this, members say the same and stacking them overfits
FAR_BEHIND = 0.003  # L2: the gap beyond which a member seldom adds, for metrics between 0 and 1
SOURCE = "80 rounds on Kaggle Playground Series S6E3 (mine-sweeper/autokaggle)"

SEEDED: tuple[Learning, ...] = (
    Learning("L1", "Where members correlate above 0.995, blend them by simple weights; do not stack them.", SOURCE),
    Learning("L2", "Diversity adds only above a threshold: within 0.003 of the best score.", SOURCE),
    Learning("L3", "Research gains more than tuning: ideas before parameter search.", SOURCE),
    Learning("L4", "Run the first fold before the others, and stop there when it cannot gain.", SOURCE),
    Learning("L5", "Two to four diverse models, blended simply, generalise better than twenty stacked.", SOURCE),
    Learning("L6", "Learn what works for this class of problem before building from defaults.", SOURCE),
    Learning("L7", "Ask of every failure: exhausted, or tried with wrong parameters?", SOURCE),
)


def in_force(facts: Facts, id: str) -> bool:
    """Whether the learning is known here and evidence has not overturned it."""
    return any(known.id == id and known.support >= known.contradicted for known in facts.learnings)


def family_id(facts: Facts, family: str) -> str:
    """Id of the learning about a family on this type of task."""
    return f"F:{facts.competition.task_type}:{family}"


def family_factor(facts: Facts, family: str) -> float:
    """What earlier campaigns say of a family here: above 1 where it helped blends, below where it was tried in vain.

    A posterior mean with two pseudo-counts a side, doubled: no evidence gives 1.
    """
    known = find(facts.learnings, family_id(facts, family))
    return 1.0 if known is None else 2 * (known.support + 2) / (known.support + known.contradicted + 4)


def find(learnings: Iterable[Learning], id: str) -> Learning | None:
    return next((known for known in learnings if known.id == id), None)


def far_behind(facts: Facts, leader: ExperimentFact, other: ExperimentFact, noise: float) -> bool:
    """L2's threshold in this metric: 0.003 where scores lie in 0..1 and more is better, else ten noise floors."""
    best = facts.worth(leader)
    shared = leader.merit is None and facts.competition.metric_direction == "higher" and 0.0 <= best <= 1.0
    return abs(best - facts.worth(other)) > max(FAR_BEHIND if shared else 0.0, 10 * noise)
