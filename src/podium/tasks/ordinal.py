"""Ordinal regression: ordered integer labels, scored by quadratic weighted kappa or another metric of labels or values.

Truth is codes `(n,)`, 0..K-1, in numeric order of the labels. A raw prediction is one value on that scale, `(n, 1)`;
class probabilities `(n, K)` are taken too, as their expectation.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from podium.errors import IntakeError, InvalidPredictions
from podium.metrics.labels import FROM_CONFUSION
from podium.metrics.uncertainty import blocks_of
from podium.protocol import Layout
from podium.tasks import sheet
from podium.tasks.task import Floats, Task

if TYPE_CHECKING:
    import polars as pl

BINS = 128  # quantile bins of the raw values; cut points lie between them
SWEEPS = 6
INNER_FOLDS = 5
MIN_ROWS = 50
MAX_ROWS = 20_000  # a handful of cut points needs no more
REMEMBERED = 2_000  # searches: each round's blend asks again about the members it knows


class OrdinalTask(Task):
    """Cut points turn values into labels: rounding, quantiles of the training labels, or a search on the metric."""

    inputs: ClassVar[tuple[str, ...]] = ("table", "text", "image")

    @cached_property
    def levels(self) -> Floats:
        """The labels as numbers, ascending, `(K,)`."""
        try:
            values = np.array([float(name) for name in self.competition.classes])
        except ValueError as problem:
            raise IntakeError(
                "the labels of an ordinal task are not numbers", expected="integers", found=str(problem),
                remedy="set `task_type` to multiclass_classification in config.json",
            ) from problem  # fmt: skip
        if len(values) < 2 or not np.all(np.diff(values) > 0):
            raise IntakeError(
                "the classes of an ordinal task are not in numeric order", expected="at least two, ascending",
                found=", ".join(self.competition.classes) or "none", remedy="order `classes` in config.json",
            )  # fmt: skip
        return values

    @property
    def labels_wanted(self) -> bool:
        return self.metric.needs == "label" or self.competition.submission_kind == "label"

    def encode(self, labels: pl.DataFrame) -> NDArray[Any]:
        _ = self.levels  # classes in numeric order, or an error
        return sheet.label_codes(labels[self.competition.target_columns[0]], self.competition.classes)

    def layout(self) -> Layout:
        return Layout("dense", (1,))

    def check(self, values: Any, n_rows: int) -> Floats:
        size = len(self.levels)
        array = sheet.dense(values, n_rows, (1, size))
        if array.shape[1] == 1:
            return array
        total = array.sum(axis=1, keepdims=True)
        if n_rows and (array.min() < -1e-6 or np.abs(total - 1.0).max() > 1e-2):
            raise InvalidPredictions(
                "predictions: expected class probabilities that sum to 1 in each row, or one value"
            )
        return np.asarray((array / total) @ np.arange(size)[:, None], dtype=np.float64)

    def fit_decision(self, truth: NDArray[Any], raw: Floats) -> dict[str, Any]:
        """`cuts`: K-1 ascending cut points, or empty for rounding. Searched cuts must win on cross-fitted folds."""
        if not self.labels_wanted or len(truth) < MIN_ROWS:
            return {}
        name = self.metric.name if self.metric.needs == "label" else "qwk"
        step = -(-len(truth) // MAX_ROWS)
        return {"cuts": list(_CUTS.of(truth[::step], raw[::step, 0], len(self.levels), name))}

    def decide(self, raw: Floats, decision: dict[str, Any]) -> NDArray[Any]:
        top = len(self.levels) - 1
        if not self.labels_wanted:
            return np.clip(raw[:, 0], 0.0, float(top))
        cuts = decision.get("cuts") or (np.arange(top) + 0.5)
        return np.searchsorted(np.asarray(cuts, dtype=np.float64), raw[:, 0], side="right").astype(np.int64)

    def baseline(self, truth: NDArray[Any], n_rows: int) -> Floats:
        return np.full((n_rows, 1), float(np.median(truth)))

    def write(self, decided: NDArray[Any], ids: pl.Series | None) -> pl.DataFrame:
        name = sheet.answer_columns(self.competition, 1)[0]
        if decided.dtype.kind in "iu":
            labels = self.levels[decided]
            whole = bool(np.all(self.levels == np.round(self.levels)))
            answer = labels.astype(np.int64) if whole else labels
        else:
            answer = np.interp(decided, np.arange(len(self.levels)), self.levels)
        return sheet.fill(self.competition, {name: answer}, len(decided), ids)

    def check_submission(self, frame: pl.DataFrame, ids: pl.Series | None) -> None:
        names = sheet.answer_columns(self.competition, 1)
        sheet.check_shape(self.competition, frame, names, ids)
        sheet.numbers(frame, names, float(self.levels[0]), float(self.levels[-1]))
        values = frame[names[0]].to_numpy().astype(np.float64)
        if self.labels_wanted and not np.isin(values, self.levels).all():
            raise InvalidPredictions(
                f"submission column {names[0]!r}: expected one of {', '.join(self.competition.classes)}; "
                f"found {values[~np.isin(values, self.levels)][0]:g}"
            )

    def facts(self, truth: NDArray[Any]) -> dict[str, float]:
        return {"target_cardinality": float(len(np.unique(truth))), "target_skew": 0.0, "target_min": 0.0}


def fit_cuts(truth: NDArray[Any], values: Floats, size: int, metric: str) -> list[float]:
    """Cut points `(K-1,)`, ascending: of rounding, matched quantiles and a coordinate search, what cross-fits best.

    The three are ordered by how much they fit; a later one must beat the one before by its jackknife standard error.
    Searched cuts are the mean of those of the inner folds, which is steadier than one search on all rows.
    """
    rounding = np.arange(size - 1) + 0.5
    folds = blocks_of(len(truth)) % INNER_FOLDS
    inner_searched, decided = [], np.empty((3, len(truth)), dtype=np.int64)
    for fold in range(int(folds.max()) + 1):
        here = folds == fold
        matched = matched_cuts(truth[~here], values[~here], size)
        searched = search_cuts(truth[~here], values[~here], matched, size, metric)
        inner_searched.append(searched)
        for row, cuts in enumerate((rounding, matched, searched)):
            decided[row, here] = np.searchsorted(cuts, values[here], side="right")
    options = (rounding, matched_cuts(truth, values, size), np.mean(inner_searched, axis=0))
    best = 0
    for row in (1, 2):
        if _gain_is_real(truth, decided[row], decided[best], size, metric):
            best = row
    return [float(cut) for cut in np.maximum.accumulate(options[best])]


class _Cuts:
    """What `fit_cuts` found, by a digest of all it was asked: 26 ms a search, of which a blend of 24 members makes 45."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, list[float]] = OrderedDict()

    def of(self, truth: NDArray[Any], values: Floats, size: int, metric: str) -> list[float]:
        digest = blake2b(f"{size} {metric} {truth.dtype} {values.dtype} ".encode(), digest_size=16)
        for array in (truth, values):
            digest.update(array.tobytes())
        key = digest.digest()
        if key not in self._known:
            self._known[key] = fit_cuts(truth, values, size, metric)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]


_CUTS = _Cuts()


def matched_cuts(truth: NDArray[Any], values: Floats, size: int) -> Floats:
    """Cut points that give each label its share of the training rows."""
    shares = np.cumsum(np.bincount(truth, minlength=size))[:-1] / len(truth)
    return np.asarray(np.quantile(values, shares), dtype=np.float64)


def search_cuts(truth: NDArray[Any], values: Floats, start: Floats, size: int, metric: str) -> Floats:
    """Coordinate search: one cut after another moves to the best of all bin edges between its neighbours."""
    edges = np.unique(np.append(np.quantile(values, np.linspace(0.002, 0.998, BINS)), start))
    cell = np.searchsorted(edges, values, side="right") * size + truth
    tally = np.bincount(cell, minlength=(len(edges) + 1) * size).reshape(-1, size).astype(np.float64)
    below = np.vstack([np.zeros((1, size)), tally.cumsum(axis=0)])  # rows under edge i are below[i + 1]
    formula, at = FROM_CONFUSION[metric], np.searchsorted(edges, start)
    for _ in range(SWEEPS):
        before = at.copy()
        for cut in range(size - 1):
            low = at[cut - 1] if cut else 0
            high = at[cut + 1] if cut + 1 < size - 1 else len(edges) - 1
            tried = np.arange(low, high + 1)
            cuts = np.tile(at, (len(tried), 1))
            cuts[:, cut] = tried
            scores = formula(_confusions(below, cuts))
            if scores.max() > scores[at[cut] - low] + 1e-12:
                at[cut] = tried[int(np.argmax(scores))]
        if np.array_equal(before, at):
            break
    return np.asarray(edges[at], dtype=np.float64)


def _confusions(below: Floats, cuts: NDArray[np.int64]) -> Floats:
    """Confusion matrices `(T, K, K)` of T rows of cut indices, from cumulated label counts `(edges + 2, K)`."""
    ends = np.concatenate([np.zeros((len(cuts), 1), dtype=np.int64), cuts + 1], axis=1)
    ends = np.concatenate([ends, np.full((len(cuts), 1), len(below) - 1)], axis=1)
    predicted = np.diff(below[ends], axis=1)  # (T, K predicted, K truth)
    return np.swapaxes(predicted, 1, 2)


def _gain_is_real(truth: NDArray[Any], new: NDArray[np.int64], old: NDArray[np.int64], size: int, metric: str) -> bool:
    """Whether `new` beats `old` by more than one jackknife standard error."""
    formula, blocks = FROM_CONFUSION[metric], blocks_of(len(truth))
    count = int(blocks.max()) + 1
    cell = (blocks * size + truth) * size
    parts = np.stack(
        [
            np.bincount(cell + decided, minlength=count * size * size).reshape(count, size, size)
            for decided in (new, old)
        ]
    ).astype(np.float64)
    total = parts.sum(axis=1)
    gain = formula(total[0]) - formula(total[1])
    replicates = formula(total[0] - parts[0]) - formula(total[1] - parts[1])
    stderr = np.sqrt((count - 1) / count * ((replicates - replicates.mean()) ** 2).sum())
    return bool(gain > stderr)
