"""Boosted trees of what images tell. Apart from the other heads: importing it imports LightGBM."""

from __future__ import annotations

from podium.recipes.tabular.lightgbm_model import LightGBM
from podium.recipes.vision.heads import Pictured


class PictureBoost(Pictured, LightGBM):
    """LightGBM."""
