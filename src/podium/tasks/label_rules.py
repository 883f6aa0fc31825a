"""Which labels a row gets, from a probability of each: rules, and the choice among them on counts, kept only on evidence.

above    p >= t: one threshold for all labels, or one a label, shrunk towards what all labels want together
best     the k most probable labels
expected the k most probable labels with the k that promises the largest expected F: (1 + b²) Σ p of the k over b² Σ p + k
         (a plug-in form of Ye, Chai, Lee and Chieu 2012), which needs nothing fitted

Choice and gain are cross-fitted over blocks of rows, as thresholds of one label are (`threshold.py`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.metrics.labels import FROM_CONFUSION
from podium.metrics.metric import Floats, Metric
from podium.metrics.uncertainty import blocks_of
from podium.tasks.threshold import INNER_FOLDS, MIN_ROWS, Z

Bits = NDArray[np.bool_]
GRID = (0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.13, 0.16, 0.2, 0.24, 0.28, 0.32, 0.36, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7, 0.8)
MOST_BEST = 10  # labels that the rule `best` is tried with
PLAIN: dict[str, Any] = {"rule": "above", "at": 0.5}
CELLS = 1_500_000  # rows × labels that a choice looks at
SHRUNK = 20.0  # positives that all labels together are worth, beside a label's own
LONE = 20  # rows that have a label, and no other, before it is taken to exclude others
OF_LABELS = (
    "f1",
    "fbeta",
    "mcc",
    "balanced_accuracy",
    "f1_macro",
    "fbeta_macro",
)  # means over labels: each its own threshold


def bits_of(raw: Floats, decision: dict[str, Any]) -> Bits:
    """`(n, L)`: the labels of each row; each row is decided alone. `fill`: a row without any gets the most probable one;
    `alone`: labels that stand with no other."""
    rule = {**PLAIN, **decision}
    if rule["rule"] == "above":
        bits = raw >= np.asarray(rule["at"])
    elif rule["rule"] == "best":
        bits = _ranks(raw) < rule["k"]
    else:
        bits = _ranks(raw) < _promising(raw, float(rule["beta"]))[:, None]
    if rule.get("alone"):
        bits = _apart(bits, raw, np.asarray(rule["alone"], dtype=np.int64))
    if rule.get("fill") and raw.shape[1]:
        bits = bits.copy()
        none = np.flatnonzero(~bits.any(axis=1))
        bits[none, raw[none].argmax(axis=1)] = True
    return np.asarray(bits, dtype=np.bool_)


def _ranks(raw: Floats) -> NDArray[np.int64]:
    """Of each label in its row, from 0."""
    order = np.argsort(-raw, axis=1, kind="stable")
    out = np.empty_like(order)
    np.put_along_axis(out, order, np.broadcast_to(np.arange(raw.shape[1]), raw.shape), axis=1)
    return np.asarray(out, dtype=np.int64)


def _promising(raw: Floats, beta: float) -> NDArray[np.int64]:
    """How many labels promise the largest expected F-beta of each row, `(n,)`."""
    ordered = -np.sort(-raw, axis=1)
    promise = (1.0 + beta**2) * ordered.cumsum(axis=1)
    promise /= beta**2 * raw.sum(axis=1, keepdims=True) + np.arange(1, raw.shape[1] + 1) + 1e-12
    return np.asarray(promise.argmax(axis=1) + 1, dtype=np.int64)


def _apart(bits: Bits, raw: Floats, alone: NDArray[np.int64]) -> Bits:
    """A label that stands alone is kept where it is the most probable one of the row's labels, else dropped."""
    kept = np.where(bits, raw, -1.0)
    first = kept.argmax(axis=1)
    lonely = np.isin(first, alone) & bits.any(axis=1)
    out = bits.copy()
    out[:, alone] = False
    out[lonely] = False
    out[np.flatnonzero(lonely), first[lonely]] = True
    return out


def fit(truth: NDArray[Any], raw: Floats, metric: Metric) -> dict[str, Any]:
    """The rule that scores best for 0/1 truth `(n, L)`; the plain one (p >= 0.5) unless another is shown to be better."""
    kept = _kept(truth)
    if len(truth) < MIN_ROWS:
        return kept
    step = -(-truth.size // CELLS)
    truth, raw = truth[::step] > 0, raw[::step]
    rules = [{**rule, **kept} for rule in _rules(metric, raw.shape[1])]
    blocks = blocks_of(len(truth))
    stats = np.stack([_tally(metric, truth, bits_of(raw, rule), blocks) for rule in rules])
    plain = next(at for at, rule in enumerate(rules) if rule["rule"] == "above" and rule["at"] == PLAIN["at"])
    picks = _picks(stats, metric)
    held = stats[picks, np.arange(stats.shape[1])]
    best = int(np.argmax(_score(stats.sum(axis=1), metric)))
    sure = _is_better(held, stats[plain], metric)
    chosen = rules[best] if sure else {**PLAIN, **kept}
    if _kind(metric) in OF_LABELS and metric.per_row is None:
        own = _own_thresholds(stats[: len(GRID)], metric)
        if own is not None and _is_better(own[1], held if sure else stats[plain], metric):
            return {**chosen, "rule": "above", "at": [GRID[g] for g in own[0].tolist()]}
    return {} if chosen == PLAIN else chosen


def _kept(truth: NDArray[Any]) -> dict[str, Any]:
    """What all of train keeps to: no row is without a label; some labels stand alone."""
    sizes = truth.sum(axis=1)
    alone = np.flatnonzero((truth[sizes > 1].sum(axis=0) == 0) & (truth.sum(axis=0) >= LONE))
    kept: dict[str, Any] = {"fill": True} if len(truth) and sizes.min() > 0 else {}
    several = 0 < len(alone) < truth.shape[1]
    return {**kept, "alone": alone.tolist()} if several else kept


def _rules(metric: Metric, n_labels: int) -> list[dict[str, Any]]:
    beta = float(metric.name.partition("@")[2] or 1.0) if _kind(metric).startswith("fbeta") else 1.0
    above = [{"rule": "above", "at": at} for at in GRID]
    best = [{"rule": "best", "k": k} for k in range(1, min(n_labels, MOST_BEST) + 1)]
    return [*above, *best, {"rule": "expected", "beta": beta}]


# ---------------------------------------------------------------- counting


def _kind(metric: Metric) -> str:
    return metric.name.partition("@")[0]


def _tally(metric: Metric, truth: Bits, bits: Bits, blocks: NDArray[np.int64]) -> Floats:
    """Sums over each block of rows: merits and rows `(blocks, 2)`, or true, predicted and both `(blocks, L, 4)` with rows."""
    count = int(blocks.max()) + 1
    rows = np.bincount(blocks, minlength=count).astype(np.float64)
    if metric.per_row is not None:
        merits = metric.per_row(truth.astype(np.int64), bits.astype(np.int64)).mean(axis=1)
        return np.column_stack([np.bincount(blocks, weights=metric.sign * merits, minlength=count), rows])
    order = np.argsort(blocks, kind="stable")
    starts = np.searchsorted(blocks[order], np.arange(count))
    parts = [np.add.reduceat(of[order].astype(np.float64), starts, axis=0) for of in (truth, bits, truth & bits)]
    return np.stack([*parts, np.broadcast_to(rows[:, None], parts[0].shape)], axis=-1)


def _score(sums: Floats, metric: Metric) -> Floats:
    """The metric of summed tallies `(..., 2)` or `(..., L, 4)`, the more the better."""
    if metric.per_row is not None:
        return np.asarray(sums[..., 0] / np.maximum(sums[..., 1], 1.0), dtype=np.float64)
    if _kind(metric) in ("f1_micro", "fbeta_micro"):
        return _of_each(sums.sum(axis=-2), metric)
    each = _of_each(sums, metric)
    if _kind(metric) in ("f1_weighted", "fbeta_weighted"):
        support = sums[..., 0]
        return np.asarray((each * support).sum(axis=-1) / np.maximum(support.sum(axis=-1), 1.0), dtype=np.float64)
    return np.asarray(each.mean(axis=-1), dtype=np.float64)


def _of_each(sums: Floats, metric: Metric) -> Floats:
    """The binary metric of each label `(...)`; an average over labels has F's."""
    head, _, parameter = metric.name.partition("@")
    name = f"{head.partition('_')[0]}{'@' + parameter if parameter else ''}" if head[0] == "f" else metric.name
    true, given, both, rows = np.moveaxis(sums, -1, 0)
    table = np.stack([rows - true - given + both, given - both, true - both, both], axis=-1)
    merits: Floats = FROM_CONFUSION[name](table.reshape(*true.shape, 2, 2))
    return merits


def _folds(n_blocks: int) -> NDArray[np.int64]:
    return np.arange(n_blocks) % INNER_FOLDS


def _left(stats: Floats) -> Floats:
    """Of `(rules, blocks, ...)` the sums without each inner fold, `(rules, folds, ...)`."""
    folds = _folds(stats.shape[1])
    total = stats.sum(axis=1)
    return np.stack([total - stats[:, folds == fold].sum(axis=1) for fold in range(int(folds.max()) + 1)], axis=1)


def _picks(stats: Floats, metric: Metric) -> NDArray[np.int64]:
    """For each block the rule that the other inner folds would choose."""
    chosen = np.argmax(_score(_left(stats), metric), axis=0)
    return np.asarray(chosen[_folds(stats.shape[1])], dtype=np.int64)


def _is_better(held: Floats, plain: Floats, metric: Metric) -> bool:
    """Whether tallies of blocks score better by more than their noise (delete-a-block jackknife)."""
    all_held, all_plain = held.sum(axis=0), plain.sum(axis=0)
    gain = float(_score(all_held, metric) - _score(all_plain, metric))
    replicates = _score(all_held - held, metric) - _score(all_plain - plain, metric)
    count = len(held)
    error = float(np.sqrt((count - 1) / count * ((replicates - replicates.mean()) ** 2).sum()))
    return gain > max(Z * error, 0.0)


def _own_thresholds(stats: Floats, metric: Metric) -> tuple[NDArray[np.int64], Floats] | None:
    """Of tallies `(grid, blocks, L, 4)` each label's threshold on all rows, and each block's tally by what the other inner
    folds would choose; None for one label."""
    if stats.shape[2] < 2:
        return None
    left = _left(stats)
    chosen = np.argmax(_of_each(_shrunk(left), metric), axis=0)[_folds(stats.shape[1])]  # (blocks, L)
    blocks, labels = np.arange(stats.shape[1])[:, None], np.arange(stats.shape[2])[None, :]
    final = np.argmax(_of_each(_shrunk(stats.sum(axis=1, keepdims=True)), metric)[:, 0], axis=0)
    return np.asarray(final, dtype=np.int64), stats[chosen, blocks, labels]


def _shrunk(sums: Floats) -> Floats:
    """Each label's tallies with those of all labels together beside them, as `SHRUNK` positives."""
    together = sums.sum(axis=-2, keepdims=True)
    return np.asarray(sums + together * (SHRUNK / np.maximum(together[..., :1], 1.0)), dtype=np.float64)


__all__ = ["PLAIN", "bits_of", "fit"]
