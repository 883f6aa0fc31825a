"""Forecasting families on the last windows of a long table of series, and what one adds to the best of the others.

    python bench/forecast_windows.py TRAIN --horizon 13 [--windows 3] [--models window_nets,boosted_lags] [--of window_nets]

TRAIN: series, t, value. Each model (the first of its family in the portfolio) sees what lies before a window and answers it.
Prints sMAPE and CPU seconds of each window, and two paired bootstraps over series: the best of the others minus `--of`, and
minus their blend, whose weight in each window is the best of the other windows. Nothing of test is looked at.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from podium.protocol import Column, Context, Rows
from podium.recipes import forecast
from podium.recipes.forecast import catalog
from podium.records import Competition, DataFacts, Hardware

DRAWS = 10_000
WEIGHTS = np.linspace(0.0, 1.0, 21)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path)
    parser.add_argument("--horizon", type=int, required=True)
    parser.add_argument("--windows", type=int, default=3)
    parser.add_argument("--models", default="window_nets,boosted_lags,analogs,linear_lags,chosen")
    parser.add_argument("--of", default="window_nets")
    told = parser.parse_args()
    table = pl.read_csv(told.train).with_columns(pl.col("series").cast(pl.String)).sort("series", "t")
    series = [part["value"].cast(pl.Float64).to_numpy() for _, part in table.group_by("series", maintain_order=True)]
    found: dict[str, list[Any]] = {name: [] for name in told.models.split(",")}
    truths = []
    for window in range(1, told.windows + 1):
        train, asked, truth = _window(series, told.horizon, window)
        truths.append(truth)
        for name, paths in found.items():
            begun = time.process_time()
            paths.append(
                _model(name, told.horizon, series).fit(train, CTX).predict(asked, CTX).values.reshape(truth.shape)
            )
            took = time.process_time() - begun
            print(
                f"window {window} {name:14} sMAPE {_smape(truth, paths[-1]).mean():.3f}  {took:.1f} s of CPU",
                flush=True,
            )
    mean = {
        name: np.mean([_smape(t, p) for t, p in zip(truths, paths, strict=True)], axis=0)
        for name, paths in found.items()
    }
    best = min((name for name in mean if name != told.of), key=lambda name: float(mean[name].mean()))
    print(f"{best} - {told.of}:", _bootstrap(mean[best] - mean[told.of]))
    blend = _blend(truths, found[told.of], found[best])
    print(f"{best} - blend of both ({blend.mean():.3f}):", _bootstrap(mean[best] - blend))


CTX = Context(seed=0, cores=1, task_type="forecasting", metric="smape", n_outputs=1, schema=())


def _window(series: list[Any], horizon: int, window: int) -> tuple[Rows, Rows, Any]:
    """Training rows, rows asked, and their truth `(n, horizon)`: the window-th from the end."""
    cut = [y[: len(y) - (window - 1) * horizon] for y in series]
    names = [f"s{k:05d}" for k, y in enumerate(cut) for _ in range(len(y))]
    frame = pl.DataFrame({"series": names, "time": np.concatenate([np.arange(float(len(y))) for y in cut])})
    asked = np.concatenate([np.arange(len(y)) >= len(y) - horizon for y in cut])
    values = np.concatenate(cut)
    return (
        Rows(frame, np.flatnonzero(~asked), y=values[~asked]),
        Rows(frame, np.flatnonzero(asked)),
        values[asked].reshape(-1, horizon),
    )


def _model(name: str, horizon: int, series: list[Any]) -> Any:
    """The first recipe of the family, made."""
    columns = (Column("series", "code", len(series)), Column("time", "numeric", 1000))
    facts = DataFacts(sum(map(len, series)), 0, len(series) * horizon, 4, columns, 1, 5000)
    asked = Competition(
        "c", "", "forecasting", "smape", "lower", ("value",), "id", ("id", "value"), "series", inputs=("series",),
        cv_strategy="forward", cv_horizon=float(horizon),
    )  # fmt: skip
    recipes = catalog.portfolio(facts, asked, Hardware(1, 8000))
    recipe = next(r for r in recipes if r.model == name and r.params.get("method") != "naive")
    return getattr(forecast, catalog.FAMILIES[name].class_name)(features=recipe.features, **recipe.params)


def _smape(truth: Any, found: Any) -> Any:
    return (200 * np.abs(truth - found) / np.maximum(np.abs(truth) + np.abs(found), 1e-12)).mean(axis=1)


def _blend(truths: list[Any], ours: list[Any], theirs: list[Any]) -> Any:
    """Mean sMAPE of each series over the windows, each mixed by the weight that is best on the others."""
    losses = np.array(
        [[_smape(t, w * a + (1 - w) * b) for w in WEIGHTS] for t, a, b in zip(truths, ours, theirs, strict=True)]
    )
    scores, out = losses.mean(axis=2), []
    for window in range(len(truths)):
        others = [k for k in range(len(truths)) if k != window]
        out.append(losses[window, int(scores[others].mean(axis=0).argmin())])
    return np.mean(out, axis=0)


def _bootstrap(gains: Any) -> str:
    draws = np.random.default_rng(0).integers(0, len(gains), (DRAWS, len(gains)))
    low, high = np.quantile(gains[draws].mean(axis=1), [0.025, 0.975])
    return f"{gains.mean():+.4f}, 95 % of {DRAWS} draws of {len(gains)} series {low:+.4f} .. {high:+.4f}"


if __name__ == "__main__":
    main()
