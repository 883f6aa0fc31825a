"""Text recipes: word and character n-grams, linear models, naive-Bayes evidence, boosting on both; sentence encoders.

Classes load when they are asked for, so that planning with the catalog does not import scikit-learn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from podium.recipes.lazy import on_demand

if TYPE_CHECKING:
    from podium.recipes.text.boost import TextBoost
    from podium.recipes.text.embed import embed_texts
    from podium.recipes.text.linear import NbSvm, TfidfLinear
    from podium.recipes.text.meant import SentenceBoost
    from podium.recipes.text.sentences import SentenceLinear
    from podium.recipes.text.stack import NaiveBayes, NbStack
    from podium.recipes.text.tuned import SentenceTuned

__all__ = [
    "NaiveBayes",
    "NbStack",
    "NbSvm",
    "SentenceBoost",
    "SentenceLinear",
    "SentenceTuned",
    "TextBoost",
    "TfidfLinear",
    "embed_texts",
]

__getattr__ = on_demand(
    __name__,
    {
        "NaiveBayes": "stack", "NbStack": "stack", "NbSvm": "linear", "TextBoost": "boost", "TfidfLinear": "linear",
        "SentenceBoost": "meant", "SentenceLinear": "sentences", "SentenceTuned": "tuned", "embed_texts": "embed",
    },
)  # fmt: skip
