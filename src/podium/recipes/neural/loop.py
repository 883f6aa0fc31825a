"""The training loop: AdamW on one cycle that ends when its steps or its time are over, whichever is sooner.

Where time decides, progress is the greater of the share of steps and the share of time used: the learning rate reaches
its end when the time does, however slow the machine (budgeted training: Li, Yumer and Ramanan 2020). Where it does not,
progress is steps alone, and a seed fixes the result.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from podium.errors import SolutionError
from podium.protocol import Context
from podium.recipes.neural.average import Average
from podium.recipes.neural.device import autocast, out_of_memory, pick_device
from podium.recipes.neural.schedule import Schedule

Tensors = tuple[torch.Tensor, ...]
Batch = Callable[[NDArray[np.int64], np.random.Generator], Tensors]
Loss = Callable[..., torch.Tensor]  # net, *tensors → mean over the batch's rows

AHEAD = 4  # batches made beside a GPU's work
WINDOW = 50  # batches whose rows are sorted by length
WAIT = 16  # steps after which the clock waits for the GPU
MOST_SKIPPED = 50  # steps in a row whose gradient is no number


def train(
    net: nn.Module,
    n: int,
    batch: Batch,
    loss: Loss,
    schedule: Schedule,
    ctx: Context,
    share: float = 0.9,
    rates: Mapping[str, float] | None = None,
    lengths: NDArray[np.int64] | None = None,
) -> dict[str, Any]:
    """Train `net` in place on `n` rows within `share` of `ctx.time_left()`; it is left on its device in `eval` mode.

    `batch(positions, rng)` gives CPU tensors, rows first; `loss(net, *tensors)` their mean loss. `rates`: prefix of
    parameter names → multiple of the learning rate (fine-tuning); a parameter with `requires_grad` False is not trained.
    `lengths` `(n,)`: rows that are about as long share a batch, so that little of it is padding.
    Returns notes: steps, epochs, step_s, batch_size, pieces (a batch is worked through in), loss (mean of the last tenth).
    Raises SolutionError where there are no rows, or gradients stay infinite.
    """
    if n < 1:
        raise SolutionError("train: expected rows to learn from, found none")
    return _Training(net, batch, loss, schedule, ctx, share, rates or {}).run(n, lengths)


class _Training:
    """One call of `train`."""

    def __init__(
        self,
        net: nn.Module,
        batch: Batch,
        loss: Loss,
        schedule: Schedule,
        ctx: Context,
        share: float,
        rates: Mapping[str, float],
    ) -> None:
        self.device = pick_device(ctx)
        torch.set_num_threads(max(1, ctx.cores))
        self.net, self.batch, self.loss, self.schedule, self.ctx = net.to(self.device), batch, loss, schedule, ctx
        self.seconds = max(0.0, share * ctx.time_left())
        # one kernel; on the CPU its steps are wrong where a parameter's memory has gaps
        fused = self.device.type == "cuda" or all(map(_is_dense, net.parameters()))
        self.optimizer = torch.optim.AdamW(
            _groups(net, schedule, rates), lr=schedule.lr, betas=(0.9, schedule.beta2), fused=fused
        )
        # where numbers are short gradients are scaled, and a step with an infinite one is left out without a wait for it
        self.scaler = torch.amp.GradScaler("cuda", enabled=self.device.type == "cuda")
        self.average = Average(net) if schedule.ema else None
        self.pieces = 1  # a batch is worked through in so many: more where memory is short
        self.skipped = 0

    def run(self, n: int, lengths: NDArray[np.int64] | None) -> dict[str, Any]:
        began = time.monotonic()
        size = min(self.schedule.batch_size, n)
        total, step, losses = self.schedule.steps(n, size), 0, []
        self.net.train()
        batches = self._batches(_positions(n, size, np.random.default_rng([self.ctx.seed, 1]), lengths))
        for tensors in batches:
            self._set_rate(self._progress(step, total, began))
            losses.append(self._step(tensors))
            step += 1
            if self.average is not None:
                self.average.keep(self.schedule.average(step))
            if self.device.type == "cuda" and step % WAIT == 0:
                torch.cuda.synchronize()
            if self._progress(step, total, began) >= 1:
                break
        batches.close()
        if self.average is not None:
            self.average.hand_over()
        self.net.eval()
        last = torch.stack(losses[-max(1, len(losses) // 10) :]).mean().item()
        took = time.monotonic() - began
        return {
            "steps": step,
            "steps_planned": total,
            "epochs": round(step * size / n, 2),
            "step_s": round(took / step, 4),
            "batch_size": size,
            "pieces": self.pieces,
            "loss": round(last, 5) if math.isfinite(last) else None,
            "device": self.device.type,
        }

    def _progress(self, step: int, total: int, began: float) -> float:
        """Share of the schedule that is over, 0..1: the greater of steps and, where time decides, time."""
        if math.isinf(self.seconds):
            return step / total
        took = time.monotonic() - began
        ahead = took / max(step, 1)  # the step to come must end in time too
        return max(step / total, (took + ahead) / max(self.seconds, 1e-9)) if step else 0.0

    def _set_rate(self, progress: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = group["scale"] * self.schedule.rate(progress)

    def _step(self, tensors: Tensors) -> torch.Tensor:
        """One step of the optimiser; in more pieces where memory does not hold the batch in one."""
        while True:
            try:
                value = self._gradient(tensors)
                break
            except Exception as problem:
                if not out_of_memory(problem) or 2 * self.pieces > len(tensors[0]):
                    raise
            self.pieces *= 2
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
        self.scaler.unscale_(self.optimizer)
        norm = torch.nn.utils.clip_grad_norm_(self._parameters(), self.schedule.clip or math.inf)
        if self.device.type == "cpu" and not torch.isfinite(norm):  # on a GPU the look would wait for every step
            self.skipped += 1
            if self.skipped >= MOST_SKIPPED:
                raise SolutionError("train: gradients are infinite step after step: lower the learning rate")
            return value
        self.skipped = 0
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return value

    def _gradient(self, tensors: Tensors) -> torch.Tensor:
        """Mean loss of a batch, its gradient left in the parameters."""
        self.optimizer.zero_grad(set_to_none=True)
        rows, whole = len(tensors[0]), torch.zeros((), device=self.device)
        for part in zip(*(tensor.chunk(self.pieces) for tensor in tensors), strict=True):
            moved = [tensor.to(self.device, non_blocking=True) for tensor in part]
            with autocast(self.device):
                value = self.loss(self.net, *moved) * (len(part[0]) / rows)
            self.scaler.scale(value).backward()
            whole += value.detach().float()
        return whole

    def _parameters(self) -> list[nn.Parameter]:
        return [parameter for group in self.optimizer.param_groups for parameter in group["params"]]

    def _batches(self, positions: Iterator[NDArray[np.int64]]) -> Generator[Tensors]:
        """Batches in order, one generator's numbers throughout; made beside a GPU's work, at once on the CPU."""
        rng = np.random.default_rng([self.ctx.seed, 2])
        if self.device.type == "cpu":
            for chosen in positions:
                yield self.batch(chosen, rng)
            return
        with ThreadPoolExecutor(1) as maker:  # one thread: the order, and with it the random numbers, is fixed
            waiting: list[Future[Tensors]] = []
            try:
                while True:
                    while len(waiting) < AHEAD:
                        waiting.append(maker.submit(self._pinned, next(positions), rng))
                    yield waiting.pop(0).result()
            finally:
                for future in waiting:
                    future.cancel()

    def _pinned(self, chosen: NDArray[np.int64], rng: np.random.Generator) -> Tensors:
        return tuple(t if t.is_cuda else t.pin_memory() for t in self.batch(chosen, rng))


def _positions(
    n: int, size: int, rng: np.random.Generator, lengths: NDArray[np.int64] | None = None
) -> Iterator[NDArray[np.int64]]:
    """Batches of equal size without end: every row once before any comes again. With `lengths` the order of batches is
    random, and which rows of the next `WINDOW` batches meet in one is not; a batch of two permutations stands alone."""
    left = np.empty(0, dtype=np.int64)
    while True:
        carried = 0 < len(left) < size
        while len(left) < size:
            left = np.concatenate([left, rng.permutation(n)])
        batches = 1 if carried or lengths is None else min(WINDOW, len(left) // size)
        window, left = left[: batches * size], left[batches * size :]
        if lengths is None or batches == 1:
            yield window
            continue
        window = window[np.argsort(lengths[window], kind="stable")]
        yield from window.reshape(-1, size)[rng.permutation(batches)]


def _is_dense(parameter: nn.Parameter) -> bool:
    return bool(parameter.untyped_storage().nbytes() == parameter.numel() * parameter.element_size())


def _groups(net: nn.Module, schedule: Schedule, rates: Mapping[str, float]) -> list[dict[str, Any]]:
    """Parameters by learning rate and decay: vectors (biases, norms' scales) are not decayed."""
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter in net.named_parameters():
        if parameter.requires_grad:
            scale = next((rate for prefix, rate in rates.items() if name.startswith(prefix)), 1.0)
            groups.setdefault((scale, parameter.ndim > 1), []).append(parameter)
    return [
        {"params": held, "scale": scale, "weight_decay": schedule.weight_decay if decayed else 0.0}
        for (scale, decayed), held in groups.items()
    ]
