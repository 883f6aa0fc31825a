"""Medals by Kaggle's published rule (kaggle.com/progression), as MLE-bench applies it to a private leaderboard."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Literal

from podium.errors import UserError
from podium.platforms.mlebench.prepared import LEADERBOARD, Prepared

Medal = Literal["gold", "silver", "bronze"]
FIELDS = ("gold", "silver", "bronze", "median")


@dataclass(frozen=True)
class Thresholds:
    """The worst score that still earns each; None where it is not known."""

    gold: float | None
    silver: float | None
    bronze: float | None
    median: float | None
    lower_is_better: bool

    def reached(self, score: float, threshold: float | None) -> bool:
        if threshold is None:
            return False
        return score <= threshold if self.lower_is_better else score >= threshold

    def medal(self, score: float) -> Medal | None:
        """The best one that `score` earns."""
        earned: tuple[tuple[Medal, float | None], ...] = (
            ("gold", self.gold), ("silver", self.silver), ("bronze", self.bronze),
        )  # fmt: skip
        return next((name for name, threshold in earned if self.reached(score, threshold)), None)

    def above_median(self, score: float) -> bool:
        if self.median is None:
            return False
        return score < self.median if self.lower_is_better else score > self.median


def positions(teams: int) -> tuple[int, int, int]:
    """The last places, from 1, that earn gold, silver and bronze among so many teams.

    | teams     | gold        | silver | bronze |
    | 1–99      | top 10 %    | top 20 % | top 40 % |
    | 100–249   | top 10      | top 20 % | top 40 % |
    | 250–999   | top 10 + 0.2 % | top 50 | top 100 |
    | from 1000 | top 10 + 0.2 % | top 5 % | top 10 % |
    """
    if teams < 1:
        raise ValueError("expected one team at least")

    def share(percent: int) -> int:
        return max(1, teams * percent // 100)

    few = teams < 250
    gold = share(10) if teams < 100 else 10 if few else 10 + teams * 2 // 1000
    silver = share(20) if few else 50 if teams < 1000 else share(5)
    bronze = share(40) if few else 100 if teams < 1000 else share(10)
    return gold, silver, bronze


def of_leaderboard(scores: Sequence[float]) -> Thresholds:
    """Thresholds of a final leaderboard, best first; which way is better is told by its two ends."""
    gold, silver, bronze = (scores[place - 1] for place in positions(len(scores)))
    return Thresholds(gold, silver, bronze, float(median(scores)), scores[0] < scores[-1])


def known(competition: Prepared, leaderboards: Path | None = None) -> Thresholds | None:
    """Thresholds from a leaderboard (`<leaderboards>/<id>/leaderboard.csv`, else beside the competition), else from its
    `meta.json`; None where there are none. Raises UserError for a leaderboard without scores."""
    places = [competition.home / LEADERBOARD, competition.public.parent / LEADERBOARD]
    if leaderboards is not None:
        places.insert(0, leaderboards / competition.id / LEADERBOARD)
    for file in places:
        if file.is_file():
            return of_leaderboard(_scores(file))
    return _given(competition.home / "meta.json")


def _scores(file: Path) -> list[float]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    try:
        found = [float(row["score"]) for row in rows]
    except (KeyError, TypeError, ValueError):
        found = []
    if not found:
        raise UserError(f"{file} cannot be read", expected="a column `score` of numbers, best first", remedy="mend it")
    return found


def _given(file: Path) -> Thresholds | None:
    if not file.is_file():
        return None
    meta = json.loads(file.read_text("utf-8"))
    given = meta.get("thresholds") or {}
    if not any(given.get(name) is not None for name in FIELDS):
        return None
    gold, silver, bronze, median_ = (given.get(name) for name in FIELDS)
    return Thresholds(gold, silver, bronze, median_, not meta["higher_is_better"])


__all__ = ["Medal", "Thresholds", "known", "of_leaderboard", "positions"]
