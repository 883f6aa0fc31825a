"""Recipes for quantiles of a number, from the rows of a table. Loaded when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from podium.recipes.lazy import on_demand

if TYPE_CHECKING:
    from podium.recipes.quantiles.boost import QuantileBoost
    from podium.recipes.quantiles.forest import QuantileForest

__all__ = ["QuantileBoost", "QuantileForest"]

__getattr__ = on_demand(__name__, {"QuantileBoost": "boost", "QuantileForest": "forest"})
