"""Span recipes: rules by condition, word evidence and a ranking of spans, nets that point at words (one of them pretrained).

Classes load when they are asked for, so that planning with the catalog does not import scikit-learn or torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from podium.recipes.lazy import on_demand

if TYPE_CHECKING:
    from podium.recipes.spans.encoded import SpanEncoder
    from podium.recipes.spans.ranker import SpanRanker
    from podium.recipes.spans.rules import SpanRules
    from podium.recipes.spans.tagger import SpanTagger

__all__ = ["SpanEncoder", "SpanRanker", "SpanRules", "SpanTagger"]

__getattr__ = on_demand(
    __name__, {"SpanEncoder": "encoded", "SpanRanker": "ranker", "SpanRules": "rules", "SpanTagger": "tagger"}
)
