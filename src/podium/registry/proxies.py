"""What each candidate proxy of an unknown score says of a submission, from saved out-of-fold predictions."""

from __future__ import annotations

from collections.abc import Mapping

from podium.registry.database import Database


class Proxies:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, tag: str, scores: Mapping[str, float]) -> None:
        with self._database.write() as db:
            for proxy, score in scores.items():
                db.execute("INSERT OR REPLACE INTO proxy_scores VALUES (?,?,?)", (tag, proxy, score))

    def known(self) -> set[str]:
        """Tags of the submissions whose proxies are computed."""
        return {row["tag"] for row in self._database.rows("SELECT DISTINCT tag FROM proxy_scores")}

    def scored(self) -> list[tuple[float, dict[str, float]]]:
        """(public score, proxy → value) of every submission whose score came back, oldest first."""
        rows = self._database.rows(
            "SELECT s.tag AS tag, s.public_score AS public, p.proxy AS proxy, p.score AS score FROM submissions AS s "
            "JOIN proxy_scores AS p ON p.tag = s.tag WHERE s.public_score IS NOT NULL ORDER BY s.rowid, p.proxy"
        )
        found: dict[str, tuple[float, dict[str, float]]] = {}
        for row in rows:
            found.setdefault(row["tag"], (row["public"], {}))[1][row["proxy"]] = row["score"]
        return list(found.values())
