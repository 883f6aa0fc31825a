"""A run's folder as the engine writes and reads it: the request, the rows, the labels; later the exit."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from podium.execution.executor import RunRequest
from podium.records import RunExit, dumps, from_json

if TYPE_CHECKING:
    import polars as pl


def write_run(
    folder: Path,
    request: RunRequest,
    *,
    train: NDArray[np.int64] | None = None,
    predict: NDArray[np.int64] | None = None,
    labels: pl.DataFrame | None = None,
) -> None:
    """Make `folder` ready for `Executor.start`; request.json is written last, so a folder that has one is complete.

    `train` and `predict` are positions in the feature file; `labels` has columns y0..yk, and may have `weight` and
    `side:<name>`, one row for each of `train`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    none = np.empty(0, dtype=np.int64)
    with (folder / "rows.npz").open("wb") as file:
        np.savez(
            file,
            train=none if train is None else np.asarray(train, dtype=np.int64),
            predict=none if predict is None else np.asarray(predict, dtype=np.int64),
        )
    if labels is not None:
        labels.write_ipc(folder / "labels.arrow", compression="uncompressed")
    part = folder / "request.json.part"
    part.write_text(dumps(request))
    part.rename(folder / "request.json")


def read_request(folder: Path) -> RunRequest:
    """Raises ValueError where the file is not a request."""
    return from_json(RunRequest, json.loads((folder / "request.json").read_text()))


def read_exit(folder: Path) -> RunExit | None:
    """How the run ended; None while it has not. Raises ValueError where the file is not an exit."""
    try:
        text = (folder / "exit.json").read_text()
    except FileNotFoundError:
        return None
    return from_json(RunExit, json.loads(text))


def read_predictions(folder: Path, n_outputs: int) -> NDArray[np.float64]:
    """The run's predictions `(n, n_outputs)`, memory-mapped. Raises ValueError on anything else."""
    values: NDArray[Any] = np.load(folder / "predictions.npy", mmap_mode="r", allow_pickle=False)
    if values.dtype != np.float64 or values.ndim != 2 or values.shape[1] != n_outputs:
        raise ValueError(f"{os.fspath(folder)}: predictions are {values.dtype} {values.shape}")
    return values
