"""Do public scores come out as expected? The gap of each submission, and what is more than noise: a level, a departure from
the earlier gaps, a trend.

All submissions are scored on the same public rows, so what those rows add to a gap is common to all: only the first test, of
the level, has to allow for it. The size of the public part is seldom known; the other two tests need no more than the spread
of the gaps. They use Student's t, so three scores seldom alarm and ten may.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from podium.metrics.uncertainty import upper_tail

SIGMAS = 3.0
RARE = 0.0027  # the two-sided probability beyond three sigma
LEAST_FOR_TREND = 4
FLOOR = 0.1  # of a submission's own standard error: scores are rounded, and gaps of twins agree by chance


@dataclass(frozen=True)
class Sent:
    """A submission whose public score came back. `expected` with its standard error, in the metric's unit."""

    tag: str
    expected: float
    stderr: float
    public: float


@dataclass(frozen=True)
class Gap:
    """`flatters`: how much better was expected than came, positive where our estimate was too good. `stderr`: of our estimate;
    `public_stderr`: what the draw of the public rows may add. `surprise`: why it is more than noise, or empty."""

    tag: str
    expected: float
    public: float
    flatters: float
    stderr: float
    public_stderr: float
    surprise: str = ""


@dataclass(frozen=True)
class PublicTracking:
    """`surprises`: what was found so far, each said once. `n_public`: rows assumed in the public part."""

    gaps: tuple[Gap, ...]
    n_public: int
    surprises: tuple[str, ...]
    message: str


def judge(sent: Sequence[Sent], sign: float, n_train: int, n_public: int) -> PublicTracking:
    """`sent`: in the order they were sent; `sign`: +1 where a higher score is better, else -1. Deterministic."""
    widen = math.sqrt(n_train / max(1, n_public))
    gaps: list[Gap] = []
    for one in sent:
        gap = Gap(one.tag, one.expected, one.public, sign * (one.expected - one.public), one.stderr, one.stderr * widen)
        gaps.append(_with_surprise(gap, gaps))
    surprises = [f"{gap.tag}: {gap.surprise}" for gap in gaps if gap.surprise]
    drift = _trend(gaps)
    if drift:
        surprises.append(drift)
    return PublicTracking(tuple(gaps), n_public, tuple(surprises), _message(gaps, surprises))


def _with_surprise(gap: Gap, earlier: Sequence[Gap]) -> Gap:
    words = f"{abs(gap.flatters):.2g} {'worse' if gap.flatters > 0 else 'better'}"
    error = math.hypot(gap.stderr, gap.public_stderr)
    why = ""
    if not earlier and 0 < error < math.inf and abs(gap.flatters) > SIGMAS * error:
        why = f"public score {words} than expected, {_sigmas(gap.flatters, error)} of both errors"
    elif len(earlier) >= 2:
        before = np.array([one.flatters for one in earlier])
        spread = max(float(before.std(ddof=1)), FLOOR * gap.stderr)
        off = gap.flatters - float(before.mean())
        error = spread * math.sqrt(1.0 + 1.0 / len(before))
        if error > 0 and 2.0 * upper_tail(abs(off) / error, len(before) - 1) < RARE:
            side = "worse" if off > 0 else "better"
            why = f"public score {abs(off):.2g} {side} than the {len(before)} before it lead to expect, {_sigmas(off, error)}"
    return Gap(gap.tag, gap.expected, gap.public, gap.flatters, gap.stderr, gap.public_stderr, why)


def _trend(gaps: Sequence[Gap]) -> str:
    """Whether gaps grow or shrink from submission to submission: the slope of a line through them, by Student's t."""
    n = len(gaps)
    if n < LEAST_FOR_TREND:
        return ""
    at, values = np.arange(n) - (n - 1) / 2.0, np.array([gap.flatters for gap in gaps])
    slope = float(at @ values / (at @ at))
    rest = values - values.mean() - slope * at
    floor = FLOOR * float(np.median([gap.stderr for gap in gaps]))
    error = math.sqrt(max(float(rest @ rest) / (n - 2), floor**2) / float(at @ at))
    if error <= 0 or 2.0 * upper_tail(abs(slope) / error, n - 2) >= RARE:
        return ""
    way = "more and more too good" if slope > 0 else "less and less good enough"
    return f"a trend over {n} submissions: our estimates are {way}, by {abs(slope):.2g} each"


def _sigmas(value: float, error: float) -> str:
    return f"{abs(value) / error:.1f} sigma"


def _message(gaps: Sequence[Gap], surprises: Sequence[str]) -> str:
    if not gaps:
        return "no public score has come back"
    last = gaps[-1]
    words = "worse than" if last.flatters > 0 else "better than"
    size = f"{abs(last.flatters):.2g} ± {math.hypot(last.stderr, last.public_stderr):.2g}"
    verdict = f"surprising: {surprises[-1]}" if surprises else "within the noise"
    return f"the newest of {len(gaps)} public scores is {size} {words} expected: {verdict}"
