"""What the service tells: frozen, without anything that may not be shown to whom it is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from podium.records import Direction

Graded = Literal["pending", "complete", "error"]


@dataclass(frozen=True)
class Account:
    id: int
    name: str
    created_at: datetime


@dataclass(frozen=True)
class Session:
    """A browser's login. `secret` goes into an HttpOnly cookie, `csrf` into each form; neither is stored."""

    secret: str
    csrf: str
    expires_at: datetime


@dataclass(frozen=True)
class FileView:
    """A public file of a contest. `name` is relative to the public folder and may hold slashes."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class ContestView:
    slug: str
    title: str
    description: str  # Markdown, of the host
    rules: str  # Markdown, of the host
    task_type: str
    metric: str
    metric_title: str
    direction: Direction
    columns: tuple[str, ...]  # the header of a submission
    rows: int  # of a submission
    quota: int | None  # submissions a day
    final_selections: int
    max_bytes: int
    created_at: datetime
    deadline: datetime | None
    ended: bool
    contestants: int
    submissions: int
    files: tuple[FileView, ...]


@dataclass(frozen=True)
class SubmissionView:
    """A contestant's own submission. `private_score` is None until the deadline has passed."""

    id: str
    contest: str
    tag: str
    message: str
    file_name: str
    sha256: str
    bytes: int
    at: datetime
    status: Graded
    error: str  # why it could not be scored
    public_score: float | None
    private_score: float | None
    selected: bool


@dataclass(frozen=True)
class QuotaView:
    """`limit` and `left` are None where there is no limit. The day is UTC's."""

    limit: int | None
    used: int
    left: int | None
    resets_at: datetime


@dataclass(frozen=True)
class ScorePoint:
    """One scored submission in a contestant's history: always the public score."""

    at: datetime
    score: float


@dataclass(frozen=True)
class Standing:
    """A row of the leaderboard. `history` holds every scored submission, oldest first.

    `public_rank` is told on the private leaderboard only, to show how far one moved.
    """

    rank: int
    name: str
    score: float
    submissions: int
    last_at: datetime
    history: tuple[ScorePoint, ...]
    public_score: float | None = None
    public_rank: int | None = None


@dataclass(frozen=True)
class Leaderboard:
    """`split` is private once the deadline has passed; `settled` is False while submissions wait to be graded."""

    contest: str
    split: Literal["public", "private"]
    direction: Direction
    settled: bool
    rows: tuple[Standing, ...]


@dataclass(frozen=True)
class AuditLine:
    """Who did what, when. Never a token, a session or a score of the private split."""

    id: int
    at: datetime
    actor: str  # an account's name, "admin", "server" or "nobody"
    address: str
    action: str
    contest: str
    subject: str
    detail: Mapping[str, Any] = field(default_factory=dict)
