"""What stands, wherever it is shown: the leader or what the vault chose in its place, uploaded or only written, or waiting."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from podium.campaign.estimates.finalists import Chosen
from podium.campaign.submission import waiting
from podium.referee.choice import Choice, Finalist
from podium.registry import Registry
from podium.registry.submissions import SubmissionRow
from podium.report.frame import frame
from podium.report.page import render
from podium.report.snapshot import read_snapshot
from podium.testing.fake_campaign import FakeCampaign


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Registry]:
    registry = FakeCampaign(rounds=3, under_way=False, finished="time").build(tmp_path / "harbour")
    yield registry
    registry.close()


def drawn(now: dict[str, Any]) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(frame(now, [], 200, 40))
    return console.file.getvalue()  # type: ignore[attr-defined]


def displaced(registry: Registry) -> None:
    """The vault chose a blend that is worse out of fold, and it was sent."""
    leader, other = registry.blends.ranked(True)[0], registry.blends.of_round(2)
    assert other is not None
    chosen = dataclasses.replace(other, score=0.79)
    name = "blend of round 2"
    finalists = (Finalist("blend", 0.7, 0.0, 1.0), Finalist(name, 0.7654, 0.0654, 0.001))
    choice = Choice(name, finalists, 0.05, "better than blend on 1,000 vault rows")
    registry.set("choice", Chosen(name, chosen, leader.round, 1000, choice, leader.weights, ("best single, E002",)))
    sent = SubmissionRow("t9", 3, "submissions/t9.csv", "h9", "intent", 0.79, 0.003, weights=chosen.weights)
    registry.submissions.intend(sent)
    registry.submissions.settle("t9", "confirmed", "r9")


def test_the_last_submission_stands_and_is_only_written(made: Registry, tmp_path: Path) -> None:
    now = read_snapshot(tmp_path / "harbour", made)
    assert now["platform"] == "folder"
    assert now["standing"]["tag"] == "t3" and now["standing"]["because"] == ""
    page, seen = render(tmp_path / "harbour"), drawn(now)
    assert "written, stands" in page and "uploaded" in page, "round 1's score came back"
    assert "Upload outbox/t3.csv" in page and "--tag t3 --score S" in page
    assert "R03_submission.csv written, out of fold" in seen


def test_the_chosen_one_is_what_all_figures_are_of(made: Registry, tmp_path: Path) -> None:
    displaced(made)
    now = read_snapshot(tmp_path / "harbour", made)
    standing, leader = now["standing"], now["blend"]
    assert standing["tag"] == "t9" and not standing["leads"] and standing["score"] != leader["score"]
    assert standing["vault_score"] == 0.7654
    page, seen = render(tmp_path / "harbour"), drawn(now)
    assert "0.7654" in page and "submitted, on the vault" in page
    assert "What stands: the vault chose the blend of round 2: better than blend" in page
    assert now["choice"]["unasked"] == ["best single, E002"]
    assert "submissions/t9.csv written, out of fold 0.79" in seen and "the vault chose the blend of round 2" in seen


def test_a_file_that_waits_is_what_stands(made: Registry, tmp_path: Path) -> None:
    row = made.blends.of_round(2)
    assert row is not None
    made.set(
        waiting.KEY,
        waiting.Waiting("submissions/waiting.csv", 2, row.score, row.stderr, "no quota", weights=row.weights),
    )
    now = read_snapshot(tmp_path / "harbour", made)
    assert now["standing"]["tag"] == "waiting" and now["standing"]["score"] == row.score
    assert "submissions/waiting.csv waits to be sent" in drawn(now)
    assert "waits to be sent" in render(tmp_path / "harbour")


def test_nothing_stands_before_there_is_a_submission(tmp_path: Path) -> None:
    registry = FakeCampaign(rounds=0, under_way=False).build(tmp_path / "early")
    now = read_snapshot(tmp_path / "early", registry)
    registry.close()
    assert now["standing"] is None
    assert "submission" not in drawn(now)
    assert "best blend, nested folds" in render(tmp_path / "early")
