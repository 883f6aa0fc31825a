"""What holds for every seat that is a program: how long it may take, how much it may say, and where it is refused."""

from __future__ import annotations

from podium.errors import UserError

WALL_S = 900.0  # for one call
LEAST_S = 60.0
SHARE = 0.25  # of the time that the campaign has left: a program that hangs must not cost more
OUTPUT_BYTES = 8_000_000  # a call's whole output; Codex tells each command it ran


def wall_s(time_left_s: float | None) -> float:
    """Seconds that one call may take."""
    return WALL_S if time_left_s is None else min(WALL_S, max(LEAST_S, SHARE * time_left_s))


def refusal(what: str, problem: str) -> UserError:
    return UserError(
        f"{what} cannot be confined on this machine: {problem}",
        expected="bubblewrap, on Linux",
        remedy="install bubblewrap, choose another seat, or give leave with --unconfined: it could read all that you can",
    )
