"""A user's own metric.py: what it may say, and one clear line for every way it can be wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from podium import metrics
from podium.errors import IntakeError
from podium.metrics.custom import check_direction

GOOD = """
import numpy as np
NAME = "points"
DIRECTION = "lower"
def score(truth, prediction):
    return np.abs(truth - prediction).max()
"""
TRUTH, NEAR = np.arange(6.0), np.arange(6.0) + 0.5


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "metric.py"


def test_a_good_file_is_a_metric(file: Path) -> None:
    file.write_text(GOOD)
    metric = metrics.get(str(file))
    assert (metric.title, metric.direction, metric.needs) == ("points", "lower", "value")
    assert metric.function(TRUTH, NEAR) == 0.5
    assert metrics.get(metric.name) is metric, "its name leads back to it"
    check_direction(metric, TRUTH)


def test_what_a_file_may_say(file: Path) -> None:
    file.write_text(
        'DIRECTION = "higher"\nNEEDS = "label"\nBOUNDS = (0, 1)\nTASK_TYPES = ("binary_classification",)\n'
        "def score(truth, prediction, weight=None):\n"
        "    import numpy as np\n    return float(np.average(truth == prediction, weights=weight))\n"
    )
    metric = metrics.get(str(file))
    assert (metric.title, metric.needs, metric.bounds, metric.optimum) == ("metric", "label", (0.0, 1.0), 1.0)
    assert metric.task_types == ("binary_classification",)
    assert metric.function(np.array([0, 1]), np.array([0, 0]), np.array([3.0, 1.0])) == 0.75


def test_an_edited_file_is_read_again(file: Path) -> None:
    file.write_text(GOOD)
    assert metrics.get(str(file)).function(TRUTH, NEAR) == 0.5
    file.write_text(GOOD.replace(".max()", ".sum()"))
    assert metrics.get(str(file)).function(TRUTH, NEAR) == 3.0


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("def score(:", "SyntaxError in line 1"),
        ("import nowhere_at_all", "ModuleNotFoundError in line 1"),
        ("\n1 / 0", "ZeroDivisionError in line 2"),
        ("raise SystemExit(3)", "SystemExit in line 1"),
        ('DIRECTION = "lower"', "no function `score`"),
        ('DIRECTION = "lower"\nscore = 3', "no function `score`"),
        (GOOD.replace('DIRECTION = "lower"', ""), 'expected DIRECTION = "higher" or "lower"; found None'),
        (GOOD.replace('"lower"', '"down"'), "found 'down'"),
        (GOOD.replace("(truth, prediction)", "(truth)"), "found score(truth)"),
        (GOOD.replace("(truth, prediction)", "(truth, prediction, k)"), "another signature"),
        (GOOD.replace('"points"', "7"), "no valid NAME"),
        (GOOD + '\nNEEDS = "boxes"', "no valid NEEDS"),
        (GOOD + "\nBOUNDS = (1, 0)", "no valid BOUNDS"),
        (GOOD + "\nBOUNDS = 5", "no valid BOUNDS"),
        (GOOD + "\nOPTIMUM = 'zero'", "no valid OPTIMUM"),
        (GOOD + "\nTASK_TYPES = 'regression'", "no valid TASK_TYPES"),
    ],
)
def test_a_wrong_file_is_refused(file: Path, source: str, says: str) -> None:
    file.write_text(source)
    with pytest.raises(IntakeError) as refusal:
        metrics.get(str(file))
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("return truth[99]", "IndexError in line 4"),
        ("return float('nan')", "found nan"),
        ("return float('inf')", "found inf"),
        ("return None", "returned no number"),
        ("return 'good'", "returned no number"),
        ("return truth - prediction", "returned no number"),
    ],
)
def test_a_failing_score_is_the_users_in_one_line(file: Path, body: str, says: str) -> None:
    file.write_text(f'NAME = "x"\nDIRECTION = "lower"\ndef score(truth, prediction):\n    {body}\n')
    with pytest.raises(IntakeError) as refusal:
        metrics.get(str(file)).function(TRUTH, NEAR)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_weights_need_a_parameter(file: Path) -> None:
    file.write_text(GOOD)
    with pytest.raises(IntakeError, match="weight=None"):
        metrics.get(str(file)).function(TRUTH, NEAR, np.ones(6))


def test_a_direction_that_contradicts_the_scores_is_refused(file: Path) -> None:
    file.write_text(GOOD.replace('"lower"', '"higher"'))
    with pytest.raises(IntakeError, match="correct DIRECTION"):
        check_direction(metrics.get(str(file)), TRUTH)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IntakeError, match="cannot be read: No such file"):
        metrics.get(str(tmp_path / "none.py"))
    with pytest.raises(IntakeError, match="cannot be read"):
        (tmp_path / "folder.py").mkdir()
        metrics.get(str(tmp_path / "folder.py"))
