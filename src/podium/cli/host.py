"""`podium next`: an outside agent drives. The campaign goes on until a brief waits for it, and the brief is handed out."""

from __future__ import annotations

import json
import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from podium import whole
from podium.cli.duration import seconds
from podium.cli.output import Folder, Json, result, short

if TYPE_CHECKING:
    from podium.registry.deliveries import Published

WAIT = "50s"  # below the minute after which many agents give up on a command
RETRY_S = 5.0
PAUSED_RETRY_S = 30.0


@dataclass(frozen=True)
class Waiting:
    """A brief waits for its host."""

    brief_id: str


@dataclass(frozen=True)
class Running:
    """Nothing waits yet: runs are under way, and go on without an engine; or the campaign is paused."""

    retry_after_s: float
    paused: bool


@dataclass(frozen=True)
class Over:
    """`finished`: what the campaign ended by (time, experiments, plan_empty), or stopped: as asked, and resumable."""

    finished: str
    submission: Path | None = None
    score: float | None = None


def advance(folder: Path, wait_s: float) -> Waiting | Running | Over:
    """Play the campaign until a host's brief waits or it ends, waiting at most `wait_s` seconds for runs.

    Raises EngineBusy, UserError.
    """
    from podium.campaign.engine import Stopped, Yielded
    from podium.cli import compose, making
    from podium.errors import AwaitingHost, NoSubmission

    started = time.monotonic()
    making.open_or_create(str(folder))
    try:
        outcome = compose.run(folder, started=started, until=started + wait_s)
    except AwaitingHost as waiting:
        return Waiting(waiting.brief_id)
    except Yielded:
        paused = _is_paused(folder)
        return Running(PAUSED_RETRY_S if paused else RETRY_S, paused)
    except Stopped:
        return Over("stopped")
    except NoSubmission:
        return Over("without a valid submission")
    return Over(outcome.finished, outcome.submission, outcome.score)


def next_(
    folder: Folder,
    wait: Annotated[str, typer.Option("--wait", help="How long to wait for runs: 0s to look, 50s, 10m.")] = WAIT,
    paths: Annotated[bool, typer.Option("--paths", help="Leave the brief itself out: its files say it all.")] = False,
    as_json: Json = False,
) -> None:
    """Go on until a brief waits for its host, and hand it out; runs outlive this command, and are found by the next."""
    from podium.registry import Registry

    wait_s = 0.0 if wait == "0s" else seconds(wait, "--wait")
    Registry.open(folder).close()
    state = advance(folder, wait_s)
    if isinstance(state, Waiting):
        registry = Registry.open(folder)
        try:
            published = registry.deliveries.published(state.brief_id)
        finally:
            registry.close()
        assert published is not None, "a brief that waits was published"
        values = handed_out(folder, published, with_brief=not paths)
        result(values, _brief_text(values), as_json=as_json)
        return
    _write_report(folder, state)
    values = _idle(folder, state)
    result(values, values["say"], as_json=as_json)


# ---------------------------------------------------------------- handing out


def handed_out(folder: Path, published: Published, *, with_brief: bool) -> dict[str, Any]:
    """What `podium next --json` says of a brief that waits; its files are written anew each time."""
    from podium.records import to_json
    from podium.team import schema
    from podium.team.roles import DELIVERABLE_OF

    brief, kind = published.brief, DELIVERABLE_OF[published.brief.phase]
    files = _write_brief(folder, published)
    values: dict[str, Any] = {
        "campaign": str(folder.absolute()),
        "brief_id": brief.id,
        "phase": brief.phase,
        "role": brief.role,
        "round": brief.round,
        "session": to_json(published.session),
        "files": files,
        "deliver": _command(folder, brief.id, files),
    }
    if with_brief:
        values["brief"] = {
            "facts": to_json(brief.facts),
            "reads": [str(folder.absolute() / path) for path in brief.reads],
            "deliverable": {"type": kind.__name__, "schema": schema.of_brief(brief)},
        }
    return values


def _write_brief(folder: Path, published: Published) -> dict[str, str]:
    """The brief as a specialist reads it (Markdown) and its figures (JSON), written in its role's own folder; and where its
    answer is to be written, with the hand-over where one is asked for."""
    from podium.records import to_json
    from podium.team import prompts

    brief, session = published.brief, published.session
    where = folder.absolute() / "host" / brief.role
    where.mkdir(parents=True, exist_ok=True)
    parts = [prompts.system(brief.role), prompts.ask(brief)]
    if session.handover:
        parts.insert(1, prompts.taking_over(brief.role, session.handover, int(session.name.rpartition("-")[2])))
    ends = {"brief": ".md", "figures": ".json", "answer": ".answer.json"} | (
        {"handover": ".handover.md"} if session.respawn else {}
    )
    files = {name: where / f"{brief.id}{end}" for name, end in ends.items()}
    parts.append(prompts.render("host_hand_in", campaign=str(folder.absolute()), answer=str(files["answer"])))
    if session.respawn:
        parts.append(prompts.render("host_handover", role=brief.role, handover=str(files["handover"])))
    whole.write(files["brief"], "\n\n".join(parts) + "\n")
    whole.write(files["figures"], json.dumps(to_json(brief), indent=1, ensure_ascii=False) + "\n")
    return {name: str(path) for name, path in files.items()}


def _command(folder: Path, brief_id: str, files: dict[str, str]) -> str:
    handover = ["--handover", files["handover"]] if "handover" in files else []
    return shlex.join(["podium", "deliver", str(folder.absolute()), brief_id, files["answer"], *handover, "--json"])


def _brief_text(values: dict[str, Any]) -> str:
    files, session = values["files"], values["session"]
    return "\n".join(
        (
            f"{values['brief_id']}: {values['role']} plays {values['phase']} of round {values['round']}",
            f"session  {session['name']}" + (" (write a hand-over too)" if session["respawn"] else ""),
            f"brief    {short(files['brief'])}",
            f"deliver  {values['deliver']}",
        )
    )


def _idle(folder: Path, state: Running | Over) -> dict[str, Any]:
    """No brief waits: when to ask again, or how it ended."""
    values: dict[str, Any] = {"campaign": str(folder.absolute()), "brief_id": None, "phase": None}
    if isinstance(state, Running):
        why = "paused" if state.paused else "runs are under way"
        say = f"{why}; ask again in {state.retry_after_s:g} s"
        return {**values, "retry_after_s": state.retry_after_s, "paused": state.paused, "finished": None, "say": say}
    submission = None if state.submission is None else str(state.submission.absolute())
    say = "stopped as asked; podium next goes on" if state.finished == "stopped" else f"finished: {state.finished}"
    return {**values, "finished": state.finished, "submission": submission, "score": state.score, "say": say}


def _write_report(folder: Path, state: Running | Over) -> None:
    if isinstance(state, Over):
        from podium.report.page import write_report

        write_report(folder)


def _is_paused(folder: Path) -> bool:
    from podium.registry import Registry

    registry = Registry.open(folder)
    try:
        return bool((registry.setting("state") or {}).get("paused"))
    finally:
        registry.close()
