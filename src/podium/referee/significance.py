"""Significance (signatures first)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.tasks.task import Floats, Task


@dataclass(frozen=True)
class Paired:
    gain: float
    stderr: float
    p: float


def paired(
    task: Task, truth: NDArray[Any], a_raw: Floats, b_raw: Floats, fold_of: NDArray[np.int8], *,
    groups: NDArray[Any] | None = None,
) -> Paired:
    raise NotImplementedError


def is_champion(comparison: Paired, n_tried: int, *, alpha: float = 0.05) -> bool:
    raise NotImplementedError


def noise_floor(
    task: Task, truth: NDArray[Any], raw: Floats, fold_of: NDArray[np.int8], neighbours: Sequence[Floats] = ()
) -> float:
    raise NotImplementedError
