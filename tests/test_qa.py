"""QA's checks: each kind on what it must catch and on its clean twin."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from podium.records import QaCheck
from podium.referee import qa

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
