"""When the whole campaign is looked back on, and what that look re-opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from podium.records import Findings, Reopened, from_json

if TYPE_CHECKING:
    from podium.registry import Registry

EVERY = 10  # rounds


def due(round_: int) -> bool:
    return round_ % EVERY == 0


def reopened(registry: Registry, round_: int) -> tuple[Reopened, ...]:
    """What the newest retro, up to this round, found to be given up too early; empty before there is one."""
    found = registry.journal.find(f"R{round_ - round_ % EVERY:02d}_retro")
    return () if found is None else from_json(Findings, found).reopened
