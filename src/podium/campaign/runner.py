"""The run phase: folds dealt to the executor, gates decided as first folds arrive, results recorded as they end."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from podium.campaign import decide, stacked
from podium.campaign.device import device_of, free_gpu
from podium.campaign.engine import Stopped
from podium.campaign.prepared import share, shared
from podium.campaign.request import Part, is_free, run_key, write_request
from podium.campaign.tracks import Track
from podium.errors import InvalidPredictions
from podium.records import RunExit, Status
from podium.registry.experiments import Experiment
from podium.registry.runs import RunRow

if TYPE_CHECKING:
    from podium.campaign.engine import Engine

MAX_LOST = 12  # attempts that the machine, not the solution, brought down
RETRIED = ("lost", "cancelled")  # cancelled, though its experiment goes on: by an engine that was stopped meanwhile
POLL_S = 0.2
CANCEL_S = 2.0  # how long cancelled runs may take to end before nobody waits for them any longer


@dataclass(frozen=True)
class Job:
    track: Track
    part: Part
    key: str
    folder: str  # relative to the campaign
    gpu: int | None = None  # which it has to itself


class Runner:
    """Plays tracks on the engine's executor until all are done, killed or failed, or the work time is over."""

    def __init__(self, engine: Engine, time_left_s: Callable[[], float] | None = None) -> None:
        """`time_left_s`: how long the tracks may go on; by default what the purse leaves for work."""
        self.engine = engine
        self._time_left_s = time_left_s or engine.purse.work_left_s
        self._running: dict[Path, Job] = {}

    def play(self, tracks: list[Track]) -> None:
        """Raises Stopped: what runs then is cancelled, to be run anew on a resume. Raises Yielded: it goes on."""
        try:
            for track in tracks:
                self._replay(track)
            while self._running or any(track.ready for track in tracks):
                self.engine.attend()
                if self._time_left_s() <= 0:
                    self._out_of_time(tracks)
                    return
                self._fill(tracks)
                self._collect()
                self.engine.rest()
        except (Stopped, KeyboardInterrupt):
            self._cancel(self._running)
            raise
        finally:
            self._running.clear()

    def _replay(self, track: Track) -> None:
        """Take what is recorded already, whatever the time; a gate or a `prepare` may make more of it ready."""
        at = 0
        while at < len(track.ready):
            part = track.ready[at]
            key = run_key(self.engine, track.experiment, part)
            cached = self._recorded(track, part, key)
            if cached is None:
                at += 1
                continue
            track.ready.pop(at)
            self._take_cached(Job(track, part, key, cached.folder), cached)
            at = 0

    def _recorded(self, track: Track, part: Part, key: str) -> RunRow | None:
        """The run's result, if it has one: its own, or features that another experiment's `prepare` has made already."""
        runs = self.engine.registry.runs
        found = runs.find(key)
        if found is None and (made := shared(self.engine, part.shared)) is not None:
            found = dataclasses.replace(made, key=key, experiment=track.experiment.id)
            runs.add(found)
        return found

    def _take_cached(self, job: Job, row: RunRow) -> None:
        (self.engine.campaign / row.folder / "labels.arrow").unlink(missing_ok=True)  # a crash came before it was
        self._succeeded(job, row)

    def _fill(self, tracks: list[Track]) -> None:
        """Start the next parts, earlier tracks first, while slots are free."""
        for track in tracks:
            while track.ready and len(self._running) < self.engine.purse.slots and self._may_begin(track):
                self._begin(track, track.ready.pop(0))

    def _may_begin(self, track: Track) -> bool:
        """Not while another experiment makes the very features that this one would make."""
        making = {job.part.shared for job in self._running.values()} - {""}
        return track.ready[0].shared not in making and self._has_device(track)

    def _has_device(self, track: Track) -> bool:
        """Whether a run of the track may start now: on a GPU one at a time, while the CPU's slots go on beside."""
        return device_of(self.engine, track.experiment) == "cpu" or self._free_gpu() is not None

    def _free_gpu(self) -> int | None:
        return free_gpu(self.engine, {job.gpu for job in self._running.values() if job.gpu is not None})

    def _begin(self, track: Track, part: Part) -> None:
        engine, experiment = self.engine, track.experiment
        gpu = None if device_of(engine, experiment) == "cpu" else self._free_gpu()
        key = run_key(engine, experiment, part)
        cached = self._recorded(track, part, key)
        if cached is not None:
            self._take_cached(Job(track, part, key, cached.folder), cached)
            return
        folder = self._folder(experiment, part, key)
        path = engine.campaign / folder
        try:
            stacked.ensure(engine, experiment, part.features)
        except InvalidPredictions as problem:
            self._failed(track, part, f"{part.name}: it reads what is not there: {problem}")
            return
        if not (path / "request.json").exists():
            write_request(engine, experiment, part, key, path, gpu if engine.purse.gpus > 1 else None)
        engine.registry.runs.open_attempt(key, experiment.id, folder, engine.clock.alive_s())
        engine.executor.start(path)
        track.waiting.add(part.name)
        self._running[path] = Job(track, part, key, folder, gpu)
        engine.event("run_started", experiment=experiment.id, part=part.name)

    def _folder(self, experiment: Experiment, part: Part, key: str) -> str:
        """The run's open attempt, to be adopted; else the first folder of this part that no run has used."""
        engine, attempts = self.engine, dict(self.engine.registry.runs.attempts(key))
        numbered = (f"runs/{experiment.id}/{part.name}" + (f".{n}" if n > 1 else "") for n in itertools.count(1))
        return next(
            folder
            for folder in itertools.chain([name for name, exit_ in attempts.items() if exit_ is None], numbered)
            if attempts.get(folder) is None and is_free(engine, experiment, key, engine.campaign / folder)
        )

    def _collect(self) -> None:
        if not self._running:
            return
        for path, exit_ in self.engine.executor.finished(list(self._running), POLL_S).items():
            self._ended(self._running.pop(path), exit_)

    def _ended(self, job: Job, exit_: RunExit) -> None:
        engine, track = self.engine, job.track
        why = {"message": exit_.message[:200]} if exit_.message and exit_.outcome != "done" else {}
        engine.event("run_finished", experiment=track.experiment.id, part=job.part.name, outcome=exit_.outcome, **why)
        unseen_s = engine.registry.runs.started_s(job.folder) + exit_.wall_s - engine.clock.alive_s()
        engine.clock.charge(max(0.0, unseen_s))  # an adopted run went on while no engine was alive
        labels = engine.campaign / job.folder / "labels.arrow"
        if exit_.outcome == "done":
            row = RunRow(job.key, track.experiment.id, job.part.kind, job.part.name, job.folder, exit_)
            with engine.registry.database.write():
                engine.registry.runs.add(row)
                share(engine, job.part.shared, row)
            labels.unlink(missing_ok=True)
            self._succeeded(job, row)
            return
        engine.registry.runs.close_attempt(job.folder, exit_)
        labels.unlink(missing_ok=True)
        track.waiting.discard(job.part.name)
        if track.status != "running":
            return
        if exit_.outcome in RETRIED and len(engine.registry.runs.attempts(job.key)) < MAX_LOST:
            track.ready.insert(0, job.part)
        else:
            self._failed(track, job.part, f"{job.part.name}: {exit_.outcome}: {exit_.message}")

    def _failed(self, track: Track, part: Part, message: str) -> None:
        """Where time decides, one failed run ends its experiment at once. Else its siblings go on to their ends, and the
        first by name is told of: what is recorded must not depend on which ended first."""
        if self.engine.purse.timed:
            self._give_up(track, "failed", message)
            return
        track.failures[part.name] = message
        track.after = []
        self._settle(track)

    @staticmethod
    def _settle(track: Track) -> None:
        """The end of a track, once nothing of it is left to wait for."""
        if track.status != "running" or track.ready or track.after or track.waiting:
            return
        if track.failures:
            track.status, track.message = "failed", track.failures[min(track.failures)][:500]
        else:
            track.status = "done"

    def _succeeded(self, job: Job, row: RunRow) -> None:
        track, part = job.track, job.part
        track.waiting.discard(part.name)
        if track.status != "running":
            return
        if part.kind == "prepare":
            self._use_prepared(track, row)
            return
        try:
            self.engine.store.of_run(row, len(part.predict))
        except InvalidPredictions as problem:
            self._failed(track, part, f"{part.name}: {problem}")
            return
        if track.gate_fold is not None and part.name == f"fold_{track.gate_fold + 1}":
            self._gate(track, row)
        self._settle(track)

    def _use_prepared(self, track: Track, row: RunRow) -> None:
        """Point the parts that waited for `prepare` at its output."""
        path = self.engine.campaign / row.folder / "prepared.arrow"
        sha = row.exit.files.get("prepared.arrow", "")
        track.ready = [dataclasses.replace(part, features=path, prepared_sha=sha) for part in track.ready + track.after]
        track.after = []
        if track.gate_fold is not None:
            track.ready, track.after = track.ready[:1], track.ready[1:]

    def _gate(self, track: Track, row: RunRow) -> None:
        """Where the only member of the pool was taken back meanwhile, nothing is left to compare with: all folds are run."""
        engine, fold = self.engine, track.gate_fold
        assert fold is not None
        recorded = engine.registry.experiments.gate(track.experiment.id)
        if recorded is None and engine.registry.experiments.champion() is not None:
            gate = decide.gate(engine, engine.store.fold_rows(fold), row)
            engine.registry.experiments.add_gate(track.experiment.id, fold, gate)
            recorded = {"continue_": gate.continue_, "reason": gate.reason}
            engine.event("gate", experiment=track.experiment.id, **recorded)
        if recorded is None or recorded["continue_"]:
            track.ready, track.after = track.ready + track.after, []
        else:
            self._give_up(track, "killed", f"gate on fold {fold + 1}: {recorded['reason']}")

    def _give_up(self, track: Track, status: Status, message: str) -> None:
        track.status, track.message = status, message[:500]
        track.ready, track.after = [], []
        self._cancel([path for path, job in self._running.items() if job.track is track])

    def _cancel(self, paths: Iterable[Path]) -> None:
        for path in paths:
            self.engine.executor.cancel(path)

    def _out_of_time(self, tracks: list[Track]) -> None:
        """The work time is over: what is not done is cancelled, its attempts closed, nothing of it cached."""
        self._cancel(self._running)
        give_up = time.monotonic() + CANCEL_S
        while self._running and (left := give_up - time.monotonic()) > 0:
            for path, exit_ in self.engine.executor.finished(list(self._running), left).items():
                self._ended(self._running.pop(path), exit_)
        for track in tracks:
            if track.status == "running":
                track.status, track.message = "killed", "the work time was over"
                track.ready, track.after = [], []


def outcome(tracks: list[Track]) -> dict[str, dict[str, Any]]:
    """Experiment → status and message, as journalled."""
    return {track.experiment.id: {"status": track.status, "message": track.message} for track in tracks}
