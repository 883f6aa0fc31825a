"""Search policies: which parents, which operator, for a builder that writes code. Pluggable, pure functions of facts.

What moves results is the operator and what it is shown, more than the policy (Toledo et al. 2025, arXiv 2507.02554); so
every policy hands out the same rich suggestions, and only the choice of parents differs.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from podium.errors import UserError
from podium.records import ExperimentFact, Facts, Suggestion
from podium.team.policy import evolution, greedy, tree
from podium.team.policy.operators import ablation, crossover, debug, draft, improve

POLICIES: Mapping[str, Callable[[Facts, random.Random], ExperimentFact | None]] = {
    "greedy": greedy.parent,
    "evolution": evolution.parent,
    "tree": tree.parent,
}
DRAFTS = 3  # families that are drafted before anything is improved
SUGGESTIONS = 4


def check_name(name: str) -> None:
    """Raises UserError for a policy that does not exist."""
    if name not in POLICIES:
        raise UserError(f"no search policy {name!r}", expected=", ".join(POLICIES), remedy="use --search NAME")


def suggest(policy: str, facts: Facts, stream: str) -> tuple[Suggestion, ...]:
    """At most `SUGGESTIONS`, the most promising first; the same facts and stream give the same ones."""
    rng = random.Random(stream)
    found = [*debug(facts), *(draft(facts) for _ in range(len(facts.families) < DRAFTS))]
    parent = POLICIES[policy](facts, rng)
    if parent is not None:
        found += [*ablation(facts, parent), improve(facts, parent), *crossover(facts, parent)]
        if facts.families and len(facts.families) >= DRAFTS:
            found.append(draft(facts))
    return tuple(found[:SUGGESTIONS])


__all__ = ["POLICIES", "check_name", "suggest"]
