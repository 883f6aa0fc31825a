"""What predicts rows never seen better: the mean of the fold models, or of as many models fitted on all rows?

    python bench/refit.py PATH… [--model lightgbm kernel …] [--folds 5] [--outer 3] [--rows N] [--json]

PATH as for `bench/recipes.py`. Of each table an outer fold is held back; on the rest the portfolio's first recipe of each
family is fitted once for each inner fold without it (mean of folds), and as many times with all rows and other seeds (mean
of refits). For each: the change of the mean row loss on the rows held back, in per cent of the mean of folds' loss, negative
is better, with its standard error over rows; CPU seconds of refits over those of folds. The last line of a family is the
mean over tables with a 90 % bootstrap interval over tables. `blend`: the mean of all families' predictions.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from features import changed, interval
from numpy.typing import NDArray
from recipes import Bench, compiled, load

from podium.recipes import catalog
from podium.records import Hardware, Recipe

Floats = NDArray[np.float64]
MODELS = ("lightgbm", "kernel", "linear", "mlp", "catboost", "xgboost")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", metavar="PATH")
    parser.add_argument("--model", nargs="*", default=list(MODELS))
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--outer", type=int, default=3, help="of five outer folds, so many are held back in turn")
    parser.add_argument("--rows", type=int)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = [row for source in asked.sources for row in _table(source, asked)]
    if asked.json:
        print(json.dumps({"schema_version": 1, "tables": found}))
        return
    of_model: dict[str, list[float]] = defaultdict(list)
    for row in found:
        of_model[row["model"]].append(row["change"])
    for model, changes in of_model.items():
        print(f"{model:14s} {interval(changes)}  over {len(changes)} tables")


def _table(source: str, asked: argparse.Namespace) -> list[dict[str, Any]]:
    bench = load(source, 5, 0, asked.rows)
    listed = catalog.portfolio(bench.facts, bench.competition, Hardware(cores=2, memory_mb=8192))
    chosen = [next((r for r in listed[1:] if r.model == model), None) for model in asked.model]
    rows, sums = [], [np.zeros((len(bench.truth), bench.facts.n_outputs)) for _ in range(2)]
    for recipe in chosen:
        if recipe is None:
            continue
        folds, refits, ratio = _both(bench, recipe, asked)
        sums = [sums[0] + folds, sums[1] + refits]
        rows.append(_row(bench, source, recipe.model, folds, refits, ratio))
    if len(rows) > 1:
        rows.append(_row(bench, source, "blend", sums[0] / len(rows), sums[1] / len(rows), 1.0))
    return rows


def _row(bench: Bench, source: str, model: str, folds: Floats, refits: Floats, ratio: float) -> dict[str, Any]:
    seen = np.flatnonzero(~np.isnan(folds).any(axis=1))
    change, error = changed(bench.only(seen), refits[seen], folds[seen])
    name = source.rstrip("/").removesuffix("/public").split("/")[-1]
    print(f"{name:40s} {model:14s} {change:+.2f} ± {error:.2f} %  seconds x {ratio:.2f}", file=sys.stderr, flush=True)
    return {"table": name, "model": model, "change": change, "error": error, "seconds": ratio}


def _both(bench: Bench, recipe: Recipe, asked: argparse.Namespace) -> tuple[Floats, Floats, float]:
    """Predictions `(n, k)` of the rows held back by the mean of fold models and by the mean of refits, NaN elsewhere."""
    kept = [np.full((len(bench.truth), bench.facts.n_outputs), np.nan) for _ in range(2)]
    seconds = [0.0, 0.0]
    for outer in range(asked.outer):
        known, held = np.flatnonzero(bench.fold_of != outer), np.flatnonzero(bench.fold_of == outer)
        inner = np.random.default_rng(outer).permutation(len(known)) % asked.folds
        dealt: Sequence[Sequence[NDArray[np.intp]]] = (
            [known[inner != fold] for fold in range(asked.folds)],
            [known] * asked.folds,
        )
        for way, deals in enumerate(dealt):
            began = time.process_time()
            got = [_fitted(bench, recipe, train, held, 100 * outer + seed) for seed, train in enumerate(deals)]
            kept[way][held] = np.mean(got, axis=0)
            seconds[way] += time.process_time() - began
    return kept[0], kept[1], seconds[1] / seconds[0]


def _fitted(bench: Bench, recipe: Recipe, train: NDArray[np.intp], held: NDArray[np.intp], seed: int) -> Floats:
    module, ctx = compiled(recipe), bench.context(seed, 1)
    model = module["fit"](bench.rows(train, True), ctx)
    return np.asarray(module["predict"](model, bench.rows(held, False), ctx).values)


if __name__ == "__main__":
    main()
