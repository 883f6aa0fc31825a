"""Which machine a run was made on: scores and times of two runs are held against each other only where it is the same."""

from __future__ import annotations

import hashlib
import platform
from importlib import metadata
from pathlib import Path

from podium.arena.records.rules import Rules


def name(level: str, rules: Rules) -> str:
    """Processor, system, Python, offered packages, sandbox level, and a short hash of them all."""
    parts = [_processor(), platform.system(), platform.release(), f"Python {platform.python_version()}", level]
    parts += [f"{package} {_version(package)}" for package in rules.packages]
    return f"{hashlib.sha256(' '.join(parts).encode()).hexdigest()[:8]} {', '.join(parts)}"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(errors="replace").splitlines() if info.is_file() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return model or platform.machine()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "absent"
