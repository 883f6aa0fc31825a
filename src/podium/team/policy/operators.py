"""Operators: what a builder is asked to do to its parents, and what it is shown for it (`Suggestion`).

draft: shown the ideas beside it, so as to differ. debug: shown what its ancestors failed with. improve: one component at
a time, the one whose ablation mattered most. crossover: two good parents that disagree. The complexity cue grows with
depth (Toledo et al. 2025): a young tree is kept simple, an old one may be bold.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from podium.records import ExperimentFact, Facts, Suggestion
from podium.team.policy.lineage import ancestors, children, depth, failed, valid

Complexity = Literal["minimal", "moderate", "advanced"]
SIBLINGS = 8  # ideas a draft is shown
DEBUG_DEPTH = 3  # failures in a row after which a branch is left alone
DEBUGS = 1  # failures taken up in one round
APART = 0.995  # correlation below which two members may differ enough to be crossed (L1)
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
    why = f"change its {target} and nothing else" if target else "change one component and nothing else"
    return Suggestion("improve", (parent.id,), why, complexity(depth(facts, parent)), tried, target=target)


def ablation(facts: Facts, parent: ExperimentFact) -> Iterator[Suggestion]:
    """What matters is measured before it is refined: one component taken out, while none of the line's was."""
    if depth(facts, parent) >= 2 and not any(e.operator == "ablate" for e in children(facts, parent.id)):
        why = "take out one component to learn what its score rests on"
        yield Suggestion(
            "ablate", (parent.id,), why, "minimal", target=COMPONENTS[len(parent.parents) % len(COMPONENTS)]
        )


def component(facts: Facts, parent: ExperimentFact) -> str:
    """The component whose removal cost most among the parent's ablations; "" where none was ablated."""
    sign = 1.0 if facts.competition.metric_direction == "higher" else -1.0
    done = [e for e in children(facts, parent.id) if e.operator == "ablate" and e.score is not None]
    worst = min(done, key=lambda e: sign * (e.score or 0.0), default=None)
    return "" if worst is None else next((c for c in COMPONENTS if c in worst.hypothesis.lower()), "")


def crossover(facts: Facts, parent: ExperimentFact) -> Iterator[Suggestion]:
    """The best other that is good and predicts differently."""
    for other in valid(facts)[:SIBLINGS]:
        apart = facts.correlations.get(parent.id, {}).get(other.id, 1.0)
        if other.id != parent.id and other.family != parent.family and apart < APART:
            why = f"both are good and they disagree (correlation {apart:.3f}): join what each does best"
            yield Suggestion("crossover", (parent.id, other.id), why, complexity(depth(facts, parent)))
            return
