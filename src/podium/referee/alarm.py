"""Alarms: results that are too good, too even or too familiar to be taken at their word."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from podium import metrics
from podium.records import AuditFinding
from podium.referee.score import Scored
from podium.tasks.task import Floats

SIGMAS = 4.0
MIN_PREVIOUS = 3  # before there are that many, a large step is how campaigns begin
PERFECT = 1e-6  # of the way from the baseline to the optimum that may be missing
NEARLY = 0.005  # the same, of a score that a leak explains better than skill: one row in 200 wrong, an AUC of 0.9975
ALIKE = 0.05  # of the spread that sampling alone gives the folds; below by chance about once in 80,000 (chi², 4 df)


def alarms(
    scored: Scored,
    baseline: Scored | None = None,
    previous: Sequence[Scored] = (),
    *,
    raw: Floats | None = None,
    parents: Mapping[str, Floats] | None = None,
) -> tuple[AuditFinding, ...]:
    """What is suspicious about a result. `baseline`: the plainest model; `previous`: every valid experiment before.

    Give `raw` `(n, k)` (and `parents`, by experiment) for the checks on predictions. A perfect score that also jumps
    is `block`: a leak until shown otherwise; the others are `warn` or `info`.
    """
    jump = _jump(scored, previous)
    found = [jump, _perfect(scored, baseline, jump is not None), _alike(scored)]
    if raw is not None:
        found.append(_constant(raw))
        found.extend(_identical(raw, name, other) for name, other in (parents or {}).items())
    return tuple(finding for finding in found if finding is not None)


def _jump(scored: Scored, previous: Sequence[Scored]) -> AuditFinding | None:
    if len(previous) < MIN_PREVIOUS:
        return None
    sign = metrics.get(scored.metric).sign
    best = max(previous, key=lambda other: sign * other.score)
    sigma = math.hypot(scored.stderr, best.stderr)
    sigmas = sign * (scored.score - best.score) / sigma if sigma > 0 and math.isfinite(sigma) else 0.0
    if sigmas <= SIGMAS:
        return None
    text = f"score {scored.score:.6g} is {sigmas:.1f} standard errors above everything before ({best.score:.6g})"
    return AuditFinding("jump", "warn", None, sigmas, text)


def _perfect(scored: Scored, baseline: Scored | None, jumped: bool) -> AuditFinding | None:
    optimum = metrics.get(scored.metric).optimum
    if not math.isfinite(optimum):
        return None  # a user's metric that states no bounds: how far it goes is not known
    scale = abs(optimum - baseline.score) if baseline is not None else max(1.0, abs(optimum))
    missing = abs(optimum - scored.score)
    if missing > NEARLY * scale:
        return None
    whole = missing <= PERFECT * scale
    how = "perfect" if whole else "nearly perfect"
    text = f"score {scored.score:.9g} is {how}: look for a column that gives the target away"
    return AuditFinding("perfect", "block" if whole and jumped else "warn", None, scored.score, text)


def _alike(scored: Scored) -> AuditFinding | None:
    folds = np.array([score for score in scored.fold_scores if score is not None])
    if len(folds) < 4 or not math.isfinite(scored.stderr) or scored.stderr <= 0:
        return None
    ratio = float(folds.std(ddof=1) / (scored.stderr * math.sqrt(len(folds))))
    if ratio >= ALIKE:
        return None
    text = f"fold scores differ by {ratio:.3f} of what chance alone would make them differ"
    return AuditFinding("fold_spread", "info", None, ratio, text)


def _constant(raw: Floats) -> AuditFinding | None:
    known = raw[~np.isnan(raw).any(axis=1)]
    if not len(known) or (np.ptp(known, axis=0) > 1e-12).any():
        return None
    return AuditFinding("constant", "warn", None, float(known[0, 0]), "every row has the same prediction")


def _identical(raw: Floats, name: str, other: Floats) -> AuditFinding | None:
    if raw.shape != other.shape:
        return None
    both = ~(np.isnan(raw) | np.isnan(other)).any(axis=1)
    if not both.any() or not np.allclose(raw[both], other[both], rtol=1e-9, atol=1e-12):
        return None
    return AuditFinding("identical", "warn", None, None, f"predictions are identical to those of {name}")
