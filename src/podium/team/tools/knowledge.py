"""What the team knows: the shipped playbook, and the learnings that a brief shows."""

from __future__ import annotations

import re
from dataclasses import dataclass

from podium.records import Brief
from podium.team.roles import SCOPES

FOUND = 6
STEM = 5  # letters by which words are compared: target, targets


def search_playbook(query: str) -> str:
    """The entries that share most words with the query, best first."""
    from podium.team.builtin import playbook

    entries = [
        f"{entry.id} {entry.title} (families: {', '.join(entry.families) or 'any'}). "
        f"Why: {entry.why} Source: {entry.source}"
        for entry in playbook.shipped()
    ]
    return "\n".join(best(query, entries)) or "nothing in the playbook about that"


@dataclass(frozen=True)
class Learnings:
    brief: Brief

    def search(self, query: str) -> str:
        """The learnings that share most words with the query, with their evidence."""
        known = SCOPES[self.brief.role].shown(self.brief.facts).learnings
        texts = [
            f"{one.id} (+{one.support} −{one.contradicted}, {one.applies_to}): {one.rule} Evidence: {one.evidence}"
            for one in known
        ]
        return "\n".join(best(query, texts)) or "no learning about that"


def best(query: str, texts: list[str]) -> list[str]:
    """Texts by the number of words of the query that they hold; without a query, the first ones."""
    words = {word[:STEM] for word in re.findall(r"\w{3,}", query.lower())}
    if not words:
        return texts[:FOUND]
    scores = [sum(word in text.lower() for word in words) for text in texts]
    order = sorted(range(len(texts)), key=lambda i: (-scores[i], i))
    return [texts[i] for i in order if scores[i]][:FOUND]
