"""Where the metric moves in steps, a smooth one tells models apart; scores and estimates stay in the metric's own unit."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_world import add_experiments, engine_of, telling
from hypothesis import given, settings
from hypothesis import strategies as st
from team_world import competition, experiment
from team_world import facts as facts_with

from podium import ensemble, metrics, referee, tasks
from podium.campaign import blending, briefs, phases
from podium.campaign.engine import Engine
from podium.campaign.submission import candidates
from podium.campaign.submission.worth import worth_submitting
from podium.cli import making
from podium.competition.surrogate import surrogate
from podium.metrics.custom import is_users
from podium.records import Competition, from_json, to_json
from podium.referee.adaptive import optimisms
from podium.referee.tracking import Score
from podium.registry import invalidation
from podium.registry.blends import BlendRow
from podium.registry.submissions import SubmissionRow
from podium.tasks.surrogate import surrogate_of
from podium.tasks.task import Floats, Task
from podium.testing.fake_executor import FakeExecutor, FakeRun


@pytest.mark.parametrize(
    ("metric", "kind", "cell", "wanted"),
    [
        ("accuracy", "binary_classification", "label", "log_loss"),
        ("f1_macro", "multiclass_classification", "label", "log_loss"),
        ("f1", "multilabel_classification", "label", "log_loss"),
        ("auc", "binary_classification", "label", "log_loss"),
        ("qwk", "ordinal_regression", "label", "mse"),
        ("auc", "binary_classification", "probability", ""),
        ("log_loss", "multiclass_classification", "probability", ""),
        ("rmse", "regression", "value", ""),
        ("map@5", "multiclass_classification", "ranking", ""),
        ("f1_samples", "multilabel_classification", "labels", ""),
    ],
)
def test_only_scores_of_labels_have_one(metric: str, kind: str, cell: str, wanted: str) -> None:
    assert surrogate(metrics.get(metric), kind, cell) == wanted


def test_a_users_own_metric_guides_itself(tmp_path: Path) -> None:
    code = "DIRECTION = 'higher'\nNEEDS = 'label'\n\n\ndef score(truth, prediction):\n    return (truth == prediction).mean()\n"
    (tmp_path / "metric.py").write_text(code)
    own = metrics.get(str(tmp_path / "metric.py"))
    assert is_users(own.name) and own.needs == "label"
    assert surrogate(own, "binary_classification", "label") == ""


def task_of(metric: str, kind: str, classes: tuple[str, ...], guide: str) -> Task:
    asked = Competition("x", "", kind, metric, "higher", ("y",), "id", ("id", "y"), "label", classes, surrogate=guide)
    return tasks.for_competition(from_json(Competition, to_json(asked)))


def test_it_judges_the_same_predictions_of_the_same_rows() -> None:
    for task in (
        task_of("accuracy", "binary_classification", ("no", "yes"), "log_loss"),
        task_of("f1_macro", "multiclass_classification", ("a", "b", "c"), "log_loss"),
        task_of("qwk", "ordinal_regression", ("1", "2", "3"), "mse"),
    ):
        guide = surrogate_of(task)
        assert type(guide) is type(task) and guide.layout() == task.layout()
        assert guide.metric.name == task.competition.surrogate and guide.metric.needs != "label"
        assert guide.competition.metric_direction == "lower" and guide.competition.submission_kind != "label"
    plain = task_of("accuracy", "binary_classification", ("no", "yes"), "")
    assert surrogate_of(plain) is plain


# ---------------------------------------------------------------- blends


def coin(n: int = 4000, seed: int = 0) -> tuple[np.ndarray, Floats, np.ndarray]:
    """Truth, the probabilities it was drawn with, and folds."""
    rng = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(-rng.normal(size=n)))
    return (rng.random(n) < p).astype(np.int64), p[:, None], (np.arange(n) % 5).astype(np.int8)


def test_a_blend_is_chosen_by_it_and_scored_by_the_metric() -> None:
    task = task_of("accuracy", "binary_classification", ("no", "yes"), "log_loss")
    truth, p, folds = coin()
    rng = np.random.default_rng(1)
    members = {f"m{k}": 1 / (1 + np.exp(-(np.log(p / (1 - p)) + rng.normal(0, 1.0, p.shape)))) for k in range(4)}
    found = ensemble.blend(task, truth, members, folds, seed=0, guide=surrogate_of(task))
    alone = {name: surrogate_of(task).score_raw(truth, raw, folds) for name, raw in members.items()}
    assert found.merit is not None and -found.merit < min(alone.values()), "log loss of the blend, more is better"
    assert 0.6 < found.nested_score < 0.8 and found.stderr == pytest.approx(0.0072, abs=0.001), "accuracy of 4,000 rows"
    assert 0 < found.merit_stderr < 0.02
    assert len(found.weights) == 4, "independent errors average out, which accuracy would not have shown"
    by_itself = ensemble.blend(task, truth, members, folds, seed=0)
    assert by_itself.merit is None


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 50))
def test_without_one_nothing_changes(seed: int) -> None:
    task = task_of("accuracy", "binary_classification", ("no", "yes"), "")
    truth, p, folds = coin(300, seed)
    members = {"a": p, "b": np.clip(p + 0.1, 0.01, 0.99)}
    plain = ensemble.blend(task, truth, members, folds, seed=0)
    assert ensemble.blend(task, truth, members, folds, seed=0, guide=surrogate_of(task)) == plain


# ---------------------------------------------------------------- a campaign


@pytest.fixture
def engine(contest: Path, tmp_path: Path) -> Engine:
    return engine_of(
        making.open_or_create(
            str(contest / "public"), campaign=tmp_path / "c", experiments=8, overrides={"metric": "accuracy"}
        )
    )


def play(engine: Engine, number: int, skill: float, told: Callable[[Engine, float], Any] = telling) -> str:
    """One experiment of this skill, run, verified and judged. Fake predictions know the truth: no alarm counts."""
    assert isinstance(engine.executor, FakeExecutor)
    engine.executor.predictions = told(engine, skill)
    built = add_experiments(engine, 1, round_=number, cost_s=0.1)
    phases.run(engine, number, built)
    phases.verdicts(engine, number, phases.verify(engine, number))
    return built[0].id


def test_scores_are_the_metrics_and_ranks_the_surrogates(engine: Engine) -> None:
    assert engine.competition.surrogate == "log_loss" and engine.competition.metric == "accuracy"
    assert "moves in steps" in engine.competition.evidence["surrogate"].why
    first, second = play(engine, 1, 0.10), play(engine, 2, 0.25)
    ranked = {e.id: e for e in engine.registry.experiments.best_of_pool(9, higher_is_better=True)}
    assert list(ranked) == [second, first] and engine.registry.experiments.champion() == second
    assert all(0.5 < (e.score or 0) < 0.8 and (e.merit or 0) < 0 for e in ranked.values())
    told = briefs.gather(engine, 3)
    assert [e.merit for e in told.experiments] == [ranked[first].merit, ranked[second].merit]
    assert told.blends[-1].merit is not None and 0 < told.noise_floor < 0.05
    assert told.worth(told.experiments[1]) == ranked[second].merit


def test_rank_goes_by_merit_even_against_the_score(engine: Engine) -> None:
    first, second = play(engine, 1, 0.10), play(engine, 2, 0.25)
    engine.registry.experiments.set_score(first, 0.99, 0.01, (), -0.60)
    engine.registry.experiments.set_score(second, 0.50, 0.01, (), -0.50)
    assert [e.id for e in engine.registry.experiments.best_of_pool(9, higher_is_better=True)] == [second, first]
    for id_ in (first, second):
        engine.registry.experiments.set_score(id_, 0.9 if id_ == first else 0.5, 0.01, ())
    assert [e.id for e in engine.registry.experiments.best_of_pool(9, True)] == [first, second], "as begun before"
    assert [e.id for e in engine.registry.experiments.best_of_pool(9, False)] == [second, first]


def test_a_submission_is_replaced_by_what_it_says_is_better(engine: Engine) -> None:
    play(engine, 1, 0.10)
    play(engine, 2, 0.25)
    worse, better = engine.registry.blends.newest()
    assert blending.best_blend(engine) == better

    def standing(expected: float, merit: float | None) -> SubmissionRow:
        return SubmissionRow("t", 1, "f", "s", "confirmed", expected, 0.01, merit=merit)

    worth, why = worth_submitting(engine, better, standing(better.score + 0.001, worse.merit), at_the_end=True)
    assert worth and "of log_loss by the nested estimate" in why, "a step of the metric is no evidence"
    assert not worth_submitting(engine, worse, standing(worse.score - 0.1, better.merit), at_the_end=True)[0]
    assert not worth_submitting(engine, better, standing(0.99, None), at_the_end=True)[0], "an older campaign's"


def test_facts_compare_by_merit_else_by_score() -> None:
    asked = competition(metric="accuracy", surrogate="log_loss")
    low, high = experiment("E001", score=0.9, merit=-0.5), experiment("E002", score=0.8, merit=-0.4)
    told = facts_with(experiments=(low, high), competition=asked)
    assert told.worth(high) == -0.4 > told.worth(low)
    smooth = facts_with(
        experiments=(experiment("E001", score=0.9),), competition=competition(metric="rmse", metric_direction="lower")
    )
    assert smooth.worth(smooth.experiments[0]) == -0.9
    assert smooth.worth(experiment("E002", score=None)) == -np.inf


def test_what_choosing_flatters_is_counted_where_it_is_chosen() -> None:
    """Scores that differ by noise alone: chosen by themselves the best flatters, chosen by something else it does not."""
    rng = np.random.default_rng(0)
    accuracy, log_loss = metrics.get("accuracy"), metrics.get("log_loss")
    scores = [Score(0.8, effects) for effects in rng.normal(0, 0.001, (8, 20))]
    apart = [Score(0.4, effects) for effects in rng.normal(0, 0.001, (8, 20))]
    by_itself, elsewhere = (optimisms(accuracy, scores, by)[-1] for by in (None, (log_loss, apart)))
    assert by_itself > 0.003 and elsewhere < 0.3 * by_itself
    twins = [Score(0.4, -score.effects) for score in scores]  # of log loss less is better: the same choice
    assert optimisms(accuracy, scores, (log_loss, twins))[-1] == pytest.approx(by_itself)


def test_a_submission_is_known_by_its_weights_where_scores_are_equal(engine: Engine) -> None:
    """Steps make two blends of one score: what was taken back from one says nothing of the other."""
    first, second = play(engine, 1, 0.10), play(engine, 2, 0.25)
    one, other = (
        BlendRow(number, {id_: 1.0}, "probability", 0.8, 0.01, None, {}) for number, id_ in ((1, first), (2, second))
    )
    sent = SubmissionRow("t", 2, "f", "s", "confirmed", 0.8, 0.01, weights=other.weights)
    assert sent.is_of(other) and not sent.is_of(one)
    engine.registry.blends.replace(one)
    engine.registry.blends.replace(other)
    invalidation.invalidate(engine.registry, first, "it read the answers", higher_is_better=True)
    assert invalidation.tainted(engine.registry, sent) == ()
    assert invalidation.tainted(engine.registry, dataclasses.replace(sent, weights={})) == (first,), (
        "as known by the score"
    )


def test_until_pairs_are_known_the_noise_is_the_surrogates(engine: Engine) -> None:
    alone = play(engine, 1, 0.10)
    told = briefs.gather(engine, 2)
    scored = referee.rescore(engine.guide, engine.truth, engine.store.oof(alone), engine.fold_of)
    assert told.noise_floor == scored.stderr != told.experiments[0].stderr


def test_averages_that_may_be_sent_are_judged_alike(engine: Engine) -> None:
    """Else what is far behind would look like a gain of one standard error, or be sorted on another scale."""
    play(engine, 1, 0.10)
    play(engine, 2, 0.25)
    pool = engine.registry.experiments.best_of_pool(9, higher_is_better=True)
    weak = candidates._average(engine, pool[1:], 2)
    assert weak.merit is not None and blending.blend_of(weak).merit_stderr > 0
    best = engine.registry.blends.newest()[-1]
    standing = SubmissionRow("t", 2, "f", "s", "confirmed", best.score, best.stderr, merit=best.merit)
    queued = candidates._candidate(engine, "probe", weak, standing, [], "how public goes with ours")
    assert queued.gain < 0 and candidates.row_of(queued).merit == weak.merit


def test_what_carries_weight_keeps_its_place_in_the_next_blend(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The partner of the leading family is behind all of its settings by itself."""
    partner, *leading = (play(engine, number, skill) for number, skill in ((1, 0.10), (2, 0.2), (3, 0.25), (4, 0.3)))
    best = max(row.round for row in engine.registry.blends.newest()) + 1
    carried = BlendRow(best, {partner: 0.4, leading[-1]: 0.6}, "probability", 0.99, 0.01, None, {}, merit=0.0)
    assert partner not in {e.id for e in engine.registry.experiments.best_of_pool(2, higher_is_better=True)}
    engine.registry.blends.add(carried)
    monkeypatch.setattr(blending, "POOL_LIMIT", 2)
    assert [e.id for e in blending._drawn_from(engine)] == [leading[-1], partner]
    invalidation.invalidate(engine.registry, partner, "it read the answers", higher_is_better=True)
    assert partner not in {e.id for e in blending._drawn_from(engine)}


def test_of_those_that_predict_the_same_one_takes_a_place(engine: Engine) -> None:
    def by_row(engine: Engine, skill: float) -> Callable[[FakeRun], Floats]:
        truth = telling(engine, 1.0)
        return lambda run: skill * truth(run) + (1 - skill) * (0.5 + 0.4 * np.sin(run.rows * 12.9898))[:, None]

    first, twin, other = (play(engine, number, skill, by_row) for number, skill in ((1, 0.2), (2, 0.2), (3, 0.3)))
    drawn = {e.id for e in blending._drawn_from(engine)}
    assert other in drawn and len(drawn & {first, twin}) == 1
