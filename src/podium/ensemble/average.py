"""The simple average: equal weights, which nothing was fitted for and nothing can overfit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.ensemble import space as spaces
from podium.ensemble.blend import Blend, combine, common_rows
from podium.metrics.uncertainty import Estimate, estimate
from podium.tasks.task import Floats, Task


def average(
    task: Task,
    truth: NDArray[Any],
    oofs: Mapping[str, Floats],
    fold_of: NDArray[np.int8],
    groups: NDArray[Any] | None = None,
    guide: Task | None = None,
) -> Blend:
    """`oofs`: name → `(n, k)` raw OOF predictions, NaN where unknown; `truth` `(n, …)`; `groups` `(n,)`: the sampling units,
    where rows are none; `guide`: as for `blend`. The nested score is the score: only the decision is fitted, on other folds.
    Raises UserError without members or common rows."""
    names, rows = common_rows(oofs, fold_of)
    space = spaces.space_of(task)
    known = {name: oofs[name][rows] for name in names}
    bounds = spaces.bounds_of(task, truth[rows], known[names[0]])
    quantiles = (
        {name: spaces.knots_of(bounds.clip(values)) for name, values in known.items()} if space == "rank" else {}
    )
    weights = dict.fromkeys(names, 1.0 / len(names))
    blend = Blend(weights, space, 0.0, 0.0, 0.0, "mean", quantiles=quantiles, bounds=bounds, n_rows=len(rows))
    raw, units = combine(blend, known), None if groups is None else groups[rows]

    def judged(by: Task) -> Estimate:
        return estimate(by.metric, truth[rows], by.decide_crossfitted(truth[rows], raw, fold_of[rows]), units)

    own = judged(task)
    guided = own if guide is None or guide is task else judged(guide)
    return Blend(
        weights, space, own.value, own.stderr, own.value, "mean" if len(names) > 1 else "single",
        quantiles=quantiles, bounds=bounds, n_rows=len(rows), merit_stderr=guided.stderr,
        merit=None if guide is None or guide is task else guide.metric.sign * guided.value,
    )  # fmt: skip
