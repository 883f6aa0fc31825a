"""What the fake remembers: uploads, submissions, kernels. One lock; every reader gets a copy."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from podium.testing.fake_kaggle.clock import Clock
from podium.testing.fake_kaggle.contest import Contest, Scores


class Denied(Exception):
    """An answer with an error status; `message` as the service words it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True)
class Accepted:
    """A submission that the contest took. `scores` None: it could not be scored, `error` says why."""

    ref: int
    contest: str
    description: str
    file_name: str
    sha256: str
    size: int
    at: datetime
    scores: Scores | None
    error: str = ""

    @property
    def day(self) -> str:
        """Its UTC day, by the fake's clock."""
        return self.at.date().isoformat()


@dataclass
class Upload:
    file_name: str
    length: int
    data: bytes | None = None


@dataclass(frozen=True)
class Version:
    """One run of a kernel."""

    number: int
    request: Mapping[str, Any]
    at: datetime
    files: Mapping[str, bytes]
    log: str
    error: str = ""


@dataclass
class Kernel:
    ref: str
    title: str
    versions: list[Version] = field(default_factory=list)


RunKernel = Callable[[Mapping[str, Any]], Mapping[str, bytes]]


def echo(request: Mapping[str, Any]) -> Mapping[str, bytes]:
    """The run of a kernel that writes an empty submission."""
    return {"submission.csv": b"id,y\n"}


class State:
    def __init__(self, contests: tuple[Contest, ...], clock: Clock) -> None:
        self.contests = {contest.slug: contest for contest in contests}
        self.clock = clock
        self.lock = threading.RLock()
        self.numbers = itertools.count(1001)
        self.uploads: dict[str, Upload] = {}
        self.accepted: list[Accepted] = []
        self.refused: list[tuple[str, str]] = []  # (call, message)
        self.kernels: dict[str, Kernel] = {}
        self.selected: set[int] = set()

    def contest(self, slug: object, *, entered: bool = False) -> Contest:
        found = self.contests.get(str(slug))
        if found is None:
            raise Denied(404, "Competition not found")
        if entered and not found.entered:
            raise Denied(403, "You must accept this competition's rules before you'll be able to download files.")
        return found

    def today(self, slug: str) -> list[Accepted]:
        day = self.clock.now().date().isoformat()
        return [one for one in self.of(slug) if one.day == day]

    def of(self, slug: str) -> list[Accepted]:
        with self.lock:
            return [one for one in self.accepted if one.contest == slug]

    def left(self, contest: Contest) -> int:
        left = contest.daily - len(self.today(contest.slug))
        if contest.total is not None:
            left = min(left, contest.total - len(self.of(contest.slug)))
        return max(0, left)

    def accept(self, contest: Contest, file_name: str, data: bytes, description: str) -> Accepted:
        """Take a file into the contest. Raises Denied: closed, or the day's quota is used up."""
        with self.lock:
            if contest.closed:
                raise Denied(400, "This competition does not accept submissions any more.")
            if self.left(contest) <= 0:
                raise Denied(
                    400,
                    "Submission not allowed: Your team has used its daily Submission allowance "
                    f"({contest.daily}) today, please try again tomorrow UTC.",
                )
            try:
                scores, error = contest.score(data), ""
            except ValueError as problem:
                scores, error = None, str(problem)
            one = Accepted(
                next(self.numbers), contest.slug, description, file_name, hashlib.sha256(data).hexdigest(), len(data),
                self.clock.now(), scores, error,
            )  # fmt: skip
            self.accepted.append(one)
            return one

    def listed(self, contest: Contest) -> list[Accepted]:
        """Newest first, as far as the list has caught up."""
        seen = self.clock.now() - timedelta(seconds=contest.listing_lag_s)
        return [one for one in reversed(self.of(contest.slug)) if not contest.listing_lag_s or one.at <= seen]

    def most_on_a_day(self, slug: str) -> int:
        return max(Counter(one.day for one in self.of(slug)).values(), default=0)
