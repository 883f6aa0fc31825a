"""What greedy selection minimises: the metric itself where sums can be updated cheaply, else its usual surrogate.

`members` are predictions in the blending space, `(M, n, k)`. An objective holds a running sum of what was picked;
`trial` gives the loss after adding each member once more, `(M,)`.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from podium.ensemble.mixing import mixed
from podium.ensemble.space import is_simplex, space_of
from podium.metrics.correlations import average_ranks
from podium.metrics.metric import PerRow
from podium.metrics.probabilities import EPSILON
from podium.tasks.classification import ClassificationTask
from podium.tasks.task import Floats, Task

MAX_ROWS = 20_000  # rows that a non-quadratic objective looks at; selection needs no more
BINS = 2048
STEPS = 40
FEW_STEPS = 6  # where each trial mixes and scores anew
FEW_ROWS = 2_000  # and decides what is a distribution a row


class Objective(Protocol):
    size: int  # members
    steps: int  # picks worth their time

    def trial(self) -> Floats: ...

    def add(self, member: int) -> None: ...


class Quadratic:
    """Mean squared error of a linear combination, from the Gram matrix of residuals: exact, whatever the rows.

    `gram` `(k, M, M)`: mean products of residuals; the loss is the mean over k of `link` of the combination's MSE,
    scaled by `scale` `(k,)`.
    """

    steps = STEPS

    def __init__(self, gram: Floats, link: str, scale: Floats) -> None:
        self.size, self._gram, self._link, self._scale = gram.shape[1], gram, link, scale
        self._counts = np.zeros(self.size)

    def trial(self) -> Floats:
        counts, gram = self._counts, self._gram
        cross = gram @ counts
        square = (cross @ counts)[:, None] + 2.0 * cross + np.diagonal(gram, axis1=1, axis2=2)
        mse = np.maximum(square, 0.0) / (counts.sum() + 1.0) ** 2 * self._scale[:, None]
        return np.asarray((np.sqrt(mse) if self._link == "sqrt" else mse).mean(axis=0), dtype=np.float64)

    def add(self, member: int) -> None:
        self._counts[member] += 1.0


class Correlation:
    """1 - Pearson correlation of a linear combination, mean over columns, from covariances."""

    steps = STEPS

    def __init__(self, members: Floats, truth: Floats) -> None:
        self.size = len(members)
        centred = members - members.mean(axis=1, keepdims=True)
        target = truth - truth.mean(axis=0)
        self._inner = np.einsum("ank,bnk->kab", centred, centred, optimize=True)
        self._with_truth = np.einsum("ank,nk->ka", centred, target)
        self._truth = np.sqrt((target**2).sum(axis=0))
        self._counts = np.zeros(self.size)

    def trial(self) -> Floats:
        cross = self._inner @ self._counts
        square = (cross @ self._counts)[:, None] + 2.0 * cross + np.diagonal(self._inner, axis1=1, axis2=2)
        toward = (self._with_truth @ self._counts)[:, None] + self._with_truth
        spread = np.sqrt(np.maximum(square, 0.0)) * self._truth[:, None]
        r = np.divide(toward, spread, out=np.zeros_like(toward), where=spread > 0)
        return np.asarray(1.0 - r.mean(axis=0), dtype=np.float64)

    def add(self, member: int) -> None:
        self._counts[member] += 1.0


class LogLoss:
    """Mean -log of the probability given to what happened, which an arithmetic blend averages: no classes needed."""

    steps = STEPS

    def __init__(self, hits: Floats) -> None:
        self.size, self._hits = len(hits), hits
        self._sum, self._count = np.zeros(hits.shape[1]), 0

    def trial(self) -> Floats:
        rows = np.log(np.maximum(self._hits + self._sum, EPSILON))
        return np.asarray(np.log(self._count + 1.0) - rows.mean(axis=1), dtype=np.float64)

    def add(self, member: int) -> None:
        self._sum += self._hits[member]
        self._count += 1


class BinnedAuc:
    """1 - ROC AUC (or average precision) of averaged ranks in 0..1, mean over columns, from `BINS` equal bins."""

    steps = STEPS

    def __init__(self, members: Floats, truth: NDArray[Any], precision: bool) -> None:
        self.size, self._precision = len(members), precision
        self._members = np.ascontiguousarray(np.moveaxis(members, 2, 0), dtype=np.float32)  # (k, M, n)
        self._truth = np.ascontiguousarray(truth.T > 0)
        self._sum = np.zeros((members.shape[2], members.shape[1]), dtype=np.float32)
        self._count = 0

    def trial(self) -> Floats:
        merits = np.zeros(self.size)
        scale = np.float32((BINS - 1) / (self._count + 1.0))
        for column, truth in enumerate(self._truth):
            offset = np.where(truth, BINS, 0)
            for member in range(self.size):
                bins = ((self._members[column, member] + self._sum[column]) * scale).astype(np.int64)
                counts = np.bincount(bins + offset, minlength=2 * BINS).astype(np.float64)
                merits[member] += self._merit(counts[:BINS], counts[BINS:])
        return 1.0 - merits / len(self._truth)

    def _merit(self, misses: Floats, hits: Floats) -> float:
        n_hits, n_misses = hits.sum(), misses.sum()
        if n_hits == 0 or n_misses == 0:
            return 0.5
        if self._precision:
            above = hits[::-1].cumsum()
            total = above + misses[::-1].cumsum()
            return float((hits[::-1] * above / np.maximum(total, 1.0)).sum() / n_hits)
        return float((misses[::-1] * (hits[::-1].cumsum() - hits[::-1] / 2.0)).sum() / (n_hits * n_misses))

    def add(self, member: int) -> None:
        self._sum += self._members[:, member]
        self._count += 1


class RowLoss:
    """Mean of a per-row loss of averaged values (MAE, MAPE, SMAPE, pinball)."""

    steps = STEPS

    def __init__(self, members: Floats, truth: NDArray[Any], per_row: PerRow) -> None:
        self.size, self._members, self._truth, self._per_row = len(members), members, truth, per_row
        self._sum, self._count = np.zeros(members.shape[1:]), 0

    def trial(self) -> Floats:
        count = self._count + 1.0
        losses = [self._per_row(self._truth, (self._sum + member) / count).mean() for member in self._members]
        return np.array(losses)

    def add(self, member: int) -> None:
        self._sum += self._members[member]
        self._count += 1


class Loss:
    """The metric itself, of mixtures decided as fitted on them: where nothing cheaper is to be had."""

    steps = FEW_STEPS

    def __init__(self, task: Task, truth: Any, members: Floats) -> None:
        self.size, self._task, self._truth, self._members = len(members), task, truth, members
        self._space, self._counts = space_of(task), np.zeros(len(members))

    def trial(self) -> Floats:
        return np.array([self._loss(self._counts + one) for one in np.eye(self.size)])

    def _loss(self, counts: Floats) -> float:
        used = np.flatnonzero(counts)
        raw = mixed([self._members[m] for m in used], (counts[used] / counts.sum()).tolist(), self._space)
        decided = self._task.decide(raw, self._task.fit_decision(self._truth, raw))
        return -self._task.metric.sign * self._task.score(self._truth, decided)

    def add(self, member: int) -> None:
        self._counts[member] += 1.0


def objective_for(task: Task, truth: NDArray[Any], members: Floats) -> Objective:
    """The objective of this task's metric on these rows. Pictures are compared pixel by pixel, as squared errors."""
    name = task.metric.name
    if task.layout().kind != "dense" or not isinstance(truth, np.ndarray):
        perfect = task.perfect(truth)
        if perfect is None:
            return Loss(task, truth, members)
        return _quadratic(members.astype(np.float32), perfect.astype(np.float32), "identity", np.ones(members.shape[2]))
    if isinstance(task, ClassificationTask):
        return _of_classes(task, truth, members)
    if task.metric.needs == "distribution":
        step = -(-members.shape[1] // FEW_ROWS)
        return Loss(task, truth[::step], members[:, ::step])
    target = truth.astype(np.float64) if truth.ndim == 2 else truth.astype(np.float64)[:, None]
    if name == "pearson":
        return Correlation(members, target)
    if name in ("spearman", "gini"):
        return Correlation(members, np.column_stack([average_ranks(column) for column in target.T]))
    if name in ("mae", "mape", "smape", "medae") or task.metric.levels:
        step = -(-members.shape[1] // MAX_ROWS)
        per_row = task.metric.per_row if task.metric.per_row is not None else _absolute
        return RowLoss(members[:, ::step], target[::step], per_row)
    if task.metric.space == "log":
        target = np.log1p(np.maximum(target, 0.0)) if name == "rmsle" else np.log(np.maximum(target, 1e-12))
    link = "identity" if name in ("mse", "r2") else "sqrt"
    spread = target.var(axis=0)
    scale = 1.0 / np.where(spread > 0, spread, 1.0) if name == "r2" else np.ones(target.shape[1])
    return _quadratic(members, target, link, scale)


def _of_classes(task: ClassificationTask, truth: NDArray[Any], members: Floats) -> Objective:
    name = task.metric.name
    simplex = is_simplex(task)
    target = np.eye(members.shape[2])[truth] if simplex else (truth if truth.ndim == 2 else truth[:, None])
    if name == "brier":
        return _quadratic(members, target.astype(np.float64), "identity", np.ones(members.shape[2]))
    step = -(-members.shape[1] // MAX_ROWS)
    members, target = members[:, ::step], target[::step]
    if name in ("auc", "average_precision", "gini") and not simplex:
        return BinnedAuc(members, target, name == "average_precision")
    if simplex:
        picked = np.take_along_axis(members, truth[::step][None, :, None], axis=2)[..., 0]
        return LogLoss(picked)
    hits = np.where(target > 0, members, 1.0 - members)
    return LogLoss(hits.reshape(len(hits), -1))


def _quadratic(members: Floats, target: Floats, link: str, scale: Floats) -> Quadratic:
    columns = np.moveaxis(members - target, 2, 0)  # (k, M, n)
    return Quadratic(np.matmul(columns, np.swapaxes(columns, 1, 2)) / max(members.shape[1], 1), link, scale)


def _absolute(truth: NDArray[Any], prediction: NDArray[Any]) -> Floats:
    return np.asarray(np.abs(truth - prediction), dtype=np.float64)
