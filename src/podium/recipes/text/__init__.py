"""Text recipes: word and character n-grams, linear models, naive-Bayes evidence, boosting on both.

Classes load when they are asked for, so that planning with the catalog does not import scikit-learn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from podium.recipes.lazy import on_demand

if TYPE_CHECKING:
    from podium.recipes.text.boost import TextBoost
    from podium.recipes.text.linear import NbSvm, TfidfLinear
    from podium.recipes.text.stack import NaiveBayes, NbStack

__all__ = ["NaiveBayes", "NbStack", "NbSvm", "TextBoost", "TfidfLinear"]

__getattr__ = on_demand(
    __name__,
    {
        "NaiveBayes": "stack", "NbStack": "stack", "NbSvm": "linear", "TextBoost": "boost", "TfidfLinear": "linear",
    },
)  # fmt: skip
