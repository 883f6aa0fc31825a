"""Which kind of competition a folder holds. One file a kind, each deciding by what columns, cells and files hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from podium.competition.config import names
from podium.competition.kinds import (
    detection,
    forecasting,
    language,
    pictures,
    ranking,
    recommendation,
    segmentation,
    texts,
)
from podium.competition.kinds.clues import Clues
from podium.competition.kinds.reading import Reading
from podium.competition.kinds.words import OF_ROWS, task_type_asked
from podium.errors import Ambiguous, IntakeError
from podium.records import Evidence

Reader = Callable[[Clues], Reading | None]
READERS: dict[tuple[str, ...], Reader] = {
    (language.TASK,): language.read,
    (detection.TASK,): detection.read,
    (segmentation.TASK,): segmentation.read,
    (pictures.TASK,): pictures.read,
    (recommendation.TASK,): recommendation.read,
    (forecasting.TASK,): forecasting.read,
    (ranking.TASK,): ranking.read,
    (texts.SPAN, texts.GENERATION): texts.read,
}
ALIKE = 0.04  # two readings whose confidences differ by less are a question to the user


def read(clues: Clues) -> Reading | None:
    """The reading of the kind that fits best; None where rows of a table, or files, are classified or regressed.

    Raises IntakeError where the config asks for a kind that the files do not show, Ambiguous where two fit alike.
    """
    asked = task_type_asked(str(clues.config.get("task_type", "")))
    if asked in OF_ROWS:
        return None
    wanted = [reader for tasks, reader in READERS.items() if not asked or asked in tasks]
    found = [reading for reader in wanted if (reading := reader(clues)) is not None]
    found = [r for r in found if not asked or r.task_type == asked]
    if asked and not found:
        raise IntakeError(
            f"task_type {asked!r} does not fit these files",
            expected="what such a competition ships",
            found=", ".join(clues.contents.tables[:8]) or "no table",
            remedy="correct `task_type` in config.json, or leave it out",
        )
    ranked = sorted(found, key=lambda r: -r.confidence)
    if len(ranked) > 1 and ranked[0].confidence - ranked[1].confidence < ALIKE:
        raise Ambiguous(
            "what kind of task this is, is ambiguous",
            key="task_type",
            choices={r.task_type: r.why for r in ranked},
            remedy="set `task_type` in config.json, or --set task_type=NAME",
        )
    return _overruled(ranked[0], clues) if ranked else None


def _overruled(reading: Reading, clues: Clues) -> Reading:
    """With the target, group, time and strategy that the config names; a target that train lacks is the answer's name."""
    told: dict[str, Any] = {}
    target = names(clues.config.get("target_column"))
    known = clues.train.columns if clues.train is not None else []
    if target and all(name in known for name in target):
        told |= {"target_columns": target, "target_name": ""}
    elif target:
        told["target_name"] = ",".join(target)
    for key in ("group_column", "time_column", "cv_strategy"):
        if clues.config.get(key):
            told[key] = str(clues.config[key])
    if not told:
        return reading
    asked = [key for key in ("target_column", "group_column", "time_column", "cv_strategy") if clues.config.get(key)]
    evidence = {
        key: Evidence(",".join(names(clues.config[key])), "config.json or a flag says so", 1.0) for key in asked
    }
    return replace(reading, **told, evidence={**reading.evidence, **evidence})


__all__ = ["READERS", "Clues", "Reading", "read", "task_type_asked"]
