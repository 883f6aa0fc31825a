"""A desk: what a seat works with beside its briefs. Made by the composition root, one for each role."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from podium.records import Brief, Deliverable, Role
from podium.registry.transcripts import Transcripts
from podium.team.roles import SCOPES, Scope

if TYPE_CHECKING:
    from podium.team.tools.notebooks import Notebooks

Check = Callable[[Deliverable, Brief], None]


@dataclass(frozen=True)
class Allowance:
    """What a team may still spend. None: no cap. Tokens cap models whose price nobody knows."""

    money_usd: float | None = None
    tokens: int | None = None


@dataclass(frozen=True)
class Desk:
    """`check` is the engine's own check of a deliverable (BadDeliverable names the field): a seat may use it to let its
    player mend a deliverable before it is handed in. The engine checks again."""

    role: Role
    campaign: Path
    transcripts: Transcripts
    check: Check
    respawn_rounds: int = 15  # a specialist is re-spawned after so many rounds, with a hand-over written by itself
    attempts: int = 3  # answers to one brief before the seat gives up
    left: Callable[[], Allowance] = Allowance  # read before each call: others spend from the same purse
    unconfined: bool = False  # the user's leave to run a coding agent where it cannot be confined
    notebooks: Notebooks | None = None  # the platform's public notebooks and discussions, for the researcher's tool

    @property
    def scope(self) -> Scope:
        return SCOPES[self.role]
