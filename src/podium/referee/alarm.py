"""Alarms (signatures first)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from podium.records import AuditFinding
from podium.referee.score import Scored
from podium.tasks.task import Floats, Task


def alarms(
    scored: Scored, baseline: Scored | None = None, previous: Sequence[Scored] = (), *, task: Task | None = None,
    raw: Floats | None = None, parents: Mapping[str, Floats] | None = None,
) -> tuple[AuditFinding, ...]:
    raise NotImplementedError
