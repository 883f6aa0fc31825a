"""A scripted host: plays a campaign through `podium next` and `podium deliver` alone, handing in what the built-in team would."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from podium.campaign import checks
from podium.errors import AwaitingHost
from podium.records import Brief, Deliverable, Reply, from_json, to_json
from podium.registry import Registry
from podium.team.builtin import BuiltinSeat
from podium.team.desk import Desk
from podium.team.host import HostSeat

Answer = dict[str, Any]
HandIn = Callable[[str, Any], None]  # a brief's id, and its deliverable as JSON values
Podium = Callable[[Sequence[str]], Answer]
MOST_TURNS = 400


def podium(arguments: Sequence[str]) -> Answer:
    """One command in a process of its own; its JSON document. Raises AssertionError unless it exits 0."""
    done = subprocess.run(
        [sys.executable, "-m", "podium", *arguments, "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: Answer = json.loads(done.stdout)
    return found


class Hosted:
    """A host seat and its host: what is asked for is handed in as the built-in team would."""

    name = "host"

    def __init__(self, registry: Registry, hand_in: HandIn) -> None:
        self.registry, self.hand_in = registry, hand_in

    def play(self, brief: Brief) -> Reply:
        campaign = self.registry.database.path.parent
        seat = HostSeat(Desk(brief.role, campaign, self.registry.transcripts, checks.check))
        try:
            return seat.play(brief)
        except AwaitingHost:
            self.hand_in(brief.id, to_json(builtin_answer(brief)))
        return seat.play(brief)


def builtin_answer(brief: Brief) -> Deliverable:
    return BuiltinSeat().play(brief).deliverable


def answer_of(handed_out: Answer, answer: Callable[[Brief], Deliverable] = builtin_answer) -> Any:
    """What the host writes for a brief that `podium next` handed out, as JSON values."""
    figures = json.loads(Path(handed_out["files"]["figures"]).read_text(encoding="utf-8"))
    return to_json(answer(from_json(Brief, figures)))


def drive(campaign: Path, call: Podium = podium, answer: Callable[[Brief], Deliverable] = builtin_answer) -> list[str]:
    """The whole loop, until the campaign is finished; returns the ids of the briefs that were played."""
    played: list[str] = []
    for _ in range(MOST_TURNS):
        state = call(["next", str(campaign), "--paths", "--wait", "20s"])
        if state["phase"] is None:
            if state["finished"] is not None:
                return played
            continue
        path = Path(state["files"]["answer"])
        path.write_text(json.dumps(answer_of(state, answer)), encoding="utf-8")
        call(["deliver", str(campaign), state["brief_id"], str(path)])
        played.append(state["brief_id"])
    raise AssertionError(f"not finished after {MOST_TURNS} turns: {played[-3:]}")
