"""Truth minus prediction, in forms that explanations need: one signed figure a row, one a row and output, bands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from podium.referee.explanation import Band
from podium.tasks.task import Floats, Task

MOST_OUTPUTS = 5
N_BANDS = 5


def residual_matrix(task: Task, truth: NDArray[np.generic], raw: Floats) -> Floats:
    """`(n, q)`: for each target, class or label, at most `MOST_OUTPUTS`, the most frequent classes first."""
    values = np.asarray(truth, dtype=np.float64)
    if values.ndim == 2:
        return _apart(task, values, raw)[:, :MOST_OUTPUTS]
    if raw.shape[1] == 1:
        return _apart(task, values[:, None], raw)
    counts = np.bincount(values.astype(np.int64), minlength=raw.shape[1])
    chosen = np.argsort(-counts, kind="stable")[:MOST_OUTPUTS]
    return np.asarray((values[:, None] == chosen) - raw[:, chosen], dtype=np.float64)


def signed_residual(task: Task, truth: NDArray[np.generic], raw: Floats) -> Floats:
    """`(n,)`: above 0 where truth lies above the prediction; of several classes, how much the true one was missed by."""
    values = np.asarray(truth, dtype=np.float64)
    if values.ndim == 1 and raw.shape[1] > 1:
        missed = 1.0 - raw[np.arange(len(raw)), values.astype(np.int64)]
        return np.asarray(missed - missed.mean(), dtype=np.float64)
    matrix = _apart(task, values.reshape(len(raw), -1), raw)
    spread = matrix.std(axis=0)
    if matrix.shape[1] == 1:
        return matrix[:, 0]
    return np.asarray((matrix / np.where(spread > 0, spread, 1.0)).mean(axis=1), dtype=np.float64)


def as_compared(task: Task, values: Floats) -> Floats:
    """Values as the metric compares them: logs of 1 + value where it compares logs, else as they are."""
    if task.metric.space == "log":
        return np.asarray(np.log1p(np.maximum(values, 0.0)), dtype=np.float64)
    return values


def _apart(task: Task, truth: Floats, raw: Floats) -> Floats:
    return np.asarray(as_compared(task, truth) - as_compared(task, raw), dtype=np.float64)


def bands(task: Task, truth: NDArray[np.generic], raw: Floats, loss: Floats) -> tuple[Band, ...]:
    """Fifths of the rows by what the blend says: how sure it is of a class against how often it is right; else the mean
    prediction against the mean truth. None of several targets or labels."""
    values = np.asarray(truth, dtype=np.float64)
    classes = task.competition.classes
    if values.ndim > 1:
        return ()
    if classes and task.competition.task_type != "ordinal_regression":
        p = np.column_stack([1 - raw, raw]) if raw.shape[1] == 1 else raw
        said, seen = p.max(axis=1), (p.argmax(axis=1) == values).astype(np.float64)
    else:
        said, seen = raw[:, 0], values
    order = np.argsort(said, kind="stable")
    found = []
    for rows in np.array_split(order, N_BANDS):
        error = float((seen[rows] - said[rows]).std() / np.sqrt(len(rows)))
        found.append(
            Band(
                low=float(said[rows].min()),
                high=float(said[rows].max()),
                share=len(rows) / len(said),
                loss_share=float(loss[rows].sum() / len(loss)),
                said=float(said[rows].mean()),
                seen=float(seen[rows].mean()),
                stderr=error,
            )
        )
    return tuple(found)
