"""A submission's scores, computed in a process of its own: the server stays quick, and a hung metric is ended."""

from __future__ import annotations

import contextlib
import multiprocessing
import resource
import signal
import tempfile
import traceback
from multiprocessing.connection import Connection
from pathlib import Path

from podium.arena import packed
from podium.arena.grading import Grader
from podium.arena.places import Places
from podium.arena.store.submissions import Kept
from podium.errors import InvalidPredictions

Marks = tuple[float | None, float | None, str]
UNDEFINED = "the metric is not defined for these answers"
BROKEN = "grading failed; the host can see why"
START_S, READY = 120.0, "ready"
CONTESTS_KEPT = 8  # whose answers a worker holds in memory


class DirectMarker:
    """Scores in this process: what the worker runs, and what tests may use."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._graders: dict[str, Grader] = {}

    def mark(self, kept: Kept) -> Marks:
        """(public, private, ""), or (None, None, why the contestant's file cannot be scored)."""
        grader = self._grader(kept.contest)
        with tempfile.TemporaryDirectory(prefix="podium-arena-") as scratch:
            try:
                table = packed.unpack(
                    self._places.uploads.path(kept.contest, kept.id), Path(scratch), grader.contest.max_bytes
                )
                scores = grader.scores(table)
            except InvalidPredictions as problem:
                return None, None, str(problem)
        return (None, None, UNDEFINED) if scores.public is None else (scores.public, scores.private, "")

    def close(self) -> None:
        self._graders.clear()

    def _grader(self, slug: str) -> Grader:
        if slug not in self._graders:
            if len(self._graders) >= CONTESTS_KEPT:
                self._graders.pop(next(iter(self._graders)))
            self._graders[slug] = Grader(self._places.private(slug))
        return self._graders[slug]


class WorkerMarker:
    """Scores in a child process, begun anew after a crash or where one submission takes longer than `limit_s`."""

    def __init__(self, places: Places, *, limit_s: float = 300.0, memory_mb: int = 4096) -> None:
        self._places, self._limit_s, self._memory_mb = places, limit_s, memory_mb
        self._child: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None

    def mark(self, kept: Kept) -> Marks:
        try:
            pipe = self._ready()
            pipe.send(kept)
            if not pipe.poll(self._limit_s):
                self.close()
                return None, None, f"grading took longer than {self._limit_s:g} s"
            marks: Marks = pipe.recv()
        except (EOFError, OSError):  # the worker died: of this file, or of memory
            self.close()
            return None, None, BROKEN
        return marks

    def close(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.join()
        if self._pipe is not None:
            self._pipe.close()
        self._child = self._pipe = None

    def _ready(self) -> Connection:
        if self._pipe is None or self._child is None or not self._child.is_alive():
            self.close()
            context = multiprocessing.get_context("spawn")  # never a fork of a process with threads
            self._pipe, theirs = context.Pipe()
            self._child = context.Process(
                target=_work, args=(theirs, self._places.data, self._memory_mb), name="arena-worker", daemon=True
            )
            self._child.start()
            theirs.close()
            if not (self._pipe.poll(START_S) and self._pipe.recv() == READY):
                raise EOFError
        return self._pipe


def _work(pipe: Connection, data: Path, memory_mb: int) -> None:
    """The worker: one submission after another, until the server has gone; what was pending then still is."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's to obey
    resource.setrlimit(resource.RLIMIT_DATA, (memory_mb << 20, memory_mb << 20))
    marker = DirectMarker(Places(data))
    with contextlib.suppress(EOFError, OSError):
        pipe.send(READY)
        while True:
            pipe.send(_marks(marker, pipe.recv()))


def _marks(marker: DirectMarker, kept: Kept) -> Marks:
    try:
        return marker.mark(kept)
    except Exception:  # noqa: BLE001 (a bug of ours or of a metric: the host reads it, a contestant does not)
        traceback.print_exc()
        return None, None, BROKEN
