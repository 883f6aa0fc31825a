"""Recipes for series: statistical methods, analogs, one linear or boosted model for all series. Loaded when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from podium.recipes.lazy import on_demand

if TYPE_CHECKING:
    from podium.recipes.forecast.boost import BoostedLags
    from podium.recipes.forecast.models import Analogs, Chosen, Classical, LinearLags
    from podium.recipes.forecast.stats import StatsModels
    from podium.recipes.forecast.window_model import WindowNets

__all__ = ["Analogs", "BoostedLags", "Chosen", "Classical", "LinearLags", "StatsModels", "WindowNets"]

__getattr__ = on_demand(
    __name__,
    {
        "Analogs": "models",
        "BoostedLags": "boost",
        "Chosen": "models",
        "Classical": "models",
        "LinearLags": "models",
        "StatsModels": "stats",
        "WindowNets": "window_model",
    },
)
