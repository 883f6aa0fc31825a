"""Recipes for series: statistical methods, analogs, one linear or boosted model for all series. Loaded when asked for."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from podium.recipes.forecast.boost import BoostedLags
    from podium.recipes.forecast.models import Analogs, Chosen, Classical, LinearLags
    from podium.recipes.forecast.stats import StatsModels

_HOMES = {
    "Analogs": "models",
    "BoostedLags": "boost",
    "Chosen": "models",
    "Classical": "models",
    "LinearLags": "models",
    "StatsModels": "stats",
}

__all__ = ["Analogs", "BoostedLags", "Chosen", "Classical", "LinearLags", "StatsModels"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
