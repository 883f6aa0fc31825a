"""Predictions of a row rest on the row: not on its place, its neighbours, other rows of the file, or files of the engine."""

from __future__ import annotations

from podium.records import Probed
from podium.referee.probes.likeness import NUMBERS, Likeness
from podium.referee.probes.outcome import failed, passed, warned
from podium.tasks.task import Floats

DIFFERING = 0.01  # share of rows: rounding moves a value over a tree's threshold now and then
COPIED, COPIES = 0.02, 4  # share of predictions that equal a planted answer, and how many may in any case


def differing(new: Floats, old: Floats, like: Likeness = NUMBERS) -> float:
    """Share of rows whose predictions differ by more than rounding explains; `(n, k)` each."""
    return like.differing(new, old)


def twice(first: Floats, again: Floats, *, ordered: bool = False, like: Likeness = NUMBERS) -> Probed:
    """The same rows at two places of one call. Only where rows are in order of time may the place say something."""
    share = like.differing(again, first)
    if share <= DIFFERING:
        return passed("twice", share, DIFFERING, "the same row twice in one call is predicted alike")
    text = f"{share:.0%} of rows are predicted otherwise when they come twice in one call: by chance, by row id or by place"
    return (warned if ordered else failed)("twice", share, DIFFERING, text)


def order(one: Floats, other: Floats, *, ordered: bool = False, like: Likeness = NUMBERS) -> Probed:
    """The same rows in two calls, in two orders (`other` put back into the order of `one`)."""
    share = like.differing(other, one)
    if share <= DIFFERING:
        return passed("order", share, DIFFERING, "the order of the rows changes nothing")
    text = f"{share:.0%} of predictions change with the order of the rows, or from call to call"
    return (warned if ordered else failed)("order", share, DIFFERING, text)


def alone(few: Floats, all_: Floats, *, like: Likeness = NUMBERS) -> Probed:
    """The same rows among others: a solution that reads its batch is legitimate, and its score holds for such batches only."""
    share = like.differing(few, all_)
    if share <= DIFFERING:
        return passed("alone", share, DIFFERING, "the rows predicted beside a row change nothing")
    text = f"{share:.0%} of predictions depend on which rows are predicted beside them"
    return warned("alone", share, DIFFERING, text)


def undealt(without: Floats, with_canary: Floats, *, like: Likeness = NUMBERS) -> Probed:
    """The same call with canary rows in the feature file that were not dealt."""
    share = like.differing(with_canary, without)
    if share <= DIFFERING:
        return passed("undealt", share, DIFFERING, "canary rows that were not dealt leave no trace")
    text = f"{share:.0%} of predictions change when rows that were not dealt are planted in the feature file"
    return failed("undealt", share, DIFFERING, text)


def future(early: Floats, all_: Floats, *, like: Likeness = NUMBERS) -> Probed:
    """The earliest rows predicted alone, and with later ones beside them."""
    share = like.differing(early, all_)
    if share <= DIFFERING:
        return passed("future", share, DIFFERING, "later rows change no earlier prediction")
    return warned(
        "future", share, DIFFERING, f"{share:.0%} of predictions change when later rows are predicted beside them"
    )


def decoy(raw: Floats, planted: Floats, *, like: Likeness = NUMBERS) -> Probed:
    """Answers planted in the run's folder, which no solution has business to read. Both `(n, k)`."""
    share = like.copied(raw, planted)
    limit = max(COPIED, COPIES / max(1, len(raw)))
    if share <= limit:
        return passed("decoy", share, limit, "answers planted in the run's folder are not found in predictions")
    return failed(
        "decoy", share, limit, f"{share:.0%} of predictions are answers that were planted in the run's folder"
    )
