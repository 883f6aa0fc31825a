"""What every `Task` must do, whatever its kind. `conform` runs it all; a failure is an AssertionError that names it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from podium.errors import InvalidPredictions
from podium.metrics.shapes import concatenated, same
from podium.tasks.task import Floats, Task

if TYPE_CHECKING:
    import polars as pl


def conform(task: Task, labels: pl.DataFrame, raw: Floats, ids: pl.Series) -> None:
    """`labels`: target columns of n >= 20 rows; `raw`: plausible predictions `(n, k)` for them; `ids`: n distinct ids."""
    truth = task.encode(labels)
    folds = (np.arange(len(truth)) % 5).astype(np.int8)
    check_truth(task, truth, len(labels))
    check_deal(task, folds)
    check_raw(task, raw)
    check_decision(task, truth, raw, folds)
    check_score(task, truth, raw, folds)
    check_submission(task, truth, raw, ids)
    facts = task.facts(truth)
    assert set(facts) == {"target_cardinality", "target_skew", "target_min"}, f"facts: {sorted(facts)}"
    assert all(np.isfinite(list(facts.values()))), f"facts are not finite: {facts}"


def check_truth(task: Task, truth: NDArray[Any], n_rows: int) -> None:
    assert len(truth) == n_rows, "encode: one truth a row"
    kind = getattr(truth, "dtype", None)  # None: a shape of `podium.metrics.shapes`
    allowed = (None, np.int64, np.float64, *((np.float32,) if task.layout().kind == "images" else ()))
    assert kind in allowed, f"encode: int64 codes or float64 values, not {kind}"


def check_deal(task: Task, folds: NDArray[np.int8]) -> None:
    with_spare = folds.copy()
    with_spare[0] = -1
    for fold in range(5):
        barred = np.where(np.arange(len(folds)) % 7 == 3, np.uint32(1 << fold), np.uint32(0)).astype(np.uint32)
        assert not set(task.deal(with_spare, fold, barred)[0]) & set(np.flatnonzero(barred)), (
            "deal: trains on a barred row"
        )
        train, valid = task.deal(with_spare, fold)
        assert not set(train) & set(valid), "deal: a row is both trained on and predicted"
        assert 0 not in valid, "deal: a row without a fold is scored"
        assert np.all(with_spare[valid] == fold), "deal: a row of another fold is scored"


def check_raw(task: Task, raw: Floats) -> None:
    n = len(raw)
    checked = task.check(raw, n)
    assert checked.shape == (n, task.n_outputs()), f"check: shape {checked.shape}"
    assert checked.dtype in (np.float64, task.layout().dtype), f"check: dtype {checked.dtype}"
    holed = raw.copy()
    holed[n // 2, 0] = np.nan
    infinite = raw.copy()
    infinite[n // 2, 0] = np.inf
    wide = np.tile(raw, (1, 7))
    for name, bad in {"NaN": holed, "inf": infinite, "rows": raw[1:], "width": wide, "text": [["x"]] * n}.items():
        assert _refused(task, bad, n), f"check: accepts predictions with wrong {name}"


def _refused(task: Task, values: Any, n: int) -> bool:
    try:
        task.check(values, n)
    except InvalidPredictions:
        return True
    return False


def check_decision(task: Task, truth: NDArray[Any], raw: Floats, folds: NDArray[np.int8]) -> None:
    raw = task.check(raw, len(raw))
    decision = task.fit_decision(truth, raw)
    assert json.loads(json.dumps(decision)) == decision, "fit_decision: is not JSON"
    assert task.fit_decision(truth, raw) == decision, "fit_decision: is not deterministic"
    decided = task.decide(raw, decision)
    alone = concatenated([task.decide(raw[i : i + 1], decision) for i in range(len(raw))])
    assert _alike(decided, alone), "decide: a row's decision depends on other rows"
    assert _form(task.decide(raw, {}))[0] == _form(decided)[0], "decide: the plain decision has another shape"
    crossed = task.decide_crossfitted(truth, raw, folds)
    assert _form(crossed) == _form(decided), "decide_crossfitted: has another shape or type"


def _alike(a: Any, b: Any) -> bool:
    return bool(np.allclose(a, b)) if isinstance(a, np.ndarray) else same(a, b)


def _form(decided: Any) -> tuple[Any, Any]:
    """Shape and type; of a shape that is no array, its units and its class."""
    return (decided.shape, decided.dtype) if isinstance(decided, np.ndarray) else (len(decided), type(decided))


def check_score(task: Task, truth: NDArray[Any], raw: Floats, folds: NDArray[np.int8]) -> None:
    raw = task.check(raw, len(raw))
    low, high = task.metric.bounds
    score = task.score_raw(truth, raw, folds)
    assert low <= score <= high, f"score: {score} outside {low}..{high}"
    baseline = task.baseline(truth, len(truth))
    assert task.check(baseline, len(truth)).shape == raw.shape, "baseline: has another shape"
    assert np.isfinite(task.score_raw(truth, baseline, folds)), "baseline: does not score"
    assert task.gain(task.metric.optimum, score) >= 0, "gain: the optimum is not better"


def check_submission(task: Task, truth: NDArray[Any], raw: Floats, ids: pl.Series) -> None:
    raw = task.check(raw, len(raw))
    decided = task.decide(raw, task.fit_decision(truth, raw))
    frame = task.write(decided, ids)
    assert tuple(frame.columns) == task.competition.submission_columns, f"write: header {frame.columns}"
    task.check_submission(frame, ids)
    task.check_submission(task.write(decided, None), None)
    last = frame.columns[-1]
    bad = {
        "a missing column": frame.drop(last),
        "a row too few": frame.head(len(frame) - 1),
        "ids in another order": frame.reverse(),
        "a missing answer": _with_null(frame, last),
    }
    for name, sheet in bad.items():
        try:
            task.check_submission(sheet, ids)
        except InvalidPredictions:
            continue
        raise AssertionError(f"check_submission: accepts {name}")


def _with_null(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    import polars as pl

    first = pl.int_range(pl.len()) == 0
    return frame.with_columns(pl.when(first).then(None).otherwise(pl.col(column)).alias(column))
