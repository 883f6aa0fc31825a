"""`claude -p --output-format json`, as of 2.1. Source: Claude Code's CLI reference; the Agent SDK's result message;
anthropics/claude-code issues 40609 (a session that is gone) and 1665 (logged out)."""

from __future__ import annotations

import argparse
import json
import os
import sys
import uuid
from pathlib import Path
from typing import Any

from podium.testing.fake_clis import acts

PRICE_USD = 0.0125
USED = {"input_tokens": 12, "cache_creation_input_tokens": 800, "cache_read_input_tokens": 4000, "output_tokens": 350}


def main(settings_json: str) -> None:
    settings = json.loads(settings_json)
    if sys.argv[1:] == ["--version"]:
        print(settings["version"] or "2.1.92", "(Claude Code)")
        return
    asked, prompt = _arguments(), sys.stdin.read()
    home = Path(os.environ["HOME"])
    login = home / ".claude" / ".credentials.json"
    if not os.environ.get("ANTHROPIC_API_KEY") and not (login.is_file() and login.stat().st_size):
        _say(_result("Invalid API key · Please run /login", str(uuid.uuid4()), is_error=True, cost=0, used={}), 1)
    sessions = home / ".claude" / "projects" / str(Path.cwd()).replace("/", "-")
    if asked.resume and not (sessions / f"{asked.resume}.jsonl").is_file():
        told = f"No conversation found with session ID: {asked.resume}"
        print(told, file=sys.stderr)
        failed = _result(None, str(uuid.uuid4()), "error_during_execution", is_error=True, cost=0, used={})
        _say({**failed, "errors": [told]}, 1)
    session = asked.resume or str(uuid.uuid4())
    sessions.mkdir(parents=True, exist_ok=True)
    with (sessions / f"{session}.jsonl").open("a") as file:
        file.write(json.dumps({"type": "user", "sessionId": session, "message": prompt}) + "\n")
    if asked.max_budget_usd is not None and asked.max_budget_usd < PRICE_USD:
        failed = _result(None, session, "error_max_budget_usd", is_error=True)
        _say({**failed, "errors": [f"Reached maximum budget (${asked.max_budget_usd})"]}, 1)
    _play(settings, asked, prompt, session)


def _play(settings: dict[str, Any], asked: argparse.Namespace, prompt: str, session: str) -> None:
    act = acts.perform(settings, prompt, plain=asked.json_schema is None)
    if act.name == "turns":
        _say(_result(None, session, "error_max_turns", is_error=True), 1)
    if act.broken is not None:
        print(act.broken)
        sys.exit(act.status)
    result = _result(act.text, session, is_error=act.status != 0)
    if act.name == "play" and asked.json_schema is not None:
        result["structured_output"] = json.loads(act.text)
    _say(result, act.status)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="claude", allow_abbrev=False)
    parser.add_argument("-p", "--print", action="store_true", required=True)
    parser.add_argument("--output-format", choices=["json"], required=True)
    parser.add_argument("--max-turns", type=int)
    parser.add_argument("--max-budget-usd", type=float)
    parser.add_argument("--strict-mcp-config", action="store_true")
    for name in ("--tools", "--allowedTools", "--append-system-prompt", "--model", "--json-schema", "-r/--resume"):
        parser.add_argument(*name.split("/"))
    return parser.parse_args()


def _result(
    text: str | None,
    session: str,
    subtype: str = "success",
    *,
    is_error: bool = False,
    cost: float = PRICE_USD,
    used: dict[str, int] = USED,
) -> dict[str, Any]:
    return {
        "type": "result",
        "subtype": subtype,
        "is_error": is_error,
        "duration_ms": 1234,
        "duration_api_ms": 1100,
        "num_turns": 2,
        **({} if text is None else {"result": text}),
        "stop_reason": "end_turn",
        "session_id": session,
        "total_cost_usd": cost,
        "usage": {**used, "server_tool_use": {"web_search_requests": 0}, "service_tier": "standard"},
        "modelUsage": {},
        "permission_denials": [],
        "uuid": str(uuid.uuid4()),
    }


def _say(result: dict[str, Any], status: int) -> None:
    print(json.dumps(result))
    sys.exit(status)
