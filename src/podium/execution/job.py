"""What a supervisor hands to a run: a small JSON and open descriptors, instead of folders. Standard library alone.

The sandbox has no data folder at all: a run can name no file but those it was given open.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "prepare": ("prepared.arrow",),
    "fit": ("predictions.npy", "model.pkl"),
    "predict": ("predictions.npy",),
}
SCRATCH = "scratch-"  # with the supervisor's process id: the folder of a run where it has no file system of its own
PART = ".part"  # an output is written under this suffix, and renamed once it is whole


class JobError(Exception):
    """The folder's request cannot be executed as it stands; the message says which part of it."""


def inputs(folder: Path, request: Mapping[str, Any]) -> dict[str, Path]:
    """Name → file of everything the run may read. Raises JobError where the request lacks a field."""
    try:
        named = {
            "solution": request["solution"],
            "features": request["features"],
            "model": request["model"] if request["kind"] == "predict" else None,
            "groups": request.get("groups"),
            "times": request.get("times"),
            **{f"parent:{name}": path for name, path in request.get("parents", {}).items()},
            **{f"table:{name}": path for name, path in request.get("tables", {}).items()},
        }
    except KeyError as missing:
        raise JobError(f"request.json lacks {missing}") from missing
    paths = {name: Path(path) for name, path in named.items() if path is not None}
    rows, labels = folder / "rows.npz", folder / "labels.arrow"
    if request["kind"] != "prepare" or rows.exists():
        paths["rows"] = rows
    if request["kind"] == "fit" and labels.exists():
        paths["labels"] = labels
    return paths


def open_inputs(folder: Path, request: Mapping[str, Any]) -> dict[str, int]:
    """Descriptors of `inputs`, read-only. Raises JobError naming the file that cannot be opened."""
    fds: dict[str, int] = {}
    for name, path in inputs(folder, request).items():
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            fds[name] = _sealed_copy(fd) if name.startswith("table:") else fd
        except OSError as problem:
            raise JobError(f"the run's {name} cannot be opened: {problem.strerror}: {path}") from problem
    return fds


def _sealed_copy(fd: int) -> int:
    """A table stays open while a solution runs, which could open it once more to write: so it gets a copy, sealed."""
    if not hasattr(os, "memfd_create"):
        return fd
    copy = os.memfd_create("table", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    while os.sendfile(copy, fd, None, 1 << 30):
        pass
    os.close(fd)
    fcntl.fcntl(copy, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
    return copy


def open_outputs(folder: Path, kind: str) -> dict[str, int]:
    """Descriptors of the files that a run of this kind writes, empty. Raises JobError on an unknown kind, OSError."""
    if kind not in OUTPUTS:
        raise JobError(f"request.json: expected kind {', '.join(OUTPUTS)}; found {kind!r}")
    return {name: new_file(folder / (name + PART)) for name in OUTPUTS[kind]}


def new_file(path: Path) -> int:
    """A descriptor of a file nobody else has open: an earlier attempt that is still dying may write to the old one."""
    path.unlink(missing_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)


def describe(
    folder: Path,
    request: Mapping[str, Any],
    deadline: float,
    files_inside: str | None,
    weights_inside: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The JSON part: what the worker and the watchdog need of the request, without its paths.

    `weights_inside`: folder outside → where it is mounted; what lies in none (a Python package) is where it was."""
    timed = bool(request["context"].get("timed", False))
    return {
        "kind": request["kind"],
        "limits": request["limits"],
        "threads": request["threads"],
        "seed": request["seed"],
        "context": request["context"],
        "deadline": deadline if timed else None,
        "files": files_inside if request.get("files") else None,
        "weights": {name: _inside(path, weights_inside or {}) for name, path in request.get("weights", {}).items()},
        "fallback": str(folder / f"{SCRATCH}{os.getpid()}"),
    }


def _inside(path: str, mounted: Mapping[str, str]) -> str:
    for outside, inside in mounted.items():
        if Path(path).is_relative_to(outside):
            return str(Path(inside) / Path(path).relative_to(outside))
    return path
