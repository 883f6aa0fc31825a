"""Ideas tried before, recognised through what does not make an idea."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from podium.campaign.canonical import canonical
from podium.records import ExperimentFact, ExperimentSpec

SAME_WORDS = 0.9  # Jaccard index of two hypotheses' words from which they say the same
FEW_WORDS = 5  # a shorter hypothesis says too little to be compared by its words


def fingerprint(source: str) -> str:
    """16 hex digits that two solutions share when they differ in nothing that makes an idea: `canonical` says in what.

    Raises SyntaxError, ValueError, RecursionError on what is no Python.
    """
    return hashlib.sha256(canonical(source).encode()).hexdigest()[:16]


def repeated(specs: Sequence[ExperimentSpec], tried: Sequence[ExperimentFact]) -> tuple[int, str] | None:
    """(position, why) of the first planned experiment whose hypothesis was tried, or is planned twice, with this family
    and these parents.

    Experiments with a recipe are told apart by their recipe, and what failed may be tried again to mend it.
    """
    said: list[tuple[str, ExperimentFact | ExperimentSpec]] = [(e.id, e) for e in tried if e.status != "failed"]
    for i, spec in enumerate(specs):
        if spec.recipe is not None or spec.operator == "debug":
            continue
        for name, other in said:
            there = _family(other.family) == _family(spec.family) and set(other.parents) == set(spec.parents)
            if there and alike(spec.hypothesis, other.hypothesis) >= SAME_WORDS:
                return i, f"{name} says this already; say what differs, or plan something else"
        said.append((f"experiments[{i}]", spec))
    return None


def _family(name: str) -> str:
    """A family's name without case, punctuation and number: `LightGBM_v2` is lightgbm."""
    return re.sub(r"v?\d+|[^a-z\d]+", "", name.lower())


def alike(one: str, other: str) -> float:
    """Jaccard index of the words of two texts, 0..1; 1 for short texts only where they are equal."""
    words = [set(re.findall(r"[a-z0-9.]+", text.lower())) for text in (one, other)]
    if min(len(w) for w in words) < FEW_WORDS:
        return float(words[0] == words[1])
    return len(words[0] & words[1]) / len(words[0] | words[1])
