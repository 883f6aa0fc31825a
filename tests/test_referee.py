"""The referee: honest scores, calibrated comparisons, gates and alarms."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from podium import metrics, referee, tasks
from podium.errors import IntakeError
from podium.records import Competition, dumps
from podium.tasks.task import Floats, Task


def task_of(metric: str, task_type: str) -> Task:
    classes = ("0", "1") if task_type == "binary_classification" else ()
    direction = metrics.get(metric).direction
    return tasks.for_competition(
        Competition("x", "", task_type, metric, direction, ("y",), "id", ("id", "y"), "value", classes)
    )


BINARY = ["log_loss", "auc", "accuracy", "f1"]


def folds(n: int) -> np.ndarray[Any, np.dtype[np.int8]]:
    return (np.arange(n) % 5).astype(np.int8)


def models(metric: str, seed: int, noises: tuple[float, ...], n: int = 300) -> tuple[Task, Any, list[Floats]]:
    """A task, truth and raw predictions with independent errors of these sizes."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=n)
    noisy = [(signal + noise * rng.normal(size=n))[:, None] for noise in noises]
    if metric in BINARY:
        truth = (rng.random(n) < 1 / (1 + np.exp(-2 * signal))).astype(np.int64)
        return task_of(metric, "binary_classification"), truth, [1 / (1 + np.exp(-v)) for v in noisy]
    return task_of(metric, "regression"), signal, noisy


def test_rescore_is_the_metric_on_scored_rows() -> None:
    task, truth, (raw,) = models("rmse", 0, (0.5,))
    fold_of = folds(300)
    fold_of[:20] = -1
    raw[20:30] = np.nan
    scored = referee.rescore(task, truth, raw, fold_of)
    assert scored.score == pytest.approx(task.score_raw(truth[30:], raw[30:], fold_of[30:]))
    assert len(scored.fold_scores) == 5
    assert scored.metric == "rmse"


@pytest.mark.parametrize("failed", [True, False])
def test_a_fold_on_which_the_metric_is_undefined_has_no_score_of_its_own(
    failed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A class that the past lacks: the whole has a score all the same, and nothing is said of the folds' spread."""
    task, truth, (raw,) = models("auc", 0, (0.5,), 400)

    def score(truth: Any, prediction: Any) -> float:
        if truth.min() < truth.max():
            return float(np.mean(truth == (prediction.ravel() > 0.5)))
        if failed:
            raise IntakeError("metric points.py failed")
        return float("nan")

    monkeypatch.setattr(task, "metric", dataclasses.replace(task.metric, name="mcc", function=score))
    fold_of = folds(400)
    truth[fold_of <= 1] = 0
    scored = referee.rescore(task, truth, raw, fold_of)
    assert np.isfinite(scored.score) and scored.fold_scores[:2] == (None, None) and None not in scored.fold_scores[2:]
    assert "NaN" not in dumps(scored)
    plain = referee.rescore(task, truth, np.full_like(raw, 0.5), fold_of)
    assert not any(alarm.check == "fold_spread" for alarm in referee.alarms(scored, plain, [], raw=raw))


@pytest.mark.parametrize("metric", [*BINARY, "rmse", "mae"])
def test_stderr_covers(metric: str) -> None:
    truths = referee.rescore(*_stacked(models(metric, 999, (0.6,), 40_000))).score
    inside = 0
    for seed in range(60):
        scored = referee.rescore(*_stacked(models(metric, seed, (0.6,))))
        inside += abs(scored.score - truths) <= 1.96 * scored.stderr
    assert inside >= 51  # 95 % of 60 is 57; below 51 by chance once in 200


def _stacked(made: tuple[Task, Any, list[Floats]]) -> tuple[Task, Any, Floats, Any]:
    task, truth, raws = made
    return task, truth, raws[0], folds(len(truth))


@pytest.mark.parametrize("metric", [*BINARY, "rmse", "mae", "pearson"])
def test_false_champions_are_at_most_nominal(metric: str) -> None:
    """Equally good pairs: the rate of p <= 10 % stays near 10 % (binomial slack), and almost none survives 10 tries."""
    tests = [
        referee.paired(task, truth, a, b, folds(len(truth)))
        for task, truth, (a, b) in (models(metric, seed, (0.6, 0.6)) for seed in range(100))
    ]
    assert sum(one.gain > 0 and one.p <= 0.1 for one in tests) <= 17
    assert sum(referee.is_champion(one) for one in tests) <= 3


def test_a_better_model_becomes_champion_and_a_worse_one_does_not() -> None:
    task, truth, (good, bad) = models("log_loss", 0, (0.3, 1.5), 2000)
    won = referee.paired(task, truth, good, bad, folds(2000))
    assert won.gain > 0
    assert referee.is_champion(won, [0.3] * 20)
    lost = referee.paired(task, truth, bad, good, folds(2000))
    assert lost.gain == pytest.approx(-won.gain)
    assert not referee.is_champion(lost)


def test_more_tries_need_more_evidence() -> None:
    close = referee.Paired(gain=1.0, stderr=0.3, p=0.001)
    assert referee.is_champion(close)
    assert not referee.is_champion(close, [0.3] * 10)
    assert referee.is_champion(close, [0.999] * 100), "what was plainly worse costs nothing"


def test_identical_predictions_are_no_champion() -> None:
    task, truth, (raw,) = models("auc", 0, (0.5,))
    same = referee.paired(task, truth, raw, raw.copy(), folds(300))
    assert same.gain == 0
    assert not referee.is_champion(same)


def test_gate_stops_the_hopeless_and_lets_the_rest_go_on() -> None:
    task, truth, (good, close, bad) = models("log_loss", 0, (0.3, 0.35, 3.0), 1000)
    stopped = referee.gate(task, truth, bad, good, blend_bound=(-0.01, -0.005))
    assert not stopped.continue_
    assert "stopped" in stopped.reason
    assert referee.gate(task, truth, close, good).continue_ or referee.gate(task, truth, good, close).continue_
    unknown = referee.gate(task, truth, bad, good, blend_bound=(0.0, np.inf))
    assert unknown.continue_
    assert unknown.blend_upper is None
    saved = referee.gate(task, truth, bad, good, blend_bound=(0.001, 0.002))
    assert saved.continue_
    assert "blend" in saved.reason


def test_gate_counts_groups_where_rows_belong_together() -> None:
    task, truth, (good, bad) = models("log_loss", 0, (0.3, 0.45), 1000)
    alone = referee.gate(task, truth, bad, good)
    together = referee.gate(task, truth, bad, good, groups=np.arange(1000) // 250)
    assert together.solo_gain == alone.solo_gain and together.solo_upper > alone.solo_upper
    only = referee.gate(task, truth, bad, good, groups=np.zeros(1000, dtype=np.int64))
    assert only.continue_ and "one group" in only.reason and np.isfinite(only.solo_upper)


def test_gate_asks_what_the_time_of_the_rest_should_bring() -> None:
    task, truth, (good, bad) = models("log_loss", 0, (0.3, 3.0), 1000)
    bound = (0.0005, 0.002)
    assert referee.gate(task, truth, bad, good, blend_bound=bound, least=0.0019).continue_
    stopped = referee.gate(task, truth, bad, good, blend_bound=bound, least=0.002)
    assert not stopped.continue_ and "neither can reach the 0.002 that its time should bring" in stopped.reason
    alone = referee.gate(task, truth, good, bad)
    assert alone.solo_upper > 0 and not referee.gate(task, truth, good, bad, least=alone.solo_upper).continue_


def test_gate_judges_common_rows_only() -> None:
    task, truth, (good, bad) = models("rmse", 0, (0.3, 3.0), 400)
    good[:200] = np.nan
    assert not referee.gate(task, truth, bad, good).continue_
    good[:] = np.nan
    assert referee.gate(task, truth, bad, good).continue_


def test_gate_seldom_stops_an_equal() -> None:
    kept = 0
    for seed in range(40):
        task, truth, (a, b) = models("rmse", seed, (0.5, 0.5), 200)
        kept += referee.gate(task, truth, a, b).continue_
    assert kept >= 34


def scored(score: float, stderr: float = 0.01, metric: str = "auc", spread: float = 0.02) -> referee.Scored:
    return referee.Scored(score, stderr, tuple(score + spread * np.linspace(-1, 1, 5)), metric)


def checks(found: Any) -> set[str]:
    return {finding.check for finding in found}


def test_quiet_where_nothing_is_wrong() -> None:
    previous = [scored(0.80), scored(0.81), scored(0.805)]
    raw = np.random.default_rng(0).random((50, 1))
    assert referee.alarms(scored(0.82), scored(0.5), previous, raw=raw, parents={"E1": raw * 0.9}) == ()


def test_alarms_name_what_is_wrong() -> None:
    previous = [scored(0.80), scored(0.81), scored(0.805)]
    assert checks(referee.alarms(scored(0.9), scored(0.5), previous)) == {"jump"}
    perfect = referee.alarms(scored(1.0, 0.0, spread=0.0), scored(0.5), previous)
    assert {("perfect", "block"), ("jump", "warn")} == {(f.check, f.severity) for f in perfect}
    assert checks(referee.alarms(scored(0.82, spread=1e-5))) == {"fold_spread"}
    flat = np.full((20, 1), 0.3)
    assert checks(referee.alarms(scored(0.6), raw=flat, parents={"E1": flat})) == {"constant", "identical"}


def test_jumps_know_the_direction() -> None:
    before = [scored(0.5, metric="rmse")] * 3
    assert checks(referee.alarms(scored(0.3, metric="rmse"), None, before)) == {"jump"}
    assert referee.alarms(scored(0.7, metric="rmse"), None, before) == ()


def test_correlations() -> None:
    rng = np.random.default_rng(0)
    a = rng.random((500, 3))
    partial = a.copy()
    partial[:100] = np.nan
    found = referee.correlations({"a": a, "cube": a**3, "other": rng.random((500, 3)), "part": partial, "flat": a * 0})
    assert found["a"]["a"] == 1.0
    assert found["a"]["cube"] == pytest.approx(1.0)
    assert found["a"]["part"] == pytest.approx(1.0)
    assert abs(found["a"]["other"]) < 0.1
    assert found["a"]["flat"] == 0.0
    assert found["other"]["a"] == found["a"]["other"]
