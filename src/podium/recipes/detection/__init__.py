"""Detection recipes: a small one-stage net fine-tuned here, and boosted trees on a grid of cells where torch is not.

Classes load when they are asked for, so that planning with the catalog imports neither torch nor lightgbm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from podium.recipes.lazy import on_demand

if TYPE_CHECKING:
    from podium.recipes.detection.cellboost import CellBoost
    from podium.recipes.detection.centernet import CenterNet

__all__ = ["CellBoost", "CenterNet"]

__getattr__ = on_demand(__name__, {"CellBoost": "cellboost", "CenterNet": "centernet"})
