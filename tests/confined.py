"""Scenarios that tests/test_sandbox.py runs inside a sandbox: `python confined.py LEVEL FOLDER SCENARIO...`

Each runs in a process shut in as a run is, forked from this one, which plays the warm parent. A line of JSON each:
[scenario, value] or [scenario, "ErrorType: message"].
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import resource
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from podium.execution import lockdown
from podium.records import Limits

MARK = "podium-sibling"
LIMITS = Limits(wall_s=60, memory_mb=2048, disk_mb=32, tmp_mb=32)


def shut_in(
    level: str, fallback: Path, play: Callable[[], Any], name: str, before: Callable[[], Any] | None = None
) -> int:
    """Fork as the warm parent does; returns the child's process id."""
    child = os.fork()
    if child:
        return child
    lockdown.isolate(level)
    if os.fork() == 0:
        try:
            scratch = lockdown.mount_private(level, LIMITS.tmp_mb, fallback)
            if before:
                before()
            lockdown.confine(level, LIMITS, scratch)
            value = play()
        except Exception as problem:  # noqa: BLE001 — it is the scenario's result
            value = f"{type(problem).__name__}: {problem}"
        print(json.dumps([name, value]), flush=True)
        os._exit(0)
    os.wait()
    os._exit(0)


def status() -> dict[str, str]:
    lines = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {name: lines[name].strip() for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp")}


def limits() -> list[int]:
    kinds = (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE)
    return [resource.getrlimit(kind)[1] for kind in kinds]


def root() -> list[str]:
    return sorted(path.name for path in Path("/").iterdir())


def processes() -> list[int]:
    return sorted(int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())


def environment() -> str:
    return " ".join(f"{name}={value}" for name, value in os.environ.items())


def fill() -> str:
    """More than the disk limit, in files that are each below it."""
    try:
        for number in range(64):
            Path(f"part-{number}").write_bytes(b"\1" * (1 << 20))
    except OSError as problem:
        return errno.errorcode[problem.errno or 0]
    return "kept"


def refused() -> dict[str, int]:
    """Errno of calls that must fail, by name; 0 where they did not."""
    libc = ctypes.CDLL(None, use_errno=True)

    def call(function: Any, *arguments: Any) -> int:
        ctypes.set_errno(0)
        return ctypes.get_errno() if function(*arguments) < 0 else 0

    return {
        "memfd_create": call(libc.memfd_create, b"x", 0),
        "shmget": call(libc.shmget, 0, 4096, 0o1600),
        "unshare": call(libc.unshare, 0x10000000),
        "mount": call(libc.mount, b"tmpfs", b"/", b"tmpfs", ctypes.c_ulong(0), None),
        "setns": call(libc.setns, 0, 0),
        "inet": _socket(socket.AF_INET),
        "inet6": _socket(socket.AF_INET6),
        "netlink": _socket(socket.AF_NETLINK),
        "packet": _socket(socket.AF_PACKET),
        "vsock": _socket(socket.AF_VSOCK),
        "limits of another": _prlimit(),
    }


def _socket(family: int) -> int:
    try:
        socket.socket(family, socket.SOCK_DGRAM if family != socket.AF_VSOCK else socket.SOCK_STREAM).close()
    except OSError as problem:
        return problem.errno or 0
    return 0


def _prlimit() -> int:
    try:
        resource.prlimit(os.getppid() or 1, resource.RLIMIT_CORE, (0, 0))
    except OSError as problem:
        return problem.errno or 0
    return 0


def change_mode() -> str:
    try:
        Path(sys.argv[2]).chmod(0o755)
    except OSError as problem:
        return errno.errorcode[problem.errno or 0]
    return "changed"


def pair() -> str:
    left, right = socket.socketpair()
    left.sendall(b"through")
    return right.recv(16).decode()


def call() -> int:
    return subprocess.run(["true"], check=False).returncode


def leave() -> str:
    """What a sibling could look for."""
    for folder in ("/tmp", "/dev/shm", "."):
        Path(folder, MARK).write_text("mine")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("\0" + MARK)
    listener.listen()
    globals()["listener"] = listener
    return "left"


def look() -> list[str]:
    found = [folder for folder in ("/tmp", "/dev/shm", ".") if Path(folder, MARK).exists()]
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect("\0" + MARK)
            found.append("abstract socket")
        except OSError:
            pass
    return found + [str(pid) for pid in processes() if pid != os.getpid()]


def fits() -> dict[str, float]:
    """A small fit of everything that is installed; threads included."""
    import numpy as np

    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 8))
    y = (x[:, 0] > 0).astype(int)
    return {name: float(fit(x, y)) for name, fit in FITS.items()}


def _polars(x: Any, y: Any) -> float:
    import polars as pl

    return pl.DataFrame({"a": y, "b": x[:, 0]}).lazy().group_by("a").agg(pl.col("b").mean()).collect().height


def _lightgbm(x: Any, y: Any) -> float:
    import lightgbm

    data = lightgbm.Dataset(x, y)
    return len(lightgbm.train({"objective": "binary", "verbose": -1, "num_threads": 2}, data, 5).predict(x)) / len(x)


def _forest(x: Any, y: Any) -> float:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(5, n_jobs=2, random_state=0).fit(x, y).score(x, y)


def _histogram(x: Any, y: Any) -> float:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(max_iter=5).fit(x, y).score(x, y)


def _threads(x: Any, y: Any) -> float:
    import joblib

    return sum(joblib.Parallel(n_jobs=2)(joblib.delayed(float)(value) for value in y)) / y.sum()


def _xgboost(x: Any, y: Any) -> float:
    import xgboost

    return xgboost.XGBClassifier(n_estimators=5, n_jobs=2).fit(x, y).score(x, y)


def _catboost(x: Any, y: Any) -> float:
    import catboost

    return catboost.CatBoostClassifier(iterations=5, thread_count=2, verbose=0).fit(x, y).score(x, y)


FITS: dict[str, Callable[[Any, Any], float]] = {
    "polars": _polars, "lightgbm": _lightgbm, "forest": _forest, "histogram": _histogram, "joblib": _threads,
}  # fmt: skip
SCENARIOS: dict[str, Callable[[], Any]] = {
    function.__name__: function
    for function in (status, limits, root, processes, environment, fill, refused, change_mode, pair, call, look, fits)
}


def main() -> None:
    level, folder, names = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    if "fits" in names:
        prepare_fits()
    for name in names:
        if name == "siblings":
            siblings(level, folder)
        elif name == "threads":
            wait = threading.Event()
            before = threading.Thread(target=wait.wait, daemon=True).start
            os.waitpid(shut_in(level, folder / name, lambda: "confined", name, before), 0)
        else:
            os.waitpid(shut_in(level, folder / name, SCENARIOS[name], name), 0)


def prepare_fits() -> None:
    """Import before the fork, as the warm parent does."""
    import joblib  # noqa: F401
    import lightgbm  # noqa: F401
    import polars  # noqa: F401
    import sklearn.ensemble  # noqa: F401

    for name, fit in (("xgboost", _xgboost), ("catboost", _catboost)):
        try:
            __import__(name)
        except ImportError:
            continue
        FITS[name] = fit


def siblings(level: str, folder: Path) -> None:
    """Two runs at a time: the second looks while the first is still there."""
    there, done = os.pipe(), os.pipe()

    def stay() -> str:
        try:
            left = leave()
        finally:
            os.write(there[1], b"x")
        os.read(done[0], 1)
        return left

    first = shut_in(level, folder / "first", stay, "leave")
    os.read(there[0], 1)
    os.waitpid(shut_in(level, folder / "second", look, "look"), 0)
    os.write(done[1], b"x")
    os.waitpid(first, 0)


if __name__ == "__main__":
    main()
