"""Image recipes: what images tell by hand-made measures or a frozen backbone, under tabular models; and nets.

Classes load when they are asked for, so that planning with the catalog imports neither torch nor scikit-learn.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

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

_HOMES = {
    **dict.fromkeys(
        ("PictureForest", "PictureKernel", "PictureKNN", "PictureLDA", "PictureLinear", "PictureMLP"), "heads"
    ),
    "PictureBoost": "boosted",
    "SmallResNet": "trained",
    "TunedNet": "trained",
    "measure_files": "measure",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
