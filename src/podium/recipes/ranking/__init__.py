"""Learning to rank: boosting on the order within queries. Regressions of relevance are tabular recipes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from podium.recipes.lazy import on_demand

if TYPE_CHECKING:
    from podium.recipes.ranking.lambdarank import LambdaRank

__all__ = ["LambdaRank"]

__getattr__ = on_demand(__name__, {"LambdaRank": "lambdarank"})
