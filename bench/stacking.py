"""What stacking adds to a blend: the pools of finished campaigns, blended on half of their rows, judged on the other half.

    python bench/stacking.py CAMPAIGN… [--halves 20] [--json]

For each campaign: how often the nested folds chose the stacked weights, and the change of the metric on the rows that the
blend has not seen against the same blend without that way, in per cent; positive is better. The interval is over halves.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from halves import Pool, asked

from podium import ensemble
from podium.ensemble import stacked


def main() -> None:
    told = asked(__doc__, halves=20)
    found = [one for campaign in told.campaigns if (one := measured(campaign, told.halves))]
    if told.json:
        print(json.dumps({"schema_version": 1, "campaigns": found}))
        return
    for one in found:
        low, high = one["interval"]
        print(
            f"{one['campaign']:52s} {one['metric']:8s} {one['members']:3d} members  stacked {one['chosen']:4.0%}  "
            f"gain {one['gain']:+.3f} % [{low:+.3f}, {high:+.3f}]"
        )


def measured(campaign: Path, halves: int) -> dict[str, Any] | None:
    """One campaign's figures; None where stacking does not minimise its metric."""
    pool = Pool.of(campaign, 40)
    task, truth, oofs = pool.task, pool.truth, pool.oofs
    if task.metric.name not in (*stacked.SQUARED, "log_loss") or len(oofs) < 2:
        return None
    gains, chosen = [], 0
    for half in range(halves):
        mine = np.random.default_rng(half).random(len(truth)) < 0.5
        scores = []
        for allowed in (True, False):
            with mock.patch.object(stacked, "fits", stacked.fits if allowed else lambda task, space: False):
                found = ensemble.blend(
                    task,
                    truth[mine],
                    {name: values[mine] for name, values in oofs.items()},
                    pool.fold_of[mine],
                    seed=0,
                )
            chosen += found.kind == "stacked"
            raw = ensemble.combine(found, {name: oofs[name][~mine] for name in found.weights})
            scores.append(task.score_raw(truth[~mine], raw, pool.fold_of[~mine]))
        gains.append(100 * task.gain(scores[0], scores[1]) / abs(scores[1]))
    low, high = np.quantile(gains, [0.05, 0.95])
    return {
        "campaign": campaign.name,
        "metric": task.metric.name,
        "members": len(oofs),
        "chosen": chosen / halves,
        "gain": float(np.mean(gains)),
        "interval": [float(low), float(high)],
    }


if __name__ == "__main__":
    main()
