"""What a second level of models would add: pools of finished campaigns, blended with models on models and without.

    python bench/second_level.py CAMPAIGN… [--halves 4] [--json]

On one half of the rows the best 24 members' out-of-fold predictions become columns; boosting learns from them, alone
(`models`) and beside the table's own columns (`models and table`), cross-fitted over the campaign's folds, and joins the pool.
The blends with and without it are judged on the other half, by what the search goes by. The gain is in per cent of the loss
without it (of 1 - score where more is better), the interval (90 %) over halves; at the end the mean over campaigns with its
bootstrap interval (95 %).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from families import over_campaigns, told_gain
from halves import Pool, asked
from numpy.typing import NDArray

from podium import ensemble
from podium.protocol import Column, Context, Rows
from podium.recipes.tabular import LightGBM
from podium.tasks.surrogate import surrogate_of
from podium.tasks.task import Floats, Task

POOL, DRAWN = 60, 24
LEVELS = ("models", "models and table")
BOOSTING: Mapping[str, Any] = {
    "rounds": 600, "patience": 40, "learning_rate": 0.04, "num_leaves": 7, "min_data_in_leaf": 40, "lambda_l2": 10.0,
    "feature_fraction": 0.5,
}  # fmt: skip


def main() -> None:
    told = asked(__doc__, halves=4)
    found = []
    for campaign in told.campaigns:
        found.append(measured(campaign, told.halves))
        if not told.json:
            print(_line(found[-1]), flush=True)
    together = over_campaigns(found)
    if told.json:
        print(json.dumps({"schema_version": 1, "campaigns": found, "levels": together}))
        return
    for level, by in together.items():
        print(f"{by['campaigns']} campaigns  {level}: {told_gain(by)}")


def measured(campaign: Path, halves: int) -> dict[str, Any]:
    """One campaign's figures."""
    pool = Pool.of(campaign, POOL)
    trials = [_trial(pool, surrogate_of(pool.task), half) for half in range(halves)]
    gains: dict[str, Any] = {}
    for level in LEVELS:
        of = [trial[level] for trial in trials]
        low, high = np.quantile(of, [0.05, 0.95])
        gains[level] = {"gain": float(np.mean(of)), "interval": [float(low), float(high)]}
    return {
        "campaign": campaign.name,
        "competition": pool.task.competition.competition,
        "metric": surrogate_of(pool.task).metric.name,
        "members": len(pool.oofs),
        "rows": len(pool.truth),
        "families": gains,
    }


def _trial(pool: Pool, guide: Task, half: int) -> dict[str, float]:
    """Level → what it gives, in per cent of the loss on the rows not seen."""
    mine = np.random.default_rng(half).random(len(pool.truth)) < 0.5
    worth = {
        name: guide.metric.sign * guide.score_raw(pool.truth[mine], raw[mine], pool.fold_of[mine])
        for name, raw in pool.oofs.items()
    }
    drawn = {name: pool.oofs[name] for name in sorted(worth, key=lambda name: -worth[name])[:DRAWN]}

    def judged(members: Mapping[str, Floats]) -> float:
        oofs = {name: raw[mine] for name, raw in members.items()}
        found = ensemble.blend(pool.task, pool.truth[mine], oofs, pool.fold_of[mine], seed=0, guide=guide)
        raw = ensemble.combine(found, {name: members[name][~mine] for name in found.weights})
        return guide.score_raw(pool.truth[~mine], raw, pool.fold_of[~mine])

    plain, best = judged(drawn), 1.0 if guide.metric.sign > 0 else 0.0
    gains = {}
    for level in LEVELS:
        second = _second(pool, drawn, mine, level == LEVELS[1])
        gains[level] = 100 * guide.gain(judged({**drawn, "second": second}), plain) / abs(best - plain)
    return gains


def _second(pool: Pool, drawn: Mapping[str, Floats], mine: NDArray[np.bool_], table: bool) -> Floats:
    """Predictions `(n, k)` of all rows, learned from `mine` alone: of these out of fold, of the others by one fit."""
    columns = [pl.Series(f"{name}.{k}", raw[:, k]) for name, raw in drawn.items() for k in range(raw.shape[1])]
    schema = [Column(column.name, "numeric", len(column)) for column in columns]
    if table:
        columns, schema = [*pool.table.get_columns(), *columns], [*pool.columns, *schema]
    frame, known = pl.DataFrame(columns), pool.task.competition
    width = next(iter(drawn.values())).shape[1]
    found = np.full((len(pool.truth), width), np.nan)
    ctx = Context(
        seed=0, cores=2, task_type=known.task_type, metric=known.metric, n_outputs=width, schema=tuple(schema)
    )

    def predicted(train: NDArray[np.bool_], asked_of: NDArray[np.bool_]) -> None:
        rows, new = np.flatnonzero(train), np.flatnonzero(asked_of)
        model = LightGBM({"files": False}, **BOOSTING).fit(Rows(frame, rows, y=pool.truth[rows]), ctx)
        found[new] = model.predict(Rows(frame, new), ctx).values

    for fold in np.unique(pool.fold_of[pool.fold_of >= 0]):
        predicted(mine & (pool.fold_of != fold), mine & (pool.fold_of == fold))
    predicted(mine, ~mine)
    return found


def _line(one: Mapping[str, Any]) -> str:
    gains: Sequence[str] = [f"{level} {told_gain(by)}" for level, by in one["families"].items()]
    return f"{one['competition']:52s} {one['metric']:8s} {one['members']:3d} members  {'; '.join(gains)}"


if __name__ == "__main__":
    main()
