"""Naive, ETS, Theta and AutoARIMA of statsforecast against a submission, on a long table of series.

    python bench/forecasters.py FOLDER SUBMISSION ANSWERS [--season 1] [--forecasts FILE]

FOLDER: train.csv (series, t, value) and test.csv (id, series, horizon); SUBMISSION and ANSWERS: id, value. Prints the sMAPE of
each (mean over series of the mean over the horizon), and the paired bootstrap over series of the best of the four minus the
submission: mean, and the bounds of its central 95 %. `--forecasts` keeps the four's forecasts, to be read again.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

DRAWS = 10_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("submission", type=Path)
    parser.add_argument("answers", type=Path)
    parser.add_argument("--season", type=int, default=1)
    parser.add_argument("--forecasts", type=Path)
    told = parser.parse_args()
    test = pl.read_csv(told.folder / "test.csv").with_columns(pl.col("id", "series").cast(pl.String))
    answers = pl.read_csv(told.answers).select(pl.col("id").cast(pl.String), truth=pl.col("value").cast(pl.Float64))
    mine = pl.read_csv(told.submission).select(
        pl.col("id").cast(pl.String), submission=pl.col("value").cast(pl.Float64)
    )
    table = test.join(answers, on="id").join(mine, on="id").join(_four(told, test), on=["series", "horizon"])
    names = [c for c in table.columns if c not in ("id", "series", "horizon", "truth")]
    losses = table.group_by("series", maintain_order=True).agg(_smape(name) for name in names)
    means = {name: float(losses[name].mean()) for name in names}  # type: ignore[arg-type]
    for name, mean in sorted(means.items(), key=lambda item: item[1]):
        print(f"{name:12} sMAPE {mean:.4f}")
    best = min((name for name in names if name != "submission"), key=means.__getitem__)
    gains = (losses[best] - losses["submission"]).to_numpy()
    draws = np.random.default_rng(0).integers(0, len(gains), (DRAWS, len(gains)))
    low, high = np.quantile(gains[draws].mean(axis=1), [0.025, 0.975])
    print(
        f"{best} - submission: {gains.mean():+.4f}  95 % of {DRAWS} draws of {len(gains)} series: {low:+.4f} .. {high:+.4f}"
    )


def _smape(name: str) -> pl.Expr:
    wrong, size = (pl.col("truth") - pl.col(name)).abs(), pl.col("truth").abs() + pl.col(name).abs()
    return pl.when(size > 0).then(200.0 * wrong / size).otherwise(0.0).mean().alias(name)


def _four(told: argparse.Namespace, test: pl.DataFrame) -> pl.DataFrame:
    """series, horizon and a column a model."""
    if told.forecasts is not None and told.forecasts.exists():
        return pl.read_csv(told.forecasts, schema_overrides={"series": pl.String})
    from statsforecast.models import AutoARIMA, AutoETS, Naive, Theta

    steps = int(test["horizon"].max())  # type: ignore[arg-type]
    train = pl.read_csv(told.folder / "train.csv").with_columns(pl.col("series").cast(pl.String)).sort("series", "t")
    season, out = told.season, []
    models = {"Naive": Naive(), "ETS": AutoETS(season_length=season), "Theta": Theta(season_length=season),
              "AutoARIMA": AutoARIMA(season_length=season)}  # fmt: skip
    spent = dict.fromkeys(models, 0.0)
    for (series,), part in train.group_by("series", maintain_order=True):
        values = part["value"].cast(pl.Float64).to_numpy()
        ahead = {}
        for name, model in models.items():
            forecast: Any = model.forecast
            begun = time.perf_counter()
            ahead[name] = forecast(y=values, h=steps)["mean"]
            spent[name] += time.perf_counter() - begun
        out.append(pl.DataFrame({"series": [series] * steps, "horizon": np.arange(1, steps + 1), **ahead}))
    print(", ".join(f"{name} {seconds:.0f} s" for name, seconds in spent.items()), file=sys.stderr)
    four = pl.concat(out)
    if told.forecasts is not None:
        four.write_csv(told.forecasts)
    return four


if __name__ == "__main__":
    main()
