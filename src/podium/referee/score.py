"""Re-scoring (signatures first)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.tasks.task import Floats, Task


@dataclass(frozen=True)
class Scored:
    score: float
    stderr: float
    fold_scores: tuple[float, ...]


def rescore(
    task: Task, truth: NDArray[Any], raw: Floats, fold_of: NDArray[np.int8], *, groups: NDArray[Any] | None = None
) -> Scored:
    raise NotImplementedError
