"""An arena for tests without a server: one contest, a clock that stands still, grading in this process."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from podium.arena.admin import ArenaAdmin
from podium.arena.grading_queue import GradingQueue
from podium.arena.making import Terms, make
from podium.arena.marking import DirectMarker
from podium.arena.places import Places
from podium.arena.service import ArenaService
from podium.arena.store.database import Database
from podium.arena.views import Account, SubmissionView

START = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
SLUG = "sick"


def labelled(n: int = 200) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    x = rng.normal(size=n)
    return pl.DataFrame(
        {"x": x, "colour": rng.choice(["red", "blue"], n), "sick": np.where(x + rng.normal(size=n) > 0, "yes", "no")}
    )


@dataclass
class World:
    admin: ArenaAdmin
    service: ArenaService
    queue: GradingQueue
    now: datetime = START

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)

    def joined(self, name: str, slug: str = SLUG) -> Account:
        account, _ = self.service.register(name)
        self.service.join(account, slug)
        return account

    def file(self, seed: int, slug: str = SLUG) -> bytes:
        """A valid submission; another seed, another file."""
        sample = pl.read_csv(self.service.places.public(slug) / "sample_submission.csv")
        values = np.random.default_rng(seed).random(sample.height)
        return sample.with_columns(pl.Series("sick", values)).write_csv().encode()

    def send(self, account: Account, data: bytes, tag: str = "", slug: str = SLUG) -> SubmissionView:
        return self.service.submit(account, slug, "s.csv", io.BytesIO(data), tag)[0]

    def close(self) -> None:
        self.queue.close()
        self.admin.database.close()


def world(
    folder: Path,
    database: str | None = None,
    *,
    quota: int | None = 3,
    days: float | None = 10,
    max_bytes: int = 100_000,
) -> World:
    """A contest of `labelled()` that ends `days` after START."""
    places = Places(folder)
    places.make()
    store = Database(database) if database else Database.in_folder(folder)
    clock = lambda: made.now  # noqa: E731 (a closure over what is made below)
    admin = ArenaAdmin(store, places, clock)
    queue = GradingQueue(store, DirectMarker(places), clock)
    made = World(admin, ArenaService(store, places, clock=clock, wake=queue.wake), queue)
    deadline = (START + timedelta(days=days)).isoformat() if days else None
    terms = Terms("Sick", quota=quota, deadline=deadline, max_bytes=max_bytes)
    admin.create(
        SLUG, lambda public, private: make(SLUG, labelled(), ["sick"], "auc", terms, public=public, private=private)
    )
    return made
