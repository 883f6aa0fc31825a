"""Whole campaigns, small ones: from files to a submission, and everything that may come in between."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import podium
from podium.arena import grading
from podium.cli.main import main
from podium.errors import CampaignError, IntakeError
from podium.registry import Registry
from podium.registry.lock import EngineLock
from podium.testing import chaos


@pytest.fixture(scope="module")
def played(contest: Path, tmp_path_factory: pytest.TempPathFactory) -> podium.Campaign:
    folder = tmp_path_factory.mktemp("campaign")
    return podium.run(contest / "public", experiments=4, campaign=folder / "c", threads=2)


@pytest.mark.slow
def test_a_campaign_ends_with_a_submission_that_beats_a_plain_one(played: podium.Campaign, contest: Path) -> None:
    assert played.submission is not None
    assert grading.grade(contest, played.submission) > 0.65


@pytest.mark.slow
def test_experiments_are_a_data_frame_with_scores(played: podium.Campaign) -> None:
    frame = played.experiments
    assert frame.height == 4
    assert set(frame["verdict"].drop_nulls()) <= {"champion", "pooled", "invalid"}
    assert frame.filter(pl.col("verdict") == "champion").height == 1
    assert frame["score"].drop_nulls().is_between(0.5, 1.0).all()
    assert played.blend is not None
    assert sum(played.blend.weights.values()) == pytest.approx(1.0)


@pytest.mark.slow
def test_every_file_of_the_tables_is_there_with_content(played: podium.Campaign) -> None:
    rounds = ["R00_eda.md"] + [
        f"R01_{name}"
        for name in (
            "research_raw.md",
            "research_brief.md",
            "plan.md",
            "review.md",
            "experiment.py",
            "run.log",
            "oof.npy",
            "test.npy",
            "findings.md",
            "submission.csv",
        )
    ]
    top = [
        "config.json",
        "state.json",
        "results.tsv",
        "experiments.json",
        "LEARNINGS.md",
        "KAGGLE_API.md",
        "submission.csv",
    ]
    for name in [*top, *(f"rounds/{n}" for n in rounds)]:
        path = played.folder / name
        assert path.is_file(), name
        assert path.stat().st_size > 0 or name.endswith("run.log"), name
    state = json.loads((played.folder / "state.json").read_text())
    assert state["finished"] == "experiments"


@pytest.mark.slow
def test_new_rows_are_predicted_in_their_order(played: podium.Campaign, contest: Path) -> None:
    test = pl.read_csv(contest / "public" / "test.csv")
    assert played.submission is not None
    submitted = pl.read_csv(played.submission)["died"].to_numpy()
    found = played.predict(test.drop("id"))["died"].to_numpy()
    np.testing.assert_allclose(found, submitted, atol=1e-9)
    backwards = played.predict(test.drop("id").reverse())["died"].to_numpy()
    np.testing.assert_allclose(backwards[::-1], submitted, atol=1e-9)
    with pytest.raises(IntakeError, match="speed"):
        played.predict(test.drop("speed"))


@pytest.mark.slow
def test_a_finished_campaign_exits_at_once_and_changes_nothing(
    played: podium.Campaign, contest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = chaos.export(played.folder)
    code = main(["run", str(contest / "public"), "--campaign", str(played.folder), "--experiments", "4", "--json"])
    assert code == 0
    assert json.loads(capsys.readouterr().out)["schema_version"] == 1
    assert chaos.export(played.folder) == before


@pytest.mark.slow
def test_a_larger_budget_goes_on_where_it_ended(played: podium.Campaign, contest: Path, tmp_path: Path) -> None:
    folder = tmp_path / "longer"
    shutil.copytree(played.folder, folder)
    assert main(["run", str(folder), "--experiments", "5"]) == 0
    longer = podium.open_campaign(folder).experiments
    assert longer.height == 5
    assert longer.head(4)["score"].to_list() == played.experiments["score"].to_list()


@pytest.mark.slow
def test_an_edited_config_is_refused_with_the_remedy(played: podium.Campaign, contest: Path, tmp_path: Path) -> None:
    folder = tmp_path / "edited"
    shutil.copytree(played.folder, folder)
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"auc"', '"log_loss"'))
    with pytest.raises(CampaignError, match="frozen"):
        podium.run(contest / "public", experiments=4, campaign=folder)


@pytest.mark.slow
def test_another_competition_in_the_same_folder_is_refused(played: podium.Campaign, tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="another competition"):
        podium.run(tmp_path, experiments=4, campaign=played.folder)


@pytest.mark.slow
def test_a_second_engine_exits_4(played: podium.Campaign) -> None:
    lock = EngineLock(played.folder)
    lock.acquire()
    try:
        assert main(["run", str(played.folder), "--experiments", "9"]) == 4
    finally:
        lock.release()


@pytest.mark.slow
def test_no_run_holds_a_label_of_a_row_it_predicts(played: podium.Campaign) -> None:
    """From the folders themselves: rows dealt for training and for prediction never meet."""
    checked = 0
    for rows in played.folder.glob("runs/E*/fold_*/rows.npz"):
        with np.load(rows) as dealt:
            assert not set(dealt["train"]) & set(dealt["predict"])
            checked += 1
    assert checked >= 15


@pytest.mark.slow
def test_a_stopped_campaign_exits_130_and_goes_on(contest: Path, tmp_path: Path) -> None:
    folder = tmp_path / "c"
    argv = chaos.command(contest / "public", folder, 3)
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as engine:
        _wait_for_runs(folder)
        assert main(["stop", str(folder)]) == 0
        assert engine.wait(timeout=60) == 130
    assert main(["run", str(folder)]) == 0
    assert podium.open_campaign(folder).experiments.height == 3


def _wait_for_runs(folder: Path) -> None:
    for _ in range(600):
        if any(folder.glob("runs/E001/fold_*/request.json")):
            return
        time.sleep(0.05)
    raise AssertionError("no run began within 30 s")


@pytest.mark.slow
def test_killed_and_unkilled_campaigns_export_equal_registries(contest: Path, tmp_path: Path) -> None:
    """Ten kills of engine, supervisors, warm parents and solutions; `bench/chaos.py` does more."""
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    toll = chaos.play(chaos.command(contest / "public", calm, 3), calm, 0, random.Random(0), (1.0, 1.0))
    assert toll.returncode == 0
    toll = chaos.play(chaos.command(contest / "public", killed, 3), killed, 10, random.Random(1), (0.05, 1.5))
    assert toll.returncode == 0
    assert len(toll.killed) >= 5, "the campaign was too quick for the pauses"
    assert toll.left_over == []
    assert chaos.export(killed) == chaos.export(calm)


@pytest.mark.slow
def test_a_full_disk_is_one_line_and_loses_nothing(contest: Path, tmp_path: Path) -> None:
    """On a small tmpfs: exit 2 with the remedy; on a larger disk the same campaign goes on."""
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare(1)")
    small, saved = tmp_path / "small", tmp_path / "saved"
    small.mkdir()
    script = (
        f"mount -t tmpfs -o size=1500k tmpfs {small} || exit 77; "
        f"{sys.executable} -m podium run {contest / 'public'} --campaign {small}/c --experiments 3; "
        f"code=$?; cp -r {small}/c {saved}; exit $code"
    )
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("needs user namespaces with mounts")
    assert done.returncode == 2, done.stderr[-2000:]
    told = [line for line in done.stderr.splitlines() if line.startswith("podium: ")]
    assert len(told) == 1
    assert "is full; free some space" in told[0]
    assert "Traceback" not in done.stderr
    if Registry.FILE in {p.name for p in saved.iterdir()}:
        assert main(["run", str(contest / "public"), "--campaign", str(saved), "--experiments", "3"]) == 0
