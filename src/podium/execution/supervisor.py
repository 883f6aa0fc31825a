"""One detached process a run: it holds the folder's lock and the clock, feeds the run, and writes how it ended.

Standard library alone, started bare (`launch.bare`), so that it is at work within some 25 ms. It owns what must not be
left to the run: the absolute stop, the size of outputs and log, and `exit.json`. What needs to be seen from inside
(memory, processes, scratch) is owned by the watchdog, which ends the run by itself when this process is gone.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from podium.execution import launch, wire
from podium.execution.job import PART, SCRATCH, JobError, describe, open_inputs, open_outputs
from podium.execution.publish import BadOutput, check_predictions, discard, publish, write_exit
from podium.execution.runlog import RunLog

CONNECTION = 3  # the descriptor on which a supervisor finds its way to the warm parent
TICK_S = 0.05
STOP_S = 2.0  # a watchdog that has not ended its run by then is killed
LOCK_S = 0.3  # an engine that looks whether a run is alive holds its lock for microseconds
MAX_NOTES = 10_000  # bytes
LEVELS = ("process", "landlock", "bubblewrap")  # weakest first
OUTCOMES = ("done", "error", "memory", "disk")  # what a run may say of itself


class Supervisor:
    """One run, from its request to its exit."""

    def __init__(self, folder: Path, spec: Mapping[str, Any]) -> None:
        self.folder, self.spec, self.level = folder, spec, str(spec["level"])
        self.began = time.monotonic()
        self.stop = self.began + 60.0  # until the request is read
        self.request: dict[str, Any] = {}
        self.outputs: dict[str, int] = {}
        self.entered: dict[str, Any] = {}
        self.over: dict[str, Any] | None = None
        self.reason: str | None = None  # why this process stopped the run
        self.watchdog: int | None = None  # process id, seen from here
        self.lease: socket.socket | None = None  # of a private warm parent

    def run(self, connection: socket.socket | None) -> dict[str, Any]:
        """The exit of the run, as JSON; outputs are published when it is `done`."""
        self.log = RunLog(self.folder / "log.txt")
        try:
            self._read_request()
            if not (connection and self._attempt(connection)):
                self._attempt(self._private())
        except (JobError, OSError) as problem:
            self.log.close()
            discard(self.folder, self.outputs)
            return self._exit("error" if isinstance(problem, JobError) else "lost", str(problem))
        with contextlib.suppress(OSError):
            os.close(self.log.write_end)
        self.log.drain()
        self.log.close()
        return self._verdict()

    def _read_request(self) -> None:
        try:
            self.request = json.loads((self.folder / "request.json").read_text())
            limits, wanted = self.request["limits"], self.request.get("min_level", "process")
            self.stop = self.began + float(limits["wall_s"])
            self.disk = int(limits["disk_mb"]) << 20
        except (OSError, ValueError, KeyError, TypeError) as problem:
            raise JobError(f"request.json cannot be read: {type(problem).__name__}: {problem}") from problem
        if wanted not in LEVELS or LEVELS.index(self.level) < LEVELS.index(wanted):
            raise JobError(
                f"this solution needs sandbox level {wanted}; this machine gives {self.level}: "
                "install bubblewrap, or allow weaker levels explicitly"
            )
        if self.request.get("files") and self.request["files"] != self.spec.get("files"):
            raise JobError(f"files of another executor: {self.request['files']}; this one has {self.spec.get('files')}")

    # ------------------------------------------------------------ one attempt

    def _attempt(self, connection: socket.socket) -> bool:
        """Feed and watch one run. False when the warm parent was gone before the run began: nothing has happened."""
        inputs = open_inputs(self.folder, self.request)  # anew: a run that died at its start may have read some of them
        self.outputs = open_outputs(self.folder, self.request["kind"])
        names = [*inputs, *self.outputs, "log"]
        fds = [*inputs.values(), *self.outputs.values(), self.log.write_end]
        mounted = self.spec.get("weights_inside")
        job = describe(self.folder, self.request, self.stop, self.spec.get("files_inside"), mounted)
        job["fds"] = names
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        connection.settimeout(max(0.1, self.stop - time.monotonic()))  # a warm parent reads when its imports are done
        try:
            wire.send(connection, job, fds)
            self._watch(connection)
        except wire.Hangup:
            pass  # the warm parent or the watchdog is gone: `over` stays unset
        connection.close()
        for fd in inputs.values():
            os.close(fd)
        self._remove_scratch()
        return self.watchdog is not None or self.reason is not None

    def _watch(self, connection: socket.socket) -> None:
        """Until the run is over. Raises Hangup when the watchdog goes without saying how it ended."""
        poll, asked = select.poll(), None
        poll.register(connection, select.POLLIN)
        poll.register(self.log.read_end, select.POLLIN)
        while self.over is None:
            for fd, _ in poll.poll(TICK_S * 1000):
                if fd == connection.fileno():
                    self._hear(connection)
                elif not self.log.drain():
                    poll.unregister(fd)
            self._judge()
            if self.reason and asked is None:
                wire.send(connection, {"event": "stop"})
                asked = time.monotonic()
            if asked is not None and (self.watchdog is None or time.monotonic() > asked + STOP_S):
                self._kill_watchdog()
                return
        with contextlib.suppress(wire.Hangup):  # the watchdog ends, and with it whatever could still write
            connection.settimeout(STOP_S)
            wire.receive(connection)

    def _hear(self, connection: socket.socket) -> None:
        if self.watchdog is None:
            self.watchdog = _sender(connection)
        message, _ = wire.receive(connection)
        if message.get("event") == "entered" and not self.entered:
            self.entered = message
        elif message.get("event") == "over":
            self.over = message

    def _judge(self) -> None:
        """Set `reason` when the run must be stopped."""
        if self.reason:
            return
        written = sum(os.fstat(fd).st_blocks * 512 for fd in self.outputs.values())
        if time.monotonic() >= self.stop:
            self.reason = "timeout"
        elif (self.folder / "cancel").exists():
            self.reason = "cancelled"
        elif written > self.disk:
            self.reason = "disk"

    def _kill_watchdog(self) -> None:
        if self.watchdog:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.watchdog, signal.SIGKILL)

    def _private(self) -> socket.socket:
        """A connection to a warm parent of this run's own: the cold path, with the same code behind it."""
        self.lease, theirs = socket.socketpair()
        launch.detach(self.spec["argv"], self.spec["env"], theirs.fileno(), self.log.write_end)
        theirs.close()
        ours, run = socket.socketpair()
        socket.send_fds(self.lease, [b"R"], [run.fileno()])
        run.close()
        return ours

    def _remove_scratch(self) -> None:
        for scratch in self.folder.glob(SCRATCH + "*"):
            import shutil  # 5 ms, only below bubblewrap

            shutil.rmtree(scratch, ignore_errors=True)

    # ------------------------------------------------------------ how it ended

    def _verdict(self) -> dict[str, Any]:
        outcome, message, notes = self._outcome()
        files: dict[str, str] = {}
        if outcome == "done":
            try:
                self._check_outputs()
                files = publish(self.folder, self.outputs)
            except BadOutput as problem:
                outcome, message = "error", str(problem)
            except OSError as problem:
                outcome, message = "disk", f"the outputs cannot be kept: {problem.strerror}"
        if outcome != "done":
            discard(self.folder, self.outputs)
        return self._exit(outcome, message, files, notes)

    def _outcome(self) -> tuple[str, str, dict[str, Any]]:
        limits = self.request["limits"]
        breached = {
            "timeout": f"stopped at its limit of {limits['wall_s']} s",
            "cancelled": "cancelled",
            "memory": f"stopped at its limit of {limits['memory_mb']} MB",
            "disk": f"stopped at its limit of {limits['disk_mb']} MB on disk, or {limits['tmp_mb']} MB of scratch",
            "processes": f"stopped at its limit of {limits['processes']} processes",
        }
        reason = (self.over or {}).get("breach") or self.reason
        if reason in breached:
            return reason, breached[reason], {}
        if self.over is None:
            return "lost", f"the sandbox ended before the run {'did' if self.watchdog else 'began'}; see log.txt", {}
        said = _parse(self.over.get("said", ""))
        if said is not None:
            return said
        return _unsaid(int(self.over["status"]), float(self.over["peak_mb"]), float(limits["memory_mb"]))

    def _check_outputs(self) -> None:
        kind, n = self.request["kind"], int(self.entered.get("n_predict", -1))
        if kind == "prepare":
            if os.fstat(self.outputs["prepared.arrow"]).st_size == 0:
                raise BadOutput("prepare wrote nothing")
        elif n > 0 or kind == "predict":
            given = self.request["context"]
            dtype = given.get("layout", {}).get("dtype", "float64")
            check_predictions(self.outputs["predictions.npy"], (n, int(given["n_outputs"])), dtype)
        if kind == "fit" and os.fstat(self.outputs["model.pkl"]).st_size == 0:
            raise BadOutput("fit wrote no model")

    def _exit(
        self, outcome: str, message: str, files: Mapping[str, str] | None = None, notes: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        over = self.over or {}
        entered = float(self.entered["at"]) - self.began if self.entered else 0.0
        return {
            "outcome": outcome,
            "wall_s": round(time.monotonic() - self.began, 4),
            "cpu_s": round(float(over.get("cpu_s", 0.0)), 4),
            "peak_mb": round(float(over.get("peak_mb", 0.0)), 1),
            "start_s": round(max(0.0, entered), 4),
            "sandbox_level": self.level,
            "message": message[:500],
            "files": dict(files or {}),
            "notes": dict(notes or {}),
        }


def _parse(said: str) -> tuple[str, str, dict[str, Any]] | None:
    """The run's own last word, from untrusted code: outcome, message, notes; None where it is not one."""
    try:
        word = json.loads(said)
        outcome, message, notes = word["outcome"], word.get("message", ""), word.get("notes", {})
        small = len(json.dumps(notes, allow_nan=False)) <= MAX_NOTES
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if outcome not in OUTCOMES or not isinstance(message, str) or not isinstance(notes, dict):
        return None
    return outcome, message, notes if small else {}


def _unsaid(status: int, peak_mb: float, limit_mb: float) -> tuple[str, str, dict[str, Any]]:
    """The outcome of a solution that ended without a word, from its wait status."""
    if not os.WIFSIGNALED(status):
        return (
            "error",
            f"the solution's process ended without a result (exit status {os.waitstatus_to_exitcode(status)})",
            {},
        )
    number = os.WTERMSIG(status)
    if number == signal.SIGXFSZ:
        return "disk", "stopped at its limit of file size", {}
    if number in (signal.SIGKILL, signal.SIGABRT, signal.SIGSEGV) and peak_mb > 0.85 * limit_mb:
        return "memory", f"killed at {peak_mb:.0f} MB, near its limit of {limit_mb:.0f} MB", {}
    if number == signal.SIGKILL:
        return "lost", "killed from outside", {}
    return "error", f"the solution's process was killed by {signal.Signals(number).name}", {}


def _sender(connection: socket.socket) -> int | None:
    """Process id, as seen from here, of whoever sent the next message; the message stays unread."""
    try:
        _, ancillary, _, _ = connection.recvmsg(1, socket.CMSG_SPACE(12), socket.MSG_PEEK)
    except OSError as problem:
        raise wire.Hangup(str(problem)) from problem
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
            return int.from_bytes(data[:4], sys.byteorder) or None
    return None


def _lock(folder: Path) -> int | None:
    """The folder's lock, held until this process ends; None when another supervisor has it."""
    fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    give_up = time.monotonic() + LOCK_S
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return fd
        except BlockingIOError:
            if time.monotonic() > give_up:
                return None
            time.sleep(0.02)


def main(argv: Sequence[str] | None = None) -> None:
    """argv: folder, JSON {level, argv, env, files, files_inside}. Descriptor 3 leads to the warm parent, if given."""
    folder, spec = (argv or sys.argv[1:])[:2]
    path, settings = Path(folder), json.loads(spec)
    connection = socket.socket(fileno=CONNECTION) if settings["connected"] else None
    os.closerange(CONNECTION + 1 if connection else CONNECTION, 4096)
    if connection:
        connection.set_inheritable(False)
    try:
        if _lock(path) is None or (path / "exit.json").exists():
            os._exit(0)
        record = Supervisor(path, settings).run(connection)
        write_exit(path, record)
    except OSError as problem:  # a full or vanished disk: no exit.json, so the engine sees a lost run
        sys.stderr.write(f"supervisor: {problem}\n")
        os._exit(1)
    os._exit(0)


__all__ = ["PART", "Supervisor", "main"]
