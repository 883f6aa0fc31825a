"""The kill gate (signatures first)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.tasks.task import Floats, Task


@dataclass(frozen=True)
class Gate:
    continue_: bool
    solo_gain: float
    solo_upper: float
    reason: str
    blend_gain: float | None = None
    blend_upper: float | None = None


def gate(
    task: Task, truth_fold: NDArray[Any], new_raw: Floats, champion_raw: Floats, *,
    blend_bound: tuple[float, float] | None = None, confidence: float = 0.95,
) -> Gate:
    raise NotImplementedError
