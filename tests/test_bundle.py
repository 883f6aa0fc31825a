"""`podium export --as bundle`: all it takes to reproduce elsewhere, and nothing of this machine."""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
from pathlib import Path

import pytest

from podium.campaign import bundle, dossier
from podium.cli.main import main
from podium.errors import CampaignError, UserError
from podium.registry import Registry

TOKEN = "sk-abcdefghijklmnop1234"


@pytest.fixture
def campaign(played: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(played, tmp_path / "mine" / "campaign"))


def unpacked(file: Path, into: Path) -> Path:
    with tarfile.open(file) as archive:
        archive.extractall(into, filter="data")
    (folder,) = into.iterdir()
    return folder


def test_it_reproduces_after_the_original_was_deleted(
    campaign: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["export", str(campaign), "--as", "bundle", "-o", "b.tar.gz", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["bytes"] > 0 and "bundle.json" not in told["files"] and told["with_data"] is True
    shutil.rmtree(tmp_path / "mine")
    folder = unpacked(tmp_path / "b.tar.gz", tmp_path / "elsewhere")
    assert main(["reproduce", str(folder), "E001", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["match"] is True and found["max_abs_diff"] == 0.0 and found["differences"] == []


def test_nothing_of_this_machine_is_in_it(
    campaign: Path, contest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "very-secret-value")
    registry = Registry.create(campaign)
    with registry.database.write() as db:
        said = f"see {campaign}/x and {Path.home()}/y, key very-secret-value or {TOKEN}"
        db.execute("UPDATE experiments SET message=? WHERE id='E003'", (said,))
        db.execute("UPDATE steps SET result=json_set(result, '$.text', ?) WHERE phase='plan'", (said,))
    registry.close()
    bundle.write(campaign, tmp_path / "b.tar.gz")
    folder = unpacked(tmp_path / "b.tar.gz", tmp_path / "out")
    for path in folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        for word in (str(tmp_path), str(contest), str(Path.home()), "very-secret-value", TOKEN):
            assert word.encode() not in content, f"{word} in {path}"
    assert "<campaign>/x" in (folder / "registry.json").read_text()
    assert not {"predictions.npy", "model.pkl"} & {p.name for p in (folder / "data").rglob("*")}
    assert "polars==" in (folder / "requirements.txt").read_text()


def test_the_same_campaign_gives_the_same_bytes(campaign: Path, tmp_path: Path) -> None:
    bundle.write(campaign, tmp_path / "a.tar.gz")
    bundle.write(campaign, tmp_path / "b.tar.gz")
    a, b = unpacked(tmp_path / "a.tar.gz", tmp_path / "a"), unpacked(tmp_path / "b.tar.gz", tmp_path / "b")
    names = [p.relative_to(a) for p in sorted(a.rglob("*")) if p.is_file()]
    assert names and all((a / name).read_bytes() == (b / name).read_bytes() for name in names)


def test_without_data_it_asks_for_the_same_data(campaign: Path, tmp_path: Path) -> None:
    bundle.write(campaign, tmp_path / "b.tar.gz", with_data=False)
    folder = bundle.unpack(tmp_path / "b.tar.gz", tmp_path / "out")
    assert not (folder / "data").exists()
    with pytest.raises(CampaignError, match="exported without its data"):
        dossier.read(folder)
    assert dossier.read(folder, campaign).data == campaign / "data"
    labels = campaign / "data" / "labels.arrow"
    labels.write_bytes(labels.read_bytes()[:-1] + b"?")
    with pytest.raises(CampaignError, match=r"labels\.arrow is not the file"):
        dossier.read(folder, campaign)


def test_a_changed_solution_is_refused(campaign: Path, tmp_path: Path) -> None:
    bundle.write(campaign, tmp_path / "b.tar.gz")
    folder = bundle.unpack(tmp_path / "b.tar.gz", tmp_path / "out")
    (folder / "runs" / "E001" / "solution.py").write_text("import os\n")
    with pytest.raises(CampaignError, match="not the solution that was exported"):
        dossier.read(folder)


def test_a_solution_that_holds_a_credential_does_not_leave(campaign: Path, tmp_path: Path) -> None:
    source = f"TOKEN = {TOKEN!r}\n"
    path = campaign / "runs" / "E001" / "solution.py"
    path.write_text(source)
    registry = Registry.create(campaign)
    with registry.database.write() as db:
        sha = hashlib.sha256(source.encode()).hexdigest()
        db.execute("UPDATE experiments SET solution_sha=? WHERE id='E001'", (sha,))
    registry.close()
    with pytest.raises(UserError, match="E001 names a folder of this machine or holds a credential"):
        bundle.write(campaign, tmp_path / "b.tar.gz")
    assert not (tmp_path / "b.tar.gz").exists()


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--as", "mlflow"], "--as mlflow is not built yet; expected bundle, kernel"),
        (["--as", "zip"], "no such format; expected bundle, kernel; found 'zip'"),
        (["-o", "/proc/nowhere/b.tar.gz"], "cannot be written"),
    ],
)
def test_mistakes(played: Path, argv: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(played), *argv]) == 2
    assert says in capsys.readouterr().err


def test_a_file_that_is_no_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.tar.gz").write_text("hello")
    assert main(["reproduce", str(tmp_path / "x.tar.gz"), "E001"]) == 2
    assert "is not a bundle" in capsys.readouterr().err
