"""Language-modelling recipes: n-grams of characters or words, mixed orders and words, recurrent nets.

Classes load when they are asked for, so that planning with the catalog imports neither scipy nor torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from podium.recipes.lazy import on_demand

if TYPE_CHECKING:
    from podium.recipes.lm.ngrams import KneserNey, MixedGrams
    from podium.recipes.lm.recurrent import Recurrent

__all__ = ["KneserNey", "MixedGrams", "Recurrent"]

__getattr__ = on_demand(__name__, {"KneserNey": "ngrams", "MixedGrams": "ngrams", "Recurrent": "recurrent"})
