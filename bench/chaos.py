"""Random kills -9 of engine, supervisors, warm parents and solutions: `python bench/chaos.py --campaigns 10 --kills 10`.

Each campaign is started again by the same command until it ends; its export must equal that of an unkilled one, with no
process left. The contest is generated (600 rows, mixed types). Prints a row a campaign; exits 3 on any difference.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from podium.arena import making
from podium.testing import chaos


def contest(folder: Path) -> Path:
    import polars as pl

    rng = np.random.default_rng(0)
    n = 600
    x, colour = rng.normal(size=(n, 4)), rng.choice(["red", "green", "blue"], n)
    y = x[:, 0] * x[:, 1] + (colour == "red") + rng.logistic(size=n) > 0.3
    frame = pl.DataFrame({**{f"x{i}": x[:, i] for i in range(4)}, "colour": colour, "won": np.where(y, "yes", "no")})
    return making.create(folder, frame, title="Won", target="won", metric="auc", task_type="binary_classification")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--campaigns", type=int, default=10)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--experiments", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        public = contest(base / "contest")
        calm = base / "calm"
        chaos.play(chaos.command(public, calm, asked.experiments), calm, 0, random.Random(0), (1.0, 1.0))
        want = chaos.export(calm)
        rows = [one(public, base / f"killed{i}", asked, asked.seed + i, want) for i in range(asked.campaigns)]
    if asked.json:
        print(json.dumps({"schema_version": 1, "rows": rows}, indent=1))
    killed = sum(sum(row["killed"].values()) for row in rows)
    good = all(row["equal"] and row["unique_keys"] and not row["left_over"] for row in rows)
    print(
        f"{killed} kills over {len(rows)} campaigns: {'all exports equal, no process left' if good else 'DIFFERENCES'}",
        file=sys.stderr,
    )
    return 0 if good else 3


def one(public: Path, campaign: Path, asked: argparse.Namespace, seed: int, want: Any) -> dict[str, Any]:
    began = time.monotonic()
    argv = chaos.command(public, campaign, asked.experiments)
    toll = chaos.play(argv, campaign, asked.kills, random.Random(seed), (0.05, 1.5))
    found = chaos.export(campaign)
    keys = [run["key"] for run in found["runs"]]
    row = {
        "seed": seed,
        "equal": found == want,
        "unique_keys": len(keys) == len(set(keys)),
        "killed": dict(Counter(toll.killed)),
        "starts": toll.starts,
        "returncode": toll.returncode,
        "left_over": toll.left_over,
        "wall_s": round(time.monotonic() - began, 1),
    }
    if not asked.json:
        print(row, flush=True)
    return row


if __name__ == "__main__":
    sys.exit(main())
