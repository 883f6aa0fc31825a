"""A desk in a fresh campaign and a scripted server to play it: for the tests of API seats."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from podium.campaign import checks
from podium.records import Brief, Deliverable, Facts, Phase, Reply, Role, to_json
from podium.registry import Registry
from podium.team.api import ApiSeat
from podium.team.builtin import BuiltinSeat
from podium.team.desk import Allowance, Desk
from podium.testing import seat_conformance
from podium.testing.openai_server import Answer, OpenAIServer, answering

Step = Callable[[Mapping[str, Any]], Answer] | Answer | str


@dataclass
class World:
    """Plays briefs by a server that answers with `script`, step by step, and then like the built-in seat."""

    campaign: Path
    script: list[Step] = field(default_factory=list)
    allowance: Allowance = field(default_factory=Allowance)
    slept: list[float] = field(default_factory=list)
    current: Brief | None = None

    def __post_init__(self) -> None:
        self.registry = Registry.create(self.campaign)
        self.registry.database.take_over()
        self.server = OpenAIServer(self._reply)

    def __enter__(self) -> World:
        self.server.__enter__()
        return self

    def __exit__(self, *problem: Any) -> None:
        self.server.__exit__(None, None, None)
        self.registry.close()

    def desk(self, role: Role, **changes: Any) -> Desk:
        return Desk(
            role, self.campaign, self.registry.transcripts, checks.check, left=lambda: self.allowance, **changes
        )

    def seat(self, role: Role, **changes: Any) -> ApiSeat:
        return self.named(self.server.seat, role, **changes)

    def named(self, name: str, role: Role, **changes: Any) -> ApiSeat:
        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)

        return ApiSeat(name, self.desk(role, **changes), sleep=sleep)

    def play(self, brief: Brief, *script: Step, **changes: Any) -> Reply:
        """The brief played by a new seat, as after a restart; the server answers by this script first."""
        self.script[:] = script
        self.current = brief
        return self.seat(brief.role, **changes).play(brief)

    def brief(self, phase: Phase, facts: Facts | None = None) -> Brief:
        from dataclasses import replace

        made = seat_conformance.brief(phase, facts or seat_conformance.under_way())
        return replace(made, campaign=str(self.campaign))

    def good(self, brief: Brief) -> Deliverable:
        return BuiltinSeat().play(brief).deliverable

    @property
    def asked(self) -> int:
        return len(self.server.requests)

    def _reply(self, asked: Mapping[str, Any]) -> Answer:
        if self.script:
            step = self.script.pop(0)
            if isinstance(step, Answer):
                return step
            return answering(asked, step) if isinstance(step, str) else step(asked)
        assert self.current is not None
        return answering(asked, as_text(self.good(self.current)))


def as_text(deliverable: Deliverable) -> str:
    return json.dumps(to_json(deliverable), ensure_ascii=False)
