"""Recommenders: popularity, neighbours, EASE, random walks, factors, co-visitation, a net that reads in order, and candidates
ranked by boosting.

Classes load when they are asked for, so that planning with the catalog imports neither SciPy nor LightGBM nor torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from podium.recipes.lazy import on_demand

if TYPE_CHECKING:
    from podium.recipes.recommend.ranker import TwoStage
    from podium.recipes.recommend.sequence import SequenceNet
    from podium.recipes.recommend.single import (
        AlsFactors,
        BprFactors,
        CoVisits,
        EaseR,
        ItemKnn,
        Popularity,
        Rp3Beta,
    )

__all__ = [
    "AlsFactors",
    "BprFactors",
    "CoVisits",
    "EaseR",
    "ItemKnn",
    "Popularity",
    "Rp3Beta",
    "SequenceNet",
    "TwoStage",
]

__getattr__ = on_demand(__name__, {**dict.fromkeys(__all__, "single"), "TwoStage": "ranker", "SequenceNet": "sequence"})
