"""The real Kaggle client against the fake Kaggle, with faults dealt before each call: what `faulty_platform` is in process,
over HTTP. The fake's clock is the schedule's."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from podium.platforms.kaggle import Kaggle
from podium.platforms.kaggle.tags import tag_of
from podium.platforms.platform import AmbiguousSend, Quota, RemoteSubmission
from podium.testing.fake_kaggle import Clock, Contest, FakeKaggle, Scores, pointed_at
from podium.testing.faulty_platform import Accepted, World

SLUG = "won"
ASKED = {"list": "ListSubmissions", "quota": "GetSubmissionLimits", "submit": "StartSubmissionUpload"}
BEFORE = ("429", "500", "502", "503", "reset")
SENDING = ("429", "reset", "503", "500_after", "503_after", "reset_after", "garbage_after", "late")
SHORT_S = 5.0  # no call hangs: a time-out is a broken connection, seen sooner


class FrozenAt(Clock):
    """Stands where the schedule's world stands."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.world.now_s, UTC)


@dataclass
class KaggleUnderFaults:
    """A `Platform`, and what a schedule asks of one: see `FaultyPlatform`, whose words these are."""

    fake: FakeKaggle
    world: World
    rng: random.Random
    limit: int
    faults: float
    others: float = 0.05
    zone: str = "UTC"
    counting: str = "kaggle"
    has_list: bool = True
    name: str = "kaggle"
    injected: Counter[str] = field(default_factory=Counter)
    sends: int = 0
    beyond: int = 0
    hasty: int = 0
    inner: Kaggle = field(init=False)
    _excused: bool = True

    def __post_init__(self) -> None:
        self.inner = Kaggle(SLUG)
        self.settles_s = self.inner.settles_s

    # ---------------------------------------------------------------- the protocol

    def fetch(self, into: Path) -> Path:
        return into

    def submit(self, file: Path, tag: str, message: str) -> RemoteSubmission:
        self.sends += 1
        self._before("submit", ASKED["submit"], BEFORE)
        for call, kinds in (("Upload", BEFORE), ("CreateSubmission", SENDING)):
            self._deal(call, kinds)
        day, refused = self.world.now_s // 86400, len(self.fake.state.refused)
        try:
            found = self.inner.submit(file, tag, message)
        except AmbiguousSend:
            self._after(day, refused)
            raise
        finally:
            self.fake.faults.clear()
        self._after(day, refused)
        self.world.point()
        return found

    def submissions(self) -> list[RemoteSubmission]:
        self._before("list", ASKED["list"], BEFORE)
        return self.inner.submissions()

    def quota(self) -> Quota | None:
        self._before("quota", ASKED["quota"], BEFORE)
        told = self.inner.quota()
        self._excused = False
        if self.faults and self.rng.random() < self.others:
            self.somebody_submits()
        return told

    def leaderboard(self) -> list[tuple[str, float]]:
        return self.inner.leaderboard()

    def select(self, ids: Sequence[str]) -> bool:
        return self.inner.select(ids)

    # ---------------------------------------------------------------- the schedule's side

    def arrive(self) -> None:
        self.fake.do_late()

    def somebody_submits(self) -> None:
        contest = self.fake.state.contests[SLUG]
        if self.fake.state.left(contest) > 0:
            self.fake.state.accept(contest, "other.csv", f"{self.rng.random()}".encode(), "by hand")
            self._excused = True
            self.injected["others"] += 1

    @property
    def accepted(self) -> list[Accepted]:
        return [
            Accepted(str(one.ref), tag_of(one.description, one.file_name), one.sha256, one.at.timestamp(), 0.0, 0.0,
                     None if one.scores is None else one.scores.public, one.file_name != "other.csv")
            for one in self.fake.accepted
        ]  # fmt: skip

    @property
    def doubled(self) -> int:
        files = [one.sha256 for one in self.accepted if one.own]
        return len(files) - len(set(files))

    def fullest_day(self) -> int:
        return self.fake.most_on_a_day(SLUG)

    def _before(self, what: str, call: str, kinds: Sequence[str]) -> None:
        self.world.point()
        self.world.go_on(self.rng.uniform(0.05, 20.0))
        self.fake.faults.clear()
        self._deal(call, kinds)

    def _deal(self, call: str, kinds: Sequence[str]) -> None:
        if self.rng.random() < self.faults / 2:
            kind = self.rng.choice(kinds)
            wait = self.rng.choice((None, 5, 60, 1800)) if kind in ("429", "503") else None
            self.fake.faults.then(call, kind, retry_after_s=wait)
            self.injected[f"{kind} {call}"] += 1

    def _after(self, day: float, refused: int) -> None:
        """A send that found the day full, and could have known."""
        said = [message for _, message in self.fake.state.refused[refused:]]
        full = any("daily Submission allowance" in message for message in said)
        self.beyond += full and not self._excused and day == self.world.now_s // 86400


def judge(rng: random.Random, world: World) -> Any:
    """A score by chance for each file; some cannot be scored."""

    def score(file: bytes) -> Scores:
        if rng.random() < 0.05:
            raise ValueError("a row is missing")
        return Scores(round(rng.uniform(0.1, 0.4), 5), None)

    return score


@contextmanager
def kaggle_under_faults(seed: int, world: World) -> Iterator[KaggleUnderFaults]:
    """A fake Kaggle of its own, and this process pointed at it."""
    rng = random.Random(seed)
    contest = Contest(
        SLUG, score=judge(rng, world), daily=rng.choice((1, 2, 3, 5)), scoring_s=rng.choice((0.0, 0.0, 900.0)),
        listing_lag_s=rng.choice((0.0, 0.0, 100.0)), metric="rmse", higher_is_better=False,
    )  # fmt: skip
    with FakeKaggle(contest, clock=FrozenAt(world)) as fake, pointed_at(fake, timeout_s=SHORT_S):
        yield KaggleUnderFaults(fake, world, rng, contest.daily, rng.uniform(0.1, 0.6))
