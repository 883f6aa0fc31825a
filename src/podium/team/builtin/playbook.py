"""The written playbook: what is worth trying when, with its reason and source. `playbook.md` is its text."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from podium.records import Facts, Recipe
from podium.team.builtin.conditions import Condition, parse

HEADING = re.compile(r"## (P\d\d) (.+)")
LINE = re.compile(r"- (when|family|features|params|gain|why|source): (.+)")
SETTING = re.compile(r"(\w+)=(\"[^\"]*\"|\[[^\]]*\]|[^,\s]+)(?:,\s*|$)")
NEEDED = ("when", "family", "gain", "why", "source")


@dataclass(frozen=True)
class Entry:
    """One piece of advice. It changes `features` and `params` of a family's recipe; with neither it names a family.

    `gain` is the expected gain in noise floors; `families` is empty where any will do.
    """

    id: str
    title: str
    when: tuple[Condition, ...]
    families: tuple[str, ...]
    gain: float
    why: str
    source: str
    features: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)

    def evidence(self, facts: Facts) -> tuple[str, ...] | None:
        """Citations that every condition holds, or None where one does not."""
        found: list[str] = []
        for condition in self.when:
            because = condition.holds(facts)
            if because is None:
                return None
            found += because
        return tuple(dict.fromkeys(found))

    @property
    def names_family(self) -> bool:
        return not self.features and not self.params

    def suits(self, recipe: Recipe) -> bool:
        """Whether its settings mean something to this recipe: they are the options of tabular models."""
        return recipe.kind == "tabular" and (not self.families or recipe.model in self.families)

    def applied_to(self, recipe: Recipe) -> Recipe:
        return Recipe(recipe.kind, recipe.model, {**recipe.features, **self.features}, {**recipe.params, **self.params})


@functools.cache
def shipped() -> tuple[Entry, ...]:
    """The entries of the `playbook.md` that this package ships."""
    return read(files(__package__).joinpath("playbook.md").read_text(encoding="utf-8"))


def read(text: str) -> tuple[Entry, ...]:
    """Entries from Markdown. Raises ValueError naming the entry and the line that does not parse."""
    entries: list[Entry] = []
    heading: re.Match[str] | None = None
    fields: dict[str, str] = {}
    for line in [*text.splitlines(), "## P99 end"]:
        if match := HEADING.fullmatch(line):
            if heading:
                entries.append(_entry(heading[1], heading[2], fields))
            heading, fields = match, {}
        elif heading and line.strip():
            if not (part := LINE.fullmatch(line)):
                raise ValueError(f"playbook {heading[1]}: expected '- field: value', found {line!r}")
            fields[part[1]] = part[2]
    twice = {e.id for e in entries if sum(e.id == other.id for other in entries) > 1}
    if twice:
        raise ValueError(f"playbook: expected each id once, found {sorted(twice)[0]} again")
    return tuple(entries)


def _entry(id: str, title: str, fields: Mapping[str, str]) -> Entry:
    missing = [name for name in NEEDED if name not in fields]
    if missing:
        raise ValueError(f"playbook {id}: missing field {missing[0]!r}")
    try:
        return Entry(
            id=id,
            title=title,
            when=tuple(parse(part) for part in fields["when"].split(" and ")),
            families=() if fields["family"] == "any" else tuple(fields["family"].split("|")),
            gain=float(fields["gain"]),
            why=fields["why"],
            source=fields["source"],
            features=_settings(fields.get("features", "")),
            params=_settings(fields.get("params", "")),
        )
    except ValueError as problem:
        raise ValueError(f"playbook {id}: {problem}") from problem


def _settings(text: str) -> dict[str, Any]:
    """`target=true, discrete=50` as a dict; values are JSON."""
    found = {match[1]: json.loads(match[2]) for match in SETTING.finditer(text)}
    if SETTING.sub("", text).strip():
        raise ValueError(f"settings: expected 'name=value, name=value', found {text!r}")
    return found
