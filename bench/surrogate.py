"""What a surrogate sees that the metric hides: members of finished campaigns, chosen on half of their rows by each of the
two, judged on the other half by the metric.

    python bench/surrogate.py CAMPAIGN… [--halves 200] [--json]    (at most 20 of the halves are blended)

For each campaign whose metric moves in steps: the metric on the unseen half of the best one, and of the plain mean of the best
five, chosen by the metric and by the surrogate; and of the whole blend, with ways and members compared by each. The gain is
the surrogate's over the metric's, its interval (90 %) over halves.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from halves import Pool, asked
from numpy.typing import NDArray

from podium import ensemble, metrics, tasks
from podium.competition.surrogate import surrogate
from podium.tasks.surrogate import surrogate_of
from podium.tasks.task import Floats, Task

POOL, SEVERAL, BLENDS = 100, 5, 20


def main() -> None:
    told = asked(__doc__, halves=200)
    found = [one for campaign in told.campaigns if (one := measured(campaign, told.halves))]
    if told.json:
        print(json.dumps({"schema_version": 1, "campaigns": found}))
        return
    for one in found:
        print(
            f"{one['campaign']}: {one['metric']} by {one['surrogate']}, {one['members']} members, {one['rows']:,} rows"
        )
        for what in ("best", "mean of five", "blend"):
            by = one[what]
            print(
                f"  {what:12s} by the metric {by['metric']:.5f}, by the surrogate {by['surrogate']:.5f}: "
                f"gain {by['gain']:+.5f} [{by['interval'][0]:+.5f}, {by['interval'][1]:+.5f}]"
            )


def measured(campaign: Path, halves: int) -> dict[str, Any] | None:
    """One campaign's figures; None where its metric is smooth, or it has fewer than `SEVERAL` members."""
    pool = Pool.of(campaign, POOL)
    known = pool.task.competition
    name = surrogate(metrics.get(known.metric), known.task_type, known.submission_kind)
    if not name or len(pool.oofs) < SEVERAL:
        return None
    task = tasks.for_competition(dataclasses.replace(known, surrogate=name))
    trials = [_trial(task, pool.truth, pool.oofs, pool.fold_of, half, half < BLENDS) for half in range(halves)]
    compared = {what: _compared(task, [t[what] for t in trials if what in t]) for what in trials[0]}
    head = {
        "campaign": str(campaign),
        "metric": known.metric,
        "surrogate": name,
        "members": len(pool.oofs),
        "rows": len(pool.truth),
    }
    return {**head, **compared}


def _trial(
    task: Task, truth: NDArray[Any], oofs: Mapping[str, Floats], fold_of: NDArray[np.int8], half: int, blends: bool
) -> dict[str, tuple[float, float]]:
    """What → the metric on the rows not seen, (chosen by the metric, by the surrogate)."""
    mine = np.random.default_rng(half).random(len(truth)) < 0.5

    def judged(raw: Floats) -> float:
        return task.score_raw(truth[~mine], raw, fold_of[~mine])

    def best(guide: Task) -> list[str]:
        worth = {
            name: guide.metric.sign * guide.score_raw(truth[mine], raw[mine], fold_of[mine])
            for name, raw in oofs.items()
        }
        return sorted(oofs, key=lambda name: -worth[name])

    def blended(guide: Task) -> float:
        part = {name: oofs[name][mine] for name in best(guide)[:24]}
        found = ensemble.blend(task, truth[mine], part, fold_of[mine], seed=0, guide=guide)
        return judged(ensemble.combine(found, {name: oofs[name][~mine] for name in found.weights}))

    guides = (task, surrogate_of(task))
    ranked = [best(guide) for guide in guides]
    found = {
        "best": [judged(oofs[names[0]][~mine]) for names in ranked],
        "mean of five": [judged(np.mean([oofs[n][~mine] for n in names[:SEVERAL]], axis=0)) for names in ranked],
    }
    if blends:
        found["blend"] = [blended(guide) for guide in guides]
    return {what: (a, b) for what, (a, b) in found.items()}


def _compared(task: Task, pairs: list[tuple[float, float]]) -> dict[str, Any]:
    gains = [task.gain(by_surrogate, by_metric) for by_metric, by_surrogate in pairs]
    low, high = np.quantile(gains, [0.05, 0.95])
    means = np.mean(pairs, axis=0)
    return {
        "metric": float(means[0]), "surrogate": float(means[1]), "gain": float(np.mean(gains)),
        "interval": [float(low), float(high)],
    }  # fmt: skip


if __name__ == "__main__":
    main()
