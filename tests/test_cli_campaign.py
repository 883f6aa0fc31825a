"""A whole campaign by programs in seats, all kinds mixed, its engine killed: as if it had not been."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from cli_world import KEYS, command_lines, confined, path

from podium.registry import Registry
from podium.testing import chaos, fake_clis

KILLS = 3


def play(contest: Path, root: Path, kills: int) -> chaos.Toll:
    team = f"builder=claude-code,reviewer=codex,*=gemini-cli,researcher=command:{root / 'bin' / 'program'}"
    argv = chaos.command(contest / "public", root / "campaign", 3, "--team", team)
    return chaos.play(argv, root / "campaign", kills, random.Random(3), (1.5, 3.0), ("engine",))


def calls(root: Path) -> int:
    return sum(len(file.read_text().splitlines()) for file in root.glob("campaign/seats/*/home/.calls"))


def answers(root: Path) -> list[tuple[str, str]]:
    registry = Registry.open(root / "campaign")
    try:
        rows = registry.database.rows("SELECT key, answer FROM answers ORDER BY key")
        return [(row["key"].replace(str(root), ""), row["answer"]) for row in rows]
    finally:
        registry.close()


@confined
@pytest.mark.slow
def test_killed_it_ends_as_unkilled(contest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in KEYS:
        monkeypatch.setenv(key, "key")
    tolls = {}
    for name, kills in (("calm", 0), ("killed", KILLS)):
        for kind in ("claude-code", "codex", "gemini-cli", "program"):
            fake_clis.install(tmp_path / name / "bin", kind)
        monkeypatch.setenv("PATH", path(tmp_path / name))
        tolls[name] = play(contest, tmp_path / name, kills)
        assert tolls[name].returncode == 0 and tolls[name].left_over == []
    assert not [line for line in command_lines() if str(tmp_path) in line]
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    assert len(tolls["killed"].killed) >= 2
    assert chaos.export(killed / "campaign") == chaos.export(calm / "campaign")
    assert [key for key, _ in answers(killed)] == [key for key, _ in answers(calm)]
    assert len(answers(calm)) == calls(calm) >= 6
    cut_short = calls(killed) - len(answers(killed))
    assert 0 <= cut_short <= len(tolls["killed"].killed)  # a call whose answer was recorded is not made again
    for _, answer in answers(killed):
        assert "problem" in json.loads(answer) or json.loads(answer)["answer"]["problem"] == ""
