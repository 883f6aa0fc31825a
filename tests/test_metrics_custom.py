"""A user's own metric.py: what it may say, and one clear line for every way it can be wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from engine_world import engine_of, telling
from intake_competitions import toy

from podium import metrics
from podium.campaign import loop
from podium.cli import making
from podium.errors import CampaignError, IntakeError
from podium.metrics import custom
from podium.metrics.custom import check_direction
from podium.report.page import write_report
from podium.report.snapshot import snapshot
from podium.tasks.users_threshold import fit_threshold

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


# ---------------------------------------------------------------- a campaign with one

POINTS = """
import numpy as np
NAME = "gold points"
DIRECTION = "higher"
NEEDS = "probability"
TASK_TYPES = ("binary_classification",)
def score(truth, prediction):
    return float(1000 - 500 * np.abs(np.asarray(truth, float).ravel() - prediction.ravel()).mean())
"""


def begun(tmp_path: Path, source: str = POINTS, **keys: object) -> Path:
    """A campaign at a competition whose metric is a file beside its config.json."""
    folder = toy(tmp_path / "toy", n=200, n_test=40, metric=None)
    (folder / "metric.py").write_text(source)
    (folder / "config.json").write_text(json.dumps({"metric": "metric.py", "cv_folds": 3, **keys}))
    return making.open_or_create(str(folder), campaign=tmp_path / "campaign", experiments=3, threads=2)


def test_a_campaign_keeps_its_metric_and_shows_its_name(tmp_path: Path) -> None:
    campaign = begun(tmp_path)
    (tmp_path / "toy" / "metric.py").unlink()  # from now on the campaign's copy counts
    engine = engine_of(campaign)
    engine.executor.predictions = telling(engine)  # type: ignore[attr-defined]
    assert loop.play(engine) == campaign / "submission.csv"
    engine.registry.close()
    custom._loaded.clear()
    custom._by_name.clear()  # as a new process finds it
    now = snapshot(campaign)
    assert now["competition"]["metric_title"] == "gold points"
    assert now["blend"]["score"] > 700, "in the metric's own unit"
    assert "gold points" in write_report(campaign).read_text()
    assert str(tmp_path) not in now["competition"]["metric"]
    moved = campaign.rename(tmp_path / "elsewhere")
    engine = engine_of(moved)
    assert engine.task.metric.title == "gold points"
    assert loop.play(engine) == moved / "submission.csv", "a resume, elsewhere, without the user's file"
    engine.registry.close()


def test_an_edited_copy_is_refused(tmp_path: Path) -> None:
    campaign = begun(tmp_path)
    copy = campaign / "data" / "metric.py"
    copy.write_text(POINTS.replace("500", "501"))
    with pytest.raises(CampaignError, match="edited after the campaign began"):
        engine_of(campaign)
    copy.unlink()
    with pytest.raises(CampaignError, match="expected the campaign's metric"):
        engine_of(campaign)


@pytest.mark.parametrize(
    ("source", "keys", "says"),
    [
        (POINTS, {"metric_direction": "lower"}, "'lower' contradicts gold points"),
        (POINTS.replace('"higher"', '"lower"'), {}, "perfect predictions score 1000 and shuffled ones"),
        (POINTS.replace("1000 -", "nowhere -"), {}, "raised; expected one finite number; found NameError in line"),
        (POINTS.replace("binary_cl", "multiclass_cl"), {}, "does not score"),
        (POINTS, {"metric": "other.py"}, "cannot be read"),
    ],
)
def test_intake_tries_the_file(tmp_path: Path, source: str, keys: dict[str, object], says: str) -> None:
    with pytest.raises(IntakeError, match=says):
        begun(tmp_path, source, **keys)
    assert not (tmp_path / "campaign").exists()


@pytest.mark.parametrize("needs", ["label", "probability", "score", "value"])
def test_intake_tries_what_the_metric_needs(tmp_path: Path, needs: str) -> None:
    """The file is given codes, probabilities or values as a campaign would, and a perfect answer is its best."""
    source = (
        f'DIRECTION = "lower"\nNEEDS = "{needs}"\nimport numpy as np\n'
        "def score(t, p):\n    return float(np.abs(t.ravel() - np.asarray(p, float).ravel()).mean())\n"
    )
    campaign = begun(tmp_path, source)
    engine = engine_of(campaign)
    engine.executor.predictions = telling(engine)  # type: ignore[attr-defined]
    assert loop.play(engine) == campaign / "submission.csv"
    engine.registry.close()


def test_a_decision_is_fitted_for_the_users_own_costs(file: Path) -> None:
    """Missing a positive costs twenty times a false alarm: the best threshold is near 1/21, and the file alone says so."""
    file.write_text(
        'DIRECTION = "lower"\nNEEDS = "label"\nTASK_TYPES = ("binary_classification",)\n'
        "def score(t, p):\n    return float((20.0 * ((t == 1) & (p == 0)) + ((t == 0) & (p == 1))).mean())\n"
    )
    metric = metrics.get(str(file))
    rng = np.random.default_rng(0)
    p = rng.beta(1, 3, 4000)
    truth = (rng.random(4000) < p).astype(np.int64)
    chosen = fit_threshold(metric, truth, p)
    assert 0.01 < chosen < 0.15
    assert metric.function(truth, (p >= chosen) * 1) < 0.6 * metric.function(truth, (p >= 0.5) * 1)
    assert fit_threshold(metric, truth[:60] * 0, p[:60]) == 0.5, "one class chooses nothing"
    file.write_text('DIRECTION = "higher"\nNEEDS = "label"\ndef score(t, p):\n    return float((t == p).mean())\n')
    assert abs(fit_threshold(metrics.get(str(file)), truth, p) - 0.5) < 0.1, "accuracy has the plain one"
