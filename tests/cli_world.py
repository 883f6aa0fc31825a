"""Seats played by programs: stand-ins of coding agents on a PATH of their own, a home with logins, a campaign with secrets."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

import pytest

from podium.campaign import checks
from podium.execution import confine, sandbox
from podium.records import Brief, Phase, Reply, Role, to_json
from podium.registry import Registry
from podium.registry.transcripts import Conversation
from podium.team.builtin import BuiltinSeat
from podium.team.coder import coder_seat
from podium.team.desk import Allowance, Desk
from podium.team.roles import DELIVERABLE_OF
from podium.team.seat import Seat
from podium.testing import fake_clis, seat_conformance

KINDS = ("claude-code", "codex", "gemini-cli")
KEYS = ("ANTHROPIC_API_KEY", "CODEX_API_KEY", "GEMINI_API_KEY")
PROBLEM = confine.why_not()
confined = pytest.mark.skipif(PROBLEM is not None, reason=f"cannot confine here: {PROBLEM}")


@dataclass
class World:
    """`home` is the user's, `bin` on the PATH before all else, `campaign` a folder with a registry."""

    root: Path
    registry: Registry
    places: Sequence[str] = ()
    allowance: Allowance = field(default_factory=Allowance)

    @property
    def campaign(self) -> Path:
        return self.root / "campaign"

    def desk(self, role: Role, **changes: Any) -> Desk:
        return Desk(
            role, self.campaign, self.registry.transcripts, checks.check, left=lambda: self.allowance, **changes
        )

    def install(self, kind: str, *acts: str, **more: Any) -> Path:
        more.setdefault("book", BOOK)
        return fake_clis.install(self.root / "bin", kind, acts=acts or ("play",), places=self.places, **more)

    def seat(self, kind: str, role: Role = "researcher", *acts: str, **changes: Any) -> Seat:
        self.install(kind, *acts)
        return coder_seat(kind, "", self.desk(role, **changes))

    def calls(self, role: Role = "researcher") -> int:
        file = self.campaign / "seats" / role / "home" / ".calls"
        return len(file.read_text().splitlines()) if file.exists() else 0

    def prompts(self, role: Role = "researcher") -> list[str]:
        """What the role's sessions were told, in no order between sessions."""
        home = self.campaign / "seats" / role / "home"
        told = [json.loads(line)["message"] for file in home.glob(".claude/projects/*/*") for line in _lines(file)]
        told += [prompt for file in home.glob(".codex/sessions/*") for prompt in json.loads(file.read_text())]
        return told + [json.loads(line) for file in home.glob(".gemini/tmp/*/chats/*") for line in _lines(file)]

    def talk(self, role: Role = "researcher") -> Conversation:
        talk = self.registry.transcripts.conversation(role)
        assert talk is not None
        return talk

    def processes(self) -> list[str]:
        return [line for line in command_lines() if str(self.root) in line]

    def alive(self) -> list[str]:
        """Command lines of processes that this world's programs have started, after a moment for them to go."""
        for _ in range(50):
            if not self.processes():
                return []
            time.sleep(0.05)
        return self.processes()


class Team:
    """One seat a role, as the engine has them."""

    def __init__(self, seats: Mapping[Role, Seat]) -> None:
        self.name, self.seats = "team", seats

    def play(self, brief: Brief) -> Reply:
        return self.seats[brief.role].play(brief)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    (tmp_path / "campaign").mkdir()
    (tmp_path / "user").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("PATH", path(tmp_path))
    for key in KEYS:
        monkeypatch.setenv(key, f"secret-of-{key}")
    registry = Registry.create(tmp_path / "campaign")
    yield World(tmp_path, registry)
    registry.close()


def path(root: Path) -> str:
    """A PATH with this world's programs first, and bubblewrap."""
    return os.pathsep.join(
        [str(root / "bin"), str(Path(sandbox.bwrap() or "/usr/bin/bwrap").parent), "/usr/bin", "/bin"]
    )


def brief(phase: Phase = "research", round_: int = 1) -> Brief:
    return seat_conformance.brief(phase, replace(seat_conformance.young(), round=round_))


def roles() -> tuple[Role, ...]:
    return get_args(Role)


def book() -> dict[str, Any]:
    """What the built-in seat hands back for every brief that these tests give."""
    seat, found = BuiltinSeat(), {}
    asked = [seat_conformance.brief(phase, seat_conformance.under_way()) for phase in DELIVERABLE_OF]
    asked += [brief(phase) for phase in DELIVERABLE_OF]
    asked += [brief("research", number) for number in range(2, 40) if number != 4]
    for one in asked:
        found[one.id] = to_json(seat.play(one).deliverable)
    return found


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines()


def command_lines() -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return found


BOOK = book()
