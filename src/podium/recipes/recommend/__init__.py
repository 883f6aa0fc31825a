"""Recommenders: popularity, neighbours, EASE, random walks, factors, co-visitation, and candidates ranked by boosting.

Classes load when they are asked for, so that planning with the catalog imports neither SciPy nor LightGBM.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from podium.recipes.recommend.ranker import TwoStage
    from podium.recipes.recommend.single import (
        AlsFactors,
        BprFactors,
        CoVisits,
        EaseR,
        ItemKnn,
        Popularity,
        Rp3Beta,
    )

__all__ = ["AlsFactors", "BprFactors", "CoVisits", "EaseR", "ItemKnn", "Popularity", "Rp3Beta", "TwoStage"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{'ranker' if name == 'TwoStage' else 'single'}"), name)
