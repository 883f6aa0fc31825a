"""What each option of the tabular encoder is worth: LightGBM with it against LightGBM without, on the same folds.

    python bench/features.py PATH… [--options near=20 select=true …] [--model lightgbm] [--folds 5] [--seeds 1] [--rows N]
                             [--spare 0.5]

PATH as for `bench/recipes.py`; an option `model=NAME` is the portfolio's first of another family instead. `--spare`: that
share of the rows has no labels for either model, and is what pseudo=0.5 learns from beside test.csv's rows. For each table
and option: the change of the mean row loss (log loss, or squared error in the target's curve) in per cent of the loss
without it, negative is better, with its standard error over rows; the same for the mean of both models' predictions against
the mean of two seeds without it, which is what a blend would gain; CPU time as a ratio. The last lines are means over the
tables with a 90 % bootstrap interval over tables.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from recipes import Bench, load, run

from podium.recipes import catalog
from podium.recipes.tabular.target import Target
from podium.records import Hardware, Recipe

Floats = NDArray[np.float64]
OPTIONS = (
    "target=true", "target=true,smooth=[1,10,100]", "near=10", "near=40", "clusters=8", "clusters=24", "groups=3", "groups=6",
    "crosses=5", "sums=true", "combos=8", "select=true", "target=true,values=true,crosses=5,select=true",
)  # fmt: skip
DRAWS = 2000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", metavar="PATH")
    parser.add_argument("--options", nargs="*", default=list(OPTIONS))
    parser.add_argument("--model", default="lightgbm")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--rows", type=int)
    parser.add_argument(
        "--spare", type=float, default=0.0, help="share of the rows that lose their labels, for pseudo=0.5"
    )
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = [row for source in asked.sources for row in _table(source, asked)]
    if asked.json:
        print(json.dumps({"schema_version": 1, "tables": found}))
        return
    by_option: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in found:
        by_option[row["option"]].append(row)
    for option, rows in by_option.items():
        alone, blended = interval([row["alone"] for row in rows]), interval([row["blended"] for row in rows])
        print(f"{option:44s} alone {alone}  blended {blended}  over {len(rows)} tables")


def _table(source: str, asked: argparse.Namespace) -> list[dict[str, Any]]:
    """One row an option."""
    bench = load(source, asked.folds, 0, asked.rows, asked.spare)
    listed = catalog.portfolio(bench.facts, bench.competition, Hardware(cores=2, memory_mb=8192))
    base = [recipe for recipe in listed if recipe.model == asked.model][-1]
    base = replace(base, features={k: v for k, v in base.features.items() if k in ("numbers", "files", "texts")})
    rows = []
    plain = [_played(bench, base, seed, asked.cores) for seed in range(asked.seeds + 1)]
    for option in asked.options:
        other = _recipe(option, base, listed)
        played = [_played(bench, other, seed, asked.cores) for seed in range(1, asked.seeds + 1)]
        alone = [changed(bench, mine[0], its[0]) for mine, its in zip(played, plain[1:], strict=True)]
        pairs = [((mine[0] + plain[k][0]) / 2, (plain[k + 1][0] + plain[k][0]) / 2) for k, mine in enumerate(played)]
        blended = [changed(bench, mine, its) for mine, its in pairs]
        seconds = [sum(one[1] for one in some) / len(some) for some in (played, plain)]
        rows.append(
            {
                "table": source.rstrip("/").removesuffix("/public").split("/")[-1],
                "option": option,
                "alone": float(np.mean([change for change, _ in alone])),
                "alone_error": float(np.mean([error for _, error in alone])),
                "blended": float(np.mean([change for change, _ in blended])),
                "blended_error": float(np.mean([error for _, error in blended])),
                "seconds": seconds[0] / seconds[1],
            }
        )
        _tell(rows[-1])
    return rows


def _recipe(option: str, base: Recipe, listed: Sequence[Recipe]) -> Recipe:
    """The base with other features; `model=NAME`: the portfolio's first recipe of that family instead."""
    if option.startswith("model="):
        return next(recipe for recipe in listed if recipe.model == option.removeprefix("model="))
    return replace(base, features={**base.features, **_read(option)})


def _read(option: str) -> dict[str, Any]:
    """`target=true,smooth=[1,10]` as features."""
    text = option.replace("[", "\0").split("\0")
    joined = text[0] + "".join(
        "[" + part.split("]")[0].replace(",", ";") + "]" + part.split("]")[1] for part in text[1:]
    )
    return {k: json.loads(v.replace(";", ",")) for k, v in (pair.split("=") for pair in joined.split(","))}


def _played(bench: Bench, recipe: Recipe, seed: int, cores: int) -> tuple[Floats, float]:
    got = run(bench, recipe, 100 * seed, cores)
    return got["oof"], got["seconds"]


def changed(bench: Bench, mine: Floats, its: Floats) -> tuple[float, float]:
    """Mean of the paired row losses' difference and its standard error, in per cent of the mean loss of `its`."""
    a, b = _losses(bench, mine), _losses(bench, its)
    return 100 * float(np.mean(a - b) / b.mean()), 100 * float(np.std(a - b) / np.sqrt(len(a)) / b.mean())


def _losses(bench: Bench, oof: Floats) -> Floats:
    """`(n,)`: log loss of classes, else squared error where the metric's curve has straightened the values."""
    truth, task = bench.truth, bench.competition.task_type
    if task == "multiclass_classification":
        return np.asarray(-np.log(np.clip(oof[np.arange(len(oof)), truth], 1e-6, 1)))
    if task.endswith("classification"):
        sure = np.clip(oof, 1e-6, 1 - 1e-6)
        wanted = truth.reshape(oof.shape)
        return np.asarray(-(wanted * np.log(sure) + (1 - wanted) * np.log(1 - sure)).mean(axis=1))
    target = Target.of(truth, bench.context(0, 1))
    wanted, found = (np.column_stack(target.columns(values)) for values in (truth.reshape(oof.shape), oof))
    return np.asarray(((wanted - found) ** 2).mean(axis=1))


def interval(changes: list[float]) -> str:
    draws = np.random.default_rng(0).choice(changes, (DRAWS, len(changes))).mean(axis=1)
    low, high = np.quantile(draws, [0.05, 0.95])
    return f"{np.mean(changes):+.2f} % [{low:+.2f}, {high:+.2f}]"


def _tell(row: dict[str, Any]) -> None:
    print(
        f"{row['table']:40s} {row['option']:44s} alone {row['alone']:+.2f} ± {row['alone_error']:.2f} %  "
        f"blended {row['blended']:+.2f} ± {row['blended_error']:.2f} %  time x{row['seconds']:.2f}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
