"""What the calls for one brief have cost so far. Unknown is not zero: one call of unknown price makes the sum unknown."""

from __future__ import annotations

from podium.records import Usage
from podium.team.desk import Allowance


class Bill:
    def __init__(self) -> None:
        self.usage = Usage()
        self._known_usd = 0.0

    def add(self, spent: Usage) -> None:
        now, cost = self.usage, spent.cost_usd
        self._known_usd += cost or 0.0
        total = None if cost is None or now.cost_usd is None else now.cost_usd + cost
        self.usage = Usage(
            now.wall_s + spent.wall_s, now.tokens_in + spent.tokens_in, now.tokens_out + spent.tokens_out, total
        )

    def left(self, allowance: Allowance) -> Allowance:
        """What is left of an allowance that does not know of this bill yet; never below 0."""
        money, tokens = allowance.money_usd, allowance.tokens
        used = self.usage.tokens_in + self.usage.tokens_out
        return Allowance(
            None if money is None else max(0.0, money - self._known_usd),
            None if tokens is None else max(0, tokens - used),
        )
