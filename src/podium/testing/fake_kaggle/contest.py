"""What a contest of the fake is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True)
class Scores:
    public: float
    private: float | None = None


def always_half(file: bytes) -> Scores:
    return Scores(0.5, 0.5)


@dataclass(frozen=True)
class Notebook:
    """A public notebook. `ref` is owner/slug."""

    ref: str
    title: str
    source: str
    votes: int = 0


@dataclass(frozen=True)
class Topic:
    """A discussion: its first message, and comments as (author, text)."""

    title: str
    text: str
    comments: tuple[tuple[str, str], ...] = ()
    votes: int = 0


@dataclass
class Contest:
    """`score` reads the bytes of a file, and raises ValueError where it is no valid submission: the contest then lists it
    with an error. `entered`: whether this account has accepted the rules. `others`: teams of the leaderboard."""

    slug: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    score: Callable[[bytes], Scores] = always_half
    title: str = "A contest"
    metric: str = "Area Under Receiver Operating Characteristic Curve"
    higher_is_better: bool = True
    daily: int = 5
    total: int | None = None
    deadline: datetime = datetime(2099, 1, 1, tzinfo=UTC)
    entered: bool = True
    code_only: bool = False
    closed: bool = False
    pages: Mapping[str, str] = field(default_factory=dict)  # name → Markdown
    others: Mapping[str, float] = field(default_factory=dict)
    notebooks: tuple[Notebook, ...] = ()
    topics: tuple[Topic, ...] = ()
    scoring_s: float = 0.0  # by the fake's clock: pending until then
    listing_lag_s: float = 0.0  # by the fake's clock: accepted, but not in the list yet
