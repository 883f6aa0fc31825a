"""QA: checks from charter, audit and the competition's words, written before any code exists and without sight of a result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from podium.records import Brief, Charter, Checks, Facts, QaCheck
from podium.team.builtin import implied

KINDS = {
    "finite": ("every row has a prediction", "give a finite prediction for every row that is asked for"),
    "probabilities": ("predictions are probabilities", "predict probabilities between 0 and 1; exclusive classes sum to 1"),
    "prior": ("mean predictions near the class shares", "check the order of the classes: mean probabilities are far off"),
    "plausible": ("predictions are plausible", "predict in the unit of the labels, near their range"),
    "within": ("predictions keep the declared range", "predict within the range that the description declares"),
    "not_copied": ("labels are not repeated", "predictions equal labels: find where they come from"),
    "varies": ("predictions differ", "use the features: every row has the same prediction"),
    "deterministic": ("the same row is predicted alike", "seed every generator from ctx.seed; use neither row ids nor places"),
    "row_order": ("the order of the rows changes nothing", "predict each row by its features, in whatever order rows come"),
    "no_future": ("later rows change nothing", "predict each row from itself and what was fitted: no later row may matter"),
    "unseen": ("categories that train lacks are predicted", "test has categories that train lacks: map them to a default"),
    "missing": ("missing values are predicted", "features have missing values: predict such rows too"),
    "symmetry": ("the two sides of a pair are told apart rightly", "with the two sides exchanged, predictions should follow"),
}  # fmt: skip
NUMBERS = (
    "label",
    "probability",
    "value",
    "series",
    "distribution",
)  # what cells hold where rows are predicted by numbers
CITES = {
    "finite": "finite prediction",
    "probabilities": "are probabilities",
    "prior": "shares",
    "plausible": "range",
    "within": "range",
    "not_copied": "repeats a label",
    "varies": "differ between rows",
}


def checks(brief: Brief) -> Checks:
    facts = brief.facts
    found = tuple(
        QaCheck(KINDS[kind][0], KINDS[kind][1], kind, _requirement(facts.charter, kind), params)
        for kind, params in _kinds(facts).items()
    )
    lines = [f"# Round {brief.round}: QA", "", *(f"- {c.name} ({c.requirement or 'of its own'})" for c in found)]
    return Checks(found, "\n".join(lines) + "\n")


def _kinds(facts: Facts) -> dict[str, Mapping[str, Any]]:
    """Kind → parameters: of the task, then of what these data and this description imply."""
    competition, data = facts.competition, facts.data
    if competition.submission_kind not in NUMBERS:
        return {"finite": {}}  # what masks, boxes, lists and texts must be is checked by the task itself
    found: dict[str, Mapping[str, Any]] = {kind: {} for kind in _of_task(competition.task_type)}
    found["deterministic"] = {}
    found["no_future" if competition.looks_forward else "row_order"] = {}
    if any(one.check == "unseen" for one in facts.audit):
        found["unseen"] = {}
    if any(column.missing > 0 and column.kind != "file" for column in data.columns):
        found["missing"] = {}
    if (bounds := implied.declared_range(competition, data)) is not None:
        found["within"] = bounds
    if (sides := implied.pair(competition, data)) is not None:
        found["symmetry"] = sides
    return found


def _of_task(task_type: str) -> tuple[str, ...]:
    if task_type in ("binary_classification", "multiclass_classification", "multilabel_classification"):
        return ("finite", "probabilities", "prior", "varies")
    return ("finite", "plausible", "not_copied", "varies")


def _requirement(charter: Charter | None, kind: str) -> str:
    """The charter's requirement that this kind of check stands for; "" where it has none."""
    wanted = charter.requirements if charter and kind in CITES else ()
    return next((one.id for one in wanted if CITES[kind] in one.text), "")
