"""The platform protocol: where a competition lives. Fetch, submit, list submissions, leaderboard."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol


@dataclass(frozen=True)
class RemoteSubmission:
    """A submission as the platform lists it. `tag` is the idempotency mark the engine put into its message."""

    id: str
    tag: str
    at: str  # ISO 8601, UTC
    status: Literal["pending", "complete", "error"]
    public_score: float | None = None
    private_score: float | None = None


class Platform(Protocol):
    """Every implementation passes `podium.testing.platform_conformance`.

    `submit` may raise AmbiguousSend after the file was perhaps accepted: the engine then never resends until
    `submissions` settles it, or, where `has_list` is False, until a person has said so.
    """

    name: str
    has_list: bool

    def fetch(self, into: Path) -> Path:
        """The competition's public files, in `into`; returns the folder."""
        ...

    def submit(self, file: Path, tag: str, message: str) -> RemoteSubmission:
        """Send once. `tag` is unique to the intent and comes back in `submissions`."""
        ...

    def submissions(self) -> list[RemoteSubmission]: ...

    def quota_left(self) -> int | None:
        """Submissions left today by the platform's own count; None where there is no limit."""
        ...

    def leaderboard(self) -> list[tuple[str, float]]: ...


class AmbiguousSend(Exception):
    """The file may or may not have arrived."""
