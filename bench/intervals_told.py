"""What bench/intervals.py's rows come to: a line each, a summary, a plot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from podium.drawing import Scale


def line(row: dict[str, Any]) -> str:
    if "expected" not in row:
        return f"{row['id']:<46} seed {row['seed']}: {row['message']}"
    mark = "in " if row["inside"] else "OUT"
    z = (row["actual"] - row["expected"]) / row["test_stderr"] if row["test_stderr"] else math.nan
    return (
        f"{row['id']:<46} {row['metric']:<10} {mark} {row['actual']:>10.5g} expected {row['expected']:>10.5g} "
        f"({row['low']:.5g} to {row['high']:.5g})  z {z:+.2f}  width x{row['ratio']:.2f}  n {row['n_test']}"
    )


def gaps(rows: Sequence[dict[str, Any]], key: str) -> list[float]:
    """Private score less estimate, in standard errors of the test's draw, positive where it was better than promised."""
    found = []
    for row in rows:
        pair = [row["expected"], row["actual"]] if key == "expected" else row[key]
        if pair is not None and row["test_stderr"] and all(map(math.isfinite, pair)):
            found.append((1 if row["higher"] else -1) * (pair[1] - pair[0]) / row["test_stderr"])
    return found


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    known = [row for row in rows if "expected" in row]
    inside = sum(row["inside"] for row in known)
    ratios = [row["ratio"] for row in known if math.isfinite(row["ratio"])]
    both = [row for row in known if row["single"] is not None and row["fitted"] is not None]
    keys = ("expected", "single", "fitted")
    size = {key: float(np.mean(np.abs(gaps(both, key)))) if both else None for key in keys}
    signed = {key: float(np.mean(gaps(both, key))) if both else None for key in keys}
    return {
        "campaigns": len(known),
        "failed": [row["id"] for row in rows if "expected" not in row],
        "inside": inside,
        "coverage": inside / len(known) if known else None,
        "mean_width_ratio": float(np.mean(ratios)) if ratios else None,
        "widest_ratio": max(ratios, default=None),
        "mean_gap": size,
        "mean_signed_gap": signed,
        "compared": len(both),
    }


def tell(found: dict[str, Any]) -> list[str]:
    if not found["campaigns"]:
        return ["no campaign came to a stated interval", f"failed: {', '.join(found['failed'])}"]
    lines = [
        f"inside the 90 % interval: {found['inside']} of {found['campaigns']} ({found['coverage']:.0%})",
        f"width against the test's size alone: mean x{found['mean_width_ratio']:.2f}, widest x{found['widest_ratio']:.2f}",
    ]
    gap = found["mean_gap"]
    if gap["expected"] is not None:
        lines.append(
            f"mean gap in test standard errors, {found['compared']} campaigns: ours {gap['expected']:.3f}, best single by OOF "
            f"{gap['single']:.3f} (ours x{gap['expected'] / gap['single']:.2f}), best blend by fitted OOF {gap['fitted']:.3f} "
            f"(x{gap['expected'] / gap['fitted']:.2f})"
        )
        bias = found["mean_signed_gap"]
        lines.append(
            f"with its sign, positive where private was better than promised: ours {bias['expected']:+.3f}, best single "
            f"{bias['single']:+.3f}, best blend by fitted OOF {bias['fitted']:+.3f}"
        )
    return [*lines, *([f"failed: {', '.join(found['failed'])}"] if found["failed"] else [])]


SAID = (
    "Private less expected score, in standard errors of the test’s draw. Black: stated 90 % interval;",
    "grey: by the test’s size alone; dot: private score (orange: outside); ring: best single by out-of-fold score.",
)


def plot(rows: Sequence[dict[str, Any]]) -> str:
    """Each campaign a line: its interval around what was expected, the private score in it (blue) or not (orange), the
    width that the test's size alone implies (grey), plain best-single selection's miss (hollow); in test standard errors."""

    step, left, width = 18, 330, 900
    height = 76 + step * len(rows)
    x = Scale(-6.0, 6.0, left, width - 20)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        *(f'<text x="10" y="{16 * place}">{words}</text>' for place, words in enumerate(SAID, 1)),
    ]
    for tick in range(-6, 7, 2):
        parts.append(f'<line x1="{x(tick)}" x2="{x(tick)}" y1="40" y2="{height - 24}" stroke="#ddd"/>')
        parts.append(f'<text x="{x(tick)}" y="{height - 8}" text-anchor="middle">{tick}</text>')
    for at, row in enumerate(rows):
        y, unit = 52 + step * at, row["test_stderr"] or 1.0
        low, high, actual = (x((row[key] - row["expected"]) / unit) for key in ("low", "high", "actual"))
        half = row["test_width"] / 2 / unit
        colour = "#0072b2" if row["inside"] else "#d55e00"
        parts += [
            f'<text x="{left - 10}" y="{y + 4}" text-anchor="end">{escape(row["id"])}, {escape(row["metric"])}</text>',
            f'<line x1="{x(-half)}" x2="{x(half)}" y1="{y}" y2="{y}" stroke="#bbb" stroke-width="7"/>',
            f'<line x1="{low}" x2="{high}" y1="{y}" y2="{y}" stroke="#333" stroke-width="1.5"/>',
            f'<circle cx="{actual}" cy="{y}" r="4" fill="{colour}"/>',
        ]
        if row["single"] is not None:
            miss = x((row["single"][1] - row["single"][0]) / unit)
            parts.append(f'<circle cx="{miss}" cy="{y}" r="4" fill="none" stroke="#888"/>')
    return "\n".join([*parts, "</svg>", ""])
