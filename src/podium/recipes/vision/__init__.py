"""Image recipes: what images tell by hand-made measures or a frozen backbone, under tabular models; and nets.

Classes load when they are asked for, so that planning with the catalog imports neither torch nor scikit-learn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from podium.recipes.lazy import on_demand

if TYPE_CHECKING:
    from podium.recipes.vision.boosted import PictureBoost
    from podium.recipes.vision.heads import (
        PictureForest,
        PictureKernel,
        PictureKNN,
        PictureLDA,
        PictureLinear,
        PictureMLP,
    )
    from podium.recipes.vision.measure import measure_files
    from podium.recipes.vision.trained import SmallResNet, TunedNet

__all__ = [
    "PictureBoost",
    "PictureForest",
    "PictureKNN",
    "PictureKernel",
    "PictureLDA",
    "PictureLinear",
    "PictureMLP",
    "SmallResNet",
    "TunedNet",
    "measure_files",
]

__getattr__ = on_demand(
    __name__,
    {
        **dict.fromkeys(
            ("PictureForest", "PictureKernel", "PictureKNN", "PictureLDA", "PictureLinear", "PictureMLP"), "heads"
        ),
        "PictureBoost": "boosted",
        "SmallResNet": "trained",
        "TunedNet": "trained",
        "measure_files": "measure",
    },
)
