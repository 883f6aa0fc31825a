"""A platform that fails in every way a real one does, in simulated time: for schedules of faults, deterministic by a seed.

Sends time out after the file was accepted, before, or while it is still under way; answers are 429 with a time to wait, or
5xx; the list shows an acceptance only later; scores are pending; some files cannot be scored; others submit on the same
account; the day ends at midnight of a zone with daylight saving. The machine's clock is skewed, and jumps. It knows what a
submitter must never do, and counts it: `doubled`, `beyond`.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from podium.campaign.submission.allowance import day_of, next_midnight
from podium.errors import Refused
from podium.platforms.platform import AmbiguousSend, Quota, RemoteSubmission, Unreachable

Counting = Literal["exact", "listed", "untold"]


class Killed(BaseException):
    """As kill -9: nothing catches it."""


@dataclass
class World:
    """True time, the machine's clock, and when the engine dies: at its `fuse`-th point from now."""

    now_s: float
    skew_s: float = 0.0
    fuse: int | None = None
    points: int = 0
    upsets: int = 0  # deaths, and jumps of the machine's clock: what was promised before may be forgotten

    def wall_s(self) -> float:
        return self.now_s + self.skew_s

    def go_on(self, seconds: float) -> None:
        self.now_s += seconds

    def jump(self, seconds: float) -> None:
        self.skew_s += seconds
        self.upsets += 1

    def point(self) -> None:
        """Between two effects. Raises Killed where the engine's time has come."""
        self.points += 1
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse <= 0:
                self.fuse = None
                self.upsets += 1
                raise Killed


@dataclass
class Accepted:
    """What the platform has. `own`: sent by the engine under test."""

    id: str
    tag: str
    sha256: str
    at: float
    listed_from: float
    scored_from: float
    score: float | None  # None: it cannot be scored
    own: bool


@dataclass
class FaultyPlatform:
    """`limit` submissions a civil day of `zone`. `counting`: how quota() counts: exactly, by its own lagging list, or not at
    all (then the engine has only config.json's figure). `lag_s`: at most, until an acceptance is listed."""

    world: World
    rng: random.Random
    limit: int = 5
    zone: str = "UTC"
    counting: Counting = "exact"
    has_list: bool = True
    selects: bool = True
    lag_s: float = 300.0
    faults: float = 0.35  # share of calls that go wrong
    others: float = 0.02  # chance that somebody else submits between two calls
    name: str = "faulty"
    accepted: list[Accepted] = field(default_factory=list)
    selected: tuple[str, ...] = ()
    injected: Counter[str] = field(default_factory=Counter)
    sends: int = 0
    beyond: int = 0  # sends that found the day full, and could have known
    _under_way: list[tuple[float, Accepted]] = field(default_factory=list)
    _excused: bool = True  # whether the day may have filled, or ended, since quota() was last asked
    _promised: tuple[float, int] = (-1e18, 0)  # until when it asked to be left alone, and the upsets till then
    _serial: int = 0
    hasty: int = 0  # calls before the time that it had asked for

    def __post_init__(self) -> None:
        self.settles_s = 2.0 * self.lag_s + 60.0  # to arrive, and then to be listed

    def fetch(self, into: Path) -> Path:
        return into

    # ---------------------------------------------------------------- the protocol

    def submit(self, file: Path, tag: str, message: str) -> RemoteSubmission:
        content = file.read_bytes()
        assert content, "an empty file was sent"
        self.sends += 1
        self._call("submit")
        kind = self._fault(("lost before", "lost after", "late", "late", "pending", "bad file"))
        if kind == "lost before":
            raise AmbiguousSend("the connection broke")
        found = self._entry(tag, hashlib.sha256(content).hexdigest(), bad=kind == "bad file")
        if kind == "late":
            self._under_way.append((self.world.now_s + self.rng.uniform(1, self.lag_s + 50), found))
            raise AmbiguousSend("no answer in time")
        if self._used() >= self.limit:
            self.beyond += not (self._excused or self._others_hidden())
            raise Refused(f"the {self.limit} submissions of the day are used up")
        self.accepted.append(found)
        self.world.point()
        if kind == "lost after":
            raise AmbiguousSend("no answer in time")
        return self._shown(found)

    def submissions(self) -> list[RemoteSubmission]:
        assert self.has_list, "asked for a list that there is not"
        self._call("list")
        return [self._shown(one) for one in self._listed()]

    def quota(self) -> Quota | None:
        if self.counting == "untold":
            self._excused = False
            return None
        self._call("quota")
        zone = ZoneInfo(self.zone)
        told = Quota(self.limit - self._used(), next_midnight(self.world.now_s, zone).isoformat())
        if self.counting == "listed":
            told = Quota(self.limit - self._used(self._listed()), told.resets_at)
        self._excused = False
        self._somebody_else()
        return told

    def leaderboard(self) -> list[tuple[str, float]]:
        return []

    def select(self, ids: Sequence[str]) -> bool:
        self._call("select")
        known = {one.id for one in self.accepted if one.own}
        assert set(ids) <= known, "chose what is not there"
        if self.selects:
            self.selected = tuple(ids)
        return self.selects

    # ---------------------------------------------------------------- what goes wrong

    def arrive(self) -> None:
        """What was under way is accepted, or turned away, when its time has come."""
        for due in [one for one in self._under_way if one[0] <= self.world.now_s]:
            self._under_way.remove(due)
            at, entry = due
            entry.listed_from += at - entry.at
            entry.scored_from += at - entry.at
            entry.at = at
            if self._used(at=at) < self.limit:
                self.accepted.append(entry)

    def somebody_submits(self) -> None:
        if self._used() < self.limit:
            self.accepted.append(self._entry(f"other-{len(self.accepted)}", f"{self.rng.random()}", own=False))
            self._excused = True
            self.injected["others"] += 1

    def _somebody_else(self) -> None:
        if self.faults and self.rng.random() < self.others:
            self.somebody_submits()

    def _call(self, what: str) -> None:
        """Time passes; the platform may not answer. Raises Unreachable, Killed."""
        self.world.point()
        until, upsets = self._promised
        self.hasty += self.world.now_s < until - 1.0 and upsets == self.world.upsets
        before = day_of(self.world.now_s, ZoneInfo(self.zone))
        self.world.go_on(self.rng.uniform(0.05, 20.0))
        self._excused = self._excused or day_of(self.world.now_s, ZoneInfo(self.zone)) != before
        self.arrive()
        if self.rng.random() < self.faults / 3:
            kind = self.rng.choice(("429", "503", "refused"))
            self.injected[f"{kind} {what}"] += 1
            wait = self.rng.choice((5.0, 60.0, 1800.0)) if kind == "429" else None
            if wait is not None:
                self._promised = (self.world.now_s + wait, self.world.upsets)
            raise Unreachable({"429": "429 too many requests"}.get(kind, f"{kind}: no answer"), wait)

    def _fault(self, kinds: Sequence[str]) -> str:
        if self.rng.random() >= self.faults:
            return ""
        kind = self.rng.choice(kinds)
        self.injected[kind] += 1
        return kind

    # ---------------------------------------------------------------- what it has

    def _entry(self, tag: str, sha256: str, *, own: bool = True, bad: bool = False) -> Accepted:
        lag = self.rng.uniform(0, self.lag_s) if self.faults and self.rng.random() < 0.7 else 0.0
        now = self.world.now_s
        scored = now + (self.rng.uniform(0, 7200) if self.faults and self.rng.random() < 0.5 else 0.0)
        score = None if bad else round(self.rng.uniform(0.5, 0.9), 5)
        self._serial += 1
        return Accepted(f"r{self._serial}", tag, sha256, now, now + lag, scored, score, own)

    def _others_hidden(self) -> bool:
        return any(not one.own and one.listed_from > self.world.now_s for one in self.accepted)

    def _listed(self) -> list[Accepted]:
        return [one for one in self.accepted if one.listed_from <= self.world.now_s]

    def _used(self, among: Sequence[Accepted] | None = None, at: float | None = None) -> int:
        zone = ZoneInfo(self.zone)
        today = day_of(self.world.now_s if at is None else at, zone)
        return sum(day_of(one.at, zone) == today for one in (self.accepted if among is None else among))

    def _shown(self, one: Accepted) -> RemoteSubmission:
        at = datetime.fromtimestamp(one.at, UTC).isoformat()
        if one.scored_from > self.world.now_s:
            return RemoteSubmission(one.id, one.tag, at, "pending")
        if one.score is None:
            return RemoteSubmission(one.id, one.tag, at, "error", message="a row is missing")
        return RemoteSubmission(one.id, one.tag, at, "complete", public_score=one.score)

    # ---------------------------------------------------------------- what must never be

    @property
    def doubled(self) -> int:
        """Own submissions whose file was accepted before."""
        files = [one.sha256 for one in self.accepted if one.own]
        return len(files) - len(set(files))

    def fullest_day(self) -> int:
        zone = ZoneInfo(self.zone)
        return max(Counter(day_of(one.at, zone) for one in self.accepted).values(), default=0)
