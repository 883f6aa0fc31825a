"""QA's checks: each kind on what it must catch and on its clean twin."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from podium.protocol import Column
from podium.records import AuditFinding, Competition, DataFacts, Probed, QaCheck
from podium.referee import qa
from podium.team.builtin import implied
from podium.team.builtin import qa as qa_seat

RNG = np.random.default_rng(0)
N = 2000


def seen(raw: Any, truth: Any, task_type: str = "regression") -> qa.Evidence:
    raw = np.asarray(raw, dtype=np.float64).reshape(len(raw), -1)
    frame = pl.DataFrame({"x": np.linspace(0, 1, len(raw)), "word": ["a"] * len(raw)})
    return qa.Evidence(raw, np.asarray(truth), np.zeros(len(raw), dtype=np.int8), task_type, lambda: frame)


def fails(kind: str, raw: Any, truth: Any, task_type: str = "regression", **params: Any) -> str | None:
    return qa.failure(QaCheck("name", "message", kind, params=params), seen(raw, truth, task_type))


LABELS = RNG.integers(0, 2, N)
VALUES = RNG.normal(10, 2, N)
CLOSE = VALUES + RNG.normal(0, 1, N)
CHANCE = np.clip(LABELS * 0.4 + 0.3 + RNG.normal(0, 0.05, N), 0, 1)


@pytest.mark.parametrize(
    ("kind", "bad", "good", "truth", "task", "params"),
    [
        ("finite", np.where(np.arange(N) == 3, np.inf, CLOSE), CLOSE, VALUES, "regression", {}),
        ("within", CLOSE, CLOSE, VALUES, "regression", {"low": 5.0}),
        ("probabilities", CHANCE * 2, CHANCE, LABELS, "binary_classification", {}),
        ("prior", CHANCE * 0.2, CHANCE, LABELS, "binary_classification", {}),
        ("varies", np.full(N, 0.5), CHANCE, LABELS, "binary_classification", {}),
        ("plausible", CLOSE * 10, CLOSE, VALUES, "regression", {}),
        ("not_copied", np.where(np.arange(N) < 100, VALUES, CLOSE), CLOSE, VALUES, "regression", {}),
        (
            "monotone",
            -np.linspace(0, 1, N),
            np.linspace(0, 1, N),
            VALUES,
            "regression",
            {"column": "x", "direction": 1},
        ),
    ],
)
def test_each_kind_fails_what_it_is_for_and_passes_its_twin(
    kind: str, bad: Any, good: Any, truth: Any, task: str, params: dict[str, Any]
) -> None:
    assert fails(kind, bad, truth, task, **params)
    clean = {**params, "low": -100.0} if kind == "within" else params
    assert fails(kind, good, truth, task, **clean) is None


def test_rows_of_exclusive_classes_sum_to_one() -> None:
    raw = RNG.dirichlet([1, 1, 1], N)
    labels = RNG.integers(0, 3, N)
    assert fails("probabilities", raw, labels, "multiclass_classification") is None
    assert fails("probabilities", raw * 0.9, labels, "multiclass_classification")
    assert fails("probabilities", raw * 0.9, np.eye(3)[labels], "multilabel_classification") is None


def test_swapped_classes_are_seen() -> None:
    labels = RNG.choice(3, N, p=[0.7, 0.2, 0.1])
    right = np.eye(3)[labels] * 0.6 + 0.4 / 3
    assert fails("prior", right, labels, "multiclass_classification") is None
    assert "class" in (fails("prior", right[:, ::-1], labels, "multiclass_classification") or "")


def test_labels_of_few_values_are_met_by_chance() -> None:
    counts = RNG.integers(0, 5, N).astype(float)
    assert fails("not_copied", np.round(counts), counts) is None


def test_rows_of_folds_that_were_not_run_are_left_out() -> None:
    half = np.where(np.arange(N) % 2 == 0, CLOSE, np.nan)
    assert fails("plausible", half, VALUES) is None
    assert fails("finite", np.full(N, np.nan), VALUES) == "no row has a prediction"


@pytest.mark.parametrize(
    ("check", "names"),
    [
        (QaCheck("", "m", "finite"), "name"),
        (QaCheck("n", "m", "telepathy"), "kind: expected finite"),
        (QaCheck("n", "m", "within", params={"least": 1}), "within takes low, high"),
        (QaCheck("n", "m", "within", params={"low": "1"}), "params.low"),
        (QaCheck("n", "m", "source", source="def check(:"), "not Python"),
        (QaCheck("n", "m", "source", source="def check(frame): ..."), r"check\(frame, predictions\)"),
    ],
)
def test_a_check_that_cannot_be_run_is_told(check: QaCheck, names: str) -> None:
    import re

    assert re.search(names, qa.problem(check) or "")


def test_every_kind_has_its_parameters() -> None:
    assert set(qa.PARAMS) | {"source"} == set(qa.KINDS)
    assert qa.problem(QaCheck("n", "m", "source", source="def check(frame, predictions):\n    assert True\n")) is None


# ---------------------------------------------------------------- what the engine's probes answer, and what QA asks for


def probed(probe: str, outcome: str) -> Probed:
    return Probed(probe, outcome, 0.4, 0.01, "40% of rows differ")  # type: ignore[arg-type]


@pytest.mark.parametrize(("kind", "probe"), qa.PROBED.items())
def test_what_qa_asks_of_a_probe_must_hold(kind: str, probe: str) -> None:
    params: dict[str, Any] = {"left": ["a"], "right": ["b"]} if kind == "symmetry" else {}
    check = QaCheck("name", "message", kind, params=params)
    assert qa.problem(check) is None
    for outcome, wrong in (("failed", True), ("warned", True), ("passed", False), ("skipped", False)):
        evidence = dataclasses.replace(seen(CLOSE, VALUES), probed={probe: probed(probe, outcome)})
        assert (qa.failure(check, evidence) is not None) == wrong
    assert qa.failure(check, seen(CLOSE, VALUES)) is None  # not probed: nothing to say


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"left": ["a"], "right": []},
        {"left": ["a"], "right": ["b"], "expect": "better"},
        {"left": [1], "right": [2]},
    ],
)
def test_a_symmetry_names_both_sides(params: dict[str, Any]) -> None:
    assert (qa.problem(QaCheck("n", "m", "symmetry", params=params)) or "").startswith("params")


def asked(columns: str, classes: tuple[str, ...] = (), description: str = "", target: str = "y", **more: Any) -> Any:
    """Facts of a competition with these columns, as QA is shown them."""
    task = "binary_classification" if classes else "regression"
    if len(classes) > 2:
        task = "multiclass_classification"
    competition = Competition(
        "c", ".", task, "auc", "higher", (target,), "id", ("id", target), "value", classes, description=description,
        cv_strategy=more.pop("cv", "kfold"),
    )  # fmt: skip
    schema = tuple(Column(name, "text", missing=more.get("missing", 0.0)) for name in columns.split())
    data = DataFacts(100, 0, 50, 5, schema, 1, 50, target_min=more.get("target_min", 1.0))
    return competition, data, more.get("audit", ())


def kinds(*found: Any) -> dict[str, Any]:
    competition, data, audit = found
    return qa_seat._kinds(SimpleNamespace(competition=competition, data=data, audit=audit))  # type: ignore[arg-type]


def test_qa_picks_by_the_competitions_facts() -> None:
    plain = kinds(*asked("x z"))
    assert set(plain) == {"finite", "plausible", "not_copied", "varies", "deterministic", "row_order"}
    assert "no_future" in kinds(*asked("x z", cv="forward"))
    assert "row_order" not in kinds(*asked("x z", cv="forward"))
    assert "missing" in kinds(*asked("x z", missing=0.2))
    assert "unseen" in kinds(*asked("x z", audit=(AuditFinding("unseen", "info", "x", 0.1, "new values"),)))
    assert set(plain) <= set(qa_seat.KINDS)


@pytest.mark.parametrize(
    ("columns", "classes", "description", "expect"),
    [
        ("prompt response_a response_b", ("winner_model_a", "winner_model_b", "winner_tie"), "", "first_two"),
        ("question1 question2", ("0", "1"), "Predict which pairs are duplicate questions.", "same"),
        ("home_team away_team", ("0", "1"), "Predict whether the home team wins.", "opposite"),
        ("question1 question2", ("0", "1"), "Predict the label.", None),
        ("x1 x2 x3", ("0", "1"), "Predict which rows are similar.", None),
        ("anchor target", (), "How similar are two phrases?", None),
        ("home_team away_team", ("0", "1"), "Predict whether the winner is similar.", None),
    ],
)
def test_pairs_are_recognised_where_the_words_are_sure(
    columns: str, classes: tuple[str, ...], description: str, expect: str | None
) -> None:
    competition, data, _ = asked(columns, classes, description)
    found = implied.pair(competition, data)
    assert (found or {}).get("expect") == expect
    if found:
        assert qa.problem(QaCheck("n", "m", "symmetry", params=found)) is None


@pytest.mark.parametrize(
    ("description", "bounds"),
    [
        ("The y is between 0 and 100. Predict it.", {"low": -50.0, "high": 150.0}),
        ("Scores y on a scale of 1 to 5.", {"low": -1.0, "high": 7.0}),
        ("There are between 0 and 100 rows.", None),
        ("The y is between 10 and 100.", None),  # the labels do not keep it
        ("Predict y.", None),
    ],
)
def test_a_declared_range_is_taken_where_the_labels_keep_it(description: str, bounds: Any) -> None:
    competition, data, _ = asked("x z", (), description)
    assert implied.declared_range(competition, data) == bounds
    assert kinds(competition, data, ()).get("within") == bounds
