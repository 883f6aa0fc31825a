"""Experiments as a graph: ancestors, children, depth; and the order of their worth."""

from __future__ import annotations

from podium.records import ExperimentFact, Facts


def valid(facts: Facts) -> list[ExperimentFact]:
    """Finished and valid experiments, the best first; ties by id."""
    found = [e for e in facts.experiments if e.status == "done" and e.verdict != "invalid" and e.score is not None]
    return sorted(found, key=lambda e: (-facts.worth(e), e.id))


def failed(experiment: ExperimentFact) -> bool:
    return experiment.status == "failed" or experiment.verdict == "invalid"


def children(facts: Facts, id_: str) -> list[ExperimentFact]:
    return [e for e in facts.experiments if id_ in e.parents]


def ancestors(facts: Facts, experiment: ExperimentFact) -> list[ExperimentFact]:
    """Parents first, then theirs, each once; what a brief no longer lists is left out."""
    known = {e.id: e for e in facts.experiments}
    found: dict[str, ExperimentFact] = {}
    front = [p for p in experiment.parents if p in known]
    while front:
        id_ = front.pop(0)
        if id_ not in found and id_ != experiment.id:
            found[id_] = known[id_]
            front += [p for p in known[id_].parents if p in known]
    return list(found.values())


def depth(facts: Facts, experiment: ExperimentFact) -> int:
    """Generations above it: 0 for a draft."""
    return len(ancestors(facts, experiment))
