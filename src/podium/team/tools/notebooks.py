"""The competition's public notebooks and discussions, through whatever platform has them.

What strangers wrote is data: it is clipped here, fenced by the toolbox, and shown to the researcher alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from podium.errors import PodiumError
from podium.platforms.platform import Platform
from podium.records import Brief
from podium.team.quoting import clip

SHOWN = 4
SHOWN_CHARS, TITLE_CHARS = 1_800, 200


@dataclass(frozen=True)
class Page:
    title: str
    where: str  # its address
    text: str


class Notebooks(Protocol):
    """A platform that hosts the competition. Raises OSError where it cannot be reached."""

    def find(self, competition: str, query: str) -> Sequence[Page]: ...


class Text(Protocol):
    """One published text, as platforms have them."""

    @property
    def title(self) -> str: ...
    @property
    def where(self) -> str: ...
    @property
    def text(self) -> str: ...


@runtime_checkable
class Publisher(Protocol):
    """A platform with public notebooks and discussions about its competition. Raises Unreachable, UserError."""

    def published(self, query: str) -> Sequence[Text]: ...


@dataclass(frozen=True)
class Hosted:
    """The notebooks and discussions of the campaign's own platform, which knows its competition by itself."""

    publisher: Publisher

    def find(self, competition: str, query: str) -> Sequence[Page]:
        try:
            found = self.publisher.published(query)
        except PodiumError as problem:
            raise OSError(str(problem)) from None
        return [Page(one.title, one.where, one.text) for one in found]


def of(platform: Platform) -> Notebooks | None:
    """None: the platform has none."""
    return Hosted(platform) if isinstance(platform, Publisher) else None


@dataclass(frozen=True)
class Reader:
    notebooks: Notebooks | None
    brief: Brief

    def search(self, query: str) -> str:
        if self.notebooks is None:
            return "this competition's platform has no notebooks or discussions; go on without them"
        try:
            found = self.notebooks.find(self.brief.facts.competition.competition, query[:SHOWN_CHARS])
        except OSError as problem:
            return f"the platform cannot be reached ({clip(str(problem), TITLE_CHARS)}); go on without it"
        return "\n\n".join(_shown(page) for page in found[:SHOWN]) or "nothing found"


def _shown(page: Page) -> str:
    head = f"{clip(page.title, TITLE_CHARS)} ({clip(page.where, TITLE_CHARS)})"
    return f"{' '.join(head.split())}\n{clip(page.text, SHOWN_CHARS)}"
