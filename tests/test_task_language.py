"""Language modelling as a task: conformance, tempering, no zeros."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from podium import metrics, tasks
from podium.ensemble.space import space_of
from podium.records import Competition
from podium.tasks.language import FLOOR, LanguageTask, smoothed
from podium.testing.task_conformance import conform

CLASSES = ("c97", "c98", "c32", "c10")
N = 400


def competition(metric: str, kind: str = "probability") -> Competition:
    answers = CLASSES if kind == "probability" else ("next",)
    return Competition(
        competition="made-up", data_dir="", task_type="language_modelling", metric=metric,
        metric_direction=metrics.get(metric).direction, target_columns=("next character",), id_column="id",
        submission_columns=("id", *answers), submission_kind=kind, classes=CLASSES, inputs=("text",),  # type: ignore[arg-type]
    )  # fmt: skip


def case(sharpness: float = 1.0) -> tuple[pl.DataFrame, np.ndarray]:
    rng = np.random.default_rng(2)
    p = rng.dirichlet(np.ones(4), N)
    codes = np.array([rng.choice(4, p=row) for row in p])
    raw = p**sharpness
    return pl.DataFrame({"next character": [CLASSES[c] for c in codes]}), raw / raw.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("metric", "kind"), [("bits_per_character", "probability"), ("perplexity", "probability"),
                                              ("bits_per_byte", "probability"), ("accuracy", "label")])  # fmt: skip
def test_the_task_conforms(metric: str, kind: str) -> None:
    task = tasks.for_competition(competition(metric, kind))
    assert isinstance(task, LanguageTask)
    labels, raw = case()
    conform(task, labels, raw, pl.Series("id", [str(i) for i in range(N)]))


def test_too_sure_predictions_are_tempered() -> None:
    task = tasks.for_competition(competition("bits_per_character"))
    labels, raw = case(sharpness=2.0)
    truth = task.encode(labels)
    decision = task.fit_decision(truth, raw)
    assert decision["power"] < 1
    assert task.score(truth, task.decide(raw, decision)) < task.score(truth, raw)


def test_a_certain_mistake_costs_less_than_the_clip() -> None:
    task = tasks.for_competition(competition("bits_per_character"))
    labels, _ = case()
    truth = task.encode(labels)
    raw = np.eye(4)[(truth + (np.arange(N) < 8)) % 4]  # sure, and wrong in one of fifty
    decided = task.decide(raw, task.fit_decision(truth, raw))
    assert decided.min() > 0
    assert task.score(truth, decided) < 0.5 * task.score(truth, np.clip(raw, 1e-15, 1))


def test_nothing_is_impossible() -> None:
    found = smoothed(np.array([[1.0, 0.0, 0.0, 0.0]]), 0.0)
    assert found.sum() == pytest.approx(1.0)
    assert found.min() == pytest.approx(FLOOR, rel=1e-4)


def test_columns_are_written_as_the_sample_spells_them() -> None:
    task = tasks.for_competition(competition("bits_per_character"))
    _, raw = case()
    frame = task.write(task.decide(raw, {}), pl.Series("id", [str(i) for i in range(N)]))
    assert frame.columns == ["id", *CLASSES]
    assert np.allclose(frame.drop("id").to_numpy().sum(axis=1), 1)


def test_blends_multiply_probabilities() -> None:
    assert space_of(tasks.for_competition(competition("bits_per_character"))) == "geometric"
