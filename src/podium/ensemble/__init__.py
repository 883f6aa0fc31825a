"""Blending on out-of-fold predictions: greedy selection with replacement, judged by nested folds."""

from podium.ensemble.blend import Blend, blend, combine
from podium.ensemble.gain import blend_gain_bound
from podium.ensemble.mixing import evenly

__all__ = ["Blend", "blend", "blend_gain_bound", "combine", "evenly"]
