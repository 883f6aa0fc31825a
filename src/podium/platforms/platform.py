"""The platform protocol: where a competition lives. Fetch, submit, list submissions, leaderboard, final selection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from podium.errors import PodiumError


@dataclass(frozen=True)
class RemoteSubmission:
    """A submission as the platform lists it. `tag` is the idempotency mark the engine put into its message."""

    id: str
    tag: str
    at: str  # ISO 8601, UTC
    status: Literal["pending", "complete", "error"]
    public_score: float | None = None
    private_score: float | None = None
    message: str = ""  # why the platform could not score it, in its own words


@dataclass(frozen=True)
class Quota:
    """Submissions left in the platform's own day, by its own count and clock."""

    left: int
    resets_at: str  # ISO 8601, UTC


class Platform(Protocol):
    """Every implementation passes `podium.testing.platform_conformance`.

    Any call may raise Unreachable: nothing was sent, ask again later. `submit` may raise AmbiguousSend after the file was
    perhaps accepted: the engine then never resends until `submissions` settles it, or, where `has_list` is False, until a
    person has said so. It raises Refused where the platform said no. `settles_s`: how long after a send its submission may
    still be missing from the list; 0 only where the list and `submit` are one store, and no request is under way in between.
    """

    name: str
    has_list: bool
    settles_s: float

    def fetch(self, into: Path) -> Path:
        """The competition's public files, in `into`; returns the folder. A second call downloads nothing again."""
        ...

    def submit(self, file: Path, tag: str, message: str) -> RemoteSubmission:
        """Send once. `tag` is unique to the intent and comes back in `submissions`."""
        ...

    def submissions(self) -> list[RemoteSubmission]:
        """All of this account's submissions to the competition, oldest first, whoever sent them."""
        ...

    def quota(self) -> Quota | None:
        """What is left today; None where there is no limit, or none that the platform tells."""
        ...

    def leaderboard(self) -> list[tuple[str, float]]: ...

    def select(self, ids: Sequence[str]) -> bool:
        """Choose these submissions (`RemoteSubmission.id`) for the final ranking; False where only a person can."""
        ...


class AmbiguousSend(Exception):
    """The file may or may not have arrived."""


class Unreachable(PodiumError):
    """The platform did not answer, or asked to come back later; nothing was sent. `retry_after_s`: as it asked, or None."""

    exit_code = 3  # one line, no traceback

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
