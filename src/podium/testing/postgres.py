"""A PostgreSQL server of one's own, on a unix socket in a temporary folder, for tests and benches."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DEBIAN = Path("/usr/lib/postgresql")
USER = "nobody"  # a server refuses to run as root


def binaries() -> Path | None:
    """Where PostgreSQL's own programs lie; None where it is not installed."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    return next((path.parent for path in sorted(DEBIAN.glob("*/bin/initdb"), reverse=True)), None)


@contextmanager
def server(*, durable: bool = False) -> Iterator[str]:
    """The URL of a fresh database. `durable`: it waits for the disk, as a real one does.

    Raises FileNotFoundError where PostgreSQL is not installed.
    """
    bin_ = binaries()
    if bin_ is None:
        raise FileNotFoundError("no PostgreSQL server is installed")
    folder = Path(tempfile.mkdtemp(prefix="podium-pg-"))  # short: a socket's path has at most 107 bytes
    if os.getuid() == 0:
        shutil.chown(folder, USER)
    data = str(folder / "db")
    options = f"-k {folder} -c listen_addresses='' -c fsync={'on' if durable else 'off'} -c max_connections=120"
    try:
        _run(folder, [str(bin_ / "initdb"), "-D", data, "-A", "trust", "-U", "podium", "-E", "UTF8", "-N"])
        _run(folder, [str(bin_ / "pg_ctl"), "-D", data, "-o", options, "-w", "start"])
        try:
            yield f"postgresql+psycopg://podium@/postgres?host={folder}"
        finally:
            _run(folder, [str(bin_ / "pg_ctl"), "-D", data, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(folder: Path, argv: list[str]) -> None:
    user = USER if os.getuid() == 0 else None
    subprocess.run(argv, check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=user)
