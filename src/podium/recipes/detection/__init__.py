"""Detection recipes: a small one-stage net fine-tuned here, and boosted trees on a grid of cells where torch is not.

Classes load when they are asked for, so that planning with the catalog imports neither torch nor lightgbm.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from podium.recipes.detection.cellboost import CellBoost
    from podium.recipes.detection.centernet import CenterNet

__all__ = ["CellBoost", "CenterNet"]

MODULES = {"CellBoost": "cellboost", "CenterNet": "centernet"}


def __getattr__(name: str) -> Any:
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{MODULES[name]}"), name)
