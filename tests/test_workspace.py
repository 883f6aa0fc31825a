"""The folder an outside program works in: exactly what its role may read, whatever lies beside it."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.errors import BadDeliverable
from podium.records import Brief, Facts, Findings, Review, Usage, from_json
from podium.team import handed, workspace
from podium.team.bill import Bill
from podium.team.desk import Allowance
from podium.team.roles import ROLE_OF, SCOPES
from podium.testing import seat_conformance

FILES = (
    *("config.json", "state.json", "results.tsv", "experiments.json", "LEARNINGS.md", "podium.db", "podium.db-wal"),
    *(f"rounds/R00_{name}.md" for name in ("eda", "charter", "stack")),
    *(f"rounds/R02_{name}.md" for name in ("research_raw", "research_brief", "plan", "review", "findings", "retro")),
    *("rounds/R02_run.log", "rounds/R02_experiment.py", "rounds/R02_oof.npy", "rounds/R02_submission.csv"),
    *("runs/E001/solution.py", "runs/E001/fold_1/solution.py", "runs/E001/fold_1/labels.arrow", "runs/E001/log.txt"),
    *(
        "checks/R02.json",
        "checks/R02/one.py",
        "knowledge/notes.md",
        "data/labels.npz",
        "data/splits.npz",
        "answers.csv",
    ),
    *("seats/builder/home/x", "seats/qa/work/deliverable.json", "submission.csv", "report.html", "outbox/1.csv"),
)


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    for name in FILES:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"text of {name}")
    return tmp_path


def asked(role: Any, facts: Facts | None = None) -> Brief:
    phase = next(phase for phase, player in ROLE_OF.items() if player == role)
    return seat_conformance.brief(phase, facts or seat_conformance.young())


def laid_out(space: workspace.Workspace) -> set[str]:
    files = space.given / "files"
    return {path.relative_to(files).as_posix() for path in files.rglob("*") if path.is_file()}


@pytest.mark.parametrize("role", SCOPES)
def test_holds_exactly_what_the_role_may_read(campaign: Path, role: Any) -> None:
    space = workspace.workspace(campaign, role)
    space.fill(campaign, asked(role))
    may = {name for name in FILES if SCOPES[role].may_read(name)}
    deeper = {"runs/E001/fold_1/solution.py"}  # listed is what a star amid a path names in one folder
    assert laid_out(space) == may - deeper
    assert not any("podium.db" in name or name.startswith(("data/", "seats/")) for name in laid_out(space))
    for name in laid_out(space):
        assert (space.given / "files" / name).read_text() == f"text of {name}"


def test_links_lead_nowhere(campaign: Path) -> None:
    (campaign / "rounds" / "R03_plan.md").symlink_to(campaign / "answers.csv")
    (campaign / "rounds" / "R04_plan.md").symlink_to("/etc/hostname")
    (campaign / "knowledge" / "more").symlink_to(campaign / "data")
    (campaign / "runs" / "E002").symlink_to(campaign / "data")
    (campaign / "data" / "solution.py").write_text("answers")
    for role in ("builder", "reviewer"):
        space = workspace.workspace(campaign, role)  # type: ignore[arg-type]
        space.fill(campaign, asked(role))
        assert not {
            name for name in laid_out(space) if "R03" in name or "R04" in name or "more" in name or "E002" in name
        }


def test_the_brief_shows_what_its_role_is_shown(campaign: Path) -> None:
    facts = replace(
        seat_conformance.under_way(), review=Review("REVISE", "no", (), "secret review"), notes=("secret note",)
    )
    brief = replace(asked("qa"), facts=facts, campaign=str(campaign))
    space = workspace.workspace(campaign, "qa")
    space.fill(campaign, brief)
    text = (space.given / "brief.json").read_text()
    assert "secret" not in text and "E002" not in text and str(campaign) not in text
    assert from_json(Brief, json.loads(text)).id == brief.id
    assert json.loads((space.given / "schema.json").read_text())["title"] == "Checks"


def test_a_new_brief_finds_an_empty_folder_and_an_old_home(campaign: Path) -> None:
    space = workspace.workspace(campaign, "reviewer")
    space.fill(campaign, asked("reviewer"))
    (space.work / "scratch").mkdir()
    (space.work / "scratch" / "old").write_text("old")
    (space.home / "session").write_text("kept")
    (campaign / "rounds" / "R02_plan.md").unlink()
    space.fill(campaign, asked("reviewer"))
    assert [path.name for path in space.work.iterdir()] == ["given"]
    assert (space.home / "session").read_text() == "kept"
    assert "rounds/R02_plan.md" not in laid_out(space)


def test_long_files_are_cut_at_their_beginning(campaign: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "FILE_BYTES", 100)
    (campaign / "rounds" / "R02_run.log").write_text("x" * 1000 + "the end")
    space = workspace.workspace(campaign, "builder")
    space.fill(campaign, asked("builder"))
    text = (space.given / "files" / "rounds" / "R02_run.log").read_text()
    assert len(text) == 100 and text.endswith("the end")
    monkeypatch.setattr(workspace, "TOTAL_BYTES", 150)
    space.fill(campaign, asked("builder"))
    sizes = [(space.given / "files" / name).stat().st_size for name in laid_out(space)]
    assert sum(sizes) <= 150


def test_traps_in_its_folders_harm_nobody(campaign: Path) -> None:
    """What a program may leave behind: links out of its home, a pipe in a setting's place, folders that nobody may list."""
    victim = campaign / "victim"
    victim.mkdir()
    (victim / "settings.json").write_text("precious")
    space = workspace.workspace(campaign, "builder")
    space.fill(campaign, asked("builder"))
    (space.home / ".claude").symlink_to(victim)
    (space.home / ".gemini").mkdir()
    os.mkfifo(space.home / ".gemini" / "settings.json")
    (space.home / ".codex").write_text("no folder")
    (space.home / ".other" / "settings.json").mkdir(parents=True)
    (space.work / "shut" / "inner").mkdir(parents=True)
    (space.work / "shut" / "link").symlink_to(victim)
    (space.work / "shut").chmod(0)
    space.home.chmod(0o500)
    names = (".claude", ".gemini", ".codex", ".other")
    space.keep({f"{name}/settings.json": {"of": name} for name in names})
    for name in names:
        assert json.loads((space.home / name / "settings.json").read_text()) == {"of": name}
    space.fill(campaign, asked("builder"))
    assert (victim / "settings.json").read_text() == "precious" and len(list(victim.iterdir())) == 1
    assert [path.name for path in space.work.iterdir()] == ["given"]


def test_a_deliverable_is_a_plain_file(campaign: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    space = workspace.workspace(campaign, "qa")
    space.fill(campaign, asked("qa"))
    assert space.handed_in() == ""
    (space.work / "deliverable.json").symlink_to(campaign / "answers.csv")
    assert space.handed_in() == ""
    space.take_back()
    (space.work / "deliverable.json").write_bytes(b'{"a": "\xff"}')
    assert space.handed_in() == '{"a": "�"}'
    monkeypatch.setattr(workspace, "DELIVERABLE_BYTES", 10)
    (space.work / "deliverable.json").write_text("1" * 1000)
    assert len(space.handed_in()) == 11


def test_what_is_handed_in_is_checked() -> None:
    brief = asked("reflector")

    def check(deliverable: object, brief: Brief) -> None:
        if "bad" in str(deliverable):
            raise BadDeliverable("text: bad")

    assert handed.read('```json\n{"text": "fine"}\n```', brief, check) == Findings("fine")
    for text, told in (
        ("", "nothing was handed in; expected a Findings"),
        ("no", "not JSON"),
        ('{"text": ', "not JSON"),
        ("[1]", "expected an object"),
        ('{"text": 3}', "Findings.text"),
        ('{"text": "bad"}', "text: bad"),
        ('{"text": "a"} {"text": "b"}', "not JSON"),
        ("[" * 100_000, "nested too deep"),
        ('{"text": "a", "learnings": [NaN]}', "not JSON compliant"),
        ('{"text": "a", "submit": 1e999}', "not JSON compliant"),
        ('{"text": "\\ud800"}', "surrogates not allowed"),
    ):
        with pytest.raises(BadDeliverable, match=told):
            handed.read(text, brief, check)


@given(st.text())
def test_no_text_breaks_the_reading(text: str) -> None:
    try:
        handed.read(text, asked("reflector"), lambda deliverable, brief: None)
    except BadDeliverable as refused:
        assert str(refused)


def test_a_bill_knows_what_it_does_not_know() -> None:
    bill = Bill()
    bill.add(Usage(1.0, 10, 5, 0.25))
    assert bill.usage == Usage(1.0, 10, 5, 0.25)
    bill.add(Usage(1.0, 10, 5, None))
    bill.add(Usage(1.0, 10, 5, 0.5))
    assert bill.usage == Usage(3.0, 30, 15, None)
    assert bill.left(Allowance(1.0, 100)) == Allowance(0.25, 55)
    assert bill.left(Allowance(0.5, 10)) == Allowance(0.0, 0)
    assert bill.left(Allowance()) == Allowance()
