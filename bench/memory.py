"""What remembering other campaigns is worth: `python bench/memory.py [FOLDER] --learn NAMES --unseen NAMES --time 120s`.

NAMES as in `bench/peers --data` (groups, or parts of names, separated by commas). The campaigns of `--learn` are played one
after another with one home. Then each of `--unseen` is played twice in turn, with that home as it is then (what is learned
in between is thrown away) and with none. Told for each: seconds until the better of the blend's estimates so far reaches
what both reach in the end (`reach`), the estimates at the end, and the private scores. The last line: geometric mean of the
ratio of seconds, and how often the private score is better, with 90 % bootstrap intervals over competitions.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from peers import contests
from peers.judge import Judge

from podium.errors import UserError
from podium.registry import Registry

Curve = list[tuple[float, float]]  # (seconds, the blend's estimate)
DRAWS = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--learn", default="earlier")
    parser.add_argument("--unseen", default="fresh")
    parser.add_argument("--time", default="120s")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--home", type=Path, help="where what is remembered stays; one that is there is added to")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    known = contests.known(asked.folder)
    with tempfile.TemporaryDirectory() as temporary:
        work, home = Path(temporary), asked.home or Path(temporary) / "home"
        for data in contests.chosen(known, asked.learn) if asked.learn else []:
            play(contests.prepare(data, work / "contest"), work / "campaign", asked.time, 0, home)
            print(f"learned from {data.name}", file=sys.stderr, flush=True)
        rows = []
        for seed in map(int, asked.seeds.split(",")):
            for data in contests.chosen(known, asked.unseen):
                rows.append(_compared(contests.prepare(data, work / "contest"), work, asked.time, seed, home))
                print(_line(rows[-1]), file=sys.stderr, flush=True)
    print(json.dumps({"schema_version": 1, "time": asked.time, "rows": rows}) if asked.json else _summary(rows))


def play(contest: contests.Contest, campaign: Path, time: str, seed: int, home: Path | None) -> tuple[Curve, float]:
    """The blend's estimates over time, and the private score of what stands at the end; NaN where nothing does."""
    shutil.rmtree(campaign, ignore_errors=True)
    argv = ["run", str(contest.public), "--campaign", str(campaign), "--time", time, "--seed", str(seed), "--json"]
    told = {**os.environ, "PODIUM_HOME": "" if home is None else str(home)}
    subprocess.run([sys.executable, "-m", "podium", *argv], capture_output=True, env=told, check=False)
    file = campaign / "submission.csv"
    registry = Registry.open(campaign)
    blends = [one for one in registry.events.after(0, 100_000) if one.kind == "blend"]
    registry.close()
    return [(one.alive_s, float(one.payload["score"])) for one in blends], Judge(contest).score(
        file
    ) if file.is_file() else np.nan


def _compared(contest: contests.Contest, work: Path, time: str, seed: int, home: Path) -> dict[str, Any]:
    as_it_is = work / "as_it_is"
    shutil.rmtree(as_it_is, ignore_errors=True)
    if home.is_dir():
        shutil.copytree(home, as_it_is)
    sign = 1.0 if contest.higher else -1.0
    arms = {"with": as_it_is, "without": None}
    order = list(arms) if seed % 2 == 0 else list(arms)[::-1]
    found = {name: play(contest, work / "campaign", time, seed, arms[name]) for name in order}
    best = {name: max((sign * score for _, score in curve), default=-np.inf) for name, (curve, _) in found.items()}
    both = min(best.values())
    reach = {
        name: next((at for at, score in curve if sign * score >= both), float("nan"))
        for name, (curve, _) in found.items()
    }
    return {
        "data": contest.name, "seed": seed, "metric": contest.competition.metric, "higher": contest.higher,
        "reach_s": reach, "estimate": {name: sign * value for name, value in best.items()},
        "private": {name: score for name, (_, score) in found.items()},
    }  # fmt: skip


def _line(row: dict[str, Any]) -> str:
    reach, score = row["reach_s"], row["private"]
    return (
        f"{row['data']:44s} seed {row['seed']}  reach {reach['with']:6.1f} s with, {reach['without']:6.1f} without  "
        f"{row['metric']} private {score['with']:.5g} with, {score['without']:.5g} without"
    )


def _summary(rows: list[dict[str, Any]]) -> str:
    ratios = np.log([row["reach_s"]["with"] / row["reach_s"]["without"] for row in rows])
    signs = [1.0 if row["higher"] else -1.0 for row in rows]
    gains = [s * (row["private"]["with"] - row["private"]["without"]) for s, row in zip(signs, rows, strict=True)]
    wins = np.array([0.5 if gain == 0 else float(gain > 0) for gain in gains])
    speed, share = (_interval(values) for values in (ratios, wins))
    return (
        f"time to reach the same estimate: x {np.exp(speed[0]):.2f} [{np.exp(speed[1]):.2f}, {np.exp(speed[2]):.2f}]; "
        f"private score better in {share[0]:.0%} [{share[1]:.0%}, {share[2]:.0%}] of {len(rows)}"
    )


def _interval(values: np.ndarray[Any, Any]) -> tuple[float, float, float]:
    known = values[np.isfinite(values)]
    draws = np.random.default_rng(0).choice(known, (DRAWS, len(known))).mean(axis=1)
    low, high = np.quantile(draws, [0.05, 0.95])
    return float(known.mean()), float(low), float(high)


if __name__ == "__main__":
    try:
        main()
    except UserError as problem:
        print(f"memory: {problem}", file=sys.stderr)
        raise SystemExit(2) from None
