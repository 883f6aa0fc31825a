"""Contests of every kind that can be hosted: a perfect answer scores perfectly, and so does each as the task writes it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from podium import metrics, tasks
from podium.arena.dealing import deal, public_part
from podium.arena.grading import Grader
from podium.arena.making import Terms, guess_task, make
from podium.arena.prepared import make_prepared
from podium.errors import InvalidPredictions, PodiumError, Unplayable, UserError

N = 400
rng = np.random.default_rng(0)
X = rng.normal(size=N)
FRAME = pl.DataFrame(
    {
        "x": X,
        "user": rng.integers(0, 40, N),
        "when": [f"2024-01-{day:02d}" for day in rng.integers(1, 29, N)],
        "won": np.where(X + rng.normal(size=N) > 0, "yes", "no"),
        "flag": X + rng.normal(size=N) > 0,
        "kind": rng.choice(["a", "b", "c"], N),
        "number": rng.integers(1, 4, N),
        "grade": np.clip(np.round(X + 5), 3, 8).astype(np.int64),
        "price": np.exp(X),
        "cost": np.exp(X + rng.normal(size=N)),
        "wet": (X > 0).astype(np.int64),
        "cold": (X > 0.5).astype(np.int64),
    }
)
KINDS = [
    ("won", "auc", "binary_classification"), ("won", "accuracy", "binary_classification"),
    ("flag", "log_loss", "binary_classification"), ("flag", "f1", "binary_classification"),
    ("wet", "average_precision", "binary_classification"), ("kind", "log_loss", "multiclass_classification"),
    ("kind", "f1_macro", "multiclass_classification"), ("number", "accuracy", "multiclass_classification"),
    ("grade", "qwk", "ordinal_regression"), ("grade", "mae", "ordinal_regression"), ("price", "rmsle", "regression"),
    ("price", "pearson", "regression"), ("price,cost", "rmse", "regression"),
    ("wet,cold", "auc", "multilabel_classification"), ("wet,cold", "f1_micro", "multilabel_classification"),
]  # fmt: skip
FEATURES = ("x", "user", "when")


def contest(folder: Path, target: str, metric: str, task: str = "", **terms: Any) -> Grader:
    targets = target.split(",")
    make(
        "c", FRAME.select(*FEATURES, *targets), targets, metric, Terms("C", **terms), task,
        public=folder / "public", private=folder / "private",
    )  # fmt: skip
    return Grader(folder / "private")


def as_written(grader: Grader, file: Path, noise: float) -> tuple[float, float]:
    """(graded, scored directly) of answers near the truth, in the shape the task writes."""
    task, truth = grader.task, grader._truth
    k = task.n_outputs()
    if truth.dtype.kind in "iu" and task.competition.task_type != "ordinal_regression":
        ideal = np.eye(k)[truth] if k > 1 and truth.ndim == 1 else truth.reshape(len(truth), -1).astype(float)
        raw = np.clip(ideal * 0.98 + 0.01 + noise * rng.normal(size=ideal.shape), 1e-3, 1 - 1e-3)
        raw = raw / raw.sum(axis=1, keepdims=True) if k > 1 and truth.ndim == 1 else raw
    else:
        raw = truth.reshape(len(truth), -1).astype(float) * np.exp(noise * rng.normal(size=(len(truth), k)))
    decided = task.decide(task.check(raw, len(truth)), {})
    task.write(decided, grader._ids.to_series(0)).sample(fraction=1.0, shuffle=True, seed=1).write_csv(file)
    graded = grader.score(grader.decided(file))
    assert graded is not None
    return graded, task.score(truth, decided)


@pytest.mark.parametrize(("target", "metric", "task"), KINDS)
def test_a_contest_of_each_kind_is_scored_as_the_task_scores(
    tmp_path: Path, target: str, metric: str, task: str
) -> None:
    grader = contest(tmp_path, target, metric, task)
    perfect, _ = as_written(grader, tmp_path / "s.csv", 0.0)
    graded, direct = as_written(grader, tmp_path / "s.csv", 0.3)
    assert graded == pytest.approx(direct, rel=1e-9)
    sample = grader.scores(tmp_path / "public" / "sample_submission.csv")
    better = metrics.get(metric).sign
    assert better * perfect >= better * graded
    if metric != "pearson":  # of one value for all it is not defined
        assert sample.public is not None and sample.private is not None
        assert better * perfect > better * sample.private
    else:
        assert sample.private is None or np.isfinite(sample.private)


@pytest.mark.parametrize(("target", "metric", "task"), KINDS)
def test_the_kind_of_task_is_guessed(target: str, metric: str, task: str) -> None:
    if metric == "mae":
        return  # whole numbers of few values may be any of three; a host says --task
    assert guess_task(FRAME, target.split(","), metric) == task


@pytest.mark.parametrize("target", ["won", "kind", "price", "wet,cold", "grade"])
@pytest.mark.parametrize("change", ["nan", "infinite", "text", "null", "twice", "fewer", "header"])
def test_no_kind_takes_a_wrong_sheet(tmp_path: Path, target: str, change: str) -> None:
    metric = {"won": "auc", "kind": "log_loss", "price": "rmse", "wet,cold": "auc", "grade": "qwk"}[target]
    grader = contest(tmp_path, target, metric)
    sheet = pl.read_csv(tmp_path / "public" / "sample_submission.csv")
    last = sheet.columns[-1]
    values: dict[str, Any] = {"nan": float("nan"), "infinite": float("inf"), "text": "often", "null": None}
    if change in values:
        kind = pl.String if change == "text" else pl.Float64
        sheet = sheet.with_columns(pl.lit(values[change], dtype=kind).alias(last))
    sheet = {
        "twice": pl.concat([sheet.head(1), sheet.head(sheet.height - 1)]), "fewer": sheet.head(3),
        "header": sheet.rename({last: "other"}),
    }.get(change, sheet)  # fmt: skip
    sheet.write_csv(tmp_path / "s.csv")
    with pytest.raises(InvalidPredictions) as refused:
        grader.scores(tmp_path / "s.csv")
    assert "expected" in str(refused.value)


# ---------------------------------------------------------------- how rows are dealt


@given(
    seed=st.integers(0, 99),
    test=st.floats(0.1, 0.9),
    public=st.floats(0.1, 0.9),
    how=st.sampled_from(["", "user", "when"]),
)
@settings(max_examples=40, deadline=None)
def test_every_row_is_dealt_once_and_as_the_contest_says(seed: int, test: float, public: float, how: str) -> None:
    # forty users: of a tenth of them no tenth can be split off, and the host is told so
    assume(how != "user" or 40 * test * min(public, 1 - public) >= 2)
    dealt = deal(
        FRAME, test_share=test, public_share=public, seed=seed, group="user" if how == "user" else None,
        time="when" if how == "when" else None, strata=FRAME["won"].to_list(),
    )  # fmt: skip
    assert sorted([*dealt.train, *dealt.test]) == list(range(N))
    if how == "user":
        assert not set(FRAME["user"][dealt.train]) & set(FRAME["user"][dealt.test])
        shown = FRAME["user"][dealt.test].filter(pl.Series(dealt.public))
        assert not set(shown) & set(FRAME["user"][dealt.test].filter(pl.Series(~dealt.public)))
    elif how == "when":
        assert str(FRAME["when"][dealt.train].max()) < str(FRAME["when"][dealt.test].min())
        earlier = FRAME["when"][dealt.test].filter(pl.Series(dealt.public)).max()
        assert str(earlier) < str(FRAME["when"][dealt.test].filter(pl.Series(~dealt.public)).min())
    else:
        assert abs(len(dealt.test) / N - test) < 0.02
        whole, part = ((FRAME["won"] == "yes").mean(), (FRAME["won"][dealt.test] == "yes").mean())
        assert abs(whole - part) < 0.03, "a random deal keeps the labels' shares"  # type: ignore[operator]


def test_the_split_says_nothing_of_the_answers(tmp_path: Path) -> None:
    """Ids are numbers in the order rows were dealt, and that order is random."""
    grader = contest(tmp_path, "price", "rmse")
    ids = grader._ids.to_series(0).to_numpy()
    assert abs(np.corrcoef(ids, grader._truth)[0, 1]) < 0.3
    assert abs(np.corrcoef(ids, grader._public)[0, 1]) < 0.3


@pytest.mark.parametrize(
    ("terms", "what"),
    [
        ({"test_share": 0.0}, "--test-share"), ({"public_share": 1.5}, "--public-share"), ({"group": "nobody"}, "--group"),
        ({"time": "never"}, "--time"), ({"id_column": "user"}, "--id"), ({"id_column": "none"}, "--id"),
        ({"test_share": 0.001}, "no rows"),
    ],
)  # fmt: skip
def test_terms_that_make_no_contest_are_one_line(tmp_path: Path, terms: dict[str, Any], what: str) -> None:
    with pytest.raises(UserError, match=what) as refused:
        contest(tmp_path, "price", "rmse", **terms)
    assert "\n" not in str(refused.value)


def test_a_metric_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PodiumError, match="does not fit"):
        contest(tmp_path, "price", "auc", "regression")
    with pytest.raises(UserError, match="scores no task"):
        contest(tmp_path, "price", "map@5")


def test_an_own_id_and_an_own_metric(tmp_path: Path) -> None:
    own = tmp_path / "points.py"
    own.write_text(
        'NAME = "points"\nDIRECTION = "lower"\ndef score(truth, prediction):\n    return abs(truth - prediction).mean()\n'
    )
    frame = FRAME.select(*FEATURES, "price").with_columns(key=pl.Series([f"k{i}" for i in range(N)]))
    public, private = tmp_path / "public", tmp_path / "private"
    make("c", frame, ["price"], str(own), Terms("C", id_column="key"), public=public, private=private)
    own.unlink()
    grader = Grader(private)
    assert pl.read_csv(public / "test.csv").columns == ["key", "x", "user", "when"]
    pl.DataFrame({"key": grader._ids.to_series(0), "price": grader._truth + 2}).write_csv(tmp_path / "s.csv")
    assert grader.scores(tmp_path / "s.csv").private == pytest.approx(2.0)
    assert not (public / "metric.py").exists()


# ---------------------------------------------------------------- competitions that are prepared already


def prepared(folder: Path, target: str, metric: str, *, matrix: bool = False) -> Path:
    """Public and private as a harness lays them out: a description in prose, answers in a file of another name."""
    contest(folder / "made", target, metric)
    home = folder / "prepared"
    (home / "private").mkdir(parents=True)
    (folder / "made" / "public").rename(home / "public")
    answers = pl.read_csv(folder / "made" / "private" / "answers.csv").drop("split")
    if matrix:
        answers = answers.to_dummies(target).select("id", *(pl.col(f"{target}_{name}").alias(name) for name in "abc"))
    answers.write_csv(home / "private" / "gold.csv")
    return folder


@pytest.mark.parametrize(
    ("target", "metric", "matrix"),
    [("won", "auc", False), ("kind", "log_loss", False), ("kind", "log_loss", True), ("price", "rmse", False)],
)
def test_a_prepared_competition_becomes_a_contest(tmp_path: Path, target: str, metric: str, matrix: bool) -> None:
    source = prepared(tmp_path, target, metric, matrix=matrix)
    public, private = tmp_path / "out" / "public", tmp_path / "out" / "private"
    held = make_prepared(source, Terms("Again", quota=2), {}, public=public, private=private)
    assert held.competition.metric == metric and held.competition.data_dir == ""
    grader = Grader(private)
    perfect, _ = as_written(grader, tmp_path / "s.csv", 0.0)
    first, _ = as_written(Grader(tmp_path / "made" / "private"), tmp_path / "s.csv", 0.0)
    assert perfect == pytest.approx(first)
    assert sorted(p.name for p in public.iterdir()) == [
        "description.md", "sample_submission.csv", "test.csv", "train.csv",
    ]  # fmt: skip


def test_a_prepared_folder_lacks_something(tmp_path: Path) -> None:
    source = prepared(tmp_path, "won", "auc")
    out = {"public": tmp_path / "o" / "public", "private": tmp_path / "o" / "private"}
    (source / "prepared" / "private" / "gold.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match="no table with the answers"):
        make_prepared(source, Terms("x"), {}, **out)
    with pytest.raises(UserError, match="no prepared competition"):
        make_prepared(tmp_path / "made", Terms("x"), {}, **out)
    with pytest.raises((Unplayable, UserError)):
        make_prepared(source, Terms("x"), {"task_type": "object_detection"}, **out)


def test_many_small_files_are_offered_as_one_archive(tmp_path: Path) -> None:
    source = prepared(tmp_path, "won", "auc")
    for number in range(60):
        path = source / "prepared" / "public" / "extra" / "deep" / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(number))
    (source / "prepared" / "public" / "few").mkdir()
    (source / "prepared" / "public" / "few" / "a.txt").write_text("a")
    public = tmp_path / "o" / "public"
    make_prepared(source, Terms("x"), {}, public=public, private=tmp_path / "o" / "private")
    assert {p.relative_to(public).as_posix() for p in public.rglob("*")} >= {"extra.zip", "few/a.txt"}
    assert not (public / "extra").exists()


def test_public_rows_are_a_share_of_each_stratum() -> None:
    strata = ["a"] * 90 + ["b"] * 10
    shown = public_part(100, 0.3, 0, strata)
    assert shown[:90].sum() == 27 and shown[90:].sum() == 3


def test_classes_that_only_test_has_are_told_at_once(tmp_path: Path) -> None:
    rare = FRAME.with_columns(kind=pl.when(pl.col("when") > "2024-01-27").then(pl.lit("late")).otherwise("kind"))
    with pytest.raises(UserError, match="no class"):
        make(
            "c", rare.select(*FEATURES, "kind"), ["kind"], "accuracy", Terms("C", time="when"),
            public=tmp_path / "public", private=tmp_path / "private",
        )  # fmt: skip


def test_the_answers_are_of_the_task(tmp_path: Path) -> None:
    grader = contest(tmp_path, "kind", "log_loss")
    assert isinstance(grader.task, tasks.ClassificationTask)
    assert replace(grader.contest, title="other").title == "other"
