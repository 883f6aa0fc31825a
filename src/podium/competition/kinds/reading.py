"""What a kind of competition makes of a folder: the answers to all of intake's questions but metric and slug."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from podium.competition.folder import TableFiles
from podium.records import Evidence, SubmissionKind

NO_FILES = TableFiles("", "", "")


@dataclass(frozen=True)
class Reading:
    """`target_columns` are train's, in submission order; `target_name` is what the answer is called where train has no
    column of that name. `why` and `confidence` speak for `task_type`; `evidence` for everything else."""

    task_type: str
    why: str
    confidence: float
    target_columns: tuple[str, ...]
    id_columns: tuple[str, ...]
    submission_columns: tuple[str, ...]
    submission_kind: SubmissionKind
    evidence: Mapping[str, Evidence]
    inputs: tuple[str, ...] = ("table",)
    target_name: str = ""
    levels: tuple[float, ...] = ()  # of the quantiles that the submission asks for, as far as its spelling tells
    classes: tuple[str, ...] = ()
    files: TableFiles = NO_FILES
    group_column: str | None = None
    time_column: str | None = None
    label_side_columns: tuple[str, ...] = ()
    cv_strategy: str = "random"
    cv_folds: int = 5
    cv_gap: float = 0.0
    cv_horizon: float = 0.0
    notices: tuple[str, ...] = field(default=())

    @property
    def id_column(self) -> str | None:
        """One name: several columns that name a row together are joined by commas."""
        return ",".join(self.id_columns) or None
