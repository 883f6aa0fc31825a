"""Sources that a researcher may propose without an LLM: those of the user's own catalogue, and files that the description links.

The catalogue is `sources.toml` in PODIUM_HOME. Each `[[source]]` has `url`, `for` (words; one of them is in the name of the
competition or its description), and may have `what`, `why`, `licence`. What the description says is quoted as data. Nothing is
fetched before the user's leave: these become proposals like any other.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from podium.campaign.external.fetch import FetchError, check, fetchable
from podium.errors import UserError
from podium.records import Competition, ExternalSource, from_json
from podium.team.memory import Home

if TYPE_CHECKING:
    from podium.registry import Registry

FILE, KEY = "sources.toml", "sources_known"
MOST_LINKED, MOST_LISTED = 5, 500
LONGEST = 200  # characters of a text
_LINK = re.compile(r"https://[^\s<>\"'`\])}|]+")
_TEXTS = ("url", "what", "why", "licence")


def note(registry: Registry, competition: Competition) -> None:
    """Fix, as the campaign is made, what may be proposed in it. Raises UserError where the catalogue is damaged."""
    found = () if competition.external_data == "no" else (*_linked(competition), *_listed(competition))
    registry.set(KEY, list({one.url: one for one in found}.values()))


def open_(registry: Registry) -> tuple[ExternalSource, ...]:
    """Those that nobody has proposed yet."""
    known = {one.source for one in registry.external.all()}
    listed = (from_json(ExternalSource, one) for one in registry.setting(KEY) or ())
    return tuple(one for one in listed if one.url not in known)


def _linked(competition: Competition) -> Iterator[ExternalSource]:
    """Files of data that the description links, with the line that does."""
    found: dict[str, str] = {}
    for line in competition.description.splitlines():
        for match in _LINK.finditer(line):
            url = match[0].rstrip(".,;:!?*_")
            if _usable(url):
                found.setdefault(url, _plain(line))
    for url, line in list(found.items())[:MOST_LINKED]:
        yield ExternalSource(url, f"linked by the description: “{line}”", "the description links it", "unknown")


def _listed(competition: Competition) -> Iterator[ExternalSource]:
    home = Home.of_user()
    path = None if home is None else home.path.with_name(FILE)
    if path is None or not path.is_file():
        return
    said = f"{competition.competition} {competition.description}".lower()
    for entry in _read(path):
        words = [
            word for word in entry["for"] if re.search(rf"(?<![a-z0-9]){re.escape(word.lower())}(?![a-z0-9])", said)
        ]
        if words:
            why = entry.get("why") or f"your catalogue has it for {', '.join(words)}"
            what, licence = (entry.get(key) or "unknown" for key in ("what", "licence"))
            yield ExternalSource(entry["url"], _plain(what), _plain(why), _plain(licence))


def _read(path: Path) -> Sequence[Mapping[str, Any]]:
    """The catalogue's entries. Raises UserError naming the first that is otherwise than it should be."""
    try:
        listed = tomllib.loads(path.read_text("utf-8")).get("source", [])
    except (OSError, ValueError) as problem:
        raise UserError(f"{path} cannot be read", found=str(problem), remedy="correct it, or move it away") from problem
    if not isinstance(listed, list) or len(listed) > MOST_LISTED:
        raise UserError(f"{path} holds no list of sources", expected=f"at most {MOST_LISTED} [[source]] entries")
    for number, entry in enumerate(listed, 1):
        if why := _wrong(entry):
            raise UserError(f"{path}: source {number}", expected="url (https, of a file) and for (words)", found=why)
    return listed


def _wrong(entry: Any) -> str:
    if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
        return "no url"
    words = entry.get("for")
    if not isinstance(words, list) or not words or not all(isinstance(word, str) and word.strip() for word in words):
        return "no words in for"
    other = next(
        (key for key in entry if key not in (*_TEXTS, "for") or (key != "for" and not isinstance(entry[key], str))), ""
    )
    return f"{other} is not understood" if other else "" if _usable(entry["url"]) else entry["url"][:120]


def _usable(url: str) -> bool:
    try:
        check(url)
    except FetchError:
        return False
    return fetchable(url)


def _plain(text: str) -> str:
    """One printable line, cut: it will stand in prompts."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:LONGEST]


__all__ = ["note", "open_"]
