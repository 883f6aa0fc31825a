"""Language-modelling recipes: n-grams of characters or words, mixed orders and words, recurrent nets.

Classes load when they are asked for, so that planning with the catalog imports neither scipy nor torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from podium.recipes.lm.ngrams import KneserNey, MixedGrams
    from podium.recipes.lm.recurrent import Recurrent

__all__ = ["KneserNey", "MixedGrams", "Recurrent"]

MODULES = {"KneserNey": "ngrams", "MixedGrams": "ngrams", "Recurrent": "recurrent"}


def __getattr__(name: str) -> Any:
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{MODULES[name]}"), name)
