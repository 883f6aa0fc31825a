"""The vault chooses among a few finalists, once, without being overfitted by them.

The leader by the nested out-of-fold estimate stays unless the vault shows another to be better by a paired test, at a level
shared among the challengers (Bonferroni). So an innocent leader is displaced by chance in at most `ALPHA` of campaigns, and
what the answer gives away of the vault is one of a few names: the idea of the reusable holdout (Dwork et al. 2015), with
one question asked and a threshold that the noise itself sets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from podium.metrics import Metric
from podium.metrics.uncertainty import difference

ALPHA = 0.05


@dataclass(frozen=True)
class Finalist:
    """`score` on the vault; `gain` over the leader there, positive when better, with its one-sided `p` of no gain."""

    name: str
    score: float
    gain: float
    p: float


@dataclass(frozen=True)
class Choice:
    """`finalists`: the leader first. `level`: what a challenger's p had to reach."""

    chosen: str
    finalists: tuple[Finalist, ...]
    level: float
    reason: str


def choose(
    metric: Metric, truth: NDArray[Any], decided: Mapping[str, NDArray[Any]], groups: NDArray[Any] | None = None
) -> Choice:
    """`decided`: name → decisions on the vault's rows, the leader first. Raises ValueError without any."""
    if not decided:
        raise ValueError("nothing to choose from")
    names = list(decided)
    leader, level = names[0], ALPHA / max(1, len(names) - 1)
    finalists = [Finalist(leader, metric.function(truth, decided[leader]), 0.0, 1.0)]
    for name in names[1:]:
        won = difference(metric, truth, decided[name], decided[leader], groups)
        p = won.p_positive() if won.stderr > 0 else 1.0
        finalists.append(Finalist(name, metric.function(truth, decided[name]), won.value, p))
    better = [one for one in finalists[1:] if one.gain > 0 and one.p <= level]
    if not better:
        reason = f"none of {len(names) - 1} others is better on the vault beyond chance (p <= {level:.3g})"
        return Choice(leader, tuple(finalists), level, reason)
    best = min(better, key=lambda one: one.p)
    reason = f"better than {leader} on {len(truth):,} vault rows by {best.gain:.3g} (p = {best.p:.2g} <= {level:.3g})"
    return Choice(best.name, tuple(finalists), level, reason)
