"""What the user asked of this campaign: stored at creation; a resume may extend the budget and change who plays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

DEFAULT_TIME_S = 3600.0


@dataclass(frozen=True)
class SeatOptions:
    """What outside minds may do. `search` is the policy that suggests parents and operators: podium.team.policy."""

    search: str = "greedy"
    money_usd: float | None = None  # what seats may spend in all; None: no cap
    tokens: int | None = None  # likewise
    unconfined: bool = False  # leave to run coding agents where they cannot be confined
    respawn_rounds: int = 15  # after so many rounds a specialist hands over to a fresh one


@dataclass(frozen=True)
class Options:
    """`time_s`: total alive time. `experiments`: how many instead, and then nothing depends on measured time."""

    time_s: float | None = None
    experiments: int | None = None
    seed: int = 0
    threads: int | None = None  # cores in all; None: what the machine has
    team: Mapping[str, str] = field(default_factory=dict)
    executor: str = "local"
    seats: SeatOptions = SeatOptions()
    memory: bool = True  # whether learnings come from the user's home, and go back there

    def extended(self, time_s: float | None, experiments: int | None) -> Options:
        """These options with a larger budget of the same kind; a smaller one changes nothing."""
        time_left = self.time_s if self.time_s is None or time_s is None else max(self.time_s, time_s)
        count = (
            self.experiments if self.experiments is None or experiments is None else max(self.experiments, experiments)
        )
        return replace(self, time_s=time_left, experiments=count)
