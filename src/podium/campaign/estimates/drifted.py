"""Where test's rows differ from train's: the score as test's mix of rows would have it.

Out-of-fold rows are weighted by how much more often rows like them are found in test (importance-weighted validation:
Sugiyama, Krauledat and Müller 2007), told by a quick cross-validated classifier. It sees a change of features alone: a
change of how the target depends on them, or of time, is not to be had from unlabelled rows.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from podium.metrics import get
from podium.metrics.uncertainty import estimate, influence
from podium.referee.interval import UNDEFINED, Shift

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from podium.campaign.engine import Engine

ROWS, CELLS, FEWEST = 6_000, 400_000, 1_500  # of each side
LEAST_AUC = 0.52  # by intake's measure; below, nobody looks
SIGMAS = 3.0
FOLDS, TREES = 3, 25
MOST_WEIGHT = 20.0
IN_TIME = ("forward", "last_n", "purged", "interleaved_block")  # test differs by its time: weights cannot tell


def shift(engine: Engine, truth: NDArray[Any], decided: NDArray[Any], whole: NDArray[np.bool_]) -> Shift | None:
    """Weighted less plain score, shrunk by its noise; None where intake saw no drift. `whole`: which scored rows
    `truth` and `decided` are."""
    seen = engine.competition.evidence.get("drift")
    if seen is None or engine.competition.cv_strategy in IN_TIME or float(seen.value) < LEAST_AUC:
        return None
    rows = np.flatnonzero(whole)
    picked, weight = _weights(engine, rows)
    if weight is None:
        return None
    metric, truth, decided = engine.task.metric, truth[picked], decided[picked]
    if not metric.weighted:
        return None
    try:
        found = metric.function(truth, decided, weight) - metric.function(truth, decided)
    except UNDEFINED:
        return None
    effects = influence(metric, truth, decided)
    noise = abs(found) if effects is None else float((effects * (weight - 1.0)).std() / math.sqrt(len(effects)))
    if not math.isfinite(found) or found == 0.0:
        return None
    kept = found * found**2 / (found**2 + noise**2)
    return Shift("test's mix of rows", kept, math.hypot(0.5 * kept, min(noise, abs(found))))


def _weights(engine: Engine, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64] | None]:
    """(positions among `rows`, their weights, mean 1); no weights where the classifier sees no drift."""
    from podium.competition import quick

    data, rng = engine.dataset, np.random.default_rng(engine.options.seed)
    skipped = {engine.competition.group_column, engine.competition.time_column}
    names = [column.name for column in data.columns if column.name not in skipped and column.kind != "file"]
    most = int(np.clip(CELLS // max(1, len(names)), FEWEST, ROWS))
    ours = np.sort(rng.permutation(len(rows))[:most])
    theirs = np.sort(rng.permutation(len(data.test))[:most])
    held = np.concatenate([data.train[engine.store.scored[rows[ours]]], data.test[theirs]])
    x, _ = quick.encode(data.frame()[held], names)
    is_test = np.repeat([0.0, 1.0], [len(ours), len(theirs)])
    units = None if data.groups is None else np.load(data.groups)[held]
    fold_of = rng.permutation(len(held)) % FOLDS if units is None else _dealt(units, rng)
    p = np.full(len(held), is_test.mean())
    for fold in range(FOLDS):
        train, valid = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        if len(valid) and len(np.unique(is_test[train])) == 2 and x.shape[1]:
            p[valid], _ = quick.fit_predict(x, is_test, train, valid, "binary", engine.options.seed, trees=TREES)
    judged = estimate(get("auc"), is_test.astype(np.int64), p[:, None], units)
    if not judged.value - SIGMAS * judged.stderr > 0.5:
        return ours, None
    ours_p = np.clip(p[: len(ours)], 1e-6, 1 - 1e-6)
    weight = np.clip(ours_p / (1.0 - ours_p) * len(ours) / len(theirs), 1.0 / MOST_WEIGHT, MOST_WEIGHT)
    return ours, weight / weight.mean()


def _dealt(units: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    _, code = np.unique(units, return_inverse=True)
    return np.asarray((rng.permutation(int(code.max()) + 1) % FOLDS)[code])
