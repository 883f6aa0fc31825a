"""Is the metric that a campaign optimises the one that is asked for? Words, returned scores and ranks, each as evidence.

A campaign scores by what intake fixed. The description may say another one, or average it over units (users, queries)
where the campaign averages over rows; scores that come back may be those of another metric, or rank submissions otherwise.
Nothing is changed by it: the metric is the user's to correct.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from podium import metrics
from podium.competition.asked_metric import passages
from podium.errors import IntakeError
from podium.metrics import Metric
from podium.metrics.proxy import tracking
from podium.metrics.uncertainty import estimate

FAR = 4.0  # standard errors from what was expected, in every returned score
NEAR = 2.5  # within so many of another metric's value, in every returned score
SURE = 0.85  # confidence of passages that say how the score is made
LEAST_RANKED = 6
AGREE = 0.2  # upper bound of Kendall's tau below which the campaign's metric does not rank as the score does
PUBLIC = 0.3  # of the test rows, taken to be behind a public score
UNIT_WORDS = ("user", "customer", "client", "listener", "visitor", "session", "query", "group", "store", "shop", "patient",
              "subject", "student", "player", "series", "item", "product")  # fmt: skip
ID_WORDS = re.compile(r"(^|_)(id|ids|key|code|no|nr|number|uid|uuid|index|idx)$|(?<=[a-z])(Id|ID|Key|Code)$", re.I)


@dataclass(frozen=True)
class Mismatch:
    """`kind`: words (the description names another metric), units (it averages over units), returned (scores came back
    that another metric would give, or that nothing expected), ranks (another order), manager (who read otherwise).

    `ours`: the campaign's metric; `asked`: what the evidence speaks for, "" where it only speaks against ours.
    """

    kind: Literal["words", "units", "returned", "ranks", "manager"]
    ours: str
    asked: str
    evidence: str
    ours_value: float | None = None  # of the blend, out of fold
    asked_value: float | None = None


@dataclass(frozen=True)
class Returned:
    """A score that came back: `expected` by the campaign with its standard error, and what each other metric says of the
    same out-of-fold predictions: name → (value, standard error)."""

    public: float
    expected: float
    stderr: float
    others: Mapping[str, tuple[float, float]]


def by_words(description: str, metric: Metric, fits: Callable[[Metric], bool]) -> tuple[Mismatch, ...]:
    """Another metric that a sentence on scoring names, and ours is not named in any."""
    told: dict[str, str] = {}
    for passage, confidence in passages(description):
        if confidence < SURE:
            continue
        names = [name for name in metrics.find(passage) if fits(metrics.get(name))]
        if metric.name in names:
            return ()
        if len(names) == 1:
            told.setdefault(names[0], " ".join(passage.split())[:160])
    return tuple(
        Mismatch("words", metric.name, name, f"the description says: {quote!r}")
        for name, quote in list(told.items())[:1]
    )


def averaged_over(description: str, units: Sequence[str]) -> tuple[str, str] | None:
    """(unit column, sentence) where a sentence on scoring averages over units that a column names."""
    spelled = {name: _singular(name) for name in units}
    for passage, confidence in passages(description):
        if confidence < SURE:
            continue
        for sentence in re.split(r"(?<=[.!?])\s+|\n\s*\n", passage):
            for column, word in spelled.items():
                if word and _averages(sentence, word):
                    return column, " ".join(sentence.split())[:200]
    return None


def _singular(column: str) -> str:
    """`user_id` → user; what people call the things that a column numbers."""
    word = ID_WORDS.sub("", column).strip("_ ").lower().replace("_", " ")
    return word.removesuffix("s")


def _averages(sentence: str, word: str) -> bool:
    unit = rf"(?:all |the |every |each |test |different |individual )*{re.escape(word)}s?(?![-/\w]| ?(?:and|or|[x×]) )"
    averaged = r"(?:averag\w*|mean|macro\w*|median)"
    return any(
        re.search(pattern, sentence, re.I)
        for pattern in (
            rf"\b{averaged}\b[^.]{{0,80}}?\b(?:over|across|by|per)\s+{unit}",
            rf"\b(?:for each|for every|per|of each)\s+{unit}[^.]{{0,120}}?\b(?:averag\w*|the mean\b(?! (?:squared|absolute)))",
            rf"\b{re.escape(word)}[- ](?:averaged|averages|level mean)\b",
        )
    )


def unit_mean(metric: Metric, truth: Any, decided: Any, units: NDArray[np.int64]) -> tuple[float, float] | None:
    """(mean of the metric over units, its standard error); units without a defined score are left out."""
    order = np.argsort(units, kind="stable")
    order = order[units[order] >= 0]
    cuts = np.flatnonzero(np.diff(units[order])) + 1
    values = []
    for rows in np.split(order, cuts):
        own = truth[rows]
        if metric.needs in ("score", "probability", "label") and len(np.unique(own)) < 2 and metric.per_row is None:
            continue
        value = metric.function(own, decided[rows])
        if math.isfinite(value):
            values.append(value)
    if len(values) < 10:
        return None
    return float(np.mean(values)), float(np.std(values) / math.sqrt(len(values)))


def value_of(metric: Metric, truth: Any, decided: Any) -> tuple[float, float]:
    found = estimate(metric, truth, decided)
    return found.value, found.stderr


def by_returned(ours: str, returned: Sequence[Returned], n_train: int, n_test: int) -> tuple[Mismatch, ...]:
    """Scores that all came back far from what was expected, and the metric that would have given them."""
    if not returned:
        return ()
    wider = math.sqrt(1.0 + n_train / max(1.0, PUBLIC * n_test))  # the public rows have noise of their own
    off = [abs(one.public - one.expected) / max(wider * one.stderr, 1e-12) for one in returned]
    if min(off) < FAR:
        return ()
    names = set.intersection(*(set(one.others) for one in returned))
    fit: dict[str, float] = {}
    for name in names:
        away = [abs(one.public - one.others[name][0]) / max(wider * one.others[name][1], 1e-12) for one in returned]
        if max(away) <= NEAR:
            fit[name] = max(away)
    shown = ", ".join(f"{one.public:.5g} where {one.expected:.5g} was expected" for one in returned[:3])
    evidence = f"{len(returned)} returned score(s): {shown}: {min(off):.0f} standard errors off at least"
    if not fit:
        return (Mismatch("returned", ours, "", f"{evidence}; no known metric gives that, or test differs from train"),)
    best = min(fit, key=lambda name: (fit[name], name))
    last = returned[-1].others[best][0]
    others = sorted(set(fit) - {best})[:3]
    also = f" (so would {', '.join(others)})" if others else ""
    text = f"{evidence}; {best} of the same predictions is {last:.5g}, as returned{also}"
    return (Mismatch("returned", ours, best, text, returned[-1].expected, last),)


def by_ranks(metric: Metric, pairs: Sequence[tuple[float, float]], *, higher_is_better: bool) -> tuple[Mismatch, ...]:
    """`pairs`: (expected, returned) of each submission. Whether better by ours is better there."""
    if len(pairs) < LEAST_RANKED:
        return ()
    expected, public = (np.array(side, dtype=np.float64) for side in zip(*pairs, strict=True))
    sign = 1.0 if higher_is_better else -1.0
    found = tracking(metric.name, metric.sign * expected, sign * public)
    if found.high >= AGREE:
        return ()
    text = (
        f"{len(pairs)} returned scores rank submissions otherwise than {metric.name} does: Kendall’s tau {found.tau:.2f} "
        f"({found.low:.2f} to {found.high:.2f})"
    )
    return (Mismatch("ranks", metric.name, "", text),)


def by_manager(ours: str, disagreements: Sequence[Sequence[str]]) -> tuple[Mismatch, ...]:
    """What the manager read in the description, where it is another metric or direction."""
    found = []
    for key, fixed, read in disagreements:
        if key == "metric":
            found.append(
                Mismatch("manager", ours, _name(read), f"the manager reads {read!r} where intake fixed {fixed!r}")
            )
        elif key == "metric_direction":
            found.append(
                Mismatch("manager", ours, "", f"the manager reads that {read} is better; intake fixed {fixed}")
            )
    return tuple(found)


def _name(words: str) -> str:
    try:
        return metrics.get(words).name
    except IntakeError:
        return words[:60]
