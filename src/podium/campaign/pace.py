"""How long fits take here beside their estimates: as families usually do, and each family on its own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

BOUNDS = (0.2, 5.0)
DOUBTED = 5.0  # fits of a family that count as much as that it is like the others
SHORT_S = 2.0  # a fit that counts half: what a short one takes beside its estimate is mostly its start


@dataclass(frozen=True)
class Fits:
    """Of one family: wall seconds that its fits took, estimated seconds over all folds of each, and how many they were."""

    wall_s: float
    estimated_s: float
    count: int


@dataclass(frozen=True)
class Pace:
    """`speed`: measured over estimated, the geometric mean over families; `families`: each family's factor beside it.

    One family whose estimate is three times too low, and whose fits are the longest, says nothing about a family that was
    not tried: so families are averaged, not seconds. Those of short fits count less.
    """

    speed: float = 1.0
    families: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of_fits(cls, fits: Mapping[str, Fits], n_folds: int, threads: int) -> Pace:
        """Of the wall, times the threads that an estimate for one core is shared by: a machine that others use is a slower
        one."""
        ratios = {
            family: min(max(one.wall_s * threads * n_folds / one.estimated_s, BOUNDS[0]), BOUNDS[1])
            for family, one in fits.items()
            if one.estimated_s > 0 and one.wall_s > 0
        }
        if not ratios:
            return cls()
        sure = {family: fits[family].count / (fits[family].count + DOUBTED) for family in ratios}
        told = {f: sure[f] * fits[f].wall_s / (fits[f].wall_s + SHORT_S * fits[f].count) for f in ratios}
        mean = sum(told[f] * math.log(ratios[f]) for f in ratios) / sum(told.values())
        factors = {f: round(math.exp(sure[f] * (math.log(ratios[f]) - mean)), 3) for f in sorted(ratios)}
        return cls(round(math.exp(mean), 3), factors)

    def of(self, family: str) -> float:
        return self.speed * self.families.get(family, 1.0)
