"""What differs between coding agents: argv, settings, and how the real output of each is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from podium.execution.agents import Agent
from podium.execution.confine import Ended
from podium.records import Usage

# What is over for hours: another attempt would only be refused again. A busy provider is something else; agents wait for it.
USED_UP = (
    "usage limit",
    "hit your limit",
    "credit balance is too low",
    "quota exceeded",
    "exceeded your current quota",
)
TOLD = 400  # characters of an agent's own complaint that are worth repeating
ANSWER_SCHEMA = "given/answer_schema.json"  # relative to the working folder


@dataclass(frozen=True)
class Request:
    """One call. `session` is what the last call's answer left, None for a new one. `schema` None asks for plain text.

    `confined`: it runs inside `podium.execution.confine`, so that its own permission questions may be switched off.
    """

    prompt: str
    system: str
    session: Mapping[str, Any] | None
    schema: Mapping[str, Any] | None
    model: str = ""
    turns: int = 40
    money_usd: float | None = None
    confined: bool = True


@dataclass(frozen=True)
class Answer:
    """What came of a call. `problem` "" means that there is an answer: `text`, the agent's last word.

    `again`: another attempt may help. `lost`: the session does not exist any more. `session`: what resumes it.
    `spent`: False where it cannot have reached its model.
    """

    text: str = ""
    usage: Usage = field(default_factory=Usage)
    session: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""
    again: bool = True
    lost: bool = False
    spent: bool = True


class Adapter(Protocol):
    agent: Agent

    def arguments(self, request: Request) -> list[str]:
        """The words after the program's name. The prompt is not among them: it goes to stdin."""
        ...

    def given(self, request: Request) -> str:
        """What goes to stdin."""
        ...

    def files(self, request: Request) -> Mapping[str, Any]:
        """JSON files to lay out before the call, by path relative to the working folder."""
        ...

    def settings(self, request: Request, user_home: Path) -> Mapping[str, Any]:
        """JSON files of its own home folder, by path relative to that."""
        ...

    def read(self, ended: Ended, request: Request) -> Answer: ...


def objects(text: str) -> list[dict[str, Any]]:
    """The JSON objects in an output, each begun on a line of its own; noise between them is passed over."""
    found, decoder, at = [], json.JSONDecoder(), 0
    while at < len(text):
        start = text.find("{", at)
        if start < 0:
            break
        if start and text[start - 1] != "\n":
            line = text.find("\n{", start)
            at = len(text) if line < 0 else line + 1
            continue
        try:
            value, at = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            at = start + 1
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def complaint(ended: Ended) -> str:
    """The end of what the program had to say, in one line."""
    said = " ".join((ended.err.strip() or ended.out.strip()).split())
    return said[-TOLD:] or "it said nothing"


def number(value: Any) -> int:
    """A count as an agent reports it; 0 for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else ""


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def mentions(text: str, *phrases: str) -> bool:
    low = text.lower()
    return any(phrase.lower() in low for phrase in phrases)


def killed(ended: Ended, session: Mapping[str, Any] | None = None) -> Answer:
    """A call that had to be ended: what it spent is unknown. Waiting as long again would not help the campaign."""
    problem = f"no answer within {ended.wall_s:.0f} s" if ended.why == "time" else "more output than an answer needs"
    return Answer(
        usage=Usage(ended.wall_s, cost_usd=None), session=session or {}, problem=problem, again=ended.why != "time"
    )
