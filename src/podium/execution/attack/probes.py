"""The attacking half: what a hostile solution would try. Runs inside the sandbox, as a solution.

Each probe returns how it got through, or None when it was stopped; an OSError or MemoryError also means stopped.
Any other exception is a fault of the probe, never counted as stopped. Standard library alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import platform
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

PTRACE_ATTACH, PTRACE_DETACH = 16, 17
PR_SET_NAME = 15
NAMESPACES = {"user": 0x10000000, "mount": 0x00020000, "net": 0x40000000, "pid": 0x20000000}
CLONE = {"x86_64": 56, "aarch64": 220}
OVER_MB = 3072
FORKS = 300
HOLD_S = 2.5  # how long a resource is held, for the supervisor to see it
CHUNK = 1 << 20

T = TypeVar("T")


@dataclass(frozen=True)
class Aim:
    """What `targets` has set up outside. Paths and process ids are the outside's own."""

    tcp_port: int
    udp_port: int
    abstract: str
    unix_path: str
    answers: str
    home: str  # a home folder made for the attack
    real_home: str
    canary: str  # part of the launcher's environment, nowhere else
    environment_hash: str  # sha256 of the launcher's environment as /proc shows it
    victim: int  # process id of a process outside
    victim_canary: str  # part of the victim's environment
    victim_mark: str  # part of the victim's command line
    outside: str  # a folder that the outside user may write
    mark: str  # name of the process that tries to outlive its run, 15 characters at most
    memory_mb: int  # the run's limit


def tcp_out(aim: Aim) -> str | None:
    with socket.create_connection(("127.0.0.1", aim.tcp_port), timeout=2) as connection:
        connection.sendall(b"tcp")
    return "connected to a port of the machine"


def udp_out(aim: Aim) -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"udp", ("127.0.0.1", aim.udp_port))
    return "sent a datagram"


def name_lookup(aim: Aim) -> str | None:
    problem: OSError | None = None
    for name in ("localhost", "example.com"):
        try:
            return f"{name} is {socket.getaddrinfo(name, 80)[0][4][0]}"
        except OSError as refused:
            problem = refused
    raise problem or OSError("nothing resolved")


def abstract_socket(aim: Aim) -> str | None:
    return _connect("\0" + aim.abstract)


def path_socket(aim: Aim) -> str | None:
    return _first(_connect, (aim.unix_path, "/run/dbus/system_bus_socket", "/run/docker.sock", "/var/run/docker.sock"))


def hidden_answers(aim: Aim) -> str | None:
    ways = (aim.answers, f"/proc/1/root{aim.answers}", f"/proc/self/root{aim.answers}", f"/proc/1/cwd/{aim.answers}")
    return _first(_read, (*ways, f"/proc/{os.getppid()}/root{aim.answers}"))


def credentials(aim: Aim) -> str | None:
    real = [Path(aim.real_home) / name for name in (".ssh", ".kaggle", ".aws", ".config", ".netrc", ".bash_history")]
    found = [str(path) for path in real if _readable(path)]
    if found:
        return f"{found[0]} can be read"
    return _first(_read, (f"{aim.home}/.kaggle/kaggle.json", f"{aim.home}/.ssh/id_ed25519"))


def launcher_environment(aim: Aim) -> str | None:
    if aim.canary in os.environ.values():
        return "inherited"
    files = [Path("/proc/1/environ"), Path("/proc/self/environ"), *Path("/proc").glob("[0-9]*/environ")]

    def look(file: Path) -> str | None:
        content = file.read_bytes()
        same = content and hashlib.sha256(content).hexdigest() == aim.environment_hash
        return f"read {file}" if same or aim.canary.encode() in content else None

    return _first(look, files)


def other_environment(aim: Aim) -> str | None:
    files = [Path(f"/proc/{aim.victim}/environ"), *Path("/proc").glob("[0-9]*/environ")]
    return _first(lambda file: f"read {file}" if aim.victim_canary.encode() in file.read_bytes() else None, files)


def touch_process(aim: Aim) -> str | None:
    """Trace, then signal: the outside looks whether the victim lives."""
    libc = ctypes.CDLL(None, use_errno=True)
    for process in (aim.victim, os.getppid()):
        if sys.platform == "linux" and libc.ptrace(PTRACE_ATTACH, process, None, None) == 0:
            time.sleep(0.05)  # it must stop before it can be let go
            libc.ptrace(PTRACE_DETACH, process, None, None)
            return f"traced process {process}"
    if _ours(aim.victim, aim.victim_mark):
        return None
    os.kill(aim.victim, signal.SIGTERM)
    return f"signalled process {aim.victim}"


def write_outside(aim: Aim) -> str | None:
    here = Path(__file__).parents[2]
    folders = [aim.outside, str(here), sys.prefix, sys.base_prefix, "/usr", "/etc", "/var/tmp", "/", "/dev", "/home"]
    ways: list[tuple[Callable[[str], str | None], str]] = []
    ways += [(_create, f"{folder}/podium-attack-{os.getpid()}") for folder in folders]
    ways += [(_change_mode, aim.answers), (_change_mode, aim.outside)]
    ways += [(_open_for_writing, "/proc/sys/kernel/core_pattern"), (_open_for_writing, "/proc/sysrq-trigger")]
    return _first(lambda way: way[0](way[1]), ways)


def symbolic_link(aim: Aim) -> str | None:
    for name, target, use in (("answers", aim.answers, _read), ("out", f"{aim.outside}/through-a-link", _create)):
        link = Path(f"link-{name}")
        link.symlink_to(target)
        try:
            return use(str(link))
        except OSError:
            link.unlink()
    os.link(aim.answers, "hard-link")
    return _read("hard-link")


def over_memory(aim: Aim) -> str | None:
    held = []
    for _ in range((aim.memory_mb + OVER_MB) // 64):
        held.append(b"\1" * (64 * CHUNK))  # written, not only reserved
    time.sleep(HOLD_S)
    return f"held {len(held) * 64} MB"


def many_forks(aim: Aim) -> str | None:
    children = []
    try:
        for _ in range(FORKS):
            child = os.fork()
            if child == 0:
                time.sleep(2 * HOLD_S)
                os._exit(0)
            children.append(child)
        time.sleep(HOLD_S)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
    return f"{len(children)} processes at a time"


def one_file(aim: Aim) -> str | None:
    with Path("big").open("wb") as out:
        for _ in range(64):
            out.write(b"\1" * (16 * CHUNK))
    time.sleep(HOLD_S)
    return f"kept a file of {Path('big').stat().st_size // CHUNK} MB"


def many_files(aim: Aim) -> str | None:
    for number in range(1024):
        Path(f"part-{number}").write_bytes(b"\1" * CHUNK)
    time.sleep(HOLD_S)
    return "kept 1,024 files of 1 MB"


def outlive(aim: Aim) -> str | None:
    """Leave a process behind; the outside looks for its name once the run is over."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(OSError):  # refused, or a leader already: the orphan is left behind all the same
            os.setsid()
        if os.fork() == 0:
            ctypes.CDLL(None).prctl(PR_SET_NAME, aim.mark.encode(), 0, 0, 0)
            null = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(null, descriptor)
            time.sleep(30)
        os._exit(0)
    os.waitpid(child, 0)
    return None


def nested_namespaces(aim: Aim) -> str | None:
    for name, flag in NAMESPACES.items():
        for way, make in (("unshare", _unshare), ("clone", _clone)):
            child = os.fork()
            if child == 0:
                os._exit(0 if make(flag) else 1)
            if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
                return f"made a {name} namespace by {way}"
    return None


PROBES: dict[str, Callable[[Aim], str | None]] = {
    "TCP out": tcp_out,
    "UDP out": udp_out,
    "name lookup": name_lookup,
    "abstract unix socket": abstract_socket,
    "path unix socket": path_socket,
    "read hidden answers": hidden_answers,
    "read ~/.kaggle and ~/.ssh": credentials,
    "read the launcher's environment": launcher_environment,
    "read another process's environment": other_environment,
    "signal or trace a process outside": touch_process,
    "write outside the workspace": write_outside,
    "a symbolic link out of the workspace": symbolic_link,
    "allocate 3 GB over the limit": over_memory,
    "300 forks": many_forks,
    "1 GB in one file": one_file,
    "1 GB in many files": many_files,
    "outlive the parent": outlive,
    "nested namespaces": nested_namespaces,
}


def attempt(name: str, aim: Aim) -> dict[str, Any]:
    """One probe: {"name", "through": True, False, or None where the probe itself failed, "detail"}."""
    try:
        how = PROBES[name](aim)
    except (OSError, MemoryError) as refused:
        return {"name": name, "through": False, "detail": str(refused) or type(refused).__name__}
    except Exception as fault:  # noqa: BLE001 — reported, and never taken for a refusal
        return {"name": name, "through": None, "detail": f"the probe failed: {type(fault).__name__}: {fault}"}
    return {"name": name, "through": how is not None, "detail": how or "refused"}


def main(names: Iterable[str], aim: Aim, prefix: str) -> None:
    """Try each, a line of JSON after `prefix` on stdout as soon as it is known."""
    for name in names:
        print(prefix + json.dumps(attempt(name, aim)), flush=True)


# ---------------------------------------------------------------- ways


def _first(way: Callable[[T], str | None], targets: Iterable[T]) -> str | None:
    """The first target that gives way; None, or the first refusal, when none does."""
    refused: OSError | None = None
    for target in targets:
        try:
            how = way(target)
        except OSError as problem:
            refused = refused or problem
        else:
            if how:
                return how
    if refused:
        raise refused
    return None


def _connect(address: str) -> str | None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(2)
        client.connect(address)
        client.sendall(b"unix")
    return f"connected to {address.lstrip(chr(0))}"


def _read(path: str) -> str | None:
    with Path(path).open("rb") as file:
        return f"read {path}" if file.read(64) else None


def _create(path: str) -> str | None:
    with Path(path).open("xb") as file:
        file.write(b"podium")
    Path(path).unlink()
    return f"wrote {path}"


def _change_mode(path: str) -> str | None:
    Path(path).chmod(0o700)
    return f"changed the mode of {path}"


def _open_for_writing(path: str) -> str | None:
    os.close(os.open(path, os.O_WRONLY))
    return f"opened {path} for writing"


def _readable(path: Path) -> bool:
    try:
        return bool(list(path.iterdir()) if path.is_dir() else path.read_bytes())
    except OSError:
        return False


def _ours(pid: int, mark: str) -> bool:
    """Whether in this pid namespace the number belongs to another process than the victim: one of our own."""
    try:
        return mark.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False  # nobody has it, or it is hidden


def _unshare(flag: int) -> bool:
    return sys.platform == "linux" and bool(ctypes.CDLL(None).unshare(flag) == 0)


def _clone(flag: int) -> bool:
    number = CLONE.get(platform.machine())
    if sys.platform != "linux" or number is None:
        return False
    made = ctypes.CDLL(None).syscall(ctypes.c_long(number), ctypes.c_long(flag | signal.SIGCHLD), 0, 0, 0, 0)
    if made == 0:
        os._exit(0)  # we are the child
    if made > 0:
        os.waitpid(made, 0)
    return bool(made > 0)
