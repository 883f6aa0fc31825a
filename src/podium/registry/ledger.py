"""What was spent: wall, CPU and GPU seconds, tokens, money. An unknown amount is recorded as unknown, never as 0."""

from __future__ import annotations

from podium.records import Usage
from podium.registry.database import Database


class Ledger:
    def __init__(self, database: Database) -> None:
        self._database = database

    def charge(self, round_: int, what: str, kind: str, amount: float | None) -> None:
        with self._database.write() as db:
            db.execute("INSERT INTO ledger (round, what, kind, amount) VALUES (?,?,?,?)", (round_, what, kind, amount))

    def charge_usage(self, round_: int, what: str, usage: Usage) -> None:
        """A seat's usage; zeros are left out, an unknown cost is not."""
        amounts = {"seat_s": usage.wall_s, "tokens_in": usage.tokens_in, "tokens_out": usage.tokens_out}
        for kind, amount in amounts.items():
            if amount:
                self.charge(round_, what, kind, amount)
        if usage.cost_usd is None or usage.cost_usd > 0:
            self.charge(round_, what, "usd", usage.cost_usd)

    def totals(self) -> dict[str, float | None]:
        """Kind → sum; None where any part of it is unknown."""
        rows = self._database.rows(
            "SELECT kind, total(amount) AS s, sum(amount IS NULL) AS unknown FROM ledger GROUP BY kind"
        )
        return {row["kind"]: None if row["unknown"] else row["s"] for row in rows}

    def known(self) -> dict[str, float]:
        """Kind → sum of the amounts that are known."""
        rows = self._database.rows("SELECT kind, total(amount) AS s FROM ledger GROUP BY kind")
        return {row["kind"]: row["s"] for row in rows}
