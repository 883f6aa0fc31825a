"""Shuffled labels: a fit on labels of other rows has nothing to learn, so what still scores has its labels from elsewhere.

A plain shuffle proves little: where one feature says everything, a fit on noise leans to one side or the other, and a rank
correlation as large as the real one comes out of nothing. So the shuffle leans, slightly and on purpose, against the solution's
own ranking of the rows: an honest fit comes out at chance or below it, and only who knows better still ranks rightly.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.records import Probed
from podium.referee.probes.likeness import NUMBERS, Likeness
from podium.referee.probes.outcome import failed, passed, skipped, warned
from podium.tasks.task import Floats

LEFT, SUSPECT = 0.5, 0.25  # of the real fit's rank correlation: labels come from elsewhere; some of them may
FAINT = 0.05  # of the real fit's spread: predictions that vary less have learned nothing, whichever way they lean
LEAN_SIGMAS, MOST_LEAN = 5.0, 0.5  # how far the shuffle leans: beyond what chance could undo, and no further

Places = NDArray[np.int64]


def shuffle(amount: NDArray[Any], ranking: Floats, seed: int) -> Places:
    """Place i is given the label of place `shuffle[i]`: at random, but for a rank correlation of the new labels with
    `ranking` `(n,)` of about -5/√n. `amount` `(n,)`: what orders the labels (`Likeness.amount`)."""
    n = len(amount)
    rng = np.random.default_rng([seed, n])
    lean = min(MOST_LEAN, LEAN_SIGMAS / np.sqrt(max(1, n)))
    ranks = np.argsort(np.argsort(ranking, kind="stable"), kind="stable") / max(1, n - 1) - 0.5
    wish = rng.normal(size=n) - lean / np.sqrt(1 - lean**2) * ranks * np.sqrt(12.0)  # the ranks' variance is 1/12
    by_label = np.lexsort((rng.random(n), amount))
    places = np.empty(n, dtype=np.int64)
    places[np.argsort(wish, kind="stable")] = by_label
    return places


def shuffled(truth: Any, real: Floats, after: Floats, *, like: Likeness = NUMBERS) -> Probed:
    """Predictions `(n, k)` of the real fit, out of fold, and of the fit on shuffled labels; `truth` is never shuffled. Rows that
    the latter was fitted on may be among them: what it learned of them are other rows' labels."""
    told, kept = like.told(truth, real), like.told(truth, after)
    before, left, chance = told.skill, kept.skill, max(told.chance, kept.chance)
    limit, detail = max(LEFT * before, chance), {"skill": before, "skill_shuffled": left}
    if not told.beyond:
        return skipped("shuffled", f"{len(truth)} rows show no skill to begin with")
    text = f"fitted on shuffled labels, a {like.word} of {left:.2f} is left of {before:.2f}"
    if like.spread(after) < FAINT * like.spread(real):
        # a model calibrated on its own leave-one-out predictions turns round on noise: rightly ranked, and saying nothing
        return passed("shuffled", left, limit, f"{text}, by predictions that hardly vary", **detail)
    if left > limit and like.without_labels == "never":
        return failed("shuffled", left, limit, f"{text}: labels come from elsewhere", **detail)
    doubt = max(SUSPECT * before, chance)
    if left > doubt:
        return warned(
            "shuffled", left, doubt, f"{text}: labels of some rows come from elsewhere, or a rule was given", **detail
        )
    return passed("shuffled", left, limit, text, **detail)
