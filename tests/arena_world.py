"""An arena on loopback for tests: a contest, a server in a thread, contestants."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import uvicorn

from podium.arena import making, serving
from podium.arena.admin import ArenaAdmin
from podium.arena.app import make_app
from podium.arena.contest import Contest
from podium.arena.service import ArenaService
from podium.arena.settings import ArenaSettings, Rate

FREE = ArenaSettings(address_rate=Rate(1e6, 10**6), token_rate=Rate(1e6, 10**6), register_rate=Rate(1e6, 10**6))


@dataclass
class World:
    url: str
    service: ArenaService
    admin: ArenaAdmin
    contests: Path

    def member(self, name: str, slug: str = "demo") -> str:
        """A token of somebody who joined."""
        account, token = self.service.register(name)
        self.service.join(account, slug)
        return token


def labelled(n: int = 200) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    x = rng.normal(size=n)
    return pl.DataFrame({"x": x, "sick": np.where(x + rng.normal(size=n) > 0, "yes", "no")})


def guesses(folder: Path, file: Path, noise: float = 0.0) -> Path:
    """A submission for the contest whose public files are in `folder`."""
    test = pl.read_csv(folder / "test.csv")
    wobble = np.random.default_rng(1).normal(size=test.height) * noise
    values = 1 / (1 + np.exp(-(test["x"].to_numpy() + wobble)))
    test.select("id").with_columns(sick=pl.Series(values)).write_csv(file)
    return file


@contextmanager
def arena(data: Path, *, quota: int | None = 5, deadline: str = "", settings: ArenaSettings = FREE) -> Iterator[World]:
    with serving.opened(data) as admin:
        admin.create("demo", lambda public, private: _build(public, private, quota, deadline))
        with serving.running(admin) as service:
            config = uvicorn.Config(make_app(service, settings), port=0, log_level="error", access_log=False)
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run, daemon=True)
            thread.start()
            while not server.started:
                time.sleep(0.01)
            port = server.servers[0].sockets[0].getsockname()[1]
            try:
                yield World(f"http://127.0.0.1:{port}", service, admin, admin.places.data)
            finally:
                server.should_exit = True
                thread.join()


def _build(public: Path, private: Path, quota: int | None, deadline: str) -> Contest:
    terms = making.Terms(
        "Who is sick?",
        "# About\n\nOne **number** tells.\n\n- `x`: measured\n- sick: <b>yes</b> or no",
        quota=quota,
        deadline=deadline or None,
        rules="Be fair. One account each.",
    )
    return making.make("demo", labelled(), ["sick"], "auc", terms, public=public, private=private)
