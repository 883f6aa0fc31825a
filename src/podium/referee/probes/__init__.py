"""Probes: what an experiment's predictions do when its rows, its columns or its labels are changed.

Pure judgements of arrays; which runs are made, and when, is the campaign's. A probe that fails makes its experiment invalid;
one that warns is shown. `docs/verification.md` has each with its bound and what it cannot see.
"""

from podium.referee.probes.association import skill
from podium.referee.probes.invariance import DIFFERING, alone, decoy, differing, future, order, twice, undealt
from podium.referee.probes.labels import shuffle, shuffled
from podium.referee.probes.likeness import Likeness, Told, likeness_of
from podium.referee.probes.outcome import NAMES, findings, skipped
from podium.referee.probes.reliance import columns, features, jitter, trained
from podium.referee.probes.rerun import rerun
from podium.referee.probes.robustness import accepts, symmetry

__all__ = [
    "DIFFERING",
    "NAMES",
    "Likeness",
    "Told",
    "accepts",
    "alone",
    "columns",
    "decoy",
    "differing",
    "features",
    "findings",
    "future",
    "jitter",
    "likeness_of",
    "order",
    "rerun",
    "shuffle",
    "shuffled",
    "skill",
    "skipped",
    "symmetry",
    "trained",
    "twice",
    "undealt",
]
