"""A whole program shut in: a coding agent's CLI, with all that it starts, sees its own folder, its own login, the network.

Hooks and permission lists inside an agent cannot confine a shell; namespaces around it can. What this covers, and what it
does not: docs/seats/claude-code.md and docs/sandbox.md.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal

from podium.execution import launch, sandbox
from podium.execution.program import Program

WORK, HOME = "/podium/work", "/podium/home"
USER = 1000  # inside: agents refuse to work without asking as root
# What name lookup and TLS need. No shadow, no private keys, no machine id.
ETC = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/ssl/certs", "/etc/ssl/openssl.cnf")
TRUST = ("/etc/ca-certificates", "/etc/pki/tls/certs", "/etc/pki/ca-trust", "/etc/gai.conf", "/etc/mime.types")
PASSWD = f"podium:x:{USER}:{USER}:podium:{HOME}:/bin/sh\n"
CHUNK = 1 << 16
ALWAYS = (*sandbox.SYSTEM, "/proc", "/dev")  # folders that are inside whatever is asked for

Stop = Literal["", "time", "output"]


@dataclass(frozen=True)
class Cell:
    """`read_only` and `writable` are (path outside, path inside) beside `work` and `home`, its two writable folders.

    `env` is the whole environment beyond PATH, HOME and their like.
    """

    program: Program
    arguments: tuple[str, ...]
    work: Path
    home: Path
    read_only: tuple[tuple[str, str], ...] = ()
    writable: tuple[tuple[str, str], ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ended:
    """How it ended. `status` is None where it had to be killed: `why` says whether for time or for output."""

    status: int | None
    out: str
    err: str
    wall_s: float
    why: Stop = ""


def why_not() -> str | None:
    """None where a program can be shut in here; else the reason in one line."""
    if sys.platform != "linux":
        return "it needs Linux (bubblewrap)"
    measured = sandbox.measure()
    return None if measured.level == "bubblewrap" else measured.reasons.get("bubblewrap", "bubblewrap does not work")


def command(cell: Cell) -> list[str]:
    """argv that starts the cell's program inside; start it with `env=environment(cell)`.

    Keys travel in the environment, never in argv, which every user of the machine can read.
    """
    words = [sandbox.bwrap() or "bwrap", "--die-with-parent", "--new-session", "--hostname", "podium"]
    words += ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    words += ["--uid", str(USER), "--gid", str(USER), "--cap-drop", "ALL"]
    words += _mounts(cell)
    first = launch.bare(sys.executable, "inside", str(cell.program.path), *cell.arguments)
    return [*words, "--chdir", WORK, "--", *first]


def unconfined(program: Program, arguments: Sequence[str]) -> list[str]:
    """argv that starts the program as the user, with all that the user may do, and ends it with its engine."""
    return launch.bare(sys.executable, "tether", str(program.path), *arguments)


def environment(cell: Cell, *, home: str = HOME) -> dict[str, str]:
    """All that the program gets, and all that bubblewrap itself gets, for it is visible inside as pid 1."""
    path = [*cell.program.folders, f"{sys.prefix}/bin", "/usr/local/bin", "/usr/bin", "/bin"]
    plain = {"PATH": os.pathsep.join(dict.fromkeys(path)), "HOME": home, "TMPDIR": "/tmp", "LANG": "C.UTF-8"}
    return plain | {"USER": "podium", "LOGNAME": "podium", "TERM": "dumb", "NO_COLOR": "1"} | dict(cell.env)


def run(argv: Sequence[str], env: Mapping[str, str], cwd: Path, given: str, wall_s: float, limit: int) -> Ended:
    """Start `argv`, write `given` to its stdin, read at most `limit` bytes of each stream, for at most `wall_s` seconds.

    Whatever ends this call, an exception too, the process and its group are gone when it returns.
    """
    started = time.monotonic()
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        argv, env=dict(env), cwd=cwd, start_new_session=True, stdin=pipe, stdout=pipe, stderr=pipe
    )
    why: Stop = ""
    try:
        talk = _Talk(process, given.encode(), limit)
        why = talk.until(started + wall_s)
        status = None if why else process.wait(max(0.1, started + wall_s - time.monotonic()))
    except subprocess.TimeoutExpired:
        status, why = None, "time"
    finally:
        _end(process)
    out, err = (bytes(talk.read[name]).decode(errors="replace") for name in ("out", "err"))
    return Ended(status, out, err, time.monotonic() - started, why)


class _Talk:
    """The three pipes of a process, served together, so that neither side waits for the other for ever."""

    def __init__(self, process: subprocess.Popen[bytes], given: bytes, limit: int) -> None:
        self._left, self._limit = memoryview(given), limit
        self.read = {"out": bytearray(), "err": bytearray()}
        self._selector = selectors.DefaultSelector()
        assert process.stdin and process.stdout and process.stderr
        for stream, name, event in (
            (process.stdin, "in", selectors.EVENT_WRITE),
            (process.stdout, "out", selectors.EVENT_READ),
            (process.stderr, "err", selectors.EVENT_READ),
        ):
            os.set_blocking(stream.fileno(), False)
            self._selector.register(stream, event, name)

    def until(self, stop: float) -> Stop:
        """Serve the pipes until the process has closed them, or must be stopped for what is returned."""
        with self._selector:
            while self._selector.get_map():
                left = stop - time.monotonic()
                if left <= 0:
                    return "time"
                for key, _ in self._selector.select(left):
                    stream: IO[bytes] = key.fileobj  # type: ignore[assignment]
                    done = self._write(stream) if key.data == "in" else self._take(stream, key.data)
                    if done:
                        self._selector.unregister(stream)
                        stream.close()
                if any(len(text) > self._limit for text in self.read.values()):
                    return "output"
        return ""

    def _write(self, stream: IO[bytes]) -> bool:
        try:
            self._left = self._left[os.write(stream.fileno(), self._left[:CHUNK]) :]
        except BrokenPipeError:
            return True  # it does not want to hear the rest
        return not self._left

    def _take(self, stream: IO[bytes], name: str) -> bool:
        chunk = os.read(stream.fileno(), CHUNK)
        self.read[name] += chunk
        return not chunk


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the process group; bubblewrap takes everything inside with it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # where it ended by itself, with all its group
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None and not stream.closed:
            stream.close()


# ---------------------------------------------------------------- parts of the command


def _mounts(cell: Cell) -> list[str]:
    """An empty root, the system read-only, Python, the program, then its own folders and what it was given."""
    words: list[str] = []
    for path in sandbox.SYSTEM:
        if Path(path).is_symlink():
            words += ["--symlink", str(Path(path).readlink()), path]
        elif Path(path).is_dir():
            words += ["--ro-bind", path, path]
    for path in (*sandbox.ETC, *sandbox.SYS, *ETC, *TRUST):
        words += ["--ro-bind-try", str(Path(path).resolve()), path]
    words += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/dev/shm", "--tmpfs", "/tmp"]
    words += ["--ro-bind", str(passwd(cell.home)), "/etc/passwd"]
    words += _shown(cell.program)
    words += ["--bind", str(cell.home), HOME, "--bind", str(cell.work), WORK]
    for outside, inside in cell.writable:
        words += ["--bind", outside, inside]
    for outside, inside in cell.read_only:
        words += ["--ro-bind", outside, inside]
    return [*words, "--remount-ro", "/dev", "--remount-ro", "/"]


def _shown(program: Program) -> list[str]:
    """Python's own paths and the program's, outermost only, and the links by which the program is named."""
    there = {Path(path) for path in sandbox.SYSTEM if not Path(path).is_symlink()}
    asked = sorted({*sandbox.python_paths(), *program.paths})
    words: list[str] = []
    for path in asked:
        if path.exists() and not any(path.is_relative_to(other) for other in there):
            words += ["--ro-bind", str(path), str(path)]
            there.add(path)
    for target, at in program.links:
        if not any(Path(at).is_relative_to(other) for other in there):
            words += ["--symlink", target, at]
    return words


def passwd(home: Path) -> Path:
    """A user list of one, beside the home folder: libraries ask it for a name."""
    file = home.parent / "passwd"
    if not file.is_file():
        file.write_text(PASSWD)
    return file
