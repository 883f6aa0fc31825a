"""Who played what, and what it cost: each role's seat, its briefs, those that the built-in seat had to play, its bill."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from podium.records import Role
from podium.registry import Registry
from podium.report.figures import duration_text
from podium.team.roles import ROLE_OF

STEPS: Mapping[str, Role] = {
    **{phase: role for phase, role in ROLE_OF.items() if phase != "submit"},
    "wish": "uploader",
}
_PLAYED = "SELECT phase, count(*) AS n FROM steps GROUP BY phase"
_FELL_BACK = """
SELECT json_extract(payload, '$.fell_back') AS what, count(DISTINCT round) AS n FROM events
WHERE kind = 'warning' AND json_extract(payload, '$.fell_back') IS NOT NULL GROUP BY what
"""
_SPENT = "SELECT what, kind, total(amount) AS s, sum(amount IS NULL) AS unknown FROM ledger GROUP BY what, kind"


def seat_values(registry: Registry) -> list[dict[str, Any]]:
    """One entry a role that is not played by the built-in seat, or that cost something. `usd` None: at least one price is
    unknown; `fell_back`: phase → in how many rounds the built-in seat played it instead."""
    team: Mapping[str, str] = (registry.setting("options") or {}).get("team") or {}
    played: dict[str, int] = {}
    for row in registry.database.rows(_PLAYED):
        role = STEPS.get(row["phase"])
        if role is not None:
            played[role] = played.get(role, 0) + row["n"]
    fell_back: dict[str, dict[str, int]] = {}
    for row in registry.database.rows(_FELL_BACK):
        role, _, phase = row["what"].partition(":")
        fell_back.setdefault(role, {})[phase] = row["n"]
    spent: dict[str, dict[str, float | None]] = {}
    for row in registry.database.rows(_SPENT):
        kinds = spent.setdefault(row["what"].partition(":")[0], {})
        before = kinds.get(row["kind"], 0.0)
        kinds[row["kind"]] = None if row["unknown"] or before is None else before + row["s"]
    found = []
    for role in get_args(Role):
        seat, bill = team.get(role, team.get("*", "builtin")), spent.get(role, {})
        if seat != "builtin" or bill.keys() - {"seat_s"}:
            tokens = {kind: int(bill.get(kind) or 0) for kind in ("tokens_in", "tokens_out")}
            costs = {"seat_s": bill.get("seat_s", 0.0), **tokens, "usd": bill.get("usd", 0.0)}
            found.append(
                {
                    "role": role,
                    "seat": seat,
                    "briefs": played.get(role, 0),
                    "fell_back": fell_back.get(role, {}),
                    **costs,
                }
            )
    return found


def fell_back_text(seat: Mapping[str, Any]) -> str:
    """`learn 3, plan 1`; empty where it played all of its briefs itself."""
    return ", ".join(f"{phase} {n}" for phase, n in sorted(seat["fell_back"].items()))


def cost_text(seat: Mapping[str, Any]) -> str:
    """`12,300 + 800 tokens, 0.31 USD, 40 s`. A price that nobody knows is said to be unknown."""
    tokens = (
        f"{seat['tokens_in']:,} + {seat['tokens_out']:,} tokens, " if seat["tokens_in"] or seat["tokens_out"] else ""
    )
    usd = "USD unknown" if seat["usd"] is None else f"{seat['usd']:.2f} USD"
    return f"{tokens}{usd}, {duration_text(seat['seat_s'] or 0.0)}"
