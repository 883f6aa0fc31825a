"""What the naive split would have claimed: a quick model scored by the chosen folds and by random ones.

Only where the chosen folds are not random already. Both are trained on as many rows and scored on the same ones, so that
the difference is what random folds give away: groups, neighbours in time, the future.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.competition import quick
from podium.competition.dataset import Dataset
from podium.competition.dealt import trained_on
from podium.metrics import Metric, get
from podium.metrics.uncertainty import Estimate, difference
from podium.records import AuditFinding, Competition

NAIVE = ("random", "stratified")
ROWS = 12_000  # looked at: whole groups, or times evenly thinned
CELLS = 800_000  # rows × columns looked at
LEAST_ROWS = 200
SIGMAS = 2.5
MOST_CLASSES = 12
MOST_COLUMNS = 200
TREES = 120  # of all classes together; 40 at most of one
UNITS = 50  # blocks of time as sampling units, where rows are in order of it
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Flattery:
    """How much better random folds look than the chosen ones, in the metric's unit (positive: flattering)."""

    metric: str
    chosen: float
    naive: float
    gain: Estimate


def split_findings(competition: Competition, dataset: Dataset, seed: int) -> Iterator[AuditFinding]:
    """One finding where random folds would claim another score beyond the noise. Reads labels of train rows, never the
    vault's; at most 12,000 rows, ten small fits, one thread. Deterministic by `seed`."""
    found = compare(competition, dataset, seed)
    if found is None:
        return
    gain, error = found.gain.value, found.gain.stderr
    told = f"a quick model scores {found.metric} {found.chosen:.4g} by {competition.cv_strategy} folds"
    if abs(gain) <= SIGMAS * error:
        text = f"{told}, {found.naive:.4g} by random ones: no difference beyond the noise ({gain:+.2g} ± {error:.2g})"
        yield AuditFinding("split_check", "info", None, round(gain, 5), text)
        return
    verb = "flatter" if gain > 0 else "understate"
    text = f"random folds would {verb} by {abs(gain):.2g} ± {error:.1g}: {told}, {found.naive:.4g} by random ones"
    yield AuditFinding("split_check", "info", None, round(gain, 5), text)


def compare(competition: Competition, dataset: Dataset, seed: int) -> Flattery | None:
    """None where folds are random anyway, or there is nothing to measure with."""
    if competition.cv_strategy in NAIVE:
        return None
    at = _sample(dataset, seed)
    fold_of, barred = dataset.fold_of[at], dataset.barred[at]
    if (fold_of >= 0).sum() < LEAST_ROWS:
        return None
    model = _Model.of(competition, dataset, at, seed)
    if model is None:
        return None
    folds = [k for k in range(int(fold_of.max()) + 1) if (fold_of == k).any()]
    trains = [np.flatnonzero(trained_on(fold_of, barred, k)) for k in folds]
    valids = [np.flatnonzero(fold_of == k) for k in folds]
    if min(map(len, trains)) < LEAST_ROWS // 4:
        return None
    chosen = model.out_of_fold(trains, valids)
    rng = np.random.default_rng([seed, 5])
    plain = rng.permutation(len(at)) % len(folds)
    size = int(np.average([len(t) for t in trains], weights=[len(v) for v in valids]))
    naive_trains = [_take(np.flatnonzero(plain != k), size, rng) for k in range(len(folds))]
    naive = model.out_of_fold(naive_trains, [np.flatnonzero(plain == k) for k in range(len(folds))])
    rows = np.flatnonzero(fold_of >= 0)
    truth, a, b = model.truth[rows], model.decide(naive[rows]), model.decide(chosen[rows])
    units = _units(dataset, at[rows])
    gain = difference(model.metric, truth, a, b, units)
    return Flattery(model.metric.name, model.metric.function(truth, b), model.metric.function(truth, a), gain)


def _take(rows: Ints, size: int, rng: np.random.Generator) -> Ints:
    return rows if len(rows) <= size else np.sort(rng.choice(rows, size, replace=False))


def _sample(dataset: Dataset, seed: int) -> Ints:
    """Positions in `dataset.train`: all, or whole groups, or every so many rows in the dealt order."""
    n = len(dataset.train)
    most = int(np.clip(CELLS // max(1, min(len(dataset.columns), MOST_COLUMNS)), 1_000, ROWS))
    if n <= most:
        return np.arange(n)
    if dataset.groups is None:
        return np.linspace(0, n - 1, most).astype(np.int64)
    groups = np.load(dataset.groups)[dataset.train]
    values, counts = np.unique(groups, return_counts=True)
    shuffled = np.random.default_rng([seed, 4]).permutation(len(values))
    taken = max(1, int(np.searchsorted(np.cumsum(counts[shuffled]), most)))
    return np.flatnonzero(np.isin(groups, values[shuffled[:taken]]))


def _units(dataset: Dataset, at: Ints) -> Ints:
    """Sampling units of these positions: their groups, else blocks in the dealt order, which is that of time."""
    if dataset.groups is not None:
        groups: Ints = np.load(dataset.groups)[dataset.train[at]]
        return groups
    return np.arange(len(at)) * UNITS // len(at)


@dataclass(frozen=True)
class _Model:
    """The quick model of a competition's kind, and a metric that judges it."""

    x: quick.Floats
    truth: NDArray[Any]  # codes (n,) or values (n,)
    objective: str
    classes: int
    metric: Metric
    seed: int

    @classmethod
    def of(cls, competition: Competition, dataset: Dataset, at: Ints, seed: int) -> _Model | None:
        """By the first target; None for more classes than a quick model can take."""
        rows = dataset.train[at]
        labels = dataset.labels(rows).to_series(0)
        names = [c.name for c in dataset.columns if c.kind not in ("file", "constant")]
        names = names[:: -(-len(names) // MOST_COLUMNS) or 1]
        x, _ = quick.encode(dataset.frame().select(names)[rows], names)
        if not x.shape[1]:
            return None
        if not labels.dtype.is_numeric() and not competition.classes:
            return None  # lists of items, texts: no quick model answers with those
        metric = get(competition.metric)
        n_classes = len(competition.classes)
        if n_classes:
            if n_classes > MOST_CLASSES:
                return None
            codes = {name: code for code, name in enumerate(competition.classes)}
            truth = labels.replace_strict(codes).to_numpy().astype(np.int64)
            fits = metric.needs in ("label", "probability", "score") and competition.task_type in metric.task_types
            objective = "binary" if n_classes == 2 else "multiclass"
            return cls(x, truth, objective, n_classes, metric if fits else get("log_loss"), seed)
        values = labels.to_numpy().astype(np.float64)
        if competition.task_type == "multilabel_classification":
            return cls(x, values.astype(np.int64), "binary", 2, get("auc"), seed)
        fits = metric.needs in ("value", "score") and "regression" in metric.task_types
        return cls(x, values, "regression", 0, metric if fits else get("rmse"), seed)

    def out_of_fold(self, trains: list[Ints], valids: list[Ints]) -> quick.Floats:
        """Predictions `(n, k)`, NaN where no fold predicts."""
        out = np.full((len(self.truth), self.classes if self.objective == "multiclass" else 1), np.nan)
        low = self.truth.min() if self.objective == "regression" else 0.0
        logs = self.objective == "regression" and low >= 0 and self.metric.space == "log"
        y = np.log1p(self.truth) if logs else self.truth.astype(np.float64)
        for train, valid in zip(trains, valids, strict=True):
            if self.objective != "regression" and len(np.unique(y[train])) < self.classes:
                out[valid] = np.bincount(self.truth[train], minlength=self.classes)[-out.shape[1] :] / len(train)
                continue
            trees = min(40, TREES // max(1, out.shape[1]))
            found, _ = quick.fit_predict(
                self.x, y, train, valid, self.objective, self.seed, classes=self.classes, trees=trees
            )
            out[valid] = (np.expm1(found) if logs else found).reshape(len(valid), -1)
        return np.maximum(out, low) if self.objective == "regression" and low >= 0 else out

    def decide(self, raw: quick.Floats) -> NDArray[Any]:
        """What the metric is defined on: labels, probabilities or values."""
        if self.metric.needs == "label":
            return raw.argmax(axis=1) if raw.shape[1] > 1 else (raw[:, 0] > 0.5).astype(np.int64)
        return raw[:, 0] if self.objective == "regression" else raw
