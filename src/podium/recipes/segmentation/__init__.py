"""Segmentation recipes: U-Nets with and without a pretrained encoder, and boosting on filters of each pixel.

Classes load when they are asked for, so that planning with the catalog imports neither torch nor LightGBM.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from podium.recipes.segmentation.pixel_boost import PixelBoost
    from podium.recipes.segmentation.unet import PretrainedUNet, UNet

__all__ = ["PixelBoost", "PretrainedUNet", "UNet"]

MODULES = {"PixelBoost": "pixel_boost", "PretrainedUNet": "unet", "UNet": "unet"}


def __getattr__(name: str) -> Any:
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{MODULES[name]}"), name)
