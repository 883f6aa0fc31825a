"""Whether a blend is worth a submission: what it gains over what stands, and whether that can wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from podium.campaign.blending import blend_of
from podium.registry import invalidation
from podium.registry.blends import BlendRow
from podium.registry.submissions import SubmissionRow

if TYPE_CHECKING:
    from podium.campaign.engine import Engine

SPACED = 3  # rounds between two submissions before the end, where experiments are counted
SPACED_SHARE = 0.15  # of the time, where it is limited
WORTH_SHARE = 0.2  # of the standard error: a smaller gain waits for the end


def worth_submitting(
    engine: Engine, row: BlendRow, standing: SubmissionRow | None, *, at_the_end: bool
) -> tuple[bool, str]:
    """Whether this blend replaces the standing submission: never by a worse estimate; small gains wait for the end."""
    if standing is None or standing.expected is None:
        return True, "the first valid submission"
    taken_back = invalidation.tainted(engine.registry, standing)
    if taken_back:
        return True, f"what stands carries weight of {', '.join(taken_back)}, which was taken back"
    gain, stderr, unit = gained(engine, row, standing)
    if gain <= 0:
        return False, f"no gain by its own honest estimate ({gain:+.6f}{unit})"
    if not at_the_end and gain < WORTH_SHARE * stderr:
        return False, f"a gain of {gain:+.6f}{unit} waits for the end"
    if not at_the_end and _soon(engine, row, standing):
        return False, f"a gain of {gain:+.6f}{unit} waits: the blend still moves, and predicting its members takes time"
    return True, f"a gain of {gain:+.6f}{unit} by the nested estimate"


def gained(engine: Engine, row: BlendRow, standing: SubmissionRow) -> tuple[float, float, str]:
    """(gain of a blend over what stands, its standard error, " of" its unit): by the surrogate where both were judged by it,
    which sees what the metric's steps hide; else by the metric itself."""
    assert standing.expected is not None, "whoever has no estimate is not compared"
    if row.merit is None or standing.merit is None:
        return engine.task.gain(row.score, standing.expected), row.stderr, ""
    return row.merit - standing.merit, blend_of(row).merit_stderr, f" of {engine.competition.surrogate}"


def _soon(engine: Engine, row: BlendRow, standing: SubmissionRow) -> bool:
    """Whether too little has passed since the standing submission for another before the end."""
    if engine.options.time_s is not None:
        return engine.clock.alive_s() - engine.submitted_s < SPACED_SHARE * engine.options.time_s
    return row.round < standing.round + SPACED
