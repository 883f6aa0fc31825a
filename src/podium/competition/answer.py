"""What the rows of a table, or files, ask for: the kind of task, the classes, and what a cell of the submission holds."""

from __future__ import annotations

from dataclasses import dataclass

from podium.competition.label_cells import CellForm
from podium.competition.label_sets import LabelSets
from podium.records import Evidence, SubmissionKind

Kind = SubmissionKind


@dataclass(frozen=True)
class Question:
    task_type: str
    classes: tuple[str, ...]
    submission_kind: Kind
    evidence: Evidence
    sets: LabelSets | None = None  # where a cell of train lists several of the classes
    form: CellForm | None = None  # how a cell of the submission lists them
