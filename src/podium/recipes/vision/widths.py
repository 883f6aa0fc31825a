"""How many numbers each block tells of an image: what costs go by, without importing what measures them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BLOCKS = ("colour", "thumb", "gradients", "texture")  # unless a recipe says otherwise
PLAIN = 4  # numbers of a file itself: its size in pixels and in bytes
WIDTHS = {"colour": 76, "thumb": 432, "gradients": 576, "texture": 26, "outline": 99, "deep": 1280}


def width(features: Mapping[str, Any]) -> int:
    """Numbers an image."""
    blocks = tuple(features.get("blocks", BLOCKS))
    return sum(WIDTHS[block] for block in blocks) + (PLAIN if set(blocks) - {"deep"} else 0)
