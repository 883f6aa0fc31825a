"""Codex: `codex exec --json`, events as JSON Lines. Source: openai/codex docs/exec.md and exec_events.rs.

It reports tokens and no dollars, so its cost is unknown. On a resumed thread `turn.completed` counts the thread's tokens
from its beginning, so a call's own are the difference to what the last call saw.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from podium.execution.agents import AGENTS
from podium.execution.confine import Ended
from podium.records import Usage
from podium.team.coder import strict
from podium.team.coder.adapter import (
    ANSWER_SCHEMA,
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

LOGGED_OUT = ("401 unauthorized", "not logged in", "please run codex login", "missing bearer", "invalid_api_key")
LOST = ("no rollout found", "no saved session", "thread not found", "session not found", "missing rollout")


class Codex:
    agent = AGENTS["codex"]

    def arguments(self, request: Request) -> list[str]:
        words = ["exec", "--json", "--skip-git-repo-check", "-c", 'web_search="disabled"']
        if request.confined:  # its own sandbox cannot be nested in ours
            words += ["--dangerously-bypass-approvals-and-sandbox"]
        else:
            words += ["--sandbox", "workspace-write"]
        if request.model:
            words += ["--model", request.model]
        if request.schema is not None:
            words += ["--output-schema", ANSWER_SCHEMA]
        if request.session:
            words += ["resume", str(request.session["id"])]
        return [*words, "-"]

    def given(self, request: Request) -> str:
        """It has no flag for a system prompt: a thread begins with it."""
        return request.prompt if request.session else f"{request.system}\n\n{request.prompt}"

    def files(self, request: Request) -> Mapping[str, Any]:
        return {} if request.schema is None else {ANSWER_SCHEMA: strict.schema(request.schema)}

    def settings(self, request: Request, user_home: Path) -> Mapping[str, Any]:
        return {}

    def read(self, ended: Ended, request: Request) -> Answer:
        events = objects(ended.out)
        before = request.session or {}
        session = _session(events, before)
        if ended.status is None:
            return killed(ended, session)
        usage = Usage(
            ended.wall_s,
            _since(session, before, "tokens_in"),
            _since(session, before, "tokens_out"),
            cost_usd=None,
        )
        failures = [_failure(event) for event in events if event.get("type") in ("turn.failed", "error")]
        done = any(event.get("type") == "turn.completed" for event in events)
        if ended.status == 0 and done:
            return Answer(_last_message(events), usage, session)
        said = " ".join((*failures[-1:], complaint(ended) if not failures else ""))[:400].strip()
        if mentions(said + ended.err, *LOST):
            return Answer(usage=usage, problem=said, lost=True, spent=False)
        if mentions(said, *LOGGED_OUT):
            problem = f"not logged in ({said}); {self.agent.login}"
            return Answer(usage=usage, problem=problem, again=False, spent=False)
        begun = any(event.get("type") == "turn.started" for event in events)
        again = not mentions(said, *USED_UP)
        return Answer(usage=usage, session=session, problem=f"exit {ended.status}: {said}", again=again, spent=begun)


def _session(events: list[dict[str, Any]], before: Mapping[str, Any]) -> dict[str, Any]:
    """The thread, and how many tokens it has used since it began."""
    session = dict(before)
    for event in events:
        kind = event.get("type")
        if kind == "thread.started" and text_of(event.get("thread_id")):
            if event["thread_id"] != before.get("id"):
                session = {"id": event["thread_id"]}
        elif kind == "turn.completed":
            used = mapping(event.get("usage"))
            session["tokens_in"] = number(used.get("input_tokens"))
            session["tokens_out"] = number(used.get("output_tokens"))
    return session if "id" in session else {}


def _since(now: Mapping[str, Any], before: Mapping[str, Any], name: str) -> int:
    """Tokens of this call alone. A count below the last one is a version that counts turn by turn."""
    new = number(now.get(name))
    old = number(before.get(name)) if now.get("id") == before.get("id") else 0
    return new - old if new >= old else new


def _last_message(events: list[dict[str, Any]]) -> str:
    items = [mapping(event.get("item")) for event in events if event.get("type") == "item.completed"]
    said = [text_of(item.get("text")) for item in items if item.get("type") == "agent_message"]
    return said[-1] if said else ""


def _failure(event: Mapping[str, Any]) -> str:
    return text_of(mapping(event.get("error")).get("message")) or text_of(event.get("message"))
