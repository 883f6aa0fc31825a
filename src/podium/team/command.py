"""A program of the user's own in a seat: it reads one JSON document on stdin and hands back a deliverable as JSON.

Stdin: {schema_version, brief, deliverable_schema, attempt, problem}; `problem` says what was wrong with the attempt before.
It answers on stdout, or in `deliverable.json` in its working folder; `usage.json` there may say what it spent.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from podium.errors import BadDeliverable, SeatError, UserError
from podium.execution import agents, confine, program
from podium.execution.confine import Cell, Ended
from podium.records import Brief, Reply, Usage, from_json, to_json
from podium.team import handed, schema
from podium.team.bill import Bill
from podium.team.desk import Desk
from podium.team.outside import OUTPUT_BYTES, refusal, wall_s
from podium.team.roles import DELIVERABLE_OF
from podium.team.workspace import GIVEN, workspace

SCHEMA_VERSION = 1
PASSED = "PODIUM_COMMAND_ENV"  # names of variables that the program gets, by commas
TOLD = 400


class CommandSeat:
    """Each brief starts the program anew; what it wants to remember it keeps in its home folder.

    Files and folders that its command line names are shown to it, read-only; nothing else of the user's is.
    """

    def __init__(self, line: str, desk: Desk) -> None:
        """Raises UserError: no such program, it names the campaign's folder, or it cannot be confined here."""
        self.name, self.desk = f"command:{line}", desk
        words = shlex.split(line)
        path = program.find(words[0]) if words else None
        if path is None:
            raise UserError(
                f"no program {line!r}", expected="a program on the PATH, or its path", remedy="correct --team"
            )
        problem = confine.why_not()
        if problem is not None and not desk.unconfined:
            raise refusal(self.name, problem)
        self._confined = problem is None
        self._program = program.parts(path)
        self._words = [str(Path(word).absolute()) if Path(word).exists() else word for word in words[1:]]
        self._shown = [Path(word) for word in self._words if Path(word).is_absolute() and Path(word).exists()]
        _check_apart([*self._shown, *self._program.paths], desk.campaign)
        self.space = workspace(desk.campaign, desk.role)

    def play(self, brief: Brief) -> Reply:
        """Raises SeatError, its usage included, where no answer passed the check."""
        if brief.phase not in DELIVERABLE_OF:
            raise SeatError(f"phase {brief.phase!r}: expected one of {', '.join(DELIVERABLE_OF)}")
        bill, problem = Bill(), ""
        self.space.fill(self.desk.campaign, brief)
        for attempt in range(self.desk.attempts):
            answer = self._answer(brief, attempt, problem, bill)
            problem = str(answer["problem"])
            if not problem:
                try:
                    return Reply(handed.read(answer["text"], brief, self.desk.check), bill.usage)
                except BadDeliverable as refused:
                    problem = str(refused)
        raise SeatError(f"{self.name}: {problem or 'it may make no attempt'}", bill.usage)

    def _answer(self, brief: Brief, attempt: int, problem: str, bill: Bill) -> dict[str, Any]:
        """The recorded answer to this attempt, or a new one, recorded before it is used."""
        key = f"{self.desk.role}/{brief.id}/{self.name}/{attempt}"
        answer: dict[str, Any] | None = self.desk.transcripts.answer(key)
        if answer is None:
            left = bill.left(self.desk.left())
            if left.money_usd == 0 or left.tokens == 0:
                raise SeatError(f"{self.name}: what the team may spend is spent", bill.usage)
            answer = self._asked(brief, attempt, problem)
            self.desk.transcripts.record(key, self.desk.role, brief.id, answer)
        bill.add(from_json(Usage, answer["usage"]))
        return answer

    def _asked(self, brief: Brief, attempt: int, problem: str) -> dict[str, Any]:
        self.space.take_back()
        ended = self._run(brief, self._document(brief, attempt, problem))
        usage = self._usage(ended.wall_s)
        if ended.status is None:
            wrong = f"no answer within {ended.wall_s:.0f} s" if ended.why == "time" else "too much output"
        else:
            wrong = f"exit {ended.status}: {_tail(ended)}" if ended.status else ""
        return {"problem": wrong, "text": self.space.handed_in() or ended.out, "usage": to_json(usage)}

    def _document(self, brief: Brief, attempt: int, problem: str) -> str:
        """The brief as its role is shown it, read back from the workspace: what is on disk is what is said."""
        document = {
            "schema_version": SCHEMA_VERSION,
            "brief": json.loads((self.space.given / "brief.json").read_text(encoding="utf-8")),
            "deliverable_schema": schema.of(DELIVERABLE_OF[brief.phase]),
            "attempt": attempt,
            "problem": problem,
        }
        return json.dumps(document, ensure_ascii=False) + "\n"

    def _run(self, brief: Brief, given: str) -> Ended:
        limit_s = wall_s(brief.facts.budget.time_left_s)
        cell = Cell(
            self._program,
            tuple(self._words),
            self.space.work,
            self.space.home,
            read_only=(
                (str(self.space.given), f"{confine.WORK}/{GIVEN}"),
                *((str(path), str(path)) for path in self._shown if not _system(path)),
            ),
            env=_passed(os.environ),
        )
        if self._confined:
            argv, env = confine.command(cell), confine.environment(cell)
        else:
            argv = confine.unconfined(self._program, self._words)
            env = confine.environment(cell, home=str(self.space.home))
        return confine.run(argv, env, self.space.work, given, limit_s, OUTPUT_BYTES)

    def _usage(self, wall_s: float) -> Usage:
        """What the program says it spent. Unknown where it says nothing, or nothing that can be read."""
        file = self.space.work / "usage.json"
        unknown = Usage(wall_s, cost_usd=None)
        if file.is_symlink() or not file.is_file() or file.stat().st_size > 10_000:
            return unknown
        try:
            said = json.loads(file.read_text(encoding="utf-8"))
            usage = from_json(Usage, {"cost_usd": None, **said, "wall_s": wall_s})
        except (ValueError, TypeError):
            return unknown
        return usage if min(usage.tokens_in, usage.tokens_out, usage.cost_usd or 0.0) >= 0 else unknown


def _passed(launcher: Mapping[str, str]) -> dict[str, str]:
    names = [name.strip() for name in launcher.get(PASSED, "").split(",")]
    return {name: launcher[name] for name in (*names, *agents.PROXIES) if launcher.get(name)}


def _check_apart(shown: list[Path], campaign: Path) -> None:
    """What the program is shown must not hold the campaign, whose folder has what no seat may see."""
    inside = campaign.resolve()
    for path in shown:
        place = path.resolve()
        if inside.is_relative_to(place) or place.is_relative_to(inside):
            raise UserError(
                f"the command names {path}, which would show it the campaign",
                expected="files and folders apart from it",
                remedy="move the program to a folder of its own",
            )


def _system(path: Path) -> bool:
    """Whether it is inside anyway."""
    return any(path.is_relative_to(part) for part in confine.ALWAYS)


def _tail(ended: Ended) -> str:
    return " ".join((ended.err or ended.out).split())[-TOLD:] or "it said nothing"
