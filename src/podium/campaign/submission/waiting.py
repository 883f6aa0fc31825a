"""A submission file that waits: it is written and checked, and may not be sent now. submission.csv is then that file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from podium.records import from_json
from podium.registry.submissions import SubmissionRow

if TYPE_CHECKING:
    from podium.registry import Registry

KEY = "waiting"


@dataclass(frozen=True)
class Waiting:
    file: str  # relative to the campaign
    round: int
    expected: float
    stderr: float
    reason: str
    merit: float | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
    at: float | None = None  # seconds since 1970 by this machine's clock; None where an older engine wrote it


def find(registry: Registry) -> Waiting | None:
    stored = registry.setting(KEY)
    return None if stored is None else from_json(Waiting, stored)


def newest(registry: Registry) -> SubmissionRow | None:
    """What submission.csv is: the file that waits, else the standing submission."""
    held = find(registry)
    return registry.submissions.standing() if held is None else as_row(held)


def as_row(held: Waiting) -> SubmissionRow:
    return SubmissionRow("waiting", held.round, held.file, "", "intent", held.expected, held.stderr,
                         merit=held.merit, weights=held.weights)  # fmt: skip
