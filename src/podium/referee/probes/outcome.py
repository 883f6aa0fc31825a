"""What a probe came to, and the finding that follows from it."""

from __future__ import annotations

from collections.abc import Iterable

from podium.records import AuditFinding, Probed

ON_ROWS = ("twice", "order", "alone", "undealt", "future", "decoy")
ON_FEATURES = ("features", "column", "jitter", "trained", "unseen", "missing", "symmetry")
CHEAP = (*ON_ROWS, *ON_FEATURES)
DEAR = ("shuffled", "rerun")
NAMES = (*CHEAP, *DEAR)


def passed(probe: str, figure: float | None, bound: float | None, message: str, **detail: float) -> Probed:
    return Probed(probe, "passed", figure, bound, message, detail)


def warned(probe: str, figure: float | None, bound: float | None, message: str, **detail: float) -> Probed:
    return Probed(probe, "warned", figure, bound, message, detail)


def failed(probe: str, figure: float | None, bound: float | None, message: str, **detail: float) -> Probed:
    return Probed(probe, "failed", figure, bound, message, detail)


def skipped(probe: str, why: str) -> Probed:
    """Not probed, and why: no time, or nothing that the probe could change."""
    return Probed(probe, "skipped", None, None, f"not probed: {why}")


def findings(probed: Iterable[Probed]) -> tuple[AuditFinding, ...]:
    """A failure blocks, a warning is shown; the rest are figures."""
    severities = {"failed": "block", "warned": "warn"}
    return tuple(
        AuditFinding(f"probe_{one.probe}", severities[one.outcome], None, one.figure, one.message)  # type: ignore[arg-type]
        for one in probed
        if one.outcome in severities
    )
