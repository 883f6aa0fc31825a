"""A real model of 135 million parameters goes through the seat conformance suite: `python bench/smollm.py`.

SmolLM2 on loopback, its answers held to short texts and lists by llama.cpp's grammar. Each phase, in a young campaign and in
one under way, ends in a deliverable that the engine's check accepts, or in a SeatError that says what it cost. Plumbing, not
wit: it writes no code, so both builds are declined.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from podium.campaign import checks
from podium.errors import SeatError
from podium.records import Brief, Reply, Role
from podium.registry import Registry
from podium.team.api import ApiSeat
from podium.team.api.models import Player
from podium.team.desk import Desk
from podium.testing import seat_conformance, smollm


class Team:
    """One API seat a role, which is how a campaign has them."""

    name = "smollm2"

    def __init__(self, player: Player, registry: Registry, campaign: Path, attempts: int) -> None:
        self.player = player
        self.desk = Desk("manager", campaign, registry.transcripts, checks.check, attempts=attempts)
        self.seats: dict[Role, ApiSeat] = {}
        self.begun: set[str] = set()

    def play(self, brief: Brief) -> Reply:
        if brief.role not in self.seats:
            self.seats[brief.role] = ApiSeat(self.name, replace(self.desk, role=brief.role), models=[self.player])
        first = brief.id not in self.begun
        self.begun.add(brief.id)
        try:
            reply = self.seats[brief.role].play(brief)
        except SeatError:
            self._tell(brief, "declined", first)
            raise
        self._tell(brief, "handed in", first)
        return reply

    def _tell(self, brief: Brief, how: str, first: bool) -> None:
        """A line a brief, as it goes: the suite takes a quarter of an hour on two cores."""
        if first:
            print(f"{time.strftime('%H:%M:%S')} {brief.id} {how}", file=sys.stderr, flush=True)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--attempts", type=int, default=2)
    asked.add_argument("--threads", type=int, default=2)
    asked.add_argument("--answer-tokens", type=int, default=600)
    asked.add_argument("--at-least", type=int, default=0)
    options = asked.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        smollm.served(threads=options.threads, answer_tokens=options.answer_tokens) as name,
    ):
        registry = Registry.create(Path(folder))
        registry.database.take_over()
        team = Team(smollm.terse(name), registry, Path(folder), options.attempts)
        played = seat_conformance.conform(team, may_decline=True, at_least=options.at_least)
        registry.close()
    for one in played:
        used = one.usage
        told = f"declined: {one.problem[:110]}" if one.problem else "valid"
        print(f"{one.brief_id:14} {used.tokens_in:6} + {used.tokens_out:4} tokens {used.wall_s:6.1f} s  {told}")
    print(f"{sum(not one.problem for one in played)} of {len(played)} valid; the others said what they cost")


if __name__ == "__main__":
    main()
