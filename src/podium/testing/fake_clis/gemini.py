"""`gemini --output-format json`, as of 0.47. Source: google-gemini/gemini-cli docs/cli/headless.md,
packages/core/src/output/json-formatter.ts and its test, docs on exit codes; issue 24808 (a session that is gone)."""

from __future__ import annotations

import argparse
import json
import os
import sys
import uuid
from pathlib import Path
from typing import Any

from podium.testing.fake_clis import acts

TOKENS = {"input": 9000, "prompt": 13000, "candidates": 215, "total": 13318, "cached": 4000, "thoughts": 103, "tool": 0}


def main(settings_json: str) -> None:
    settings, home = json.loads(settings_json), Path(os.environ.get("HOME", "/"))
    if sys.argv[1:] == ["--version"]:
        print(settings["version"] or "0.47.0")
        return
    asked, prompt = _arguments(), sys.stdin.read()
    chosen = json.loads((home / ".gemini" / "settings.json").read_text())
    assert chosen["security"]["folderTrust"] == {"enabled": False}, "it would ask, and nobody would answer"
    login = home / ".gemini" / "oauth_creds.json"
    if not os.environ.get("GEMINI_API_KEY") and not (login.is_file() and login.stat().st_size):
        told = "Please set an Auth method in your settings.json or specify GEMINI_API_KEY before running"
        _fail("FatalAuthenticationError", told, 41)
    chats = home / ".gemini" / "tmp" / "work" / "chats"
    chats.mkdir(parents=True, exist_ok=True)
    session = asked.resume or str(uuid.uuid4())
    if asked.resume and not (chats / f"session-{session}.json").is_file():
        print(f'Error resuming session: Invalid session identifier "{session}".', file=sys.stderr)
        print("  Use --list-sessions to see available sessions.", file=sys.stderr)
        sys.exit(42)
    with (chats / f"session-{session}.json").open("a") as file:
        file.write(json.dumps(prompt) + "\n")
    act = acts.perform(settings, prompt, plain="given/schema.json" not in prompt and "refused" not in prompt)
    if act.name == "turns":
        _fail("FatalTurnLimitedError", "Reached max session turns for this session.", 53, session)
    if act.broken is not None:
        print(act.broken)
        sys.exit(act.status)
    if act.status:
        _fail("ApiError", act.text, act.status, session)
    print(json.dumps({"session_id": session, "response": act.text, "stats": _stats()}, indent=2))
    sys.exit(act.status)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="gemini", allow_abbrev=False)
    parser.add_argument("-o", "--output-format", choices=["json"], required=True)
    parser.add_argument("--approval-mode", choices=["default", "auto_edit", "yolo", "plan"])
    parser.add_argument("-m", "--model")
    parser.add_argument("-r", "--resume")
    return parser.parse_args()


def _stats() -> dict[str, Any]:
    api = {"totalRequests": 2, "totalErrors": 0, "totalLatencyMs": 5672}
    tools = {"totalCalls": 1, "totalSuccess": 1, "totalFail": 0, "totalDurationMs": 4582, "byName": {}}
    models = {"gemini-3-pro-preview": {"api": api, "tokens": TOKENS, "roles": {}}}
    return {"models": models, "tools": tools, "files": {"totalLinesAdded": 0, "totalLinesRemoved": 0}}


def _fail(kind: str, told: str, status: int, session: str | None = None) -> None:
    """Errors go to stderr as JSON."""
    said = {"error": {"type": kind, "message": told, "code": status}}
    print(json.dumps({"session_id": session, **said} if session else said, indent=2), file=sys.stderr)
    sys.exit(status)
