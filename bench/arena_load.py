"""A crowd at an arena: `python bench/arena_load.py --contestants 200 --kills 2`, once on SQLite and once on PostgreSQL.

Each contestant registers, joins, sends several different files (each twice, as after a lost answer) and one more than the
quota allows, and reads its submissions and the leaderboard. `--kills`: the server is killed with -9 while they do, and
started again. Then every accepted submission must be listed exactly once, graded, and no quota exceeded. Prints requests
a second and latencies (the crowd's own processor time is in them); exits 3 where anything was lost or doubled.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from podium.platforms.arena_client import ArenaClient, Asked, Lost
from podium.platforms.platform import Unreachable
from podium.testing import postgres

SLUG, QUOTA, ROWS = "load", 3, 400
PATIENCE_S = 120.0
PODIUM = [sys.executable, "-m", "podium", "arena"]


@dataclass
class Crowd:
    """What the contestants saw."""

    took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    accepted: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # account → submission ids
    refused: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    tokens: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Server:
    """`podium arena serve` on a fixed port, so that it can be killed and begun again."""

    def __init__(self, data: Path, environment: dict[str, str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._argv = [*PODIUM, "serve", "--data", str(data), "--port", str(self.port), "--rates", "1e6,1e6,1e6"]
        self._environment = environment
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            self._argv, env=self._environment, stdout=subprocess.PIPE, stderr=sys.stderr, text=True
        )
        assert self.process.stdout is not None
        if not self.process.stdout.readline().startswith("http"):
            raise SystemExit("the server did not start")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def contestant(url: str, number: int, files: int, sample: list[str], crowd: Crowd) -> None:
    name = f"contestant {number}"

    def timed(kind: str, *ask: Any, **more: Any) -> Any:
        until = time.monotonic() + PATIENCE_S
        while True:
            began = time.monotonic()
            try:
                answer = client.ask(*ask, **more).json()
                break
            except (Lost, Unreachable):
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)
        with crowd.lock:
            crowd.took[kind].append(time.monotonic() - began)
        return answer

    client = ArenaClient(url)
    try:
        client = ArenaClient(url, registered(timed, name, crowd))
        timed("join", "POST", f"/api/contests/{SLUG}/join", fields={"accept_rules": True})
        for nth in range(files + 1):
            body = submission(sample, number * 1000 + nth)
            for _ in range(2):  # as after a lost answer
                query = {"tag": f"file-{nth}"}
                try:
                    told = timed("submit", "POST", f"/api/contests/{SLUG}/submissions", query=query, body=body)
                    crowd.accepted[name].add(told["id"])
                except Asked as no:
                    crowd.refused[name] += no.code == "quota_used"
            timed("leaderboard", "GET", f"/api/contests/{SLUG}/leaderboard")
            timed("submissions", "GET", f"/api/contests/{SLUG}/submissions")
    except (Asked, Lost, Unreachable) as problem:
        crowd.wrong.append(f"{name}: {problem}")


def registered(timed: Any, name: str, crowd: Crowd) -> str:
    """A name whose answer was lost in a kill is taken by nobody who knows its token: another one then."""
    for attempt in ("", " b", " c", " d", " e"):
        try:
            token = str(timed("register", "POST", "/api/accounts", fields={"name": name + attempt})["token"])
        except Asked as no:
            if no.code != "conflict":
                raise
            continue
        crowd.tokens[name] = token
        return token
    raise Unreachable(f"{name} could not register")


def submission(sample: list[str], seed: int) -> bytes:
    values = np.random.default_rng(seed).random(len(sample) - 1)
    rows = (f"{line.split(',')[0]},{value:.6f}" for line, value in zip(sample[1:], values, strict=True))
    return "\n".join([sample[0], *rows, ""]).encode()


def judge(url: str, crowd: Crowd, files: int) -> None:
    """Append what was lost, doubled or exceeded."""
    everybody = {name: graded(ArenaClient(url, token)) for name, token in crowd.tokens.items()}
    board = {
        row["name"].rstrip(" bcde"): row for row in ArenaClient(url).get(f"/api/contests/{SLUG}/leaderboard")["rows"]
    }
    for name, listed in everybody.items():
        ids = [one["id"] for one in listed]
        if sorted(ids) != sorted(crowd.accepted[name]):
            crowd.wrong.append(f"{name}: accepted {sorted(crowd.accepted[name])}, listed {sorted(ids)}")
        if len(ids) != min(files, QUOTA) or crowd.refused[name] != 2 * (files + 1 - min(files, QUOTA)):
            crowd.wrong.append(f"{name}: {len(ids)} listed, {crowd.refused[name]} refused")
        best = max((one["public_score"] for one in listed), default=None)
        if name not in board or board[name]["score"] != best or board[name]["submissions"] != len(ids):
            crowd.wrong.append(f"{name}: not ranked as its submissions say")


def graded(client: ArenaClient) -> list[dict[str, Any]]:
    until = time.monotonic() + PATIENCE_S
    while True:
        listed: list[dict[str, Any]] = client.get(f"/api/contests/{SLUG}/submissions")
        if all(one["status"] == "complete" for one in listed) or time.monotonic() > until:
            return listed
        time.sleep(0.2)


@contextmanager
def arena(base: Path, database: str) -> Iterator[tuple[Server, list[str]]]:
    environment = {**os.environ, "PODIUM_ARENA_DATABASE": database, "PODIUM_HOME": ""}
    rng = np.random.default_rng(0)
    x = rng.normal(size=ROWS)
    rows = [
        f"{value:.5f},{'yes' if value + noise > 0 else 'no'}"
        for value, noise in zip(x, rng.normal(size=ROWS), strict=True)
    ]
    table = base / "table.csv"
    table.write_text("\n".join(["x,y", *rows, ""]))
    made = ["create", SLUG, "--from", str(table), "--data", str(base / "data")]
    made += ["--target", "y", "--metric", "auc", "--quota", str(QUOTA)]
    subprocess.run([*PODIUM, *made], env=environment, check=True, stdout=subprocess.DEVNULL)
    server = Server(base / "data", environment)
    try:
        yield server, (base / "data" / "contests" / SLUG / "sample_submission.csv").read_text().splitlines()
    finally:
        server.stop()


def play(kind: str, database: str, asked: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as temporary, arena(Path(temporary), database) as (server, sample):
        crowd = Crowd()
        threads = [
            threading.Thread(target=contestant, args=(server.url, number, asked.files, sample, crowd))
            for number in range(asked.contestants)
        ]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for _ in range(asked.kills):
            time.sleep(asked.kill_after)
            server.kill()
            server.start()
        for thread in threads:
            thread.join()
        wall = time.monotonic() - began
        judge(server.url, crowd, asked.files)
        settled = time.monotonic() - began
    requests = sum(map(len, crowd.took.values()))
    return {
        "database": kind, "contestants": asked.contestants, "kills": asked.kills, "requests": requests,
        "requests_per_s": round(requests / wall, 1), "accepted": sum(map(len, crowd.accepted.values())),
        "refused_by_quota": sum(crowd.refused.values()), "wall_s": round(wall, 1), "all_graded_s": round(settled, 1),
        "latency_ms": {
            what: {"p50": round(1e3 * float(np.quantile(took, 0.5)), 1), "p99": round(1e3 * float(np.quantile(took, 0.99)), 1)}
            for what, took in crowd.took.items()
        },
        "wrong": crowd.wrong,
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contestants", type=int, default=200)
    parser.add_argument("--files", type=int, default=QUOTA, help="each sends one more, which the quota refuses")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--kill-after", type=float, default=5.0, help="seconds")
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    asked = parser.parse_args()
    rows = []
    for kind in ("sqlite", "postgresql"):
        if asked.database not in (kind, "both"):
            continue
        if kind == "postgresql" and postgres.binaries() is None:
            print("no PostgreSQL server is installed", file=sys.stderr)
            continue
        with postgres.server(durable=True) if kind == "postgresql" else nullcontext("") as url:
            rows.append(play(kind, url, asked))
        print(json.dumps(rows[-1], indent=1), flush=True)
    return 3 if any(row["wrong"] for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
