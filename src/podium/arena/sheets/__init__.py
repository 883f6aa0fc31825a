"""How answers of each kind are read from a table, the hidden ones and a contestant's alike. One file a kind of answer."""

from __future__ import annotations

from podium import metrics
from podium.arena.sheets.boxes import BoxCells, BoxRows
from podium.arena.sheets.lists import ListCells, ListRows
from podium.arena.sheets.masks import MaskSheet
from podium.arena.sheets.numbers import CandidateSheet, NumberSheet, PixelSheet
from podium.arena.sheets.rows import RowSheet
from podium.arena.sheets.sheet import SPLIT, Sheet
from podium.arena.sheets.texts import TextSheet
from podium.competition.box_format import ANSWER_KEY, recorded
from podium.errors import Unplayable
from podium.metrics.forecasts import scaled
from podium.records import Competition
from podium.tasks.recommendation import FORM, ROWS

SHEETS: dict[str, type[Sheet]] = {
    **dict.fromkeys(
        ("binary_classification", "multiclass_classification", "multilabel_classification", "language_modelling"),
        RowSheet,
    ),
    **dict.fromkeys(("regression", "ordinal_regression"), RowSheet),
    "forecasting": NumberSheet,
    "image_to_image": PixelSheet,
    "ranking": CandidateSheet,
    "recommendation": ListCells,
    "object_detection": BoxCells,
    "segmentation": MaskSheet,
    "span_extraction": TextSheet,
    "text_generation": TextSheet,
}


def sheet_of(competition: Competition) -> Sheet:
    """Raises Unplayable where such answers are not scored here."""
    why = obstacle(competition)
    if why:
        raise Unplayable(competition, why)
    kind = SHEETS[competition.task_type]
    if kind is BoxCells and recorded(competition, ANSWER_KEY).holder == "columns":
        kind = BoxRows
    told = competition.evidence.get(FORM)
    if kind is ListCells and told is not None and told.value == ROWS:
        kind = ListRows
    return kind(competition)


def obstacle(competition: Competition) -> str:
    """Why a contest cannot be hosted, in one line; "" where it can."""
    if competition.task_type not in SHEETS:
        return "the arena has no sheet for such answers"
    if metrics.get(competition.metric).levels:
        return "an answer is several quantiles, and one number is scored here"
    if competition.task_type == "forecasting" and metrics.get(competition.metric).levels:
        return "quantiles of a point are not scored here: ask for a value a point"
    if competition.task_type == "forecasting" and scaled(competition.metric):
        return f"{competition.metric} scales errors by each series' past, which a sheet of answers does not hold"
    if competition.task_type == "ranking" and not set(competition.target_columns) & set(competition.submission_columns):
        return "a submission that lists ids alone, in order, is not scored here: ask for a score a row"
    if SHEETS[competition.task_type] is RowSheet and competition.submission_kind in ("labels", "ranking"):
        return "a cell of the submission holds several labels, and one is scored here"
    return ""


__all__ = ["SHEETS", "SPLIT", "Sheet", "obstacle", "sheet_of"]
