"""`podium reproduce`: the same predictions from a clean folder, and nothing hidden where they are not the same."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from podium.campaign import reproduce as anew
from podium.cli.main import main
from podium.records import RunExit
from podium.registry import Registry
from podium.registry.runs import RunRow


def digest(campaign: Path) -> dict[str, tuple[int, int]]:
    """Every file that a person or a program could rest on: size and time of change (SQLite's own side files apart)."""
    return {
        str(path.relative_to(campaign)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(campaign.rglob("*"))
        if path.is_file() and not path.name.startswith("podium.db-")
    }


@pytest.fixture
def campaign(played: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(played, tmp_path / "campaign"))


def predictions(campaign: Path, experiment: str, part: str) -> Path:
    registry = Registry.open(campaign)
    run = next(run for run in registry.runs.of(experiment) if run.part == part)
    registry.close()
    return campaign / run.folder / "predictions.npy"


def reproduce(*argv: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, object], str]:
    code = main(["reproduce", *argv, "--json"])
    told = capsys.readouterr()
    return code, json.loads(told.out) if told.out else {}, told.err


def test_the_same_predictions_and_nothing_written(campaign: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = digest(campaign)
    code, found, said = reproduce(str(campaign), "E001", capsys=capsys)
    assert code == 0, said
    assert found["id"] == "E001" and found["match"] is True and found["cache_used"] is False
    assert found["max_abs_diff"] == 0.0 and found["tolerance"] == 1e-9 and found["differences"] == []
    assert {part["part"] for part in found["parts"]} >= {f"fold_{k}" for k in range(1, 6)}
    assert digest(campaign) == before


def test_a_corrupted_prediction_is_a_mismatch(campaign: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = predictions(campaign, "E002", "fold_3")
    values = np.load(path)
    values[7] += 0.25
    np.save(path, values)
    code, found, said = reproduce(str(campaign), "E002", capsys=capsys)
    assert code == 3 and found["match"] is False
    assert found["max_abs_diff"] == pytest.approx(0.25)
    assert "fold_3" in said and "sha256" in said and "0.25 apart at row 7" in said
    assert "the rerun gives what was recorded" in said
    assert [part["part"] for part in found["parts"] if not part["match"]] == ["fold_3"]


def test_damage_of_every_sort_is_a_mismatch(campaign: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone, empty, nan = (predictions(campaign, "E001", f"fold_{k}") for k in (1, 2, 4))
    gone.unlink()
    empty.write_bytes(b"")
    np.save(nan, np.full_like(np.load(nan), np.nan))
    code, found, said = reproduce(str(campaign), "E001", "--tolerance", "10", capsys=capsys)
    assert code == 3 and found["match"] is False and found["max_abs_diff"] is None
    assert [p["part"] for p in found["parts"] if not p["match"]] == ["fold_1", "fold_2", "fold_4"]
    assert "fold_1: the stored file is gone" in said


def test_a_record_that_says_otherwise_is_a_mismatch_with_its_figures(
    campaign: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """File and hash were changed together: only the rerun can tell."""
    path = predictions(campaign, "E001", "fold_2")
    before = path.read_bytes()
    values = np.load(path)
    values[3] += 0.001
    np.save(path, values)
    _record(campaign, before, path)
    code, _, said = reproduce(str(campaign), "E001", capsys=capsys)
    assert code == 3 and "fold_2: 0.001 apart at row 3; 1e-09 would match" in said


def test_a_tolerance_is_what_the_user_says(campaign: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = predictions(campaign, "E001", "fold_2")
    before = path.read_bytes()
    np.save(path, np.load(path) + 0.001)
    _record(campaign, before, path)
    code, found, _ = reproduce(str(campaign), "E001", "--tolerance", "0.01", capsys=capsys)
    assert code == 0 and found["max_abs_diff"] == pytest.approx(0.001) and found["tolerance"] == 0.01


def test_an_edited_solution_is_not_run_and_another_environment_is_told_of(
    campaign: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (campaign / "runs" / "E001" / "solution.py").write_text("raise SystemExit\n")
    registry = Registry.create(campaign)
    (one,) = registry.setting("environments")
    registry.set("environments", [{"hash": "0" * 16, "versions": {**one["versions"], "numpy": "1.0"}}])
    with registry.database.write() as db:
        db.execute("UPDATE runs SET key='x' || key")
    registry.close()
    code, found, _ = reproduce(str(campaign), "E001", capsys=capsys)
    assert code == 0
    (line,) = found["differences"]
    assert line.startswith("numpy: 1.0 there, ")


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["E999"], "there is no such experiment; expected E001, E002, E003; found 'E999'"),
        (["E001", "--tolerance", "-1"], "tolerance"),
    ],
)
def test_mistakes(played: Path, argv: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, found, said = reproduce(str(played), *argv, capsys=capsys)
    assert code == 2 and not found and says in said


def test_a_folder_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is not a campaign" in reproduce(str(tmp_path), "E001", capsys=capsys)[2]
    assert "no such folder" in reproduce(str(tmp_path / "x"), "E001", capsys=capsys)[2]


@pytest.mark.parametrize("kept", ["float16", "float32"])
def test_predictions_of_every_layout_are_subtracted(tmp_path: Path, kept: str) -> None:
    """Masks, boxes and texts are kept in fewer bits than numbers are."""
    found = _compared(tmp_path, np.full((3, 4), 0.5, kept), np.full((3, 4), 0.75, kept), kept)
    assert (found.match, found.max_abs_diff) == (False, 0.25) and found.message.startswith("0.25 apart at row 0")
    assert _compared(tmp_path, np.full((3, 4), 0.5, kept), np.full((3, 4), 0.75, kept), kept, 0.3).match


def test_what_was_recorded_and_cannot_be_read_is_said_to_be_that(tmp_path: Path) -> None:
    found = _compared(tmp_path, np.full((3, 1), 0.5, "float32"), np.full((3, 1), 0.5), "float64")
    assert (found.match, found.max_abs_diff) == (False, None) and "cannot be read" in found.message


def _compared(
    tmp_path: Path, old: np.ndarray, new: np.ndarray, dtype: str, tolerance: float | None = None
) -> anew.PartDiff:
    """The run of one campaign against that of another, whose layout is kept as `dtype`."""
    runs = []
    for place, values in (("there", old), ("here", new)):
        folder = tmp_path / place / "run"
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "predictions.npy", values)
        sha = hashlib.sha256((folder / "predictions.npy").read_bytes()).hexdigest()
        runs.append(RunRow(place, "E001", "fit", "fold_1", "run", RunExit("done", 1.0, files={"predictions.npy": sha})))
    task = SimpleNamespace(layout=lambda: SimpleNamespace(dtype=dtype))
    dossier: Any = SimpleNamespace(folder=tmp_path / "there")
    engine: Any = SimpleNamespace(campaign=tmp_path / "here", task=task)
    return anew._compare(dossier, engine, runs[0], runs[1], tolerance, "")


def _record(campaign: Path, before: bytes, path: Path) -> None:
    """Put the file's new hash where the registry has the old one."""
    old, new = (hashlib.sha256(data).hexdigest() for data in (before, path.read_bytes()))
    registry = Registry.create(campaign)
    with registry.database.write() as db:
        db.execute("UPDATE runs SET exit=replace(exit, ?, ?)", (old, new))
    registry.close()


@pytest.mark.parametrize(("slack", "code"), [(2.0, 3), (1e6, 0)])
def test_a_slower_machine_is_given_more_time_and_says_so(
    campaign: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], slack: float, code: int
) -> None:
    """As if a millisecond had been enough where the campaign was."""
    monkeypatch.setattr(anew, "SLACK", slack)
    registry = Registry.create(campaign)
    with registry.database.write() as db:
        db.execute("UPDATE experiments SET allowance_s=0.001")
    registry.close()
    ended, found, said = reproduce(str(campaign), "E001", capsys=capsys)
    assert ended == code and found["match"] is (code == 0), said
    assert [line[:8] for line in found["differences"]] == ["slower: "]
    assert ("timeout" in said) == (code == 3)
