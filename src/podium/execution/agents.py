"""The coding agents that can sit in a seat: what each is called, where it keeps its login, and whether it is here."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from podium.execution import program

LOOK_S = 20  # `--version` of a cold Node program takes seconds
VERSION = re.compile(r"\d+\.\d+\.\d+")
# How to reach the network from behind a proxy. Neither a key nor a path.
PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy")


@dataclass(frozen=True)
class Agent:
    """`logins`: files below the home folder that hold a login, any of which will do; `keys`: variables that will do
    instead; `settings`: variables that go with them. `status`: arguments that make it say whether it is logged in."""

    kind: str
    program: str
    oldest: str
    logins: tuple[str, ...]
    keys: tuple[str, ...]
    settings: tuple[str, ...]
    status: tuple[str, ...]
    install: str
    login: str


AGENTS: Mapping[str, Agent] = {
    "claude-code": Agent(
        "claude-code",
        "claude",
        "2.1.0",  # --json-schema, --max-budget-usd
        (".claude/.credentials.json",),
        ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"),
        ("ANTHROPIC_BASE_URL", "ANTHROPIC_MODEL"),
        (),
        "npm install -g @anthropic-ai/claude-code",
        "run `claude` and log in, or set ANTHROPIC_API_KEY",
    ),
    "codex": Agent(
        "codex",
        "codex",
        "0.45.0",  # exec --json with thread.started, exec resume
        (".codex/auth.json",),
        ("CODEX_API_KEY",),
        ("OPENAI_BASE_URL",),
        ("login", "status"),
        "npm install -g @openai/codex",
        "run `codex login`, or set CODEX_API_KEY",
    ),
    "gemini-cli": Agent(
        "gemini-cli",
        "gemini",
        "0.24.0",  # session_id in its JSON, --resume
        (".gemini/oauth_creds.json",),
        ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        ("GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_GCA", "GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION"),
        (),
        "npm install -g @google/gemini-cli",
        "run `gemini` and log in, or set GEMINI_API_KEY",
    ),
}


def logins(agent: Agent, home: Path) -> list[Path]:
    """The login files that exist and hold something."""
    return [home / name for name in agent.logins if (home / name).is_file() and (home / name).stat().st_size > 2]


def has_login(agent: Agent) -> bool:
    """Whether there is a key or a login file to hand in. Whether they still hold is for its provider to say."""
    return any(os.environ.get(key) for key in agent.keys) or bool(logins(agent, Path.home()))


def environment(agent: Agent, launcher: Mapping[str, str]) -> dict[str, str]:
    """Of the launcher's variables, those that are this agent's own. An empty one counts as not set."""
    return {name: launcher[name] for name in (*agent.keys, *agent.settings, *PROXIES) if launcher.get(name)}


def examine(agent: Agent) -> dict[str, Any]:
    """As JSON values: `path`, `version`, `logged_in` (None where it cannot be told), `problem` ("" where it can play)."""
    path = program.find(agent.program)
    if path is None:
        return {"path": None, "version": None, "logged_in": None, "problem": "not installed"}
    version = _version(path)
    logged_in = _logged_in(agent, path)
    problem = ""
    if version is None:
        problem = "it does not tell its version"
    elif _number(version) < _number(agent.oldest):
        problem = f"version {version} is too old; expected {agent.oldest} or newer"
    elif logged_in is False:
        problem = "not logged in"
    return {"path": str(path), "version": version, "logged_in": logged_in, "problem": problem}


def report() -> dict[str, Any]:
    """Kind → what `examine` found; `weaker` tells of those that are here and cannot play."""
    found: dict[str, Any] = {kind: examine(agent) for kind, agent in AGENTS.items()}
    weaker = [
        {"what": f"{kind} cannot take a seat", "why": one["problem"], "remedy": _remedy(AGENTS[kind], one)}
        for kind, one in found.items()
        if one["path"] is not None and one["problem"]
    ]
    return {**found, "weaker": weaker}


def line(found: Mapping[str, Any]) -> str:
    """What was found of one agent, for people."""
    if found["path"] is None:
        return "not installed"
    login = {True: "logged in", False: "not logged in", None: "login unknown"}[found["logged_in"]]
    return f"{found['version'] or 'version unknown'}, {login}, {found['path']}"


def _remedy(agent: Agent, found: Mapping[str, Any]) -> str:
    return agent.login if found["logged_in"] is False else agent.install


def _version(path: Path) -> str | None:
    done = _ask(path, "--version")
    found = VERSION.search(done.stdout) if done is not None and done.returncode == 0 else None
    return found[0] if found else None


def _logged_in(agent: Agent, path: Path) -> bool | None:
    """By a key or a login file; where there is a command that says so, by its word."""
    if agent.status and not any(os.environ.get(key) for key in agent.keys):
        done = _ask(path, *agent.status)
        return None if done is None else done.returncode == 0
    return has_login(agent)


def _ask(path: Path, *arguments: str) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(
            [str(path), *arguments],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LOOK_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def selected_gemini_login(home: Path) -> str | None:
    """Which kind of login the user's own Gemini CLI is set to, for it refuses to guess without a terminal."""
    try:
        settings = json.loads((home / ".gemini" / "settings.json").read_text(encoding="utf-8"))
        chosen = settings.get("security", {}).get("auth", {}).get("selectedType")
    except (OSError, ValueError, AttributeError):
        return None
    return chosen if isinstance(chosen, str) else None
