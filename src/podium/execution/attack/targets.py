"""The attacked half: listeners, secrets and a victim outside, and what they have seen once the attack is over."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from podium.execution.attack.probes import Aim

MEMORY_MB = 768  # the attacked runs' limit: a warm parent's libraries, and not much more
CANARY = "PODIUM_ATTACK_CANARY"
OUTLIVE_S = 1.0  # how long after its run an orphan may take to be killed


@dataclass
class Targets:
    """`aim` is what the probes are told. `seen` collects what reached the outside, whatever the probes say."""

    aim: Aim
    folder: Path
    listeners: dict[str, socket.socket]
    victim: subprocess.Popen[bytes]
    seen: dict[str, str] = field(default_factory=dict)

    def look(self) -> dict[str, str]:
        """Probe name → evidence outside that it got through. To be called once all runs are over."""
        for name, listener in self.listeners.items():
            if select.select([listener], [], [], 0)[0]:
                self.seen[name] = "it arrived outside"
        if self.victim.poll() is not None:
            self.seen["signal or trace a process outside"] = "the process outside was ended"
        if any(Path(self.aim.outside).iterdir()):
            self.seen["write outside the workspace"] = "a file is there"
        orphan = _named(self.aim.mark, OUTLIVE_S)
        if orphan is not None:
            self.seen["outlive the parent"] = f"process {orphan} was left"
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(orphan, signal.SIGKILL)
        return self.seen

    def told(self) -> str:
        """`aim` as a Python literal, for the source of a solution."""
        return repr(json.dumps(asdict(self.aim)))


@contextlib.contextmanager
def stand(folder: Path) -> Iterator[Targets]:
    """Everything to attack, below `folder` (a fresh one), for as long as the context lasts."""
    token = secrets.token_hex(8)
    campaign, home, outside = folder / "campaign", folder / "home", folder / "outside"
    for path in (campaign, home / ".kaggle", home / ".ssh", outside):
        path.mkdir(parents=True)
    for path in (campaign / "answers.csv", home / ".kaggle/kaggle.json", home / ".ssh/id_ed25519"):
        path.write_text(f"secret-{token}")
    environment = {"PATH": os.environ.get("PATH", ""), CANARY: f"kept-{token}"}
    code = f"import time; time.sleep(120)  # victim-{token}"
    with contextlib.ExitStack() as stack:
        listeners = {name: stack.enter_context(listener) for name, listener in _listen(folder, token).items()}
        victim = subprocess.Popen([sys.executable, "-I", "-S", "-c", code], env=environment, stdin=subprocess.DEVNULL)
        stack.callback(_end, victim)
        before = os.environ.get(CANARY)
        os.environ[CANARY] = f"launcher-{token}"  # what is started from here on could inherit it
        stack.callback(_restore, before)
        aim = Aim(
            tcp_port=listeners["TCP out"].getsockname()[1],
            udp_port=listeners["UDP out"].getsockname()[1],
            abstract=f"podium-{token}",
            unix_path=str(folder / "socket"),
            answers=str(campaign / "answers.csv"),
            home=str(home),
            real_home=str(Path.home()),
            canary=f"launcher-{token}",
            environment_hash=_environment_hash(),
            victim=victim.pid,
            victim_canary=f"kept-{token}",
            victim_mark=f"victim-{token}",
            outside=str(outside),
            mark=f"podium-{token[:8]}",
            memory_mb=MEMORY_MB,
        )
        yield Targets(aim, folder, listeners, victim)


def _listen(folder: Path, token: str) -> dict[str, socket.socket]:
    tcp = socket.create_server(("127.0.0.1", 0))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))
    path = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    path.bind(str(folder / "socket"))
    path.listen()
    listeners = {"TCP out": tcp, "UDP out": udp, "path unix socket": path}
    if sys.platform == "linux":
        abstract = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        abstract.bind(f"\0podium-{token}")
        abstract.listen()
        listeners["abstract unix socket"] = abstract
    return listeners


def _named(name: str, wait_s: float) -> int | None:
    """A process called `name` that is still there after `wait_s`; None as soon as there is none."""
    give_up = time.monotonic() + wait_s
    while True:
        found = None
        for comm in Path("/proc").glob("[0-9]*/comm"):
            with contextlib.suppress(OSError):  # it ended meanwhile
                found = int(comm.parent.name) if comm.read_text().strip() == name else found
        if found is None or time.monotonic() > give_up:
            return found
        time.sleep(0.05)


def _environment_hash() -> str:
    own = Path("/proc/self/environ")
    return hashlib.sha256(own.read_bytes()).hexdigest() if own.exists() else ""


def _end(victim: subprocess.Popen[bytes]) -> None:
    victim.kill()
    victim.wait()


def _restore(before: str | None) -> None:
    os.environ.pop(CANARY, None)
    if before is not None:
        os.environ[CANARY] = before
