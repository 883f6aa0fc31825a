"""A trick, played: in the sandbox, with the truth at hand for the player, and what it came to."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import podium.metrics
from podium.campaign import decide
from podium.campaign.probes import probe_fits, probing
from podium.cli import compose, making
from podium.records import Checks, from_json
from podium.referee.probes import findings
from podium.testing.zoo.competitions import binary, table, write
from podium.testing.zoo.engines import added
from podium.testing.zoo.engines import play as run_folds

if TYPE_CHECKING:
    from podium.campaign.engine import Engine
    from podium.testing.zoo.planted import Trick

CANARY = "canary-of-the-zoo-5f2c"
SIGMAS = 3.0  # of the paired difference: a gain beyond is one


@dataclass(frozen=True)
class Played:
    """`defences`: in the words of `Trick.caught`; `blocks`: findings that made it invalid; `score`: as the engine measured."""

    defences: frozenset[str]
    blocks: tuple[str, ...]
    warnings: tuple[str, ...]
    score: float | None


def competition(folder: Path, *, forward: bool, seed: int = 11) -> Path:
    """A campaign that has not begun."""
    rng = np.random.default_rng(seed)
    if forward:
        frame, signal = table(rng)
        import polars as pl

        when = pl.Series("when", np.datetime64("2022-01-01") + np.arange(len(signal)).astype("timedelta64[D]"))
        data = write(folder / "data", frame.with_columns(when), signal.round(4), metric="the root mean squared error")
    else:
        frame, y = binary(rng)
        data = write(folder / "data", frame, y, train_only={"paid_later": y * 3})
    return making.open_or_create(str(data), campaign=folder / "campaign", experiments=50, memory=False)


class Stage:
    """One campaign on which tricks and their twins are played, one after another."""

    def __init__(self, campaign: Path, *, threads: int = 2) -> None:
        os.environ["ZOO_SECRET_TOKEN"] = CANARY
        self.engine: Engine = compose.make_engine(campaign)
        self.asked = from_json(Checks, {"checks": [], "text": ""}).checks
        self._watched = [
            campaign / "podium.db",
            campaign / "config.json",
            campaign / "data" / "labels.arrow",
            Path(podium.metrics.__file__),
        ]

    def close(self) -> None:
        self.engine.executor.close()
        self.engine.registry.close()
        os.environ.pop("ZOO_SECRET_TOKEN", None)

    def play(self, source: str, beside: str, wall_s: float = 60.0) -> Played:
        """`beside`: the honest twin's source, which the trick must beat to have gained; `wall_s`: for each run of it."""
        with _server() as (port, hits):
            before = [_sha(path) for path in self._watched[1:]]
            text = self._filled(source, port)
            one = added(self.engine, text, wall_s=wall_s)
            track = run_folds(self.engine, one)
            words = set() if track.status == "done" else {"run: failed"}
            if not hits and before == [_sha(path) for path in self._watched[1:]] and not self._spilled(one.id):
                words.add("blocked: nothing outside was touched")
        if track.status != "done":
            return Played(frozenset(words), (track.message,), (), None)
        return self._judged(one.id, words, beside)

    def _judged(self, id_: str, words: set[str], beside: str) -> Played:
        engine = self.engine
        one = engine.registry.experiments.get(id_)
        assert one is not None
        probed = (*probing.cheap(engine, [one], self.asked)[id_], *probe_fits.dear(engine, [one])[id_])
        verified = decide.verify(engine, [one], self.asked, {id_: probed})[0]
        found = list(dict.fromkeys([*verified.alarms, *findings(probed)]))
        words |= {f"alarm: {f.check.removeprefix('probe_')}" for f in found if f.severity != "info"}
        if not self._gained(id_, beside):
            words.add("gained nothing")
        told = {
            gravity: tuple(f"{f.check}: {f.message}" for f in found if f.severity == gravity)
            for gravity in ("block", "warn")
        }
        return Played(frozenset(words), told["block"], told["warn"], verified.scored.score)

    def _gained(self, id_: str, beside: str) -> bool:
        """Whether it predicts better than its honest twin by more than chance allows."""
        from podium import referee

        twin = self._twin(beside)
        engine = self.engine
        paired = referee.paired(
            engine.task, engine.truth, engine.store.oof(id_), engine.store.oof(twin), engine.fold_of
        )
        return paired.gain > SIGMAS * paired.stderr

    def _twin(self, source: str) -> str:
        """The honest experiment, run once."""
        sha = hashlib.sha256(source.encode()).hexdigest()
        found = next(
            (e.id for e in self.engine.registry.experiments.all() if e.solution_sha == sha and e.status == "done"), None
        )
        if found is not None:
            return found
        one = added(self.engine, source)
        assert run_folds(self.engine, one).status == "done", "the twin is honest, and must run"
        return one.id

    def _filled(self, source: str, port: int) -> str:
        data = self.engine.dataset
        rows = data.train
        frame = data.frame()[rows]
        y = self.engine.task.encode(data.labels(rows)).reshape(len(rows), -1)[:, 0].astype(float).tolist()
        x, z = (frame[name].round(5).to_list() for name in ("x", "z"))
        return (
            source.replace("CAMPAIGN", str(self.engine.campaign))
            .replace("PORT", str(port))
            .replace("ANSWERS", repr(list(zip(z, y, strict=True))))
            .replace("PAIRS", repr(list(zip(zip(x, z, strict=True), y, strict=True))))
        )

    def _spilled(self, id_: str) -> bool:
        """Whether a credential of the engine's environment reached a log, or a solution wrote where it may not."""
        folder = self.engine.campaign / "runs" / id_
        logs = any(CANARY in path.read_text("utf-8", "replace") for path in folder.rglob("log.txt"))
        return logs or (self.engine.campaign / "pwned").exists()


def play(trick: Trick, stage: Stage, *, planted: bool = True) -> Played:
    """The trick, or its honest twin, on a stage of its kind."""
    return stage.play(trick.source, trick.twin, trick.wall_s) if planted else stage.play(trick.twin, trick.twin)


@contextmanager
def _server() -> Iterator[tuple[int, list[str]]]:
    """Something on loopback that answers, and remembers who asked."""
    hits: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1], hits
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
