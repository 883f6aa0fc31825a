"""What a peer's adapter is given and what it writes, with a `learn` of our own in the place of a peer."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pandas")
BENCH = str(Path(__file__).parents[1] / "bench")
if BENCH not in sys.path:
    sys.path.append(BENCH)

from peers.adapters import contestant  # noqa: E402
from peers.adapters.contestant import Problem  # noqa: E402

TRAIN = "id,when,word,x,only,y\n" + "".join(
    f"r{i},2024-01-{i + 1:02},{'ab'[i % 2]},{i},9,{'no' if i % 3 else 'yes'}\n" for i in range(12)
)
TEST = "id,when,word,x\n007,2024-02-01,a,1\n008,2024-02-02,b,\n"


@pytest.fixture
def told(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "train.csv").write_text(TRAIN)
    (tmp_path / "test.csv").write_text(TEST)
    return {
        "train": str(tmp_path / "train.csv"), "test": str(tmp_path / "test.csv"), "ids": ["id"], "drop": ["id"],
        "targets": ["y"], "kind": "binary", "metric": "auc", "wants": "probability", "classes": ["no", "yes"],
        "columns": ["id", "y"], "answers": ["y"], "seconds": 60.0, "began": time.monotonic() - 10.0, "seed": 3, "cores": 2,
        "output": str(tmp_path / "submission.csv"), "scratch": str(tmp_path), "options": {},
    }  # fmt: skip


def answered(told: dict[str, Any], found: Any) -> tuple[Problem, list[str]]:
    seen: list[Problem] = []

    def learn(problem: Problem) -> Any:
        seen.append(problem)
        return np.asarray(found)

    contestant.play(told, learn)
    return seen[-1], Path(told["output"]).read_text().split()


def test_a_peer_sees_features_codes_and_the_time_that_is_left(told: dict[str, Any]) -> None:
    problem, lines = answered(told, [[0.75, 0.25], [0.5, 0.5]])
    assert list(problem.train) == ["when", "word", "x"]  # no id, nothing that test lacks
    assert str(problem.train["when"].dtype).startswith("datetime64") and problem.train["word"].isin(["a", "b"]).all()
    assert sorted(problem.y) == [0] * 8 + [1] * 4 and 45.0 < problem.seconds < 50.1
    assert lines == ["id,y", "007,0.25", "008,0.5"]  # ids as they are spelled, the second class's probability


def test_an_id_that_is_a_date_is_kept(told: dict[str, Any]) -> None:
    problem, _ = answered({**told, "drop": ["when"]}, [[1, 0], [0, 1]])
    assert "when" in problem.train


def test_labels_are_spelled_as_in_train(told: dict[str, Any]) -> None:
    wanted = {**told, "wants": "label", "metric": "accuracy"}
    assert answered(wanted, [0, 1])[1] == ["id,y", "007,no", "008,yes"]
    assert answered(wanted, [[0.4, 0.6], [0.9, 0.1]])[1] == ["id,y", "007,yes", "008,no"]


def test_ordered_classes_are_rounded_codes(told: dict[str, Any]) -> None:
    wanted = {**told, "kind": "ordinal", "metric": "qwk", "wants": "label"}
    assert answered(wanted, [-0.7, 1.4])[1] == ["id,y", "007,no", "008,yes"]


def test_errors_of_logs_are_learned_on_logs(told: dict[str, Any]) -> None:
    wanted = {
        **told,
        "kind": "regression",
        "metric": "rmsle",
        "wants": "value",
        "classes": [],
        "targets": ["x", "only"],
    }
    problem, lines = answered({**wanted, "columns": ["only", "id", "x"], "answers": ["x", "only"]}, [0.0, np.log(4.0)])
    assert problem.metric == "rmse" and np.allclose(problem.y, np.log(10.0))
    assert problem.seconds > 45.0  # the last target has all that is left
    assert lines[0] == "only,id,x" and lines[1].split(",")[1] == "007"
    assert [float(cell) for cell in lines[2].split(",")[::2]] == pytest.approx([3.0, 3.0])


def test_each_seed_deals_rows_otherwise(told: dict[str, Any]) -> None:
    orders = [list(answered({**told, "seed": seed}, [[1, 0], [1, 0]])[0].train["x"]) for seed in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]
