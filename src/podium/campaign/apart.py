"""A campaign in a process of its own, at a copy of the public files: what benches and races play, one after another.

    <place>/<name>/          the public files, named so that intake finds the competition's name (see `copy`)
    <place>/campaign/        the campaign
    <place>/log.txt          what the command said, all attempts
    <place>/ended.json       `Ended`; written last: a place that has one with a submission is not played again

The process is `podium run`: what it is given is the copy's path and the user's arguments, and nothing else of the contest.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from podium import whole
from podium.errors import UserError
from podium.records import dumps, from_json

ENDED = "ended.json"
CAMPAIGN = "campaign"
COMMAND = (sys.executable, "-m", "podium")
ALONE = {"PODIUM_HOME": ""}  # no learnings from other campaigns, nor back: each is judged by itself
INTERRUPTED = (130, -signal.SIGINT, -signal.SIGTERM)
BUSY, POLL_S = 4, 2.0
GRACE_S = 30.0  # for an interrupted campaign to record where it stands


@dataclass(frozen=True)
class Ended:
    """How `podium run` ended. `submission`: its file, None where it has none; `message`: its last word on stderr."""

    code: int
    seconds: float
    submission: str | None
    score: float | None = None
    stderr: float | None = None
    message: str = ""


def copy(public: Path, to: Path) -> Path:
    """A copy of the public files alone, whole or not at all; one that is there is kept. Returns its folder.

    Links are followed, so that nothing in the copy leads back to where the answers lie. Raises UserError where `to` lies
    within the contest's own folder, whose answers would then be near."""
    home = public.resolve().parent
    if to.resolve().is_relative_to(home):
        raise UserError(
            f"{to} lies beside the contest's files", expected="a folder away from its answers", remedy="use --out DIR"
        )
    if not to.is_dir():
        part = to.with_name(f".{to.name}.{os.getpid()}")
        shutil.rmtree(part, ignore_errors=True)
        part.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(public, part)
        part.rename(to)
    return to


def ended(place: Path) -> Ended | None:
    """How the campaign in this place ended; None while it has not."""
    file = place / ENDED
    return from_json(Ended, json.loads(file.read_text("utf-8"))) if file.is_file() else None


def play(public: Path, place: Path, arguments: Sequence[str]) -> Ended:
    """Play the campaign in `place` to its end, or go on with it; what has ended is not played again.

    Raises KeyboardInterrupt when interrupted, the campaign stopped and resumable; nothing is recorded then."""
    known = ended(place)
    if known is not None and known.submission is not None and (place / known.submission).is_file():
        return known
    place.mkdir(parents=True, exist_ok=True)
    (place / ENDED).unlink(missing_ok=True)
    campaign = place / CAMPAIGN
    command = [*COMMAND, "run", str(public.resolve()), "--campaign", str(campaign.resolve())]
    started = time.monotonic()
    out, code = _wait([*command, *arguments, "--json"], place)
    while code == BUSY:  # of a bench that was killed: its last campaign goes on by itself, and holds the lock
        time.sleep(POLL_S)
        out, code = _wait([*command, *arguments, "--json"], place)
    found = _ended(place, out, code, time.monotonic() - started)
    whole.write(place / ENDED, dumps(found))
    return found


def _wait(command: Sequence[str], place: Path) -> tuple[str, int]:
    """stdout and exit code. The process is in a group of its own, and gets our interruption once."""
    with (place / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            command, env={**os.environ, **ALONE}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=log, start_new_session=True,
        )  # fmt: skip
        try:
            out, _ = process.communicate()
        except BaseException:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
    if process.returncode in INTERRUPTED:
        raise KeyboardInterrupt
    return out.decode(errors="replace"), process.returncode


def _ended(place: Path, out: str, code: int, seconds: float) -> Ended:
    file = place / CAMPAIGN / "submission.csv"
    submission = str(file.relative_to(place)) if file.is_file() else None
    if code == 0:
        told = json.loads(out.strip().splitlines()[-1])
        return Ended(code, seconds, submission, told["score"], told["stderr"])
    lines = (place / "log.txt").read_text("utf-8", errors="replace").strip().splitlines()
    return Ended(code, seconds, submission, message=lines[-1][:500] if lines else "")


__all__ = ["CAMPAIGN", "ENDED", "Ended", "copy", "ended", "play"]
