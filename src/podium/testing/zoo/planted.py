"""A fault: how it is planted, how its clean twin looks, and by what it is expected to be caught."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Planted:
    """`write(folder, rng, planted)` makes a competition, with the fault or without it (the twin: as like as can be).

    `caught`: any one of these words of `Look.defences` catches it. `mutant_of`: the fault that this one varies, in a way
    that no detector was written for.
    """

    name: str
    write: Callable[[Path, np.random.Generator, bool], Path]
    caught: tuple[str, ...]
    mutant_of: str = ""


@dataclass(frozen=True)
class Trick:
    """A solution that cheats or errs: `source`, and `twin`, which does honestly what the trick pretends to.

    `caught`: any one of these words of `Played.defences` catches it, or shows that it gained nothing.
    `forward`: played at a competition whose folds look forward in time; `wall_s`: for each run, of which most take a fifth of a
    second.
    """

    name: str
    source: str
    twin: str
    caught: tuple[str, ...]
    mutant_of: str = ""
    forward: bool = False
    wall_s: float = 60.0
