"""How long and how fast to learn."""

from __future__ import annotations

import math
from dataclasses import dataclass

FLOOR = 0.001  # of the peak learning rate, at both ends


@dataclass(frozen=True)
class Schedule:
    """`epochs` over the rows in batches of `batch_size`; AdamW's peak `lr` and `weight_decay` (matrices and kernels alone).

    `warmup`: share of the schedule in which the rate climbs to its peak, from where it falls as a cosine (one cycle:
    Smith 2018; Loshchilov and Hutter 2017). `ema`: decay a step of an average of the weights, which is what is kept
    (Polyak and Juditsky 1992); 0: the last weights. `clip`: largest norm of the gradient; 0: none. `cycles`: instead of one
    cycle so many without warm-up, each twice as long as the last (Holzmüller et al. 2024, arXiv 2407.04491). `beta2`: AdamW's
    decay of squared gradients.
    """

    epochs: float = 10
    batch_size: int = 64
    lr: float = 1e-3
    weight_decay: float = 0.01
    warmup: float = 0.15
    ema: float = 0.0
    clip: float = 1.0
    cycles: int = 0
    beta2: float = 0.999

    def rate(self, progress: float) -> float:
        """The learning rate when `progress` (0..1) of the schedule is over."""
        if self.cycles:
            turns = math.log2(1 + (2**self.cycles - 1) * min(progress, 1.0))
            return self.lr * max(FLOOR, 0.5 * (1 - math.cos(2 * math.pi * turns)))
        if progress < self.warmup:
            return self.lr * max(FLOOR, progress / self.warmup)
        falling = (min(progress, 1.0) - self.warmup) / max(1.0 - self.warmup, 1e-9)
        return self.lr * max(FLOOR, 0.5 * (1 + math.cos(math.pi * falling)))

    def steps(self, rows: int, batch_size: int) -> int:
        """Batches in the whole schedule; at least one."""
        return max(1, math.ceil(self.epochs * rows / batch_size))

    def average(self, step: int) -> float:
        """Decay of the average of weights after `step` steps: short at first, so that the start is forgotten."""
        return min(self.ema, (1 + step) / (10 + step))
