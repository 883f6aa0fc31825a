"""`codex exec --json`, as of 0.142. Source: openai/codex docs/exec.md, codex-rs/exec/src/{cli,exec_events}.rs; on resumed
threads its usage counts from the thread's beginning; the message for a lost thread is the one of its app server."""

from __future__ import annotations

import argparse
import json
import os
import sys
import uuid
from pathlib import Path
from typing import Any

from podium.testing.fake_clis import acts

IN, CACHED, OUT = 18_000, 12_000, 400  # tokens of one turn


def main(settings_json: str) -> None:
    settings, home = json.loads(settings_json), Path(os.environ.get("HOME", "/"))
    login = home / ".codex" / "auth.json"
    logged_in = bool(os.environ.get("CODEX_API_KEY")) or (login.is_file() and login.stat().st_size > 0)
    if sys.argv[1:] == ["--version"]:
        print("codex-cli", settings["version"] or "0.142.4")
        return
    if sys.argv[1:] == ["login", "status"]:
        print("Logged in using ChatGPT" if logged_in else "Not logged in", file=sys.stderr)
        sys.exit(0 if logged_in else 1)
    asked, prompt = _arguments(), sys.stdin.read()
    thread = home / ".codex" / "sessions" / f"rollout-{asked.session or uuid.uuid4()}.json"
    identity = thread.stem.removeprefix("rollout-")
    if asked.session and not thread.is_file():
        told = f"thread/resume: thread/resume failed: no rollout found for thread id {identity} (code -32600)"
        print(f"Error: {told}", file=sys.stderr)
        sys.exit(1)
    _say({"type": "thread.started", "thread_id": identity})
    _say({"type": "turn.started"})
    if not logged_in:
        told = "unexpected status 401 Unauthorized: Missing bearer or basic authentication in header"
        _say({"type": "error", "message": told})
        _say({"type": "turn.failed", "error": {"message": told}})
        sys.exit(1)
    _play(settings, asked, prompt, thread)


def _play(settings: dict[str, Any], asked: argparse.Namespace, prompt: str, thread: Path) -> None:
    turns = json.loads(thread.read_text()) if thread.is_file() else []
    thread.parent.mkdir(parents=True, exist_ok=True)
    thread.write_text(json.dumps([*turns, prompt]))
    act = acts.perform(settings, prompt, plain=asked.output_schema is None)
    if act.broken is not None:
        print(act.broken)
        sys.exit(act.status)
    if act.status:
        told = f"exceeded retry limit, last status: {act.text}"
        _say({"type": "error", "message": told})
        _say({"type": "turn.failed", "error": {"message": told}})
        sys.exit(act.status)
    text = _strictly(act.text, asked) if act.name == "play" else act.text
    _item(0, {"type": "reasoning", "text": "**Reading the brief**"})
    _item(1, {"type": "command_execution", "command": "bash -lc ls", "aggregated_output": "given\n", "exit_code": 0})
    _item(2, {"type": "agent_message", "text": text})
    n = len(turns) + 1
    usage = {"input_tokens": n * IN, "cached_input_tokens": n * CACHED, "output_tokens": n * OUT}
    _say({"type": "turn.completed", "usage": usage})
    sys.exit(act.status)


def _strictly(text: str, asked: argparse.Namespace) -> str:
    """The answer as the API would give it under a strict schema: every field there, free mappings as text."""
    return json.dumps(_fit(json.loads(text), json.loads(Path(asked.output_schema).read_text())))


def _fit(data: Any, schema: dict[str, Any]) -> Any:
    if "anyOf" in schema:
        options = [option for option in schema["anyOf"] if (option["type"] == "null") == (data is None)]
        return _fit(data, options[0])
    if schema["type"] == "object":
        assert schema["required"] == list(schema["properties"]), "strict: every field is required"
        assert schema["additionalProperties"] is False, "strict: no other fields"
        return {name: _fit(data.get(name), inner) for name, inner in schema["properties"].items()}
    if schema["type"] == "array":
        return [_fit(item, schema["items"]) for item in data]
    return json.dumps(data) if isinstance(data, dict) else data


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="codex exec", allow_abbrev=False)
    parser.add_argument("--json", action="store_true", required=True)
    parser.add_argument("--skip-git-repo-check", action="store_true")
    parser.add_argument("--dangerously-bypass-approvals-and-sandbox", action="store_true")
    for name in ("-c/--config", "-s/--sandbox", "-m/--model", "--output-schema"):
        parser.add_argument(*name.split("/"))
    asked, rest = parser.parse_known_args(sys.argv[2:])
    if sys.argv[1] != "exec" or not (rest == ["-"] or (rest[:1] == ["resume"] and len(rest) == 3 and rest[2] == "-")):
        parser.error(f"unexpected arguments {rest}")
    asked.session = rest[1] if rest[0] == "resume" else None
    return asked


def _item(number: int, item: dict[str, Any]) -> None:
    _say({"type": "item.completed", "item": {"id": f"item_{number}", **item}})


def _say(event: dict[str, Any]) -> None:
    print(json.dumps(event), flush=True)
