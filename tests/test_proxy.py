"""A score nobody can compute: the stated proxy, and how well it turns out to track the score."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from engine_world import engine_of, telling
from hypothesis import given, settings
from hypothesis import strategies as st
from intake_competitions import frames, toy, write
from scipy.stats import kendalltau
from sklearn.isotonic import IsotonicRegression
from typer.testing import CliRunner

from podium import metrics
from podium.campaign import loop
from podium.campaign.estimates.calibration import calibration
from podium.cli import making
from podium.cli.main import app
from podium.competition import intake
from podium.errors import IntakeError
from podium.metrics.proxy import CANDIDATES, LEAST, LEAST_WARNING, calibrate, isotonic, kendall
from podium.registry import Registry
from podium.report.page import write_report
from podium.report.snapshot import snapshot
from podium.testing.fake_executor import FakeRun

FLOATS = st.floats(-5, 5, allow_nan=False).map(lambda v: round(v, 2))
PAIRS = st.lists(st.tuples(FLOATS, FLOATS), min_size=3, max_size=20)


def history(
    n: int, seed: int, tracked: str = "log_loss", noise: float = 0.0
) -> tuple[dict[str, list[float]], list[float]]:
    """Proxies of n submissions that are random but for `tracked`, which the score follows up to `noise`."""
    rng = np.random.default_rng(seed)
    values = {name: rng.normal(size=n).tolist() for name in CANDIDATES["binary_classification"]}
    merit = metrics.get(tracked).sign * np.array(values[tracked])
    return values, (100.0 * np.exp(merit + noise * rng.normal(size=n))).tolist()


# ---------------------------------------------------------------- the statistics


@settings(deadline=None, max_examples=40)
@given(PAIRS)
def test_kendall_is_scipys_tau_b(pairs: list[tuple[float, float]]) -> None:
    a, b = np.array(pairs).T
    wanted = kendalltau(a, b).statistic
    assert kendall(a, b) == pytest.approx(0.0 if np.isnan(wanted) else wanted, abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(st.lists(FLOATS, min_size=1, max_size=30))
def test_the_monotone_fit_is_scikit_learns(values: list[float]) -> None:
    found = isotonic(np.array(values))
    wanted = IsotonicRegression().fit_transform(np.arange(len(values)), values)
    assert found == pytest.approx(wanted, abs=1e-9)
    assert (np.diff(found) >= -1e-12).all()


@settings(deadline=None, max_examples=40)
@given(PAIRS, st.sampled_from(["higher", "lower"]))
def test_a_calibration_keeps_its_bounds(pairs: list[tuple[float, float]], direction: Any) -> None:
    proxies, scores = zip(*pairs, strict=True)
    found = calibrate({"auc": proxies, "log_loss": proxies}, scores, "auc", direction)
    assert found is not None and found.n == len(pairs)
    for one in (found.current, *found.others):
        assert (-1 <= one.low <= one.high <= 1 and one.low - 1e-9 <= one.tau <= one.high + 1e-9) or len(pairs) > 4
    assert found.others[0].tau == pytest.approx(-found.current.tau), "the same figures, the other way round"
    knots = np.array(found.fit)
    rise = np.diff(knots[:, 1]) * (1 if direction == "higher" else -1)
    assert (rise >= -1e-9).all() and (np.diff(knots[:, 0]) > 0).all()
    assert min(scores) - 1e-9 <= found.expected(0.0) <= max(scores) + 1e-9


@settings(deadline=None, max_examples=40)
@given(st.integers(LEAST, 25), st.integers(0, 10_000), st.sampled_from(CANDIDATES["binary_classification"]))
def test_a_score_that_follows_the_proxy_is_tracked(n: int, seed: int, name: str) -> None:
    values, scores = history(n, seed, tracked=name)
    found = calibrate(values, scores, name, "higher")
    assert found is not None
    assert found.current.tau == 1.0 and found.better is None
    assert found.spread == pytest.approx(0.0, abs=1e-6)
    assert found.expected(values[name][0]) == pytest.approx(scores[0])
    turned = calibrate(values, [-score for score in scores], name, "lower")
    assert turned is not None and turned.current == found.current, "a score where less is better, turned"
    if n <= 4:
        assert (found.current.low, found.current.high) == (-1.0, 1.0), "so few pairs exclude nothing"
    else:
        assert 0 < found.current.high < 1, "no certainty from a few pairs in perfect order"


@settings(deadline=None, max_examples=40)
@given(st.permutations(range(8)), st.integers(0, 100))
def test_the_order_of_submissions_does_not_matter(order: list[int], seed: int) -> None:
    values, scores = history(8, seed, noise=0.5)
    turned = {name: [found[at] for at in order] for name, found in values.items()}
    a, b = calibrate(values, scores, "auc", "higher"), calibrate(turned, [scores[at] for at in order], "auc", "higher")
    assert a is not None and b is not None
    assert (a.current, a.others, a.better, a.fit) == (b.current, b.others, b.better, b.fit)


def test_another_proxy_is_called_better_when_it_is_and_seldom_else() -> None:
    true, false = 0, 0
    for seed in range(60):
        values, scores = history(14, seed, noise=0.1)
        found = calibrate(values, scores, "auc", "higher")
        true += found is not None and found.better == "log_loss"
        rng = np.random.default_rng([1, seed])
        level = rng.normal(size=14)
        alike = {name: (metrics.get(name).sign * (level + rng.normal(size=14))).tolist() for name in values}
        found = calibrate(alike, level.tolist(), "auc", "higher")
        false += found is not None and found.better is not None
    assert true > 45 and false < 5


def test_too_few_say_nothing() -> None:
    values, scores = history(LEAST_WARNING - 1, 3)
    assert calibrate({k: v[:2] for k, v in values.items()}, scores[:2], "auc", "higher") is None
    found = calibrate(values, scores, "auc", "higher")
    assert found is not None and found.better is None, "a few submissions call no proxy better"
    gap = [float("nan"), *scores[1:3]]
    assert calibrate({k: v[:3] for k, v in values.items()}, gap, "auc", "higher") is None, "unscored ones do not count"


# ---------------------------------------------------------------- intake


def asked(folder: Path, **keys: Any) -> Path:
    (folder / "config.json").write_text(json.dumps({"cv_folds": 3, **keys}))
    return folder


POINTS = {"metric": "points", "metric_direction": "higher"}


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        (POINTS, "add metric_proxy"),
        ({"metric": "points", "metric_proxy": "auc"}, "set metric_direction"),
        ({**POINTS, "metric": "rmse", "metric_proxy": "auc"}, "RMSE is known; drop metric_proxy"),
        ({**POINTS, "metric_proxy": "glorp"}, "'glorp' is not known"),
        (
            {**POINTS, "metric_proxy": "rmse", "task_type": "binary_classification"},
            "does not score binary classification",
        ),
        ({}, "state a metric_proxy"),
    ],
)
def test_an_unknown_score_asks_for_its_proxy(tmp_path: Path, keys: dict[str, Any], says: str) -> None:
    folder = asked(
        toy(tmp_path / "toy", description="# Toy\n\n## Evaluation\n\nBy points that nobody explains.\n"), **keys
    )
    with pytest.raises(IntakeError, match=says):
        intake(folder)


def test_a_score_that_the_description_names_needs_no_proxy(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match="the description names ROC AUC"):
        intake(asked(toy(tmp_path / "toy"), metric_proxy="f1", metric_direction="higher"))


@pytest.mark.parametrize(("proxy_", "metric"), [("auc", "auc"), ("auto", "log_loss"), ("f1", "f1")])
def test_the_proxy_is_stated(tmp_path: Path, proxy_: str, metric: str) -> None:
    found = intake(
        asked(toy(tmp_path / "toy", metric=None), **{**POINTS, "metric_direction": "lower"}, metric_proxy=proxy_)
    )
    assert (found.metric, found.metric_direction) == (metric, metrics.get(metric).direction)
    assert (found.proxy_for, found.proxy_direction) == ("points", "lower")
    assert found.metric_shown == f"{metric}, a proxy for points"
    assert "formula is unknown" in found.evidence["metric"].why


# ---------------------------------------------------------------- a campaign


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished campaign whose score is unknown, with one submission."""
    folder = tmp_path_factory.mktemp("proxy")
    toy(folder / "toy", n=200, n_test=40, metric=None)
    asked(folder / "toy", **POINTS, metric_proxy="auc")
    campaign = making.open_or_create(str(folder / "toy"), campaign=folder / "campaign", experiments=3, threads=2)
    engine = engine_of(campaign)
    engine.executor.predictions = telling(engine)  # type: ignore[attr-defined]
    assert loop.play(engine) is not None
    engine.registry.close()
    return campaign


def test_every_candidate_is_computed_for_a_submission(played: Path) -> None:
    registry = Registry.open(played)
    (sent,) = registry.submissions.all()
    rows = {row["proxy"]: row["score"] for row in registry.database.rows("SELECT proxy, score FROM proxy_scores")}
    registry.close()
    assert set(rows) == set(CANDIDATES["binary_classification"])
    assert rows["auc"] == pytest.approx(sent.expected, abs=0.02)
    assert snapshot(played)["proxy"] is None
    assert any("0 of 3 scores back" in notice for notice in snapshot(played)["notices"])


@pytest.mark.parametrize(
    ("kind", "proxy_"),
    [("regression", "auto"), ("multiclass_classification", "f1_macro"), ("ordinal_regression", "qwk")],
)
def test_candidates_of_other_kinds_are_computed(tmp_path: Path, kind: str, proxy_: str) -> None:
    """Every candidate that scores this kind of task, from predictions that one experiment saved."""
    train, test = frames(200, 40)
    rng = np.random.default_rng(0)
    grades = pl.Series(rng.permutation(np.arange(200) % 4))
    answer = {"regression": pl.Series(rng.normal(size=200)), "multiclass_classification": grades.cast(pl.String) + "c"}
    write(tmp_path / "toy", train.with_columns(y=answer.get(kind, grades)), test, metric=None)
    asked(tmp_path / "toy", **POINTS, metric_proxy=proxy_, task_type=kind)
    engine = engine_of(making.open_or_create(str(tmp_path / "toy"), campaign=tmp_path / "c", experiments=2, threads=2))
    width = engine.task.n_outputs()

    def guess(run: FakeRun) -> Any:
        values = np.random.default_rng(run.rows[0]).random((len(run.rows), width)) + 0.1
        return values / values.sum(axis=1, keepdims=True) if width > 1 else values

    engine.executor.predictions = guess  # type: ignore[attr-defined]
    assert loop.play(engine) is not None
    rows = {row["proxy"] for row in engine.registry.database.rows("SELECT proxy FROM proxy_scores")}
    engine.registry.close()
    fitting = {name for name in CANDIDATES[kind] if kind in metrics.get(name).task_types}
    assert rows == fitting | {engine.competition.metric} and len(rows) >= 3


def test_scores_that_come_back_calibrate_the_proxy_and_warn_once(played: Path) -> None:
    """Later submissions are put into the registry as rounds would: F1 tracks the points, AUC misleads."""
    registry = Registry.create(played)
    rng = np.random.default_rng(0)
    with registry.database.write() as db:
        for number in range(1, 10):
            tag, f1 = f"t{number}", number / 10
            db.execute(
                "INSERT INTO submissions (tag, round, file, sha256, state, expected, stderr, at) VALUES (?,?,?,?,?,?,?,?)",
                (tag, number, "f", tag, "confirmed", 0.7, 0.01, float(number)),
            )
            values = {name: float(rng.random()) for name in CANDIDATES["binary_classification"]}
            registry.proxies.add(tag, {**values, "f1": f1, "auc": 1 - f1})
    registry.close()
    for number in range(1, 10):
        done = CliRunner().invoke(app, ["submit", str(played), "--tag", f"t{number}", "--score", str(1000 + number)])
        assert done.exit_code == 0, done.output
    now = snapshot(played)
    assert now["proxy"]["n"] == 9 and now["proxy"]["better"] == "f1" and now["proxy"]["others"][0]["tau"] == 1.0
    assert any("f1 is clearly better" in notice for notice in now["notices"])
    registry = Registry.open(played)
    warned = [e.payload["message"] for e in registry.events.newest(100) if "better than auc" in str(e.payload)]
    found = calibration(registry)
    registry.close()
    assert len(warned) == 1 and "metric_proxy=f1" in warned[0]
    assert found is not None and found.n == 9
    page = write_report(played).read_text()
    assert "a proxy for points" in page and "How proxies rank the 9 submissions" in page
