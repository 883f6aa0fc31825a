"""Gemini CLI: `gemini --output-format json`, one JSON object. Source: its docs/cli/headless.md and json-formatter.ts.

It reports tokens by model and no dollars, so its cost is unknown. Limits and permissions are settings, not flags.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from podium.execution import agents
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

LOGGED_OUT, TURNS = 41, 53  # exit codes
LOST = ("invalid session identifier", "no previous sessions found")
OFF = ["google_web_search", "web_fetch"]  # what comes from the web is to be recorded, and here it cannot be


class GeminiCli:
    agent = agents.AGENTS["gemini-cli"]

    def arguments(self, request: Request) -> list[str]:
        words = ["--output-format", "json", "--approval-mode", "yolo" if request.confined else "auto_edit"]
        if request.model:
            words += ["--model", request.model]
        if request.session:
            words += ["--resume", str(request.session["id"])]
        return words

    def given(self, request: Request) -> str:
        """It has no flag for a system prompt: a session begins with it."""
        return request.prompt if request.session else f"{request.system}\n\n{request.prompt}"

    def files(self, request: Request) -> Mapping[str, Any]:
        return {}

    def settings(self, request: Request, user_home: Path) -> Mapping[str, Any]:
        """In a folder that it does not trust it asks before it acts, and nobody would answer."""
        security: dict[str, Any] = {"folderTrust": {"enabled": False}}
        login = agents.selected_gemini_login(user_home)
        if os.environ.get("GEMINI_API_KEY"):
            login = "gemini-api-key"
        elif login is None and agents.logins(self.agent, user_home):
            login = "oauth-personal"
        if login is not None:
            security["auth"] = {"selectedType": login}
        return {
            ".gemini/settings.json": {
                "security": security,
                "model": {"maxSessionTurns": request.turns},
                "tools": {"exclude": OFF},
                "general": {"disableAutoUpdate": True, "enableAutoUpdate": False},
                "privacy": {"usageStatisticsEnabled": False},
            }
        }

    def read(self, ended: Ended, request: Request) -> Answer:
        if ended.status is None:
            return killed(ended, request.session)
        found = [one for one in (*objects(ended.err), *objects(ended.out)) if {"response", "error"} & set(one)]
        result = found[-1] if found else {}
        identity = text_of(result.get("session_id"))
        session = {"id": identity} if identity else dict(request.session or {})
        usage = _usage(result, ended.wall_s)
        error = mapping(result.get("error"))
        if ended.status == 0 and result and not error:
            return Answer(text_of(result.get("response")), usage, session)
        said = text_of(error.get("message"))[:400] or complaint(ended)
        if mentions(said, *LOST):
            return Answer(usage=usage, problem=said, lost=True, spent=False)
        if ended.status == LOGGED_OUT or mentions(said, "please set an auth method", "api key not valid"):
            problem = f"not logged in ({said}); {self.agent.login}"
            return Answer(usage=usage, problem=problem, again=False, spent=False)
        reason = "turn limit reached" if ended.status == TURNS else f"exit {ended.status}"
        return Answer(usage=usage, session=session, problem=f"{reason}: {said}", again=not mentions(said, *USED_UP))


def _usage(result: Mapping[str, Any], wall_s: float) -> Usage:
    """Summed over models; what it thought counts as output, as it is billed."""
    models = mapping(mapping(result.get("stats")).get("models")).values()
    tokens = [mapping(mapping(model).get("tokens")) for model in models]
    read = sum(number(used.get("prompt")) + number(used.get("tool")) for used in tokens)
    written = sum(number(used.get("candidates")) + number(used.get("thoughts")) for used in tokens)
    return Usage(wall_s, read, written, cost_usd=None)
