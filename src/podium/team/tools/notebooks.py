"""The competition's public notebooks and discussions, through whatever platform has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from podium.records import Brief


@dataclass(frozen=True)
class Page:
    title: str
    where: str  # its address
    text: str


class Notebooks(Protocol):
    """A platform that hosts the competition. Raises OSError where it cannot be reached."""

    def find(self, competition: str, query: str) -> Sequence[Page]: ...


@dataclass(frozen=True)
class Reader:
    notebooks: Notebooks | None
    brief: Brief

    def search(self, query: str) -> str:
        if self.notebooks is None:
            return "this competition's platform has no notebooks or discussions; go on without them"
        try:
            found = self.notebooks.find(self.brief.facts.competition.competition, query)
        except OSError as problem:
            return f"the platform cannot be reached ({problem}); go on without it"
        return "\n\n".join(f"{page.title} ({page.where})\n{page.text[:2000]}" for page in found[:4]) or "nothing found"
