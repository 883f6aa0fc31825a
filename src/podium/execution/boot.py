"""Measurements of this machine that hold until it boots again, kept in PODIUM_HOME/boot."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from podium.home import home as home


def key() -> str:
    """What a measurement rests on: another boot, user, container, bubblewrap, Python or Podium measures again."""
    boot_id = Path("/proc/sys/kernel/random/boot_id")
    tool = shutil.which("bwrap")
    parts = [
        boot_id.read_text().strip() if boot_id.exists() else "",
        f"{tool} {Path(tool).stat().st_mtime_ns}" if tool else "no bwrap",
        sys.prefix,
        str(os.getuid()),
        *(_link(f"/proc/self/ns/{kind}") for kind in ("user", "pid", "mnt")),
        *(f"{file.name} {file.stat().st_mtime_ns}" for file in sorted(Path(__file__).parent.rglob("*.py"))),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def read(name: str) -> dict[str, Any] | None:
    """The value stored as `name` since this boot, or None."""
    try:
        stored = json.loads(_file(name).read_text())
    except (OSError, ValueError):
        return None  # not measured yet, unreadable, or cut short: measure
    if not isinstance(stored, dict) or stored.get("key") != key() or not isinstance(stored.get("value"), dict):
        return None
    value: dict[str, Any] = stored["value"]
    return value


def write(name: str, value: dict[str, Any]) -> bool:
    """Store `value`, atomically; False where PODIUM_HOME cannot be written: then every process measures for itself."""
    file = _file(name)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=file.parent, prefix=file.name)
        with os.fdopen(handle, "w") as out:
            json.dump({"key": key(), "value": value}, out)
        Path(partial).replace(file)
    except OSError:
        return False
    return True


def _file(name: str) -> Path:
    return home() / "boot" / f"{name}-{os.getuid()}.json"  # root and a user may share one home folder


def _link(path: str) -> str:
    try:
        return str(Path(path).readlink())
    except OSError:
        return ""
