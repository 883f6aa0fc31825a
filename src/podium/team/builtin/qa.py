"""QA: checks from charter and audit, written before any code exists and without sight of a result."""

from __future__ import annotations

from podium.records import Brief, Charter, Checks, QaCheck

KINDS = {
    "finite": ("every row has a prediction", "give a finite prediction for every row that is asked for"),
    "probabilities": ("predictions are probabilities", "predict probabilities between 0 and 1; exclusive classes sum to 1"),
    "prior": ("mean predictions near the class shares", "check the order of the classes: mean probabilities are far off"),
    "plausible": ("predictions are plausible", "predict in the unit of the labels, near their range"),
    "not_copied": ("labels are not repeated", "predictions equal labels: find where they come from"),
    "varies": ("predictions differ", "use the features: every row has the same prediction"),
}  # fmt: skip
CITES = {
    "finite": "finite prediction",
    "probabilities": "are probabilities",
    "prior": "shares",
    "plausible": "range",
    "not_copied": "repeats a label",
    "varies": "differ between rows",
}


def checks(brief: Brief) -> Checks:
    kinds = _kinds(brief.facts.competition.task_type)
    found = tuple(
        QaCheck(KINDS[kind][0], KINDS[kind][1], kind, _requirement(brief.facts.charter, kind)) for kind in kinds
    )
    lines = [f"# Round {brief.round}: QA", "", *(f"- {c.name} ({c.requirement or 'of its own'})" for c in found)]
    return Checks(found, "\n".join(lines) + "\n")


def _kinds(task_type: str) -> tuple[str, ...]:
    if task_type in ("binary_classification", "multiclass_classification", "multilabel_classification"):
        return ("finite", "probabilities", "prior", "varies")
    return ("finite", "plausible", "not_copied", "varies")


def _requirement(charter: Charter | None, kind: str) -> str:
    """The charter's requirement that this kind of check stands for; "" where it has none."""
    wanted = charter.requirements if charter else ()
    return next((one.id for one in wanted if CITES[kind] in one.text), "")
