"""How much the blend may gain from a candidate: a prior for each operator, moved by what the campaign has seen.

Gains here are in noise floors. Priors are weak (`PRIOR_WEIGHT` pseudo-experiments): a few rounds of evidence overrule
them. Operators rather than search policy are what moves results (Toledo et al. 2025, arXiv 2507.02554), so evidence is
kept by operator and by family, and for single changes of an option.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from podium.records import ExperimentFact, ExperimentSpec, Facts, Operator, Recipe
from podium.team.builtin import history, learnings, stacking

PRIOR: dict[Operator, float] = {
    "draft": 2.0,
    "improve": 0.6,
    "crossover": 0.6,
    "debug": 0.6,
    "ablate": 0.2,
    "stack": 0.6,
    "replicate": 0.3,
}
PRIOR_WEIGHT = 3.0
BEST_CREDIT = 4.0  # one lucky experiment does not make an operator
Change = tuple[str, str]  # (option, what became of it): ("target", "True"), ("num_leaves", "up")


@dataclass(frozen=True)
class Evidence:
    """What a brief's figures say of operators, families and single changes; computed once a brief."""

    facts: Facts
    operators: Mapping[str, float]  # mean gain in noise floors, prior included
    families: Mapping[str, float]  # factor around 1
    changes: Mapping[Change, float]  # mean gain in noise floors over the parent, shrunk towards 0

    @classmethod
    def of(cls, facts: Facts) -> Evidence:
        noise, won = history.noise(facts), history.credit(facts)
        units = {id: min(BEST_CREDIT, gained / noise) for id, gained in won.items()}
        names = sorted({e.family for e in facts.experiments} | set(facts.families))
        return cls(
            facts,
            {operator: _operator(facts, operator, units) for operator in PRIOR},
            {family: _family(facts, family, noise) for family in names},
            _changes(facts, noise),
        )

    def units(self, operator: Operator, family: str) -> float:
        """Expected gain of one more experiment of this operator in this family."""
        factor = self.families.get(family, learnings.family_factor(self.facts, family))
        return self.operators[operator] * factor

    def of_changes(self, new: Recipe, old: Recipe) -> float:
        """Factor for the options that differ: above 1 where they gained before, below where they lost."""
        known = [self.changes[c] for c in changes(new, old) if c in self.changes]
        mean = sum(known) / len(known) if known else 0.0
        return max(0.2, min(2.0, 1 + mean / 4))


def believed(spec: ExperimentSpec, evidence: Evidence) -> float:
    """A plan's claimed gain, in the unit of what guides, held to at most three times what the evidence supports.

    So that a seat cannot make a poor experiment look good by promising much.
    """
    supported = evidence.units(spec.operator, spec.family) * history.noise(evidence.facts)
    return max(0.0, min(spec.expected_gain, 3 * supported))


def changes(new: Recipe, old: Recipe) -> tuple[Change, ...]:
    """Options that differ between two recipes, with the direction of numbers."""
    found = [_change(name, new.features.get(name), old.features.get(name)) for name in _names(new, old, "features")]
    if new.model == old.model:
        found += [_change(name, new.params.get(name), old.params.get(name)) for name in _names(new, old, "params")]
    return tuple(change for change in found if change is not None)


def _names(a: Recipe, b: Recipe, part: str) -> Iterable[str]:
    return sorted({*getattr(a, part), *getattr(b, part)})


def _change(name: str, new: Any, old: Any) -> Change | None:
    if new == old:
        return None
    numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in (new, old))
    return (name, ("up" if new > old else "down") if numbers else str(new))


def _operator(facts: Facts, operator: Operator, units: Mapping[str, float]) -> float:
    tries = [e for e in facts.experiments if e.operator == operator and e.id in units]
    won = sum(units[e.id] for e in tries)
    return (PRIOR[operator] * PRIOR_WEIGHT + won) / (PRIOR_WEIGHT + len(tries))


def _family(facts: Facts, family: str, noise: float) -> float:
    """Above 1 for members of the blend, falling with the gap to the best, low for what L2 rules out."""
    own = [e for e in history.scored(facts) if e.family == family]
    leader = stacking.yardstick(facts, own[0]) if own else history.best(facts)
    if leader is None:
        return 1.0
    if not own:
        return 0.4 if any(e.family == family for e in facts.experiments) else 1.0
    weight = sum(history.weights(facts).get(e.id, 0.0) for e in own)
    gap = max(0.0, history.gain(facts, leader, own[0]))
    ruled_out = weight == 0 and learnings.in_force(facts, "L2")
    if ruled_out and learnings.far_behind(facts, leader, own[0], noise):
        return 0.15
    return (0.6 + weight) * _distinct(facts, own) / (1 + 0.05 * gap / noise)


def _distinct(facts: Facts, own: list[ExperimentFact]) -> float:
    """1.3 for a family whose errors differ from the champion's, 0.8 for one beyond L1's correlation."""
    known = [abs(e.correlation) for e in own if e.correlation is not None and e.id != facts.champion]
    if not known:
        return 1.0
    return max(0.8, min(1.3, 1 + 20 * (0.99 - sum(known) / len(known))))


def _changes(facts: Facts, noise: float) -> dict[Change, float]:
    gains: dict[Change, list[float]] = {}
    for new, old in history.compared(facts):
        assert new.recipe is not None and old.recipe is not None
        units = history.gain(facts, new, old) / noise
        found_here = changes(new.recipe, old.recipe)
        for change in found_here:  # which of several it was nobody knows: each has its share
            gains.setdefault(change, []).append(max(-BEST_CREDIT, min(BEST_CREDIT, units)) / len(found_here))
    return {change: sum(found) / (len(found) + 1) for change, found in gains.items()}
