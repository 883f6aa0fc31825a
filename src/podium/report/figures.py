"""How figures and foreign text are spelled wherever a person reads them."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any


def score_text(score: float | None, stderr: float | None = None) -> str:
    """`0.8123 ±0.0031`: as many decimals as the standard error deserves; four significant digits without one."""
    if score is None:
        return "–"
    digits = score_digits(score, stderr)
    if stderr is None or not math.isfinite(stderr):
        return f"{score:.{digits}f}"
    return f"{score:.{digits}f} ±{stderr:.{digits}f}"


def score_digits(score: float, stderr: float | None = None) -> int:
    """Decimals worth showing, 0..6."""
    if stderr and math.isfinite(stderr):
        return min(6, max(0, 1 - math.floor(math.log10(stderr))))
    if score == 0 or not math.isfinite(score):
        return 4
    return min(6, max(0, 3 - math.floor(math.log10(abs(score)))))


def expected_text(expected: Mapping[str, Any] | None) -> str:
    """`expected private score 0.8123 (90 %: 0.798 to 0.826)`; "" before there is one."""
    if expected is None or expected["score"] is None:
        return ""
    low, high = expected["low"], expected["high"]
    if low is None or high is None:
        return f"expected private score {score_text(expected['score'])}, error unknown"
    digits = max(0, score_digits(expected["score"], (high - low) / 4) - 1)
    return (
        f"expected private score {expected['score']:.{digits + 1}f} "
        f"({expected['confidence'] * 100:.0f} %: {low:.{digits}f} to {high:.{digits}f})"
    )


def duration_text(seconds: float | None) -> str:
    """`8.4s`, `4m 05s`, `2h 07m`, `3d 04h`."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    for unit, name, below, part in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if whole >= unit:
            return f"{whole // unit}{name} {whole % unit // below:02d}{part}"
    raise AssertionError("unreachable")


def few_of(names: Sequence[str], most: int = 4) -> str:
    """`E001, E004, E009 and 13 more`: all of them where they are few."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"


def one_line(text: object, width: int = 400) -> str:
    """Foreign text on one line, without control characters (they could move the cursor or hide text), cut at `width`."""
    printable = "".join(
        " " if c.isspace() else c for c in str(text) if c.isspace() or unicodedata.category(c)[0] != "C"
    )
    line = " ".join(printable.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def metric_text(name: object, direction: object) -> str:
    return f"{one_line(name or '?', 40)} ({'higher' if direction == 'higher' else 'lower'} is better)"
