"""`podium submit`: what there is to submit, and the score that came back from wherever it was sent."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from podium.cli.output import Folder, Json, result, short
from podium.errors import EngineBusy, NoSubmission, UserError


def submit(
    folder: Folder,
    score: Annotated[float | None, typer.Option("--score", help="The public score that the platform answered.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Which submission; the last one where left out.")] = None,
    as_json: Json = False,
) -> None:
    """Show the standing submission's file; with --score, record what the platform said of it."""
    from podium.campaign import waiting
    from podium.registry import Registry
    from podium.report.snapshot import submission_values

    registry = Registry.open(folder)
    try:
        rows = registry.submissions.all()
        held = waiting.find(registry)
        if not rows and held is not None and score is None:
            path = str((folder / held.file).absolute())
            values = {"state": "waiting", "reason": held.reason, "expected": held.expected, "stderr": held.stderr}
            values |= {"campaign": str(folder.absolute()), "path": path, "recorded": False}
            result(values, f"{short(folder / held.file)}  waiting: {held.reason}", as_json=as_json)
            return
        if not rows:
            raise NoSubmission(f"{short(folder)} has no valid submission yet; `podium status` says what it is at")
        chosen = next((row for row in reversed(rows) if tag in (None, row.tag)), None)
        if chosen is None:
            raise UserError(
                "there is no such submission", expected=", ".join(r.tag for r in rows[-5:]), found=repr(tag)
            )
        values = submission_values(chosen)
    finally:
        registry.close()
    recorded = score is not None and _record(folder, chosen.tag, score)
    values = {**values, "public_score": score if score is not None else values["public_score"]}
    values |= {"campaign": str(folder.absolute()), "path": str((folder / chosen.file).absolute()), "recorded": recorded}
    words = f"{short(folder / chosen.file)}  {values['state']}"
    result(values, words if score is None else f"{words}, public score {score:g}", as_json=as_json)


def _record(folder: Path, tag: str, score: float) -> bool:
    """Through the inbox of a live engine; else as the engine of the moment. True once it stands in the registry."""
    from podium.campaign import calibration
    from podium.registry import Registry
    from podium.registry.lock import EngineLock

    if not math.isfinite(score):
        raise UserError("--score is not a score", expected="a finite number", found=str(score))
    lock = EngineLock(folder)
    try:
        lock.acquire()
    except EngineBusy:
        registry = Registry.open(folder)
        registry.inbox.put("score", {"tag": tag, "score": score})
        registry.close()
        return False
    registry = Registry.create(folder)
    try:
        with registry.database.write():
            registry.submissions.set_scores(tag, score, None)
            registry.submissions.settle(tag, "confirmed")
        state = registry.setting("state") or {}
        calibration.warn(registry, float(registry.setting("alive_s") or 0.0), int(state.get("round") or 0))
    finally:
        registry.close()
        lock.release()
    return True
