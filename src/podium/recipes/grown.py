"""LightGBM's trees on pixels and cells: grown until there are enough of them or time is over, the same for a seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context

Floats32 = NDArray[np.float32]


def grown(
    x: Floats32, y: Floats32, params: Mapping[str, Any], rounds: int, ctx: Context, until: float, weight: Floats32 | None = None
) -> Any:  # fmt: skip
    """A `lightgbm.Booster` of at most `rounds` trees on `(n, k)`, `(n,)`; the last one ends with `until` seconds left."""
    import lightgbm

    def in_time(env: Any) -> None:
        if ctx.time_left() < until:
            raise lightgbm.callback.EarlyStopException(env.iteration, [])

    fixed = {
        "bagging_freq": 1, "num_threads": ctx.cores, "seed": ctx.seed, "deterministic": True, "force_row_wise": True,
        "verbose": -1,
    }  # fmt: skip
    data = lightgbm.Dataset(x, y, weight=weight, params={"verbose": -1})
    return lightgbm.train({**params, **fixed}, data, rounds, callbacks=[in_time] if ctx.deadline is not None else None)
