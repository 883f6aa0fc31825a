"""From records to ratios, ranks and duels.

A block is one competition with one seed. Ratios and ranks are of blocks that every compared system has played; a duel is of
those that both have. A system without a valid submission is last in its block and loses its duels.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Record = dict[str, Any]
Block = Mapping[str, Record]  # system → its record
MOST = 10.0  # a ratio is held at this: one near-perfect best shall not be the whole mean
DRAWS = 10_000
LATE = 0.02  # past the budget by more than this share of it


@dataclass(frozen=True)
class Share:
    """A win rate, mean over competitions with ties as half, and its 95 % percentile interval by bootstrap over competitions."""

    mean: float
    low: float
    high: float
    wins: int
    ties: int
    losses: int


def score_of(record: Record, in_time: bool = False) -> float | None:
    """The last valid submission's; with `in_time` the last one's that lay there when the budget ended."""
    found: float | None = record["in_time" if in_time else "score"]
    return found


def blocks(records: Iterable[Record], systems: Sequence[str]) -> dict[str, dict[int, Block]]:
    """data → seed → block, where all of `systems` have a record."""
    found: dict[tuple[str, int], dict[str, Record]] = defaultdict(dict)
    for record in records:
        if record["system"] in systems:
            found[record["data"], record["seed"]][record["system"]] = record
    whole: dict[str, dict[int, Block]] = defaultdict(dict)
    for (data, seed), block in sorted(found.items()):
        if len(block) == len(systems):
            whole[data][seed] = block
    return dict(whole)


def losses(block: Block, in_time: bool = False) -> dict[str, float | None]:
    """Distance to the metric's optimum: error, 1 - AUC, log loss …"""
    return {
        name: None if (score := score_of(record, in_time)) is None else abs(record["optimum"] - score)
        for name, record in block.items()
    }


def ratio(loss: float | None, best: float) -> float | None:
    """A loss over the best loss, 1 for the best, held at MOST."""
    if loss is None:
        return None
    return min(loss / best, MOST) if best > 0 else (1.0 if loss == 0 else MOST)


def ratios(block: Block, in_time: bool = False) -> dict[str, float | None]:
    """Each loss over the block's best; None without a submission."""
    found = losses(block, in_time)
    known = [loss for loss in found.values() if loss is not None]
    return {name: ratio(loss, min(known)) if known else None for name, loss in found.items()}


def ranks(block: Block, in_time: bool = False) -> dict[str, float]:
    """1 is best, ties averaged, those without a submission share the last places."""
    order = {name: math.inf if loss is None else loss for name, loss in losses(block, in_time).items()}
    places = list(order.values())
    return {
        name: sum(other < mine for other in places) + (sum(other == mine for other in places) + 1) / 2
        for name, mine in order.items()
    }


def over_data(
    whole: Mapping[str, Mapping[int, Block]], of_block: Any, in_time: bool = False
) -> dict[str, dict[str, float | None]]:
    """data → system → the mean over seeds of what `of_block` finds; None where a seed has none."""
    found: dict[str, dict[str, float | None]] = {}
    for data, seeds in whole.items():
        each = [of_block(block, in_time) for block in seeds.values()]
        found[data] = {
            name: None if any(one[name] is None for one in each) else float(np.mean([one[name] for one in each]))
            for name in each[0]
        }
    return found


def outcome(seeds: Mapping[int, Block], mine: str, other: str, *, in_time: bool = False, ties: bool = True) -> float:
    """Of one competition: 1 won, 0 lost, 1/2 where the mean gap over seeds is smaller than its noise; between them where
    on some seeds one of the two has no submission. With `ties` off only equal scores tie."""
    pairs = [(block[mine], block[other]) for block in seeds.values()]
    scores = [(score_of(a, in_time), score_of(b, in_time)) for a, b in pairs]
    both = [pair for pair, (a, b) in zip(pairs, scores, strict=True) if a is not None and b is not None]
    lone = [(a is not None) - (b is not None) for a, b in scores if a is None or b is None]
    total = sum((one + 1) / 2 for one in lone)
    if both:
        gaps = [_gap(a, b, in_time) for a, b in both]
        gap, least = float(np.mean(gaps)), noise(both, gaps) if ties else 0.0
        total += len(both) * (0.5 if abs(gap) <= least else float(gap > 0))
    return total / len(pairs)


def noise(pairs: Sequence[tuple[Record, Record]], gaps: Sequence[float]) -> float:
    """One standard error of the mean gap: that of the paired gap over resampled test rows (they are the same in all seeds)
    and, from two seeds on, that of seeds; added as squares. 0 where neither is known."""
    rows = seeds = 0.0
    if all(a["resampled"] and b["resampled"] for a, b in pairs):
        drawn = np.mean([np.subtract(a["resampled"], b["resampled"]) for a, b in pairs], axis=0)
        rows = float(np.std(drawn, ddof=1))
    if len(gaps) > 1:
        seeds = float(np.std(gaps, ddof=1) / math.sqrt(len(gaps)))
    return math.hypot(rows, seeds)


def _gap(mine: Record, other: Record, in_time: bool) -> float:
    """Positive where mine is better, in the metric's unit."""
    a, b = score_of(mine, in_time), score_of(other, in_time)
    assert a is not None and b is not None
    return a - b if mine["higher"] else b - a


def duel(records: Sequence[Record], mine: str, other: str, *, in_time: bool = False, ties: bool = True) -> Share | None:
    """Mine against other over all competitions that both played; None where there is none."""
    whole = blocks(records, (mine, other))
    if not whole:
        return None
    shares = [outcome(seeds, mine, other, in_time=in_time, ties=ties) for seeds in whole.values()]
    low, high = bootstrap(shares)
    counts = [sum(share > 0.5 for share in shares), sum(share == 0.5 for share in shares)]
    return Share(float(np.mean(shares)), low, high, counts[0], counts[1], len(shares) - sum(counts))


def bootstrap(values: Sequence[float]) -> tuple[float, float]:
    """95 % percentile interval of the mean, `DRAWS` resamples with a fixed seed."""
    drawn = np.random.default_rng(0).choice(np.asarray(values, float), (DRAWS, len(values))).mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def geometric(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.exp(np.mean(np.log(known)))) if known else None


def late(record: Record) -> bool:
    return bool(record["killed"] or record["past_s"] > LATE * record["time_s"])
