"""What each step of feature making adds, on a generated table whose signal hides from trees.

    python bench/hidden_sums.py [--rows 200000] [--seeds 2] [--threads 2] [--json]
    python bench/hidden_sums.py --campaign 20m [--rows 200000] [--seeds 2] [--json]

Each line: one model of the built-in recipes, fitted on the training rows, scored on hidden answers (ROC AUC). The nets have
the sizes that the portfolio gives them, and are left out where their packages are not installed. `best` is what the
generating probabilities themselves reach: noise leaves no more. `--campaign`: instead, what the built-in team finds by itself
in that time: each round's blend out of fold, whose weight it is, when boosting's ceiling was told, and the private score.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from podium.competition.columns import describe, learn_type
from podium.protocol import Context, Rows
from podium.recipes import tabular
from podium.recipes.tabular.catalog import FAMILIES
from podium.recipes.tabular.installed import loads
from podium.recipes.tabular.portfolio import candidates
from podium.records import Competition, DataFacts, Recipe
from podium.registry import Registry
from podium.registry.events import Event
from podium.testing.contests import Planted, hidden_sums

STEPS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "columns as they are": ("lightgbm", {"codes": False}),
    "letters of the code": ("lightgbm", {}),
    "sums found": ("lightgbm", {"codes": False, "combos": 8}),
    "boosting on both": ("lightgbm", {"combos": 8}),
    "TabM on both": ("tabm", {"combos": 8}),
    "dual-branch net on letters": ("dual_branch", {}),
    "dual-branch net on both": ("dual_branch", {"combos": 8}),
}
PARAMS: Mapping[str, Any] = {
    "rounds": 600,
    "patience": 30,
    "learning_rate": 0.1,
    "num_leaves": 31,
    "feature_fraction": 0.5,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--campaign", metavar="TIME")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.campaign:
        played = [_campaign(options.rows, seed, options.campaign) for seed in range(options.seeds)]
        print(json.dumps(played, indent=1) if options.json else "\n\n".join(map(_told, played)))
        return
    steps = {name: step for name, step in STEPS.items() if all(map(loads, FAMILIES[step[0]].requires))}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in steps}
    for seed in range(options.seeds):
        with tempfile.TemporaryDirectory() as folder:
            planted = hidden_sums.make(Path(folder), seed, options.rows, options.rows // 4)
            for name, (family, features) in steps.items():
                found[name].append(_score(planted, family, features, seed, options.threads))
    report = {
        name: {"auc": float(np.mean([s for s, _ in runs])), "seconds": float(np.mean([t for _, t in runs]))}
        for name, runs in found.items()
    }
    report["best"] = {"auc": planted.reach + 0.03, "seconds": 0.0}
    if options.json:
        print(json.dumps(report, indent=1))
        return
    for name, line in report.items():
        print(f"{name:26} {line['auc']:.4f}  {line['seconds']:6.1f} s")


def _campaign(rows: int, seed: int, limit: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        planted, campaign = hidden_sums.make(Path(folder), seed, rows, rows // 4), Path(folder) / "campaign"
        argv = ["run", str(planted.public), "--campaign", str(campaign), "--time", limit, "--seed", str(seed), "--json"]
        told = {**os.environ, "PODIUM_HOME": ""}
        subprocess.run([sys.executable, "-m", "podium", *argv], stdout=subprocess.DEVNULL, env=told, check=True)
        registry = Registry.open(campaign)
        rounds = [
            _round(registry, event, campaign) for event in registry.events.after(0, 100_000) if event.kind == "blend"
        ]
        registry.close()
        private = planted.score(campaign / "submission.csv")
    return {"seed": seed, "rounds": rounds, "private": private, "best": planted.reach + 0.03}


def _round(registry: Registry, blend: Event, campaign: Path) -> dict[str, Any]:
    """A round's blend, the families that carry it, and whether its findings tell of a ceiling."""
    families: dict[str, float] = {}
    for id_, weight in blend.payload["weights"].items():
        experiment = registry.experiments.get(id_)
        if experiment is not None:
            families[experiment.spec.family] = round(families.get(experiment.spec.family, 0.0) + weight, 2)
    findings = campaign / "rounds" / f"R{blend.round:02d}_findings.md"
    ceiling = findings.is_file() and "Ceiling:" in findings.read_text()
    return {"s": blend.alive_s, "auc": blend.payload["score"], "families": families, "ceiling": ceiling}


def _told(played: Mapping[str, Any]) -> str:
    lines = [
        f"{one['s']:7.0f} s  {one['auc']:.4f}  {'ceiling' if one['ceiling'] else '       '}  {one['families']}"
        for one in played["rounds"]
    ]
    return "\n".join([*lines, f"seed {played['seed']}: private {played['private']:.4f}, best {played['best']:.4f}"])


def _score(planted: Planted, family: str, features: Mapping[str, Any], seed: int, threads: int) -> tuple[float, float]:
    train, test = (pl.read_csv(planted.public / f"{name}.csv") for name in ("train", "test"))
    columns = [name for name in test.columns if name != "id"]
    both = pl.concat([train.select(columns), test.select(columns)])
    schema = tuple(describe(both[name], learn_type(both[name])) for name in columns)
    context = Context(
        seed=seed, cores=threads, task_type="binary_classification", metric="auc", n_outputs=1, schema=schema
    )
    n = len(train)
    began = time.perf_counter()
    known = Rows(both, np.arange(n), y=train["target"].to_numpy())
    model = _model(family, features, DataFacts(n, 0, len(test), 5, schema, 1, 2)).fit(known, context)
    predicted = model.predict(Rows(both, np.arange(n, len(both))), context).values[:, 0]
    seconds = time.perf_counter() - began
    file = planted.public / "submission.csv"
    test.select("id", target=pl.Series(predicted)).write_csv(file)
    return planted.score(file), seconds


def _model(family: str, features: Mapping[str, Any], facts: DataFacts) -> Any:
    """LightGBM always with the same parameters; the others as the portfolio would first have them."""
    params = PARAMS if family == "lightgbm" else _first(family, facts).params
    return getattr(tabular, FAMILIES[family].class_name)(features=features, **params)


def _first(family: str, facts: DataFacts) -> Recipe:
    asked = Competition(
        "sums", "", "binary_classification", "auc", "higher", ("target",), "id", ("id", "target"), "value"
    )
    return next(recipe for recipe in candidates(facts, asked) if recipe.model == family)


if __name__ == "__main__":
    main()
