"""The exported views: what they hold, and that they never cost or break more than they should."""

from __future__ import annotations

import csv
import json
import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from podium import whole
from podium.campaign import round_views
from podium.campaign.round_views import best_of
from podium.campaign.views import TSV_HEADER, write_views
from podium.records import Brought, Competition, from_json
from podium.registry import Registry
from podium.registry.submissions import SubmissionRow
from podium.testing.fake_campaign import N_FOLDS, N_TEST, N_TRAIN, FakeCampaign


@pytest.fixture
def campaign(tmp_path: Path) -> tuple[Path, Registry]:
    registry = FakeCampaign(rounds=4, per_round=5, under_way=False).build(tmp_path)
    write_views(tmp_path, registry)
    return tmp_path, registry


def results(folder: Path) -> list[dict[str, str]]:
    with (folder / "results.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_tables(campaign: tuple[Path, Registry]) -> None:
    folder, registry = campaign
    rows = results(folder)
    assert tuple(rows[0]) == TSV_HEADER and [row["round"] for row in rows] == ["1", "2", "3", "4"]
    assert rows[0]["lb"] == "0.7921" and rows[0]["submitted"] == "confirmed"
    blend = registry.blends.of_round(1)
    assert blend is not None and float(rows[0]["cv_score"]) == pytest.approx(blend.score, abs=1e-5)
    state = json.loads((folder / "state.json").read_text())
    assert (state["round"], state["champion"]) == (4, registry.experiments.champion())
    assert state["best_lb_score"] == 0.7921 and len(state["cv_lb_history"]) == 4
    listed = json.loads((folder / "experiments.json").read_text())
    assert [e["id"] for e in listed["experiments"]] == [e.id for e in registry.experiments.all()]
    assert listed["families"] == registry.experiments.families()
    assert "[E001.score]" in (folder / "LEARNINGS.md").read_text()


def test_todays_submissions_are_those_that_use_up_quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Days are those of the platform's zone; what was refused, never arrived, or is not sent yet costs nothing."""
    registry = FakeCampaign(rounds=0, under_way=False, files=False).build(tmp_path)
    asked = from_json(Competition, registry.setting("competition"))
    registry.set("competition", replace(asked, brought=Brought(submission_time_zone="Asia/Tokyo")))
    noon = datetime(2026, 3, 10, 12, tzinfo=UTC).timestamp()  # 21:00 there
    monkeypatch.setattr(time, "time", lambda: noon)
    for number, state, hours_ago in (
        (1, "confirmed", 1), (2, "failed", 1), (3, "intent", 1), (4, "ambiguous", 20), (5, "confirmed", 22),
    ):  # fmt: skip
        row = SubmissionRow(f"t{number}", 1, "a.csv", str(number), "intent", 0.8, 0.1, at=noon - 3600 * hours_ago)
        registry.submissions.intend(row)
        registry.submissions.settle(row.tag, state)
    write_views(tmp_path, registry)
    assert json.loads((tmp_path / "state.json").read_text())["submissions_today"] == 2


def test_round_files(campaign: tuple[Path, Registry]) -> None:
    folder, registry = campaign
    rounds = folder / "rounds"
    best = best_of(registry.experiments.of_round(4), higher_is_better=True)
    assert best is not None
    assert "## Brief 4" in (rounds / "R04_research_brief.md").read_text()
    for name in ("research_raw.md", "plan.md", "review.md", "findings.md", "submission.csv"):
        assert (rounds / f"R04_{name}").stat().st_size > 0
    assert (rounds / "R04_experiment.py").read_bytes() == (folder / "runs" / best.id / "solution.py").read_bytes()
    log = (rounds / "R04_run.log").read_text()
    assert log.startswith(f"# {best.id}: ") and log.count("best iteration") == 2 * N_FOLDS
    oof, test = np.load(rounds / "R04_oof.npy"), np.load(rounds / "R04_test.npy")
    assert oof.shape == (N_TRAIN, 1) and np.isfinite(oof).all() and test.shape == (N_TEST, 1)
    first = np.load(folder / "runs" / best.id / "fold_1" / "predictions.npy")
    assert np.array_equal(oof[::N_FOLDS], first)
    result = json.loads((folder / "runs" / best.id / "result.json").read_text())
    config = json.loads((folder / "runs" / best.id / "config.json").read_text())
    assert result["score"] == best.score and config["spec"]["family"] == best.spec.family


def test_only_the_current_round_is_touched(campaign: tuple[Path, Registry]) -> None:
    folder, registry = campaign
    assert not (folder / "rounds" / "R03_plan.md").exists()
    registry.set("state", {"phase": "eda", "round": 0, "paused": False, "finished": None})
    before = {path: path.stat().st_mtime_ns for path in (folder / "rounds").iterdir()}
    write_views(folder, registry)
    assert (folder / "rounds" / "R00_eda.md").read_text().startswith("# EDA")
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_writing_again_changes_nothing(campaign: tuple[Path, Registry]) -> None:
    folder, registry = campaign
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("podium.db")]
    before = {path: path.stat().st_mtime_ns for path in files}
    write_views(folder, registry)
    assert {path: path.stat().st_mtime_ns for path in files} == before


def test_a_new_best_replaces_its_predictions(campaign: tuple[Path, Registry]) -> None:
    folder, registry = campaign
    valid = [e for e in registry.experiments.of_round(4) if e.verdict in ("pooled", "champion")]
    best = best_of(valid, higher_is_better=True)
    other = next(e for e in valid if best is not None and e.id != best.id)
    registry.experiments.set_score(other.id, 0.99, 0.001, (0.99,))
    write_views(folder, registry)
    assert (folder / "rounds" / "R04_run.log").read_text().startswith(f"# {other.id}: ")
    first = np.load(folder / "runs" / other.id / "fold_1" / "predictions.npy")
    assert np.array_equal(np.load(folder / "rounds" / "R04_oof.npy")[::N_FOLDS], first)


def test_lists_of_items_are_mixed_not_averaged(campaign: tuple[Path, Registry]) -> None:
    """Item 1 and item 3 are not item 2."""
    folder, registry = campaign
    asked = Competition(
        competition="c", data_dir="", task_type="recommendation", metric="ndcg@10", metric_direction="higher",
        target_columns=("item_id",), id_column="user_id", submission_columns=("user_id", "item_id"),
        submission_kind="ranking", target_name="item_id", inputs=("interactions",),
    )  # fmt: skip
    registry.set("competition", asked)
    runs = [run for run in registry.runs.of(registry.experiments.champion() or "") if run.kind == "predict"]
    for run, item in zip(runs, (1, 3, 1, 3, 3), strict=True):
        np.save(folder / run.folder / "predictions.npy", np.tile([item, 1.0, -1.0, 0.0], (N_TEST, 1)))
    found = round_views.test_predictions(folder, registry, runs)
    assert found is not None and np.array_equal(found[:, ::2], np.tile([3, 1], (N_TEST, 1)))


def test_a_revised_plan_takes_the_plans_place(campaign: tuple[Path, Registry]) -> None:
    folder, registry = campaign
    with registry.database.write() as db:
        db.execute("""INSERT INTO steps VALUES ('R04_revise', 4, 'revise', '{"text": "a better plan"}', 0)""")
    write_views(folder, registry)
    assert (folder / "rounds" / "R04_plan.md").read_text() == "a better plan\n"


def test_best_follows_the_metrics_direction(campaign: tuple[Path, Registry]) -> None:
    pool = campaign[1].experiments.pool()
    top, bottom = best_of(pool, higher_is_better=True), best_of(pool, higher_is_better=False)
    assert top is not None and bottom is not None and top.score is not None and bottom.score is not None
    assert top.score > bottom.score and best_of([], higher_is_better=True) is None


def test_hostile_names_keep_the_table_a_table(tmp_path: Path) -> None:
    registry = FakeCampaign(rounds=2, hostile='\t"x"\n4\trounds', under_way=True).build(tmp_path)
    write_views(tmp_path, registry)
    assert [row["round"] for row in results(tmp_path)] == ["1", "2", "3"]
    assert all(None not in row for row in results(tmp_path))
    json.loads((tmp_path / "experiments.json").read_text())


def test_a_campaign_without_files_or_rounds(tmp_path: Path) -> None:
    registry = FakeCampaign(rounds=0, under_way=False, files=False).build(tmp_path)
    write_views(tmp_path, registry)
    assert results(tmp_path) == [] and "None yet" in (tmp_path / "LEARNINGS.md").read_text()
    assert (tmp_path / "rounds" / "R00_eda.md").is_file()


def test_a_crash_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.json"
    whole.write(path, b"old")

    def crash(self: Path, target: Path) -> Path:
        raise OSError("the machine went away")

    monkeypatch.setattr(Path, "replace", crash)
    with pytest.raises(OSError, match="went away"):
        whole.write(path, b"new!")
    assert path.read_bytes() == b"old" and str(os.getpid()) in next(tmp_path.glob(".*.tmp")).name
