"""Learning to rank: boosting on the order within queries. Regressions of relevance are tabular recipes."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from podium.recipes.ranking.lambdarank import LambdaRank

__all__ = ["LambdaRank"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.lambdarank"), name)
