"""`podium submit`: what there is to submit, what is queued, and the score that came back from wherever it was sent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from podium.cli.output import Folder, Json, result, short
from podium.errors import EngineBusy, NoSubmission, UserError

if TYPE_CHECKING:
    from podium.registry import Registry
    from podium.registry.submissions import SubmissionRow


def submit(
    folder: Folder,
    score: Annotated[float | None, typer.Option("--score", help="The public score that the platform answered.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Which submission; the standing one where left out.")] = None,
    lost: Annotated[bool, typer.Option("--lost", help="It never arrived: it may be sent again.")] = False,
    as_json: Json = False,
) -> None:
    """Show the standing submission's file and the queue; with --score, record what the platform said of it."""
    from podium.registry import Registry
    from podium.report.snapshot import submission_values

    registry = Registry.open(folder)
    try:
        more = _more(registry)
        rows = registry.submissions.all()
        if not rows and score is None and not lost and (waits := _waiting(folder, registry)) is not None:
            values, words = waits
            result({**values, **more}, _text(words, more), as_json=as_json)
            return
        if not rows:
            raise NoSubmission(f"{short(folder)} has no valid submission yet; `podium status` says what it is at")
        chosen = _chosen(registry, rows, tag)
        values = submission_values(chosen)
    finally:
        registry.close()
    recorded = False
    if score is not None or lost:
        recorded = _record(folder, chosen, score, lost)
        registry = Registry.open(folder)
        more = _more(registry)
        registry.close()
    values = {**values, "public_score": score if score is not None else values["public_score"]}
    values |= {"campaign": str(folder.absolute()), "path": str((folder / chosen.file).absolute()), "recorded": recorded}
    words = f"{short(folder / chosen.file)}  {'never arrived' if lost else values['state']}"
    words = words if score is None else f"{words}, public score {score:g}"
    result({**values, **more}, _text(words, more), as_json=as_json)


def _more(registry: Registry) -> dict[str, Any]:
    """The queue, the final two, and public scores against expected ones."""
    from podium.report.snapshot import final_two_values, queue_values

    found = {"queue": queue_values(registry), "final_two": final_two_values(registry)}
    return {**found, "public_tracking": registry.setting("public_tracking")}


def _waiting(folder: Path, registry: Registry) -> tuple[dict[str, Any], str] | None:
    """(values, words) of the file that waits to be sent; None where none does."""
    from podium.campaign.submission import waiting

    held = waiting.find(registry)
    if held is None:
        return None
    path = str((folder / held.file).absolute())
    values = {"state": "waiting", "reason": held.reason, "expected": held.expected, "stderr": held.stderr}
    values |= {"campaign": str(folder.absolute()), "path": path, "recorded": False}
    return values, f"{short(folder / held.file)}  waiting: {held.reason}"


def _chosen(registry: Registry, rows: Sequence[SubmissionRow], tag: str | None) -> SubmissionRow:
    if tag is None:
        return registry.submissions.standing() or rows[-1]
    found = registry.submissions.get(tag)
    if found is None:
        raise UserError("there is no such submission", expected=", ".join(r.tag for r in rows[-5:]), found=repr(tag))
    return found


def _text(words: str, more: dict[str, Any]) -> str:
    """The first line as ever; then the queue, best first, and the final two."""
    lines = [words]
    for one in more["queue"]:
        gain = f"{one['gain']:+.2g} standard errors" if one["gain"] is not None else "no estimate"
        why = f"; {one['reason']}" if one["reason"] else ""
        lines.append(
            f"  {one['state']:6} {one['purpose']:6} {gain}, {one['information']:.2f} nats: {one['tells']}{why}"
        )
    if more["final_two"]:
        lines.append(more["final_two"]["message"])
    if more["public_tracking"]:
        lines.append(more["public_tracking"]["message"])
    return "\n".join(lines)


def _record(folder: Path, chosen: SubmissionRow, score: float | None, lost: bool) -> bool:
    """Through the inbox of a live engine; else as the engine of the moment. True once it stands in the registry."""
    from podium.registry import Registry
    from podium.registry.lock import EngineLock

    if lost and (score is not None or chosen.state not in ("sent", "ambiguous")):
        what = "with a score" if score is not None else chosen.state
        raise UserError("--lost is for a submission that may or may not have arrived", found=f"{chosen.tag}: {what}")
    if score is not None and not math.isfinite(score):
        raise UserError("--score is not a score", expected="a finite number", found=str(score))
    lock = EngineLock(folder)
    try:
        lock.acquire()
    except EngineBusy:
        registry = Registry.open(folder)
        registry.inbox.put("lost" if lost else "score", {"tag": chosen.tag, "score": score})
        registry.close()
        return False
    registry = Registry.create(folder)
    try:
        _write(registry, chosen.tag, score)
    finally:
        registry.close()
        lock.release()
    return True


def _write(registry: Registry, tag: str, score: float | None) -> None:
    from podium.campaign.estimates import calibration
    from podium.campaign.submission import public_score

    if score is None:
        registry.submissions.give_up(tag)
        return
    with registry.database.write():
        registry.submissions.set_scores(tag, score, None)
        registry.submissions.settle(tag, "confirmed")
    state, alive = registry.setting("state") or {}, float(registry.setting("alive_s") or 0.0)
    calibration.warn(registry, alive, int(state.get("round") or 0))
    public_score.note(registry, alive, int(state.get("round") or 0))
