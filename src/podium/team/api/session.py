"""One brief's calls: counted, paid for within the allowance, recorded before they are used, replayed after a crash."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from podium.errors import SeatError
from podium.records import Brief, Usage, from_json, to_json
from podium.team.api import prices
from podium.team.api.models import Player, redact
from podium.team.desk import Desk

CALLS = 40  # of one brief, tool calls included
TOOL_CALLS = 20  # answers of tools; then it is time to hand in
LEAST_ANSWER = 500  # tokens: an answer for which less is left is not asked for
NEAR_CAP = 128_000  # tokens left below which an answer's length is limited
MOST_ANSWER = 16_000  # tokens that every model may be asked for


class Unaffordable(SeatError):
    """The cap on money or tokens leaves no room for another call."""


class OutOfAttempts(SeatError):
    """So many answers were refused that the seat gives up."""


@dataclass
class Session:
    """Mutable: how far one brief has come. What it cost is read from the record, so that a crash loses none of it."""

    desk: Desk
    brief: Brief
    seat: str
    calls: int = 0
    answers: int = 0  # that were meant as deliverables
    tools_used: int = 0
    problem: str = "nothing was handed in"

    @property
    def usage(self) -> Usage:
        """Of all answers recorded for this brief, and of calls that were lost: nobody has charged them yet."""
        recorded = self.desk.transcripts.answers(self.brief.role, self.brief.id)
        spent = [from_json(Usage, one["usage"]) for one in recorded if "usage" in one]
        costs = [one.cost_usd for one in spent]
        return Usage(
            wall_s=sum(one.wall_s for one in spent),
            tokens_in=sum(one.tokens_in for one in spent),
            tokens_out=sum(one.tokens_out for one in spent),
            cost_usd=None if None in costs else sum(cost for cost in costs if cost is not None),
        )

    def key(self, request: str) -> str:
        """The name of the next call's answer: role, brief, its number, and what is asked."""
        digest = hashlib.sha256(f"{self.seat}\n{request}".encode()).hexdigest()[:24]
        return f"{self.brief.role}/{self.brief.id}/{self.calls}/{digest}"

    def known(self, key: str) -> Any | None:
        return self.desk.transcripts.answer(key)

    def record(self, key: str, answer: Mapping[str, Any]) -> Any:
        """Keep an answer, credentials left out, before anything is done with it; what was kept comes back."""
        clean = json.loads(redact(json.dumps(answer, ensure_ascii=False)))
        self.desk.transcripts.record(key, self.brief.role, self.brief.id, clean)
        return clean

    def lost(self, usage: Usage, problem: str) -> None:
        """Keep what a call without an answer cost."""
        self.record(
            f"{self.brief.role}/{self.brief.id}/lost/{uuid.uuid4().hex}", {"lost": problem, "usage": to_json(usage)}
        )

    def start_over(self) -> None:
        """Count from nothing: for the next model in the chain, and after a text that was no deliverable."""
        self.calls = self.answers = 0

    def may_ask(self) -> None:
        """Raises OutOfAttempts where answers or calls are used up."""
        if self.answers >= self.desk.attempts:
            raise OutOfAttempts(f"{self.answers} answers refused, the last one: {self.problem}", self.usage)
        if self.calls >= CALLS:
            raise OutOfAttempts(f"no deliverable after {self.calls} calls", self.usage)

    def afford(self, player: Player, tokens_in: int) -> int | None:
        """Tokens that the answer may have; None: no limit. Raises Unaffordable before anything is spent."""
        left, usage = self.desk.left(), self.usage
        most: float = float("inf")
        if left.tokens is not None:
            most = left.tokens - usage.tokens_in - usage.tokens_out - tokens_in
        if left.money_usd is not None:
            most = min(most, self._money(player, left.money_usd - (usage.cost_usd or 0.0), tokens_in, left.tokens))
        if most < LEAST_ANSWER:
            raise Unaffordable(f"the cap on what the team may spend leaves no room for a call of {player.name}", usage)
        return None if most > NEAR_CAP else int(min(most, MOST_ANSWER))

    def _money(self, player: Player, money: float, tokens_in: int, tokens_left: int | None) -> float:
        """Tokens of an answer that `money` buys after the question."""
        if player.loopback:
            return float("inf")
        asked = prices.of_tokens(player.model, tokens_in, 0)
        each = prices.of_tokens(player.model, 0, 1_000_000)
        if asked is None or each is None:
            if tokens_left is None:
                raise Unaffordable(
                    f"the price of {player.name} is not known, so a cap on money alone cannot be kept; cap tokens too",
                    self.usage,
                )
            return float("inf")
        return float("inf") if each == 0 else (money - asked) / each * 1e6
