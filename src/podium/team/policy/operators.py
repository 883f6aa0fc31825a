"""Operators: what a builder is asked to do to its parents, and what it is shown for it (`Suggestion`).

draft: shown the ideas beside it, so as to differ. debug: shown what its ancestors failed with. improve: one component at
a time, the one whose ablation mattered most. crossover: two good parents that disagree. The complexity cue grows with
depth (Toledo et al. 2025): a young tree is kept simple, an old one may be bold.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Literal

from podium.records import ExperimentFact, Facts, Suggestion
from podium.team.policy.lineage import ancestors, children, depth, failed, valid

Complexity = Literal["minimal", "moderate", "advanced"]
SIBLINGS = 8  # ideas a draft is shown
DEBUG_DEPTH = 3  # failures in a row after which a branch is left alone
DEBUGS = 1  # failures taken up in one round
APART = 0.995  # correlation below which two members may differ enough to be crossed (L1)
ABLATION_DEPTH = 2  # generations from which an ablation pays
ABLATIONS = 3  # components taken out of one experiment
ABLATION_REACH = 3  # ancestors whose ablations still tell something
COMPONENTS = ("features", "model", "target view", "training", "post-processing")


def complexity(level: int) -> Complexity:
    return "minimal" if level < 2 else "moderate" if level < 5 else "advanced"


def draft(facts: Facts) -> Suggestion:
    beside = [f"{e.family}: {e.hypothesis}" for e in valid(facts)[:SIBLINGS]]
    why = "a view of the problem that none of the ideas beside it has" if beside else "the first sound baseline"
    return Suggestion("draft", (), why, complexity(len(facts.families)), tuple(beside))


def debug(facts: Facts) -> Iterator[Suggestion]:
    """The newest failures that nothing has mended, unless their line has failed too often."""
    open_ = [e for e in facts.experiments if failed(e) and not children(facts, e.id)]
    for experiment in sorted(open_, key=lambda e: (-e.round, e.id))[:DEBUGS]:
        line = [e for e in ancestors(facts, experiment) if failed(e)]
        if len(line) < DEBUG_DEPTH:
            messages = tuple(f"{e.id}: {e.message}" for e in (experiment, *line) if e.message)
            yield Suggestion("debug", (experiment.id,), "mend what it failed with", "minimal", failures=messages)


def improve(facts: Facts, parent: ExperimentFact) -> Suggestion:
    tried = tuple(e.hypothesis for e in children(facts, parent.id))[:SIBLINGS]
    target = component(facts, parent)
    why = f"its {target} matters most: taking that out cost most" if target else "the best place to go on from"
    return Suggestion("improve", (parent.id,), why, complexity(depth(facts, parent)), tried, target=target)


def ablation(facts: Facts, parent: ExperimentFact) -> Iterator[Suggestion]:
    """What matters is measured before it is refined: one component after the other is taken out of the parent, or of the
    near ancestor where that was begun."""
    if depth(facts, parent) < ABLATION_DEPTH:
        return
    base, done = ablated(facts, parent)
    left = [one for one in COMPONENTS if one not in {named(e) for e in done}]
    if len(done) < ABLATIONS and left:
        why = "learn what its score rests on before more is built on it"
        yield Suggestion("ablate", (base.id,), why, "minimal", tuple(e.hypothesis for e in done), target=left[0])


def ablated(facts: Facts, parent: ExperimentFact) -> tuple[ExperimentFact, list[ExperimentFact]]:
    """Whichever of the parent and its near ancestors was last ablated, and its ablations; the parent where none was."""
    for base in (parent, *ancestors(facts, parent)[:ABLATION_REACH]):
        done = [e for e in children(facts, base.id) if e.operator == "ablate" and e.status in ("done", "killed")]
        if done:
            return base, done
    return parent, []


def component(facts: Facts, parent: ExperimentFact) -> str:
    """The component whose removal cost most, in the parent or a near ancestor; "" where nothing says so.

    An ablation that was stopped after its first fold lost more than any that was let finish.
    """
    base, done = ablated(facts, parent)
    lost = {e.id: _lost(facts, base, e) for e in done if named(e)}
    worst = max((e for e in done if lost.get(e.id, 0.0) > 0), key=lambda e: lost[e.id], default=None)
    return "" if worst is None else named(worst)


def _lost(facts: Facts, base: ExperimentFact, ablation: ExperimentFact) -> float:
    """How much worse an ablation is than what it was taken from, in the unit of what guides the search."""
    if ablation.status == "killed":
        return inf
    return 0.0 if base.score is None or ablation.score is None else facts.worth(base) - facts.worth(ablation)


def named(ablation: ExperimentFact) -> str:
    """The component that an ablation's hypothesis names."""
    return next((c for c in COMPONENTS if c in ablation.hypothesis.lower()), "")


def crossover(facts: Facts, parent: ExperimentFact) -> Iterator[Suggestion]:
    """The best other that is good and predicts differently."""
    for other in valid(facts)[:SIBLINGS]:
        apart = facts.correlations.get(parent.id, {}).get(other.id, 1.0)
        if other.id != parent.id and other.family != parent.family and apart < APART:
            why = f"both are good and they disagree (correlation {apart:.3f}): join what each does best"
            yield Suggestion("crossover", (parent.id, other.id), why, complexity(depth(facts, parent)))
            return
