"""The solution's process: shuts itself in, reads what it was dealt, calls `prepare`, `fit` or `predict`, hands back.

Everything here runs with the solution's rights, beside the solution's code: what it says is checked again outside.
"""

from __future__ import annotations

import ast
import errno
import functools
import json
import linecache
import os
import pickle
import random
import re
import sys
import time
import traceback
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import threadpoolctl
from numpy.typing import NDArray

from podium.errors import InvalidPredictions, SolutionError
from podium.execution import gpu, lockdown, processes
from podium.execution.dealt import Deal
from podium.protocol import Context, Dense, Layout, Rows
from podium.records import Limits

MAX_MESSAGE = 500
MAX_NOTES = 10_000  # bytes of JSON
FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
OUTPUT_NAMES = ("predictions.npy", "model.pkl", "prepared.arrow")
POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS", "LOKY_MAX_CPU_COUNT")


def main(job: Mapping[str, Any], fds: dict[str, int], say: int, level: str, scratch: Path) -> NoReturn:
    """Run one job in this process and end it. The last line written to `say` tells how it went."""
    word: dict[str, Any] = {"outcome": "error", "message": "the worker ended early"}
    leave, tell = os._exit, os.write  # bound before foreign code runs, which may patch what modules hold
    try:
        processes.die_with_parent()
        redirect(fds.pop("log"))
        word = _guarded(job, fds, say, level, scratch)
    except BaseException as problem:  # noqa: BLE001 — whatever it is, it is this run's outcome
        word = _failure(problem)
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
            tell(say, json.dumps(word).encode() + b"\n")
        finally:
            leave(0)


def _guarded(job: Mapping[str, Any], fds: dict[str, int], say: int, level: str, scratch: Path) -> dict[str, Any]:
    with os.fdopen(fds.pop("solution"), "rb") as file:
        source = file.read().decode()
    outputs = {name: fds.pop(name) for name in OUTPUT_NAMES if name in fds}
    lockdown.close_descriptors([*fds.values(), *outputs.values(), say])
    if level != "bubblewrap":
        os.setpgid(0, 0)
    files = [Path(path) for path in (job["files"], *job.get("weights", {}).values()) if path]
    on_gpu = job["context"].get("device", "cpu") != "cpu"
    if on_gpu and "gpu" in job["context"]:
        os.environ[gpu.VISIBLE] = str(job["context"]["gpu"])
    lockdown.confine(level, Limits(**job["limits"]), scratch, read_only=files, on_gpu=on_gpu)
    _set_threads(job["threads"])
    model_fd = fds.pop("model", None)
    deal = Deal(job, fds, scratch)
    ctx = deal.context(unlabelled=declares(source, "unlabelled"))
    rows = deal.every() if job["kind"] == "prepare" else deal.predict()
    train = deal.train() if job["kind"] == "fit" else None
    entered = {"event": "entered", "at": time.monotonic(), "n_predict": len(rows)}
    os.write(say, json.dumps(entered).encode() + b"\n")
    return {"outcome": "done", "notes": Run(source, outputs, ctx).play(job["kind"], train, rows, model_fd)}


class Run:
    """Calls one solution's functions."""

    def __init__(self, source: str, outputs: Mapping[str, int], ctx: Context) -> None:
        self.outputs, self.ctx = outputs, ctx
        random.seed(ctx.seed)
        np.random.seed(ctx.seed % 2**32)
        self.module = load_solution(source)

    def play(self, kind: str, train: Rows | None, rows: Rows, model_fd: int | None) -> dict[str, Any]:
        """Run one kind of job; returns the notes of its model."""
        if kind == "prepare":
            self._prepare(rows)
            return {}
        if kind == "fit":
            assert train is not None
            model = self._function("fit")(train, self.ctx)
            self._keep(model)
        else:
            assert model_fd is not None
            with os.fdopen(model_fd, "rb") as file:
                model = pickle.load(file)
        if len(rows) or kind == "predict":
            values = check_predictions(self._function("predict")(model, rows, self.ctx), len(rows), self.ctx.layout)
            with os.fdopen(self.outputs["predictions.npy"], "wb") as file:
                np.lib.format.write_array(file, values, version=(1, 0), allow_pickle=False)
        return _notes(model)

    def _function(self, name: str) -> Any:
        function = getattr(self.module, name, None)
        if not callable(function):
            raise SolutionError(f"the solution has no function {name}")
        return function

    def _prepare(self, rows: Rows) -> None:
        import polars

        frame = self._function("prepare")(rows, self.ctx)
        if not isinstance(frame, polars.DataFrame):
            raise SolutionError(f"prepare: expected a polars.DataFrame, found {type(frame).__name__}")
        if frame.height != len(rows):
            raise SolutionError(f"prepare: expected {len(rows)} rows, found {frame.height}")
        with os.fdopen(self.outputs["prepared.arrow"], "wb") as file:
            frame.write_ipc(file, compression="uncompressed")

    def _keep(self, model: Any) -> None:
        """Pickle the model into its file, as far as the disk allows."""
        with os.fdopen(self.outputs["model.pkl"], "wb") as file:
            try:
                pickle.dump(model, file, protocol=5)
            except (MemoryError, OSError):
                raise
            except Exception as problem:
                raise SolutionError(f"the model does not pickle: {_culprit(model)}: {problem}") from problem


def load_solution(source: str) -> types.ModuleType:
    """The solution as module `solution`, so that its classes pickle by that name and tracebacks show its lines."""
    module = types.ModuleType("solution")
    module.__file__ = "solution.py"
    sys.modules["solution"] = module
    linecache.cache["solution.py"] = (len(source), None, source.splitlines(keepends=True), "solution.py")
    exec(compile(source, "solution.py", "exec"), module.__dict__)
    return module


def check_predictions(found: Any, n_rows: int, layout: Layout) -> NDArray[Any]:
    """`(n_rows, layout.width)` in the layout's type, from a `Dense` or an array `(n,)`, `(n, k)` or `(n, *layout.shape)`; NaN
    is left to the task. Raises InvalidPredictions on any other shape or type.
    """
    values = np.asarray(found.values if isinstance(found, Dense) else found)
    if values.dtype.kind not in "fiub":
        raise InvalidPredictions(f"predict: expected numbers, found {type(found).__name__} of {values.dtype}")
    if values.ndim == 1:
        values = values[:, None]
    if values.shape == (n_rows, *layout.shape):
        values = values.reshape(n_rows, layout.width)
    if values.shape != (n_rows, layout.width):
        raise InvalidPredictions(f"predict: expected shape ({n_rows}, {layout.width}), found {values.shape}")
    return np.ascontiguousarray(values, dtype=layout.dtype)


@functools.cache
def loaded_pools() -> threadpoolctl.ThreadpoolController:
    """OpenMP and BLAS as loaded by now. Called in the warm parent, for the 15 ms of looking through all libraries."""
    return threadpoolctl.ThreadpoolController()


def _set_threads(threads: int) -> None:
    """Let every pool use this many threads: those loaded already (OpenMP, BLAS), and those that start later (polars)."""
    os.environ.update({name: str(threads) for name in POOLS})
    import polars

    loaded_pools().limit(limits=threads)
    reload = getattr(polars.Config, "reload_env_vars", None)  # polars 2 reads its settings at import
    if reload is not None:
        reload()


def declares(source: str, what: str, key: str = "reads") -> bool:
    """Whether the solution's header has a line `reads: <what>`, or `<key>: <what>`."""
    header = ast.get_docstring(ast.parse(source, "solution.py")) or ""
    return any(what in line.split(":", 1)[1] for line in header.splitlines() if re.match(rf"\s*{key}:", line))


def _notes(model: Any) -> dict[str, Any]:
    """`model.notes` where it is a small dictionary of plain values, else nothing, and a line in the log."""
    notes = getattr(model, "notes", None)
    if notes is None and isinstance(model, Mapping):
        notes = model.get("notes")
    if not isinstance(notes, dict):
        return {}
    try:
        text = json.dumps(notes, allow_nan=False, default=_plain)
    except (TypeError, ValueError) as problem:
        print(f"notes left out: {problem}", file=sys.stderr)
        return {}
    if len(text) > MAX_NOTES:
        print(f"notes left out: {len(text)} bytes, at most {MAX_NOTES}", file=sys.stderr)
        return {}
    return dict(json.loads(text))


def _plain(value: Any) -> Any:
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not JSON")


def _culprit(model: Any) -> str:
    """The attribute or item of a model that does not pickle, with its type."""
    parts = model.items() if isinstance(model, Mapping) else getattr(model, "__dict__", {}).items()
    if isinstance(model, (list, tuple)):
        parts = enumerate(model)
    for name, part in parts:
        try:
            pickle.dumps(part, protocol=5)
        except Exception:  # noqa: BLE001 — any failure names the culprit
            return f"{type(model).__name__}.{name} is a {type(part).__name__}"
    return f"it is a {type(model).__name__}"


def _failure(problem: BaseException) -> dict[str, Any]:
    """The outcome and last line of an error; its traceback goes to the log."""
    traceback.print_exception(problem)
    outcome = "error"
    if isinstance(problem, MemoryError):
        outcome = "memory"
    elif isinstance(problem, OSError) and problem.errno in FULL:
        outcome = "disk"
    text = " ".join(traceback.format_exception_only(problem)[-1].split())
    return {"outcome": outcome, "message": text[:MAX_MESSAGE]}


def redirect(log: int) -> None:
    """stdout and stderr of the solution go to the run's log; stdin is empty."""
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)


__all__ = ["Run", "check_predictions", "declares", "load_solution", "main", "redirect"]
