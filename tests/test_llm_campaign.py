"""A whole campaign played by a scripted model over OpenAI's protocol, through kills."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from podium.registry import Registry
from podium.testing import chaos
from podium.testing.openai_server import OpenAIServer
from podium.testing.scripted_llm import ScriptedModel

pytest.importorskip("pydantic_ai")

ROUNDS = 2


def played(contest: Path, campaign: Path, kills: int) -> tuple[ScriptedModel, chaos.Toll]:
    model = ScriptedModel(wait_s=0.05)
    with OpenAIServer(model.reply) as server:
        argv = chaos.command(contest / "public", campaign, ROUNDS, "--team", f"*={server.seat}")
        toll = chaos.play(argv, campaign, kills, random.Random(1), (1.5, 3.5), ("engine",))
    return model, toll


@pytest.mark.slow
def test_a_killed_llm_team_ends_as_the_unkilled_one_and_pays_for_no_answer_twice(contest: Path, tmp_path: Path) -> None:
    calm, quiet = played(contest, tmp_path / "calm", 0)
    killed, toll = played(contest, tmp_path / "killed", 3)
    assert quiet.returncode == toll.returncode == 0
    assert not toll.left_over
    assert chaos.export(tmp_path / "killed") == chaos.export(tmp_path / "calm")
    engines = toll.killed.count("engine")
    assert all(killed.asked[id_] - calm.asked[id_] <= engines for id_ in calm.asked)
    registry = Registry.open(tmp_path / "killed")
    recorded = registry.database.row("SELECT count(*) AS n FROM answers WHERE key GLOB '*/R*/[0-9]*/*'")
    events = registry.events.newest(500)
    experiments = registry.experiments.all()
    registry.close()
    assert recorded is not None and killed.requests - recorded["n"] <= engines
    assert not [e for e in events if "built-in plays" in str(e.payload)]
    assert [e.spec.family for e in experiments] == ["code_lightgbm"] * ROUNDS
    assert {e.verdict for e in experiments} <= {"champion", "pooled"}
