"""Where a team of models disagrees, and whether the blend is right there: four corners of one table, and rows to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.tasks.task import Floats

HIGH = 0.9  # rows beyond this quantile of the spread are those the team disagrees on
BAD = 0.9  # rows beyond this quantile of the loss are those the blend is wrong on, where loss is not yes or no
MOST_ROWS = 8


@dataclass(frozen=True)
class Corner:
    """Rows of which the team agrees or not, and the blend is right or wrong: how many, with what share of the loss."""

    agree: bool
    wrong: bool
    share: float
    loss_share: float


@dataclass(frozen=True)
class Disagreement:
    """`members` compared. `lift`: chance that the blend is wrong where the team disagrees, over that where it agrees.

    `rows`: positions `(m,)` of the rows with the most spread on which the blend is wrong.
    """

    members: int
    corners: tuple[Corner, ...]
    lift: float
    rows: tuple[int, ...]


def disagreement(oofs: Mapping[str, Floats], loss: Floats, wrong: NDArray[np.bool_] | None) -> Disagreement | None:
    """`oofs`: member → `(n, k)` on common rows; `loss` `(n,)`; `wrong` `(n,)`: that the decision is another than the label,
    None where answers are values. None for fewer than two members, or where all predict the same."""
    if len(oofs) < 2:
        return None
    spread = spread_of(oofs)
    if not spread.max() > 0:
        return None
    if wrong is None:
        wrong = loss > np.quantile(loss, BAD)
    apart = spread > np.quantile(spread, HIGH)
    total = max(float(loss.sum()), 1e-300)
    corners = tuple(
        Corner(agree, bad, float(held.mean()), float(loss[held].sum() / total))
        for agree in (True, False)
        for bad in (False, True)
        for held in [(apart != agree) & (wrong == bad)]
    )
    apart_wrong, agreed_wrong = (float(wrong[rows].mean()) if rows.any() else 0.0 for rows in (apart, ~apart))
    order = np.flatnonzero(apart & wrong)
    worst = order[np.lexsort((order, -spread[order]))][:MOST_ROWS]
    return Disagreement(len(oofs), corners, apart_wrong / max(agreed_wrong, 1e-9), tuple(worst.tolist()))


def spread_of(oofs: Mapping[str, Floats]) -> Floats:
    """Standard deviation over members, root mean square over outputs, `(n,)`."""
    stack = np.stack(list(oofs.values()))
    return np.asarray(np.sqrt(stack.var(axis=0).mean(axis=1)), dtype=np.float64)
