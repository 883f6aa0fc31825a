"""Which team is better, and by how much: paired over test rows and over seeds.

Test rows are drawn again (bootstrap, Efron 1979), the same rows for every team and seed, so what teams share cancels.
Seeds are a second source of chance: of the S differences that S seeds gave, the variance of their mean is s²/S, with S - 1
degrees of freedom. Both are added, and the interval is Student's by Satterthwaite's (1946) freedom, since the percentiles
of a bootstrap over three seeds would be far too narrow. A part of the rows' chance is counted in both: the interval
is a little wide, never narrow for that. Several pairs are corrected by Holm (1979).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.metrics.uncertainty import Estimate, quantile

Floats = NDArray[np.float64]
DRAWS = 1000
FEWEST = 200
WORK = 3e7  # rows scored in all draws together
CONFIDENCE = 0.95
NO_DIFFERENCE = "no difference shown"


# (decisions, rows as positions with repeats) → the score; NaN where it is not defined there
Scorer = Callable[[Any, NDArray[np.int64]], float]


@dataclass(frozen=True)
class Standing:
    """A team over its seeds. `score`: mean over seeds, in the metric's unit; `win`: how often it has the best score when
    rows and seeds are drawn again; `mean_rank`: 1 is best, ties share."""

    team: str
    scores: tuple[float | None, ...]  # by seed; None where it had no valid submission
    score: float | None
    stderr: float | None
    mean_rank: float
    win: float


@dataclass(frozen=True)
class Duel:
    """How much better `a` is than `b`, whatever the metric's direction, with its 95 % interval; `p` two-sided, corrected
    for the number of pairs. `seeds`: how many both had a valid submission for."""

    a: str
    b: str
    gain: float
    low: float
    high: float
    p: float
    seeds: int
    verdict: str


@dataclass(frozen=True)
class Outcome:
    standings: tuple[Standing, ...]  # best first
    duels: tuple[Duel, ...]
    verdict: str


def judge(
    decided: Mapping[str, Sequence[Any]],
    score: Scorer,
    n_rows: int,
    *,
    higher: bool,
    seed: int = 0,
    most_draws: int = DRAWS,
) -> Outcome:
    """`decided`: team → for each seed its decisions over the test rows, None where it has none."""
    teams = list(decided)
    everything = np.arange(n_rows, dtype=np.int64)
    sign = 1.0 if higher else -1.0
    points = np.array([[_at(score, one, everything) for one in decided[team]] for team in teams])
    draws = _draws(decided, score, n_rows, np.random.default_rng(seed), most_draws)
    duels = _holm([_duel(teams, a, b, sign * points, sign * draws) for a, b in combinations(range(len(teams)), 2)])
    standings = _standings(teams, points, draws, sign, seed)
    place = {one.team: at for at, one in enumerate(standings)}
    duels = [one if place[one.a] < place[one.b] else _turned(one) for one in duels]
    duels.sort(key=lambda one: (place[one.a], place[one.b]))
    return Outcome(tuple(standings), tuple(duels), _verdict(standings, duels))


def _at(score: Scorer, decided: Any, rows: NDArray[np.int64]) -> float:
    return math.nan if decided is None else score(decided, rows)


def _draws(
    decided: Mapping[str, Sequence[Any]], score: Scorer, n_rows: int, rng: np.random.Generator, most: int
) -> Floats:
    """Scores `(draws, teams, seeds)` on rows drawn with replacement, the same for all; draws on which the metric is not
    defined are left out."""
    entries = sum(one is not None for seeds in decided.values() for one in seeds)
    count = int(min(most, max(FEWEST, WORK / max(1, n_rows * entries))))
    found = []
    for _ in range(count):
        rows = rng.integers(0, n_rows, n_rows)
        found.append([[_at(score, one, rows) for one in seeds] for seeds in decided.values()])
    array = np.array(found)
    there = np.array([[one is not None for one in seeds] for seeds in decided.values()])
    return np.asarray(array[np.isfinite(array[:, there]).all(axis=1)])


def _duel(teams: Sequence[str], a: int, b: int, points: Floats, draws: Floats) -> Duel:
    """From scores of which higher is better."""
    gains = points[a] - points[b]
    both = np.isfinite(gains)
    count = int(both.sum())
    if not count:
        return Duel(teams[a], teams[b], math.nan, math.nan, math.nan, 1.0, 0, "not comparable")
    gains = gains[both]
    of_rows = (
        float((draws[:, a][:, both] - draws[:, b][:, both]).mean(axis=1).var(ddof=1)) if len(draws) > 1 else math.inf
    )
    of_seeds = float(gains.var(ddof=1)) / count if count > 1 else 0.0
    total = of_rows + of_seeds
    freedom = total**2 / (of_seeds**2 / (count - 1)) if of_seeds > 0 else math.inf
    found = Estimate(float(gains.mean()), math.sqrt(total), freedom)
    reach = quantile(0.5 + CONFIDENCE / 2, freedom) * found.stderr
    one_sided = replace(found, value=abs(found.value)).p_positive()
    return Duel(
        teams[a], teams[b], found.value, found.value - reach, found.value + reach, min(1.0, 2 * one_sided), count, ""
    )


def _holm(duels: Sequence[Duel]) -> list[Duel]:
    """p-values corrected for the number of pairs, step-down, and what each then says."""
    order = sorted(range(len(duels)), key=lambda at: duels[at].p)
    corrected: dict[int, float] = {}
    largest = 0.0
    for done, at in enumerate(order):
        largest = max(largest, min(1.0, duels[at].p * (len(duels) - done)))
        corrected[at] = largest
    return [_told(replace(one, p=corrected[at])) for at, one in enumerate(duels)]


def _told(duel: Duel) -> Duel:
    if duel.verdict:
        return duel
    shown = duel.p <= 1 - CONFIDENCE and duel.gain != 0
    return replace(duel, verdict=better(duel.a if duel.gain > 0 else duel.b) if shown else NO_DIFFERENCE)


def _turned(duel: Duel) -> Duel:
    return replace(duel, a=duel.b, b=duel.a, gain=-duel.gain, low=-duel.high, high=-duel.low)


def _standings(teams: Sequence[str], points: Floats, draws: Floats, sign: float, seed: int) -> list[Standing]:
    ranks, wins = _ranks(sign * points), _wins(sign * draws, seed)
    found = []
    for at, team in enumerate(teams):
        known = np.isfinite(points[at])
        of_rows = float(draws[:, at][:, known].mean(axis=1).var(ddof=1)) if known.any() and len(draws) > 1 else math.nan
        count = int(known.sum())
        of_seeds = float(points[at][known].var(ddof=1)) / count if count > 1 else 0.0
        found.append(
            Standing(
                team,
                tuple(float(v) if math.isfinite(v) else None for v in points[at]),
                float(points[at][known].mean()) if count else None,
                math.sqrt(of_rows + of_seeds) if math.isfinite(of_rows) else None,
                float(ranks[at].mean()),
                float(wins[at]),
            )
        )
    return sorted(found, key=lambda one: (one.score is None, -sign * (one.score or 0.0)))


def _ranks(merits: Floats) -> Floats:
    """Ranks `(teams, seeds)` from 1, ties share their mean; none is the worst of all."""
    worst = np.where(np.isfinite(merits), merits, -np.inf)
    above = (worst[None, :, :] > worst[:, None, :]).sum(axis=1)
    level = (worst[None, :, :] == worst[:, None, :]).sum(axis=1)
    return np.asarray(1.0 + above + (level - 1) / 2.0)


def _wins(merits: Floats, seed: int) -> Floats:
    """Share of draws `(teams,)` in which a team's mean over seeds, drawn again too, is the best; ties share."""
    count, teams, seeds = merits.shape
    rng = np.random.default_rng([seed, 1])
    total = np.zeros(teams)
    for draw in merits:
        means = np.where(np.isfinite(draw), draw, -np.inf)[:, rng.integers(0, seeds, seeds)].mean(axis=1)
        best = means == means.max()
        total += best / best.sum()
    return np.asarray(total / max(1, count))


def _verdict(standings: Sequence[Standing], duels: Sequence[Duel]) -> str:
    """Who won, where the first is shown to be better than each other; else that it is not shown."""
    there = [one.team for one in standings if one.score is not None]
    if not there:
        return "no team has a valid submission"
    if len(there) < 2:
        return f"{there[0]} won: no other team has a valid submission"
    first = there[0]
    doubtful = [one.b for one in duels if one.a == first and one.b in there and one.verdict != better(first)]
    return f"{first} leads; {NO_DIFFERENCE} to {', '.join(doubtful)}" if doubtful else f"{first} won"


def better(team: str) -> str:
    """What a duel's verdict says where a difference is shown."""
    return f"{team} is better"


__all__ = ["NO_DIFFERENCE", "Duel", "Outcome", "Scorer", "Standing", "judge"]
