"""Text recipes: word and character n-grams, linear models, naive-Bayes evidence, boosting on both.

Classes load when they are asked for, so that planning with the catalog does not import scikit-learn.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from podium.recipes.text.boost import TextBoost
    from podium.recipes.text.linear import NbSvm, TfidfLinear
    from podium.recipes.text.stack import NaiveBayes, NbStack

__all__ = ["NaiveBayes", "NbStack", "NbSvm", "TextBoost", "TfidfLinear"]

MODULES = {"NaiveBayes": "stack", "NbStack": "stack", "NbSvm": "linear", "TfidfLinear": "linear", "TextBoost": "boost"}


def __getattr__(name: str) -> Any:
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{MODULES[name]}"), name)
