"""What experiments, blends and submissions are compared by."""

from __future__ import annotations

import math


def worth(merit: float | None, score: float | None, *, higher_is_better: bool) -> float:
    """More is better: the merit by the competition's surrogate, else the score; minus infinity without either."""
    if merit is not None:
        return merit
    if score is None:
        return -math.inf
    return score if higher_is_better else -score
