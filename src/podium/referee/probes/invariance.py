"""Predictions of a row rest on the row: not on its place, its neighbours, other rows of the file, or files of the engine."""

from __future__ import annotations

import numpy as np

from podium.records import Probed
from podium.referee.probes.outcome import failed, passed, warned
from podium.tasks.task import Floats

DIFFERING = 0.01  # share of rows: rounding moves a value over a tree's threshold now and then
OF_SPREAD, OF_VALUE = 1e-3, 1e-6  # differences that float32 and the order of sums explain
COPIED = 0.02  # share of predictions that equal a planted answer


def differing(new: Floats, old: Floats) -> float:
    """Share of rows whose predictions differ by more than rounding explains; `(n, k)` each."""
    if not len(old):
        return 0.0
    spread = np.array([column[np.isfinite(column)].std() if np.isfinite(column).any() else 0.0 for column in old.T])
    with np.errstate(invalid="ignore"):
        far = ~(np.abs(new - old) <= OF_SPREAD * spread + OF_VALUE * np.abs(old) + 1e-12)
    return float((far & ~(np.isnan(new) & np.isnan(old))).any(axis=1).mean())


def twice(first: Floats, again: Floats, *, ordered: bool = False) -> Probed:
    """The same rows at two places of one call. Only where rows are in order of time may the place say something."""
    share = differing(again, first)
    if share <= DIFFERING:
        return passed("twice", share, DIFFERING, "the same row twice in one call is predicted alike")
    text = f"{share:.0%} of rows are predicted otherwise when they come twice in one call: by chance, by row id or by place"
    return (warned if ordered else failed)("twice", share, DIFFERING, text)


def order(one: Floats, other: Floats, *, ordered: bool = False) -> Probed:
    """The same rows in two calls, in two orders (`other` put back into the order of `one`)."""
    share = differing(other, one)
    if share <= DIFFERING:
        return passed("order", share, DIFFERING, "the order of the rows changes nothing")
    text = f"{share:.0%} of predictions change with the order of the rows, or from call to call"
    return (warned if ordered else failed)("order", share, DIFFERING, text)


def alone(few: Floats, all_: Floats) -> Probed:
    """The same rows among others: a solution that reads its batch is legitimate, and its score holds for such batches only."""
    share = differing(few, all_)
    if share <= DIFFERING:
        return passed("alone", share, DIFFERING, "the rows predicted beside a row change nothing")
    text = f"{share:.0%} of predictions depend on which rows are predicted beside them"
    return warned("alone", share, DIFFERING, text)


def undealt(without: Floats, with_canary: Floats) -> Probed:
    """The same call with canary rows in the feature file that were not dealt."""
    share = differing(with_canary, without)
    if share <= DIFFERING:
        return passed("undealt", share, DIFFERING, "canary rows that were not dealt leave no trace")
    text = f"{share:.0%} of predictions change when rows that were not dealt are planted in the feature file"
    return failed("undealt", share, DIFFERING, text)


def future(early: Floats, all_: Floats) -> Probed:
    """The earliest rows predicted alone, and with later ones beside them."""
    share = differing(early, all_)
    if share <= DIFFERING:
        return passed("future", share, DIFFERING, "later rows change no earlier prediction")
    return warned(
        "future", share, DIFFERING, f"{share:.0%} of predictions change when later rows are predicted beside them"
    )


def decoy(raw: Floats, planted: Floats) -> Probed:
    """Answers planted in the run's folder, which no solution has business to read. Both `(n, k)`."""
    share = (
        float((np.abs(raw - planted) <= 1e-9 * np.maximum(1.0, np.abs(planted))).all(axis=1).mean())
        if len(raw)
        else 0.0
    )
    if share <= COPIED:
        return passed("decoy", share, COPIED, "answers planted in the run's folder are not found in predictions")
    return failed(
        "decoy", share, COPIED, f"{share:.0%} of predictions are answers that were planted in the run's folder"
    )
