"""The planner (the builder's role in the phases plan and revise): which experiments to run this round.

It maximises the expected gain of the blend per second: the cheapest sound baseline first, then every family that the
data and the time allow, then improvements of what carries the blend. At a plateau it must try something bold.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from podium.records import Brief, ExperimentSpec, Facts, Plan
from podium.team.builtin import cost, history, novelty
from podium.team.builtin.candidates import candidates
from podium.team.builtin.checks import Findable, offenders
from podium.team.builtin.demands import Demands
from podium.team.builtin.stock import Catalog

FIRST_ROUND_S = 6.0  # so that a valid submission exists within 20 s, start-up and blend included
ROUNDS = 12  # rounds a campaign should have: each ends with a blend and a decision
ROUND_S = (4.0, 240.0)
PER_SLOT = 3  # experiments a round for each slot, at most
OVERHEAD_S = 0.5  # of an experiment whatever its size: dealing, forking, scoring
FAMILY_CAP = 2  # experiments of one family in a batch
PAYS = 0.02  # noise floors: below this an experiment is not worth its risk of overfitting the pool
BREADTH_SHARE = 0.4  # of the time left that a family's first draft may take before it must compete on gain per second
"""
