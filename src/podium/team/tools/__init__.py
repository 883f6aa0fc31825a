"""Tools of a role: what it may look at beside its brief. Plain functions from arguments to text, whoever calls them.

Every answer is fenced: it is evidence, and may not instruct. A role has the tools of its line below and no others.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from podium.records import Brief, Role
from podium.team import prompts
from podium.team.desk import Desk
from podium.team.quoting import clip, quote
from podium.team.tools import files, knowledge, notebooks, snippet, web

ANSWER_CHARS = 8_000
TOOLS: Mapping[Role, tuple[str, ...]] = {
    "manager": ("list_files", "read_file"),
    "cto": ("list_files", "read_file"),
    "researcher": ("list_files", "read_file", "run_snippet", "search_playbook", "search_learnings", "search_notebooks",
                   "search_web"),
    "builder": ("list_files", "read_file", "run_snippet", "search_playbook", "search_learnings"),
    "qa": ("list_files", "read_file"),
    "reviewer": ("list_files", "read_file", "search_playbook", "search_learnings"),
    "reflector": ("list_files", "read_file", "search_learnings"),
    "uploader": ("list_files", "read_file"),
}  # fmt: skip


@dataclass(frozen=True)
class Tool:
    """`parameters` is a JSON Schema; `call` takes them as keywords and never raises for what a mind may get wrong."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    call: Callable[..., str]


@dataclass(frozen=True)
class Outside:
    """What a tool may reach outside the campaign; None where there is no such thing, and the tool says so."""

    search: web.Search | None = None
    notebooks: notebooks.Notebooks | None = None


def toolbox(desk: Desk, brief: Brief, outside: Outside | None = None) -> tuple[Tool, ...]:
    """The tools of the brief's role. Answers are recorded: a brief given again after a crash gets the same ones."""
    outside = outside or Outside(search=web.configured(), notebooks=desk.notebooks)
    every: Mapping[str, tuple[Callable[..., str], Mapping[str, str]]] = {
        "list_files": (files.Files(desk.campaign, brief.role).list, {"folder": "string"}),
        "read_file": (files.Files(desk.campaign, brief.role).read, {"path": "string", "offset": "integer"}),
        "run_snippet": (snippet.Snippets(desk, brief).run, {"code": "string"}),
        "search_playbook": (knowledge.search_playbook, {"query": "string"}),
        "search_learnings": (knowledge.Learnings(brief).search, {"query": "string"}),
        "search_notebooks": (notebooks.Reader(outside.notebooks, brief).search, {"query": "string"}),
        "search_web": (web.Searcher(outside.search).search, {"query": "string", "kind": "string"}),
    }
    return tuple(_tool(name, *every[name], desk, brief) for name in TOOLS[brief.role])


def _tool(name: str, function: Callable[..., str], kinds: Mapping[str, str], desk: Desk, brief: Brief) -> Tool:
    properties = {argument: {"type": kind} for argument, kind in kinds.items()}
    schema = {
        "type": "object",
        "properties": properties,
        "required": [next(iter(kinds))],
        "additionalProperties": False,
    }

    def call(**arguments: Any) -> str:
        wrong = _wrong(arguments, kinds)
        if wrong:
            return wrong
        asked = hashlib.sha256(json.dumps([name, arguments], sort_keys=True).encode()).hexdigest()[:16]
        key = f"{brief.role}/{brief.id}/tool/{asked}"
        known = desk.transcripts.answer(key)
        if known is None:
            desk.transcripts.record(
                key, brief.role, brief.id, {"tool": name, "text": _answer(name, function, arguments)}
            )
            known = desk.transcripts.answer(key)
        return str(known["text"]) if known else ""

    return Tool(name, prompts.render(f"tools/{name}"), schema, call)


def _answer(name: str, function: Callable[..., str], arguments: Mapping[str, Any]) -> str:
    source = ", ".join([name, *(clip(str(value), 60) for value in list(arguments.values())[:1])])
    return quote(clip(function(**arguments), ANSWER_CHARS), source) or "nothing"


def _wrong(arguments: Mapping[str, Any], kinds: Mapping[str, str]) -> str:
    """What is wrong with a call's arguments, for the caller to mend; empty where nothing is."""
    types = {"string": str, "integer": int}
    alien: Sequence[str] = sorted(set(arguments) - set(kinds))
    if alien:
        return f"no argument {alien[0]!r}; expected {', '.join(kinds)}"
    first = next(iter(kinds))
    if first not in arguments:
        return f"argument {first!r} is missing"
    bad = next((name for name, value in arguments.items() if not isinstance(value, types[kinds[name]])), None)
    return f"argument {bad!r}: expected a {kinds[bad]}" if bad else ""


__all__ = ["TOOLS", "Outside", "Tool", "toolbox"]
