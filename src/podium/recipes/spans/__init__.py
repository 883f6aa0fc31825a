"""Span recipes: rules by condition, word evidence and a ranking of spans, a tagger of characters.

Classes load when they are asked for, so that planning with the catalog does not import scikit-learn or torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from podium.recipes.spans.ranker import SpanRanker
    from podium.recipes.spans.rules import SpanRules
    from podium.recipes.spans.tagger import SpanTagger

__all__ = ["SpanRanker", "SpanRules", "SpanTagger"]

MODULES = {"SpanRanker": "ranker", "SpanRules": "rules", "SpanTagger": "tagger"}


def __getattr__(name: str) -> Any:
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{MODULES[name]}"), name)
