"""A net for all series at once: trained on windows of all of them, asked at their ends. torch is imported where it is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.metrics.distributions import levels_in
from podium.protocol import Context
from podium.recipes.forecast.bounds import bounded
from podium.recipes.forecast.hierarchy import Hierarchy
from podium.recipes.forecast.paths import PathModel
from podium.recipes.forecast.windows import Windows

Floats = NDArray[np.float64]
SHARE = 0.8  # of the time left that is trained in, all nets together
SQUARED = ("rmse", "mse", "rmsse", "wrmsse", "r2", "rmsle")
RELATIVE = ("smape", "mape")
USUAL = 0.02  # a usual step, as a share of the value: what weighs 1 where errors are shares


class WindowNets(PathModel):
    """`length`: last values that are read; `width`, `blocks`, `layers` of `window_net.WindowNet`; `steps` of `batch` windows;
    `recent` > 0: windows end in so many last steps of each series; `nets`: so many, with other beginnings, averaged.

    Where the metric asks for quantiles the net learns them itself.
    """

    def __init__(
        self, features: Mapping[str, Any] | None = None, length: int = 110, width: int = 128, blocks: int = 3, layers: int = 2,
        steps: int = 1000, batch: int = 256, lr: float = 1e-3, log: bool = False, recent: int = 0, nets: int = 1,
    ) -> None:  # fmt: skip
        super().__init__(features)
        self.length, self.recent, self.log, self.nets = length, recent, log, nets
        self.form = {"width": width, "blocks": blocks, "layers": layers}
        self.pace = {"steps": steps, "batch": batch, "lr": lr}

    def paths(self, series: Sequence[Floats], horizon: int, ctx: Context) -> Floats:
        return self._levels(series, horizon, (0.5,), ctx)[..., 0]

    def _answers(self, series: Sequence[Floats], tree: Hierarchy | None, ctx: Context) -> Floats:
        return self._levels(series, self.horizon, levels_in(ctx.metric) or (0.5,), ctx)

    def _levels(self, series: Sequence[Floats], horizon: int, levels: tuple[float, ...], ctx: Context) -> Floats:
        """`(n, horizon, levels)`."""
        logs = self.log and all((y > 0).all() for y in series)
        known = [np.log(y) if logs else y for y in series]
        length = max(2, min(self.length, int(np.median([len(y) for y in known])) - 2 * horizon))
        windows = Windows.of_series(known, length, horizon, self.recent)
        of, at = windows.ends()
        x, last, unit = windows.past(of, at)
        if not len(windows):
            return np.repeat(np.stack([y[-1:] for y in series]), horizon, axis=1)[..., None].repeat(len(levels), axis=2)
        made = [self._one(windows, x, levels, logs, k, ctx) for k in range(self.nets)]
        found = last[..., None] + unit[..., None] * np.mean(made, axis=0)
        return bounded(np.exp(found) if logs else found, series)

    def _one(
        self, windows: Windows, x: Floats, levels: tuple[float, ...], logs: bool, number: int, ctx: Context
    ) -> Floats:
        """One net's answers in units, `(n, horizon, levels)`, trained from the beginning in its part of the time."""
        import dataclasses

        import torch

        from podium.recipes.forecast import window_net
        from podium.recipes.neural import Schedule, apply, begin, train

        own = dataclasses.replace(ctx, seed=ctx.seed + 1000 * number)
        begin(own)
        net = window_net.WindowNet(windows.length, windows.horizon, len(levels), **self.form)
        asked = torch.tensor(levels, dtype=torch.float32)
        squared = levels == (0.5,) and ctx.metric in SQUARED

        def batch(chosen: NDArray[np.int64], rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
            at = windows.at[chosen]
            past, last, unit = windows.past(windows.of[chosen], at)
            weight = _weight(last, unit, ctx.metric in RELATIVE, logs)
            return tuple(torch.from_numpy(a.astype(np.float32)) for a in (past, windows.ahead(at, last, unit), weight))

        def loss(net: torch.nn.Module, past: torch.Tensor, truth: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
            if squared:
                return window_net.square(net(past), truth, weight)
            return window_net.pinball(net(past), truth, weight, asked.to(past.device))

        steps, size = int(self.pace["steps"]), int(self.pace["batch"])
        schedule = Schedule(steps * size / len(windows), size, float(self.pace["lr"]), 0.01, 0.1, 0.99, 1.0)
        self.notes |= train(net, len(windows), batch, loss, schedule, own, SHARE / (self.nets - number))

        def ends(chosen: NDArray[np.int64], rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
            return (torch.from_numpy(x[chosen].astype(np.float32)),)

        return apply(net, len(x), ends, lambda net, past: net(past), own, 1024).astype(np.float64)


def _weight(last: Floats, unit: Floats, relative: bool, logs: bool) -> Floats:
    """Of each window `(m,)`: what a unit is worth where errors count as shares of the value, else 1."""
    if not relative:
        return np.ones(len(last))
    share = unit if logs else unit / np.maximum(np.abs(last), unit)
    return np.clip(share[:, 0] / USUAL, 0.02, 20.0)
