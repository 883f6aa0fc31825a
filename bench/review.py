"""What the reviewer is worth: `python bench/review.py FOLDER ID… --experiments 24 --seeds 0,1,2`.

The same campaign twice, equal in everything but the reviewer: the built-in one, and one that approves every plan. Its
builder plans one family alone (`podium.testing.stubborn`) and revises as it is told. Prints the nested estimate of the best
blend of both, their difference in standard errors (positive: the reviewer helped), the private scores where the folder has
a grader, and which checks made the reviewer say REVISE.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from podium import metrics
from podium.campaign import loop
from podium.campaign.blending import best_blend
from podium.cli import compose, making
from podium.records import Review, from_json
from podium.registry import Registry
from podium.testing.stubborn import Lenient, Stubborn

COLUMNS = ("id", "seed", "reviewer", "lenient", "gain_se", "private", "private_lenient", "revised")


def main() -> int:
    os.environ["PODIUM_HOME"] = ""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("ids", nargs="+")
    parser.add_argument("--experiments", type=int, default=24)
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--family", default="lightgbm")
    parser.add_argument("--keep", type=Path, help="where campaigns stay; a temporary folder otherwise")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        for name in asked.ids:
            for seed in map(int, asked.seeds.split(",")):
                rows.append(pair(asked.folder / name, asked.keep or Path(temporary), seed, asked))
                if not asked.json:
                    print("  ".join(f"{column} {rows[-1][column]}" for column in COLUMNS), flush=True)
    if asked.json:
        print(json.dumps({"schema_version": 1, "rows": rows}, indent=1))
    return 0


def pair(task: Path, base: Path, seed: int, asked: argparse.Namespace) -> dict[str, Any]:
    """One competition, one seed: with the reviewer, and without."""
    public = base / f"{task.name}-public"
    shutil.copytree(task / "public" if (task / "public").is_dir() else task, public, dirs_exist_ok=True)
    with_, without = (one(public, base / f"{task.name}-{seed}-{who}", seed, who, asked) for who in ("on", "off"))
    sign = metrics.get(with_["metric"]).sign
    return {
        "id": task.name,
        "seed": seed,
        "reviewer": round(with_["score"], 6),
        "lenient": round(without["score"], 6),
        "gain_se": round(sign * (with_["score"] - without["score"]) / with_["stderr"], 2),
        "private": graded(task, with_["campaign"]),
        "private_lenient": graded(task, without["campaign"]),
        "revised": with_["revised"],
    }


def one(public: Path, campaign: Path, seed: int, reviewer: str, asked: argparse.Namespace) -> dict[str, Any]:
    folder = making.open_or_create(
        str(public), campaign=campaign, experiments=asked.experiments, seed=seed, memory=False
    )
    with compose.held(folder):
        engine = compose.make_engine(folder)
        seats = {**engine.seats, "builder": Stubborn(asked.family)}
        engine.seats = {**seats, "reviewer": Lenient()} if reviewer == "off" else seats
        engine.clock.start()
        try:
            loop.play(engine)
            best = best_blend(engine)
            assert best is not None, "nothing was blended"
            revised = _revised(engine.registry)
            metric = engine.competition.metric
        finally:
            engine.clock.stop()
            engine.executor.close()
            engine.registry.close()
    return {"campaign": folder, "score": best.score, "stderr": best.stderr, "metric": metric, "revised": revised}


def _revised(registry: Registry) -> dict[str, int]:
    """Check → how often it made the reviewer say REVISE."""
    found: Counter[str] = Counter()
    for round_ in range(1, registry.journal.last_finished_round() + 1):
        review = registry.journal.find(f"R{round_:02d}_review")
        if review is not None and review["verdict"] == "REVISE":
            found.update(check.name for check in from_json(Review, review).checks if not check.passed)
    return dict(found)


def graded(task: Path, campaign: Path) -> float | None:
    """The private score; None where the folder has no grader."""
    if not (task / "grade.py").is_file():
        return None
    argv = [sys.executable, str(task / "grade.py"), str(campaign / "submission.csv")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return None if done.returncode else round(float(json.loads(done.stdout)["score"]), 6)


if __name__ == "__main__":
    raise SystemExit(main())
