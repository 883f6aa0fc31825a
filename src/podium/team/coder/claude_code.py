"""Claude Code: `claude -p --output-format json`, one JSON object at the end. Source: its CLI reference and the
Agent SDK's result message."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from podium.execution.agents import AGENTS
from podium.execution.confine import Ended
from podium.records import Usage
from podium.team.coder.adapter import (
    USED_UP,
    Answer,
    Request,
    complaint,
    killed,
    mapping,
    mentions,
    number,
    objects,
    text_of,
)

FILES = ("Read", "Glob", "Grep", "Write", "Edit")
SHELL = "Bash"  # only where all of it is confined
LOGGED_OUT = (
    "please run /login",
    "invalid api key",
    "not logged in",
    "oauth token has expired",
    "authentication_error",
)
LOST = ("no conversation found",)


class ClaudeCode:
    agent = AGENTS["claude-code"]

    def arguments(self, request: Request) -> list[str]:
        tools = ",".join((*FILES, SHELL) if request.confined else FILES)
        words = ["-p", "--output-format", "json", "--max-turns", str(request.turns), "--strict-mcp-config"]
        words += ["--tools", tools, "--allowedTools", tools, "--append-system-prompt", request.system]
        if request.model:
            words += ["--model", request.model]
        if request.schema is not None:
            words += ["--json-schema", json.dumps(request.schema, separators=(",", ":"))]
        if request.money_usd is not None:
            words += ["--max-budget-usd", f"{request.money_usd:.4f}"]
        if request.session:
            words += ["--resume", str(request.session["id"])]
        return words

    def given(self, request: Request) -> str:
        return request.prompt

    def files(self, request: Request) -> Mapping[str, Any]:
        return {}

    def settings(self, request: Request, user_home: Path) -> Mapping[str, Any]:
        return {".claude/settings.json": {"env": {"DISABLE_AUTOUPDATER": "1", "DISABLE_TELEMETRY": "1"}}}

    def read(self, ended: Ended, request: Request) -> Answer:
        """A logged-out Claude exits 1 with `is_error` true while `subtype` says "success": all three are looked at."""
        if ended.status is None:
            return killed(ended, request.session)
        results = [found for found in objects(ended.out) if found.get("type") == "result"]
        if not results:
            said = complaint(ended)
            lost = mentions(said, *LOST)
            return Answer(problem=f"no result (exit {ended.status}): {said}", lost=lost, spent=False)
        result = results[-1]
        session = {"id": result["session_id"]} if text_of(result.get("session_id")) else dict(request.session or {})
        usage = _usage(result, ended.wall_s)
        if result.get("is_error") or result.get("subtype") != "success" or ended.status != 0:
            return _failed(result, ended, usage, session)
        structured = result.get("structured_output")
        text = text_of(result.get("result")) if structured is None else json.dumps(structured)
        return Answer(text, usage, session)


def _failed(result: Mapping[str, Any], ended: Ended, usage: Usage, session: Mapping[str, Any]) -> Answer:
    errors = result.get("errors")
    told = [text_of(result.get("result")), *(map(text_of, errors) if isinstance(errors, list) else ())]
    said = " ".join(" ".join(told).split())[:400] or complaint(ended)
    kind = text_of(result.get("subtype"))
    if mentions(said, *LOST):
        return Answer(usage=usage, problem=said, lost=True, spent=False)
    if mentions(said, *LOGGED_OUT):
        return Answer(usage=usage, problem=_logged_out(said), again=False, spent=False)
    if kind == "error_max_budget_usd":
        return Answer(usage=usage, session=session, problem="its money limit is reached", again=False)
    reason = kind if kind not in ("", "success") else f"exit {ended.status}"
    return Answer(usage=usage, session=session, problem=f"{reason}: {said}", again=not mentions(said, *USED_UP))


def _logged_out(said: str) -> str:
    return f"not logged in ({said}); {ClaudeCode.agent.login}"


def _usage(result: Mapping[str, Any], wall_s: float) -> Usage:
    """What it read counts whole, from its cache too. The price is Claude Code's own estimate."""
    used, cost = mapping(result.get("usage")), result.get("total_cost_usd")
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    known = isinstance(cost, (int, float)) and not isinstance(cost, bool) and 0 <= cost < float("inf")
    price = float(str(cost)) if known else None
    return Usage(wall_s, sum(number(used.get(name)) for name in names), number(used.get("output_tokens")), price)
