"""Telling which of many classes a row is, from few examples of each: whales, people, products. Any number of classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from podium.recipes.lazy import on_demand

if TYPE_CHECKING:
    from podium.recipes.identify.models import NearestPictures, NearestRows, NearestTexts, measure_files

__all__ = ["NearestPictures", "NearestRows", "NearestTexts", "measure_files"]

__getattr__ = on_demand(
    __name__, dict.fromkeys(("NearestPictures", "NearestRows", "NearestTexts", "measure_files"), "models")
)
