"""Image to image recipes: the best classical filter, boosting on each pixel's surroundings, and a net on crops.

Classes load when they are asked for, so that planning with the catalog imports neither torch nor LightGBM.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from podium.recipes.lazy import on_demand

if TYPE_CHECKING:
    from podium.recipes.image_to_image.best_filter import BestFilter
    from podium.recipes.image_to_image.patch_boost import PatchBoost
    from podium.recipes.image_to_image.restorer import Restorer

__all__ = ["BestFilter", "PatchBoost", "Restorer"]

__getattr__ = on_demand(__name__, {"BestFilter": "best_filter", "PatchBoost": "patch_boost", "Restorer": "restorer"})
