"""A campaign played by a language model, killed again and again: `python bench/llm_team.py [COMPETITION] --kills 10`.

The model is scripted and served on loopback, in OpenAI's protocol; it plans, writes and reviews code. The killed campaign
must export what the unkilled one exports; an answer that was recorded is never asked for again: each kill may lose the one
that was under way. Without COMPETITION the contest is generated. Exits 3 on any difference.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from pathlib import Path
from typing import Any

from podium.registry import Registry
from podium.testing import chaos
from podium.testing.openai_server import OpenAIServer
from podium.testing.scripted_llm import ScriptedModel


def played(contest: Path, campaign: Path, rounds: int, kills: int, seed: int, wait_s: float) -> dict[str, Any]:
    """One campaign of `rounds` rounds (one experiment each) through `kills` kills."""
    model = ScriptedModel(wait_s)
    with OpenAIServer(model.reply) as server:
        argv = chaos.command(contest, campaign, rounds, "--team", f"*={server.seat}")
        toll = chaos.play(
            argv, campaign, kills, random.Random(seed), (0.5, 6.0), ("engine", "engine", "engine", "solution")
        )
    registry = Registry.open(campaign)
    try:
        answers = registry.database.row("SELECT count(*) AS n FROM answers WHERE key GLOB '*/R*/[0-9]*/*'")
        warned = [e.payload["message"] for e in registry.events.newest(1000) if e.kind == "warning"]
        experiments = registry.experiments.all()
        return {
            "returncode": toll.returncode,
            "kills": len(toll.killed),
            "engine_kills": toll.killed.count("engine"),
            "requests": model.requests,
            "answers": int(answers["n"]) if answers else 0,
            "rounds": max((e.round for e in experiments), default=0),
            "experiments": {e.id: (e.status, e.verdict, e.score) for e in experiments},
            "fell_back": [text for text in warned if "built-in plays" in text],
            "left_over": toll.left_over,
            "tokens": registry.ledger.known().get("tokens_in"),
            "export": registry.export(),
        }
    finally:
        registry.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("competition", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--wait", type=float, default=0.3, help="seconds the model takes for an answer")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        contest = asked.competition or generated(base / "contest")
        calm = played(contest, base / "calm", asked.rounds, 0, asked.seed, asked.wait)
        killed = played(contest, base / "killed", asked.rounds, asked.kills, asked.seed, asked.wait)
    equal = calm.pop("export") == killed.pop("export")
    lost = killed["requests"] - killed["answers"]
    good = equal and calm["returncode"] == killed["returncode"] == 0 and lost <= killed["engine_kills"]
    good = good and not (killed["left_over"] or calm["fell_back"] or killed["fell_back"])
    print(
        json.dumps({"schema_version": 1, "equal": equal, "lost_calls": lost, "calm": calm, "killed": killed}, indent=1)
    )
    return 0 if good else 3


def generated(folder: Path) -> Path:
    from chaos import contest

    return contest(folder)


if __name__ == "__main__":
    raise SystemExit(main())
