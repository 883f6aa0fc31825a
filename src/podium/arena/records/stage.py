"""Where submissions run: one warm parent inside Podium's sandbox, a process shut in for each job, a line to talk over."""

from __future__ import annotations

import fcntl
import os
import select
import socket
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from podium.arena.records.contestant import FAILED, FILE, FRAME, MOST_SAID
from podium.arena.records.rules import Rules
from podium.errors import PodiumError, UserError
from podium.execution import launch, local, sandbox, warm, wire

Kind = Literal["train", "score", "encode", "decode"]
LOG_TAIL = 8_000  # bytes of what it printed, kept as evidence and never believed
LOG_MB = 16
END_S = 5.0  # a watchdog needs milliseconds to end its run


class Broke(PodiumError):
    """The submission broke off: it raised, passed a limit, spoke out of turn or was too slow. `why`: crash, memory, disk,
    processes, time, or `lost` where the sandbox itself went away, which is nobody's fault and is tried again."""

    def __init__(self, why: str, message: str) -> None:
        super().__init__(f"{why}: {message}")
        self.why, self.message = why, message
        self.log = ""  # what it had printed by then


class Stage:
    """`with Stage(rules) as stage: with stage.session("train", files) as session: …`"""

    def __init__(self, rules: Rules, level: str | None = None) -> None:
        """Raises UserError where this machine's sandbox is weaker than the contest asks for."""
        self.rules, self.level = rules, level or sandbox.measured_level()
        if not sandbox.at_least(self.level, rules.min_level):
            raise UserError(
                "submissions are other people's code",
                expected=f"sandbox level {rules.min_level} or stronger",
                found=self.level,
                remedy="install bubblewrap (see `podium doctor sandbox`), or set the contest's min_level",
            )
        if not hasattr(os, "memfd_create"):
            raise UserError("submissions of the record track run on Linux alone", found=sys.platform)
        self._lease: socket.socket | None = None
        self._home = tempfile.TemporaryDirectory(prefix="podium-stage-")
        self.mark = local.mark(Path(self._home.name))

    def __enter__(self) -> Stage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lease is not None:
            self._lease.close()
        self._home.cleanup()

    def session(self, kind: Kind, files: Mapping[str, bytes], limit_s: float) -> Session:
        """A process of the submission. `files`: its own, by name; `limit_s`: all told, a backstop beyond the clocks."""
        try:
            return self._begun(self._lease or self._open(), kind, files, limit_s)
        except (
            OSError,
            Broke,
        ) as problem:  # the parent is gone, or was going as it was asked: a new one is started once
            if isinstance(problem, Broke) and problem.why != "lost":
                raise
            return self._begun(self._open(), kind, files, limit_s)

    def _begun(self, lease: socket.socket, kind: Kind, files: Mapping[str, bytes], limit_s: float) -> Session:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(lease, [b"R"], [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        return Session(ours, kind, files, self.rules, limit_s, Path(self._home.name))

    def _open(self) -> socket.socket:
        if self._lease is not None:
            self._lease.close()
        command = [sys.executable, "-m", "podium.arena.records.cell", self.level, self.mark, *self.rules.packages]
        argv = sandbox.command(self.level, command, (), warm.ENVIRONMENT)
        env = sandbox.environment(self.level, warm.ENVIRONMENT)
        self._lease = launch.lease(sys.executable, argv, env, Path(self._home.name) / "cell.log")
        return self._lease


class Session:
    """One process of a submission, from its start to its end. Every wait has an end; leaving the block ends the process."""

    def __init__(
        self,
        connection: socket.socket,
        kind: Kind,
        files: Mapping[str, bytes],
        rules: Rules,
        limit_s: float,
        home: Path,
    ) -> None:
        self._connection = connection
        self._over: dict[str, Any] | None = None
        self._stop = time.monotonic() + limit_s
        self._line, theirs = socket.socketpair()
        self._log = os.memfd_create("log", os.MFD_CLOEXEC)
        held = [sealed(content) for content in files.values()]
        limits = {"wall_s": limit_s, "memory_mb": rules.memory_mb, "processes": rules.processes}
        limits |= {"disk_mb": max(LOG_MB, rules.scratch_mb), "tmp_mb": rules.scratch_mb}
        names = ["log", "line", *(f"{FILE}{name}" for name in files)]
        job: dict[str, Any] = {"kind": kind, "limits": limits, "threads": rules.threads, "fds": names}
        job["fallback"] = str(home / f"scratch-{os.urandom(6).hex()}")
        try:
            with theirs:
                wire.send(connection, job, [self._log, theirs.fileno(), *held])
        except wire.Hangup:
            raise Broke("lost", "the sandbox went away") from None
        finally:
            for fd in held:
                os.close(fd)
        self._wait_ready(rules.startup_s)

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(problem, Broke):
            problem.log = self.log()
        self.close()

    # ------------------------------------------------------------ what the referee says and hears

    def tell(self, message: Mapping[str, Any], fds: Sequence[int] = ()) -> None:
        """One message. Raises Broke."""
        try:
            wire.send(self._line, message, fds)
        except wire.Hangup:
            raise self._why() from None

    def hear(self, stop: float | None = None) -> dict[str, Any]:
        """Its next message, until the monotonic time `stop`. Raises Broke."""
        self._patience(stop)
        try:
            peek = self._line.recv(1, socket.MSG_PEEK)
            if peek == FAILED:
                self.frame(MOST_SAID, stop)  # raises
            return wire.receive(self._line)[0]
        except TimeoutError:
            raise Broke("time", "no answer in time") from None
        except wire.Hangup as problem:
            raise (Broke("time", "no answer in time") if "timed out" in str(problem) else self._why()) from None
        except OSError:
            raise self._why() from None

    def send(self, data: bytes, stop: float | None = None) -> None:
        self._patience(stop)
        try:
            self._line.sendall(data)
        except TimeoutError:
            raise Broke("time", "it does not listen") from None
        except OSError:
            raise self._why() from None

    def frame(self, most: int, stop: float | None = None, unit: int = 1) -> tuple[bytes, bytes]:
        """Its next frame: (what it is, at most `most` × `unit` bytes). Raises Broke."""
        what, n = FRAME.unpack(self.take(FRAME.size, stop))
        if what == FAILED:
            raise Broke("crash", self.take(min(n, MOST_SAID), stop).decode(errors="replace"))
        if n > most:
            raise Broke("crash", f"an answer of {n}, at most {most} expected")
        return what, self.take(n * unit, stop)

    def take(self, n: int, stop: float | None = None) -> bytes:
        """Exactly `n` bytes. Raises Broke."""
        parts, missing = [], n
        while missing:
            self._patience(stop)
            try:
                part = self._line.recv(min(missing, 1 << 20))
            except TimeoutError:
                raise Broke("time", "no answer in time") from None
            except OSError:
                part = b""
            if not part:
                raise self._why()
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def log(self) -> str:
        """The end of what it printed."""
        size = os.fstat(self._log).st_size
        return os.pread(self._log, LOG_TAIL, max(0, size - LOG_TAIL)).decode(errors="replace")

    def close(self) -> None:
        """End the process and all that it started."""
        self._line.close()
        self._finish(stop=True)
        self._connection.close()
        if self._log >= 0:
            os.close(self._log)
            self._log = -1

    # ------------------------------------------------------------ parts

    def _wait_ready(self, startup_s: float) -> None:
        """Until train.py is imported: its start-up is outside every clock, and before any data."""
        stop = time.monotonic() + startup_s
        try:
            for expected in ("shut in", "ready"):
                found = self.hear(stop).get("event")
                if found != expected:
                    raise Broke("crash", f"expected {expected!r}, found {found!r}")
        except Broke as broke:
            broke.log = self.log()
            self.close()
            raise

    def _patience(self, stop: float | None) -> None:
        left = min(self._stop, stop if stop is not None else self._stop) - time.monotonic()
        if left <= 0:
            raise Broke("time", "its time is up")
        self._line.settimeout(left)

    def _why(self) -> Broke:
        """Why the line went dead, by the watchdog's word."""
        self._finish(stop=False)
        over: dict[str, Any] = self._over or {}
        if over.get("breach"):
            return Broke(
                str(over["breach"]), f"more than the contest allows ({over.get('peak_mb', 0):.0f} MB at most seen)"
            )
        if self._over is None:
            return Broke("lost", "the sandbox went away")
        return Broke("crash", f"its process ended (status {over.get('status')})")

    def _finish(self, *, stop: bool) -> None:
        if self._over is not None or self._connection.fileno() < 0:
            return
        give_up = time.monotonic() + END_S
        try:
            if stop:
                wire.send(self._connection, {"event": "stop"})
            while self._over is None and time.monotonic() < give_up:
                if select.select([self._connection], [], [], 0.2)[0]:
                    message, fds = wire.receive(self._connection)
                    for fd in fds:
                        os.close(fd)
                    self._over = message if message.get("event") == "over" else None
        except wire.Hangup:
            return  # watchdog and sandbox are gone: `_over` stays unset, and that is the answer


def sealed(content: bytes) -> int:
    """A descriptor of a copy in memory that nobody can change."""
    fd = os.memfd_create("file", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]
    os.lseek(fd, 0, os.SEEK_SET)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
    return fd


__all__ = ["Broke", "Kind", "Session", "Stage", "sealed"]
