"""Image to image recipes: the best classical filter, boosting on each pixel's surroundings, and a net on crops.

Classes load when they are asked for, so that planning with the catalog imports neither torch nor LightGBM.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from podium.recipes.image_to_image.best_filter import BestFilter
    from podium.recipes.image_to_image.patch_boost import PatchBoost
    from podium.recipes.image_to_image.restorer import Restorer

__all__ = ["BestFilter", "PatchBoost", "Restorer"]

MODULES = {"BestFilter": "best_filter", "PatchBoost": "patch_boost", "Restorer": "restorer"}


def __getattr__(name: str) -> Any:
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{MODULES[name]}"), name)
