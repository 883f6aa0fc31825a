"""Units: what is dealt, predicted and scored, one row each, where the files' own rows are something else.

A box is a row of a detection's train table, and an image its unit; pixels are its sample's rows. One file a kind beside
this one: from what intake recorded to tables with a row a unit. Kinds that are not listed are dealt as their tables are.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from podium.competition.units import (
    detection,
    forecasting,
    label_cells,
    language,
    pictures,
    ranking,
    recommendation,
    segmentation,
    written,
)
from podium.competition.units.unit import TRUTH, Units
from podium.records import Competition

# competition, data folder, seed; None where rows of its tables are its units after all
Maker = Callable[[Competition, Path, int], Units | None]

CLASSIFIED = ("binary_classification", "multiclass_classification", "multilabel_classification", "ordinal_regression")
MAKERS: dict[str, Maker] = {
    **dict.fromkeys((*CLASSIFIED, "regression"), label_cells.make),
    "forecasting": forecasting.make,
    "object_detection": detection.make,
    "language_modelling": language.make,
    "image_to_image": pictures.make,
    "ranking": ranking.make,
    "recommendation": recommendation.make,
    "segmentation": segmentation.make,
    "span_extraction": written.make,
    "text_generation": written.make,
}


def units_of(competition: Competition, data: Path, seed: int) -> Units | None:
    """The units of a competition whose kind has its own; None where rows of its tables are its units. Raises IntakeError."""
    maker = MAKERS.get(competition.task_type)
    return None if maker is None else maker(competition, data, seed)


__all__ = ["MAKERS", "TRUTH", "Maker", "Units", "units_of"]
