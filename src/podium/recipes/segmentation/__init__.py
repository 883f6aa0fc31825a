"""Segmentation recipes: U-Nets with and without a pretrained encoder, and boosting on filters of each pixel.

Classes load when they are asked for, so that planning with the catalog imports neither torch nor LightGBM.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from podium.recipes.lazy import on_demand

if TYPE_CHECKING:
    from podium.recipes.segmentation.pixel_boost import PixelBoost
    from podium.recipes.segmentation.unet import PretrainedUNet, UNet

__all__ = ["PixelBoost", "PretrainedUNet", "UNet"]

__getattr__ = on_demand(__name__, {"PixelBoost": "pixel_boost", "PretrainedUNet": "unet", "UNet": "unet"})
