"""What each family gives to a blend: pools of finished campaigns, blended with its members and without them.

    python bench/families.py CAMPAIGN… [--halves 10] [--json]

On one half of the rows the best six of each family are drawn and blended, once all and once for each family without it; the
other half judges, by what the search goes by (the surrogate where the metric moves in steps). The gain is the family's, in
per cent of the loss without it (of 1 - score where more is better); the interval (90 %) is over halves. At the end: each
family's mean over campaigns with its bootstrap interval (95 %), and how many it was in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from halves import Pool, asked

from podium import ensemble
from podium.tasks.surrogate import surrogate_of
from podium.tasks.task import Task

POOL, OF_EACH, DRAWS = 200, 6, 10_000


def main() -> None:
    told = asked(__doc__, halves=10)
    found = [measured(campaign, told.halves) for campaign in told.campaigns]
    together = over_campaigns(found)
    if told.json:
        print(json.dumps({"schema_version": 1, "campaigns": found, "families": together}))
        return
    for one in found:
        print(f"{one['competition']}: {one['metric']}, {one['members']} members, {one['rows']:,} rows")
        for family, by in one["families"].items():
            print(f"  {family:14s} {by['members']:3d}  {told_gain(by)}")
    print("all campaigns")
    for family, by in together.items():
        print(f"  {family:14s} {by['campaigns']:3d}  {told_gain(by)}")


def measured(campaign: Path, halves: int) -> dict[str, Any]:
    """One campaign's figures; a family alone in its pool has none."""
    pool = Pool.of(campaign, POOL)
    guide, names = surrogate_of(pool.task), sorted(set(pool.families.values()))
    trials = [_trial(pool, guide, names, half) for half in range(halves)] if len(names) > 1 else []
    of_each = {name: sum(family == name for family in pool.families.values()) for name in names}
    return {
        "campaign": campaign.name,
        "competition": pool.task.competition.competition,
        "metric": guide.metric.name,
        "members": len(pool.oofs),
        "rows": len(pool.truth),
        "families": {
            name: {"members": of_each[name], **_summed([trial[name] for trial in trials])} for name in names if trials
        },
    }


def _trial(pool: Pool, guide: Task, families: Sequence[str], half: int) -> dict[str, float]:
    """Family → what its members give, in per cent of the loss on the rows not seen."""
    mine = np.random.default_rng(half).random(len(pool.truth)) < 0.5
    worth = {
        name: guide.metric.sign * guide.score_raw(pool.truth[mine], raw[mine], pool.fold_of[mine])
        for name, raw in pool.oofs.items()
    }
    ranked = sorted(pool.oofs, key=lambda name: -worth[name])
    drawn = [[name for name in ranked if pool.families[name] == family][:OF_EACH] for family in families]

    def judged(without: str | None) -> float:
        names = [name for group, family in zip(drawn, families, strict=True) if family != without for name in group]
        oofs = {name: pool.oofs[name][mine] for name in names}
        found = ensemble.blend(pool.task, pool.truth[mine], oofs, pool.fold_of[mine], seed=0, guide=guide)
        raw = ensemble.combine(found, {name: pool.oofs[name][~mine] for name in found.weights})
        return guide.score_raw(pool.truth[~mine], raw, pool.fold_of[~mine])

    whole, best = judged(None), 1.0 if guide.metric.sign > 0 else 0.0
    parts = {family: judged(family) for family in families}
    return {family: 100 * guide.gain(whole, part) / abs(best - part) for family, part in parts.items()}


def over_campaigns(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Family → mean over the campaigns it was in, with its bootstrap interval; the best first."""
    gains: dict[str, list[float]] = {}
    for one in found:
        for family, by in one["families"].items():
            gains.setdefault(family, []).append(by["gain"])
    rng, told = np.random.default_rng(0), {}
    for family in sorted(gains, key=lambda name: -float(np.mean(gains[name]))):
        of = np.array(gains[family])
        low, high = np.quantile(of[rng.integers(len(of), size=(DRAWS, len(of)))].mean(axis=1), [0.025, 0.975])
        told[family] = {"campaigns": len(of), "gain": float(of.mean()), "interval": [float(low), float(high)]}
    return told


def _summed(gains: Sequence[float]) -> dict[str, Any]:
    low, high = np.quantile(gains, [0.05, 0.95])
    return {"gain": float(np.mean(gains)), "interval": [float(low), float(high)]}


def told_gain(by: Mapping[str, Any]) -> str:
    return f"{by['gain']:+.3f} % [{by['interval'][0]:+.3f}, {by['interval'][1]:+.3f}]"


if __name__ == "__main__":
    main()
