"""Search of papers and code: off without a key. Any engine that answers a GET with JSON can be named.

PODIUM_SEARCH_URL  address with `{query}` and `{kind}` (paper, code, any), e.g. https://example.org/search?q={query}
PODIUM_SEARCH_KEY  sent as a bearer token
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from podium.team.tools.notebooks import Page

TIMEOUT_S = 20.0
MOST_BYTES = 2_000_000
OFF = "search is off here (no PODIUM_SEARCH_KEY); go on without it"


class Search(Protocol):
    """Raises OSError where it cannot be reached."""

    def find(self, query: str, kind: str) -> Sequence[Page]: ...


@dataclass(frozen=True)
class Searcher:
    engine: Search | None

    def search(self, query: str, kind: str = "any") -> str:
        if self.engine is None:
            return OFF
        try:
            found = self.engine.find(query[:400], kind if kind in ("paper", "code") else "any")
        except OSError as problem:
            return f"search failed ({problem}); go on without it"
        return "\n\n".join(f"{page.title} ({page.where})\n{page.text[:1200]}" for page in found[:5]) or "nothing found"


@dataclass(frozen=True)
class HttpSearch:
    """Reads a list of results with title, url and text (or snippet, content, description), at the top or below `results`."""

    url: str
    key: str = field(repr=False)

    def find(self, query: str, kind: str) -> Sequence[Page]:
        address = self.url.replace("{query}", urllib.parse.quote(query)).replace("{kind}", kind)
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {self.key}"})
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                data = json.loads(answer.read(MOST_BYTES))
        except ValueError as problem:
            raise OSError(f"not JSON: {problem}") from problem
        found = data.get("results", []) if isinstance(data, dict) else data
        return [_page(one) for one in found if isinstance(one, dict)]


def configured() -> Search | None:
    """The engine that the environment names; None: search is off."""
    url, key = os.environ.get("PODIUM_SEARCH_URL", ""), os.environ.get("PODIUM_SEARCH_KEY", "")
    return HttpSearch(url, key) if url.startswith(("https://", "http://")) and key else None


def _page(one: dict[str, Any]) -> Page:
    text = next((str(one[name]) for name in ("text", "snippet", "content", "description") if one.get(name)), "")
    return Page(str(one.get("title", "")), str(one.get("url", "")), text)
