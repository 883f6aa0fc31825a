"""What samples of many rows are worth: `python bench/many_rows.py [--rows 1000000] [--time 120s] [--seeds 0] [--json]`.

A generated table (24 numbers, 6 categories of 2 to 5,000 levels, a binary label; a fifth of it is test), and the built-in team's
campaign on it with samples and without, in turn. Told: private ROC AUC, the best blend's nested estimate, experiments,
seconds to the first submission. `best`: what the generating probabilities reach.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium import metrics
from podium.campaign import loop
from podium.campaign.blending import best_blend
from podium.cli import compose, making
from podium.cli.duration import seconds
from podium.team.builtin import sampled

LEVELS = (2, 3, 10, 50, 500, 5000)
NUMBERS = 24
ARMS = {"samples": sampled.PLENTY, "all rows": math.inf}


def main() -> None:
    os.environ["PODIUM_HOME"] = ""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--time", default="120s")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rows = []
    for seed in map(int, asked.seeds.split(",")):
        with tempfile.TemporaryDirectory() as temporary:
            public = Path(temporary) / "public"
            answers, best = _make(public, seed, asked.rows)
            for arm, plenty in ARMS.items():
                with patch.object(sampled, "PLENTY", plenty):
                    found = _played(public, Path(temporary) / arm, seed, seconds(asked.time), answers)
                rows.append({"seed": seed, "arm": arm, **found, "best": round(best, 5)})
                print("  ".join(f"{k} {v}" for k, v in rows[-1].items()), file=sys.stderr, flush=True)
    print(json.dumps({"schema_version": 1, "rows": rows}) if asked.json else _summary(rows))


def _make(public: Path, seed: int, n: int) -> tuple[NDArray[np.int64], float]:
    """The competition's files; the answers of its test rows, and the AUC that their probabilities reach."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, NUMBERS)).astype(np.float32)
    levels = [rng.integers(0, width, n) for width in LEVELS]
    effects = [0.3 * rng.normal(size=width) for width in LEVELS]
    odds = x[:, 0] * x[:, 1] + np.sin(2 * x[:, 2]) + x[:, 3] + 0.5 * (x[:, 4] > 0) * x[:, 5]
    odds = odds + sum(effect[level] for effect, level in zip(effects, levels, strict=True))
    y = (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(np.int64)
    table = pl.DataFrame(
        {
            "id": np.arange(n),
            **{f"x{k}": np.round(x[:, k], 4) for k in range(NUMBERS)},
            **{f"c{k}": [f"L{value}" for value in level] for k, level in enumerate(levels)},
            "target": y,
        }
    )
    cut = n * 4 // 5
    public.mkdir(parents=True)
    table[:cut].write_csv(public / "train.csv")
    table[cut:].drop("target").write_csv(public / "test.csv")
    table[cut:].select("id", target=pl.lit(0.5)).write_csv(public / "sample_submission.csv")
    text = "Predict the probability of target for each id. Submissions are evaluated on area under the ROC curve.\n"
    (public / "description.md").write_text(text)
    return y[cut:], metrics.get("auc").function(y[cut:], odds[cut:])


def _played(public: Path, campaign: Path, seed: int, time_s: float, answers: NDArray[np.int64]) -> dict[str, Any]:
    folder = making.open_or_create(str(public), campaign=campaign, seed=seed, memory=False, time_s=time_s)
    with compose.held(folder):
        engine = compose.make_engine(folder)
        engine.clock.start()
        try:
            loop.play(engine)
            best, count = best_blend(engine), engine.registry.experiments.count()
            first = next(e.alive_s for e in engine.registry.events.after(0, 100_000) if e.kind == "submission")
        finally:
            engine.clock.stop()
            engine.executor.close()
            engine.registry.close()
    sent = pl.read_csv(folder / "submission.csv")["target"].to_numpy()
    private = metrics.get("auc").function(answers, sent)
    return {
        "private": round(private, 5), "estimate": None if best is None else round(best.score, 5), "experiments": count,
        "first_s": round(first, 1),
    }  # fmt: skip


def _summary(rows: list[dict[str, Any]]) -> str:
    by = {(row["seed"], row["arm"]): row["private"] for row in rows}
    gains = [by[seed, "samples"] - by[seed, "all rows"] for seed in sorted({row["seed"] for row in rows})]
    return f"samples gain {np.mean(gains):+.5f} of AUC ({', '.join(f'{gain:+.5f}' for gain in gains)})"


if __name__ == "__main__":
    main()
