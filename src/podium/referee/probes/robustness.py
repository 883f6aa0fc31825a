"""Values that may come: unseen categories and missing values are predicted, and a pair's sides are told apart rightly."""

from __future__ import annotations

import numpy as np

from podium.records import Probed
from podium.referee.probes.association import chance, correlation
from podium.referee.probes.outcome import passed, skipped, warned
from podium.tasks.task import Floats

WHAT = {"unseen": "categories that train does not have", "missing": "missing values"}


def accepts(probe: str, raw: Floats | None, why: str = "") -> Probed:
    """`raw`: predictions of rows with such values; None where the call broke, and `why`."""
    what = WHAT[probe]
    if raw is None:
        return warned(probe, 1.0, 0.0, f"{what} break the solution: {why}"[:300])
    share = float((~np.isfinite(raw)).any(axis=1).mean()) if len(raw) else 0.0
    if share > 0:
        return warned(probe, share, 0.0, f"{share:.0%} of rows with {what} get no finite prediction")
    return passed(probe, share, 0.0, f"rows with {what} are predicted")


def symmetry(base: Floats, swapped: Floats, expect: str) -> Probed:
    """`swapped`: the same rows with the two sides of each pair exchanged. `expect`: same, opposite, or first_two (the first
    two outputs change places).

    Models keep such a symmetry roughly, so only its contrary is told: predictions that rank the other way, beyond chance.
    """
    known = np.isfinite(base).all(axis=1) & np.isfinite(swapped).all(axis=1)
    base, swapped = base[known], swapped[known]
    exchanged = base[:, [1, 0, *range(2, base.shape[1])]] if base.shape[1] > 1 else base
    wanted = {"same": base, "opposite": -base, "first_two": exchanged}[expect]
    varying = [j for j in range(base.shape[1]) if len(base) and np.ptp(base[:, j]) > 0]
    found = [correlation(swapped[:, j], wanted[:, j]) for j in varying]
    if not found:
        return skipped("symmetry", "every row has the same prediction")
    figure, limit = float(np.mean(found)), -chance(len(base))
    text = f"sides exchanged, predictions rank with {figure:+.2f} of what they should"
    return (warned if figure < limit else passed)("symmetry", figure, limit, text)
