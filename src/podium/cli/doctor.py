"""`podium doctor`: what this machine can do, and what is weaker here than it could be."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from podium.cli.output import Json, result
from podium.errors import UserError

LIBRARIES = {  # import name → (distribution, what it is for, how to get it)
    "numpy": ("numpy", "arrays", "pip install podium"),
    "polars": ("polars", "data frames", "pip install podium"),
    "sklearn": ("scikit-learn", "linear models, trees, metrics", "pip install podium"),
    "lightgbm": ("lightgbm", "boosting; it needs libgomp", "apt-get install libgomp1, or dnf install libgomp"),
    "xgboost": ("xgboost-cpu", "one more boosting family (optional)", "pip install 'podium[tabular]'"),
    "catboost": ("catboost", "one more boosting family (optional)", "pip install 'podium[tabular]'"),
}
OPTIONAL = ("xgboost", "catboost")
SANDBOX_WORDS = {
    "bubblewrap": "namespaces, Landlock and seccomp: any solution may run",
    "landlock": "Landlock and seccomp on the ordinary file system: any solution may run",
    "process": "limits alone: only unedited built-in solutions may run",
}


@dataclass(frozen=True)
class Finding:
    part: str
    name: str
    status: Literal["ok", "weak", "missing"]
    found: str
    remedy: str = ""


def doctor(
    part: Annotated[str | None, typer.Argument(metavar="[PART]", help="machine, sandbox or libraries.")] = None,
    as_json: Json = False,
) -> None:
    """Say what this machine can do and afford."""
    if part is not None and part not in PARTS:
        raise UserError("there is no such part", expected=", ".join(PARTS), found=repr(part))
    findings = [finding for name, look in PARTS.items() if part in (None, name) for finding in look()]
    lines = [
        f"{f.status:8}{f.part:11}{f.name:14}{f.found}" + (f"  → {f.remedy}" if f.remedy and f.status != "ok" else "")
        for f in findings
    ]
    result({"findings": [asdict(f) for f in findings]}, "\n".join(lines), as_json=as_json)


def machine() -> list[Finding]:
    """Interpreter, cores, memory and disk, as this process may use them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    free_gb = shutil.disk_usage(Path.cwd()).free / 2**30
    return [
        Finding("machine", "python", "ok", f"{platform.python_version()} on {sys.platform}"),
        Finding(
            "machine", "cores", "ok" if cores > 1 else "weak", str(cores), "more cores run more experiments at a time"
        ),
        Finding(
            "machine", "memory", "ok" if memory_gb > 3 else "weak", f"{memory_gb:.1f} GB", "4 GB or more are better"
        ),
        Finding(
            "machine", "disk here", "ok" if free_gb > 2 else "weak", f"{free_gb:.1f} GB free", "free at least 2 GB"
        ),
    ]


def sandbox() -> list[Finding]:
    """The strongest level that was seen to work here, and why no stronger one does."""
    from podium.execution.sandbox import measure

    measured = measure()
    why = "".join(f"; {level}: {reason}" for level, reason in measured.reasons.items())
    found = SANDBOX_WORDS.get(measured.level, "") + why
    remedy = "install bubblewrap, and allow user namespaces"
    return [Finding("sandbox", measured.level, "ok" if measured.level == "bubblewrap" else "weak", found, remedy)]


def libraries() -> list[Finding]:
    """Each library is imported: an installed one may still lack a system library."""
    return [_library(name, *about) for name, about in LIBRARIES.items()]


def _library(name: str, distribution: str, use: str, remedy: str) -> Finding:
    try:
        importlib.import_module(name)
    except (ImportError, OSError) as problem:
        status: Literal["weak", "missing"] = "weak" if name in OPTIONAL or name == "lightgbm" else "missing"
        reason = "not installed" if isinstance(problem, ModuleNotFoundError) else str(problem).splitlines()[0]
        return Finding("libraries", name, status, f"{reason}; {use}", remedy)
    try:
        version = importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        version = str(getattr(sys.modules[name], "__version__", "version unknown"))  # e.g. xgboost, not xgboost-cpu
    return Finding("libraries", name, "ok", f"{version}; {use}", remedy)


PARTS: Mapping[str, Callable[[], list[Finding]]] = {"machine": machine, "sandbox": sandbox, "libraries": libraries}
