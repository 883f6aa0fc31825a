"""Coding agents as seats: Claude Code, Codex, Gemini CLI, each a subprocess shut in with its role's files."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from podium.team.coder.adapter import Adapter
from podium.team.coder.claude_code import ClaudeCode
from podium.team.coder.codex import Codex
from podium.team.coder.gemini_cli import GeminiCli
from podium.team.coder.launch import launcher
from podium.team.coder.seat import CoderSeat
from podium.team.desk import Desk

ADAPTERS: Mapping[str, Callable[[], Adapter]] = {"claude-code": ClaudeCode, "codex": Codex, "gemini-cli": GeminiCli}


def coder_seat(kind: str, model: str, desk: Desk) -> CoderSeat:
    """The agent called `kind` (claude-code, codex, gemini-cli), with its own default model where `model` is "".

    Raises UserError: it is not installed, or cannot be confined here and the user has not given leave.
    """
    started = launcher(ADAPTERS[kind](), desk.unconfined)
    return CoderSeat(f"{kind}:{model}" if model else kind, model, started, desk)
