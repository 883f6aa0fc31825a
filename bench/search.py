"""What the search is worth: `python bench/search.py [FOLDER] --data NAMES --experiments 24 | --time 120s [--seeds 0,1]`.

The same campaign by five builders: `planned`, the shipped one; `no evidence`, its candidates in an order drawn by lot;
`no portfolio`, planned, but from each family as its library comes; `one level`, planned, without models on models; `neither`
evidence nor portfolio. Told: the nested estimate of the best blend, the private score, CPU seconds of all runs; then how
often each is beaten by `planned`, and by how much in per cent of the score's distance to the optimum (private), with a 90 %
bootstrap interval over campaigns. Counted experiments do not depend on the machine's load, but they do not see what a cost
model is good for: use `--time` on a quiet machine for that.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from peers import contests
from peers.judge import Judge

from podium.campaign import loop
from podium.campaign.blending import best_blend
from podium.cli import compose, making
from podium.cli.duration import seconds
from podium.errors import UserError
from podium.team.builtin import BuiltinSeat
from podium.team.builtin.stock import shipped_catalog
from podium.team.seat import Seat
from podium.testing.aimless import Aimless
from podium.testing.catalogs import OneLevel, Plain

BUILDERS: dict[str, Callable[[], Seat]] = {
    "planned": BuiltinSeat,
    "no evidence": Aimless,
    "no portfolio": lambda: BuiltinSeat(catalog=Plain(shipped_catalog())),
    "one level": lambda: BuiltinSeat(catalog=OneLevel(shipped_catalog())),
    "neither": lambda: Aimless(Plain(shipped_catalog())),
}
DRAWS = 10_000


def main() -> None:
    os.environ["PODIUM_HOME"] = ""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--data", default="earlier", help="as in bench/peers")
    parser.add_argument("--builders", default=",".join(BUILDERS))
    parser.add_argument("--experiments", type=int)
    parser.add_argument("--time")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        for data in contests.chosen(contests.known(asked.folder), asked.data):
            contest = contests.prepare(data, Path(temporary) / "contest")
            for seed in map(int, asked.seeds.split(",")):
                for builder in asked.builders.split(","):
                    rows.append(_played(contest, Path(temporary) / "campaign", builder, seed, asked))
                    print("  ".join(f"{k} {v}" for k, v in rows[-1].items()), file=sys.stderr, flush=True)
    print(json.dumps({"schema_version": 1, "rows": rows}) if asked.json else _summary(rows))


def _played(
    contest: contests.Contest, campaign: Path, builder: str, seed: int, asked: argparse.Namespace
) -> dict[str, Any]:
    shutil.rmtree(campaign, ignore_errors=True)
    terms = {"time_s": seconds(asked.time)} if asked.time else {"experiments": asked.experiments or 24}
    folder = making.open_or_create(str(contest.public), campaign=campaign, seed=seed, memory=False, **terms)
    with compose.held(folder):
        engine = compose.make_engine(folder)
        engine.fallback = BUILDERS[builder]()  # what it builds is as trusted as what the shipped one does
        engine.seats = {**engine.seats, "builder": engine.fallback}
        engine.clock.start()
        try:
            loop.play(engine)
            best = best_blend(engine)
            spent = engine.registry.database.rows("SELECT total(json_extract(exit, '$.cpu_s')) AS s FROM attempts")[0]
        finally:
            engine.clock.stop()
            engine.executor.close()
            engine.registry.close()
    score = Judge(contest).score(folder / "submission.csv")
    return {
        "data": contest.name, "seed": seed, "builder": builder, "metric": contest.competition.metric,
        "estimate": None if best is None else round(best.score, 6), "private": round(score, 6),
        "loss": abs(contest.optimum - score), "cpu_s": round(float(spent["s"]), 1),
    }  # fmt: skip


def _summary(rows: list[dict[str, Any]]) -> str:
    by = {(row["data"], row["seed"], row["builder"]): row for row in rows}
    lines = []
    for builder in dict.fromkeys(row["builder"] for row in rows):
        pairs = [(by[data, seed, "planned"], row) for (data, seed, name), row in by.items() if name == builder]
        change = np.array([100 * (row["loss"] / planned["loss"] - 1) for planned, row in pairs])
        draws = np.random.default_rng(0).choice(change, (DRAWS, len(change))).mean(axis=1)
        low, high = np.quantile(draws, [0.05, 0.95])
        won = float(np.mean([0.5 if value == 0 else float(value > 0) for value in change]))
        spent = np.exp(np.mean([np.log(row["cpu_s"] / planned["cpu_s"]) for planned, row in pairs]))
        lines.append(
            f"{builder:14s} loss {change.mean():+.2f} % [{low:+.2f}, {high:+.2f}] of planned's, worse in {won:.0%} of "
            f"{len(pairs)}, CPU x {spent:.2f}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    try:
        main()
    except UserError as problem:
        print(f"search: {problem}", file=sys.stderr)
        raise SystemExit(2) from None
