"""What probes need to know of answers: whether two are the same, and how much they tell of the truth.

Numbers are the same by their spread over rows, and tell by rank correlation. All other answers are the same where
`podium.tasks.difference` says 0, and tell by how much nearer they are to their own row's truth than to other rows'.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from podium.protocol import Layout
from podium.referee.probes import association
from podium.tasks.difference import APART, WithoutLabels, difference
from podium.tasks.task import Floats, Task

OF_SPREAD, OF_VALUE = 1e-3, 1e-6  # differences that float32 and the order of sums explain
CONSTANT = 1e-6  # of the truth's range: predictions that differ by less say nothing
OTHERS = 2  # rows' truths that an answer is held against beside its own
LEAST_OTHER = 1e-9
LEAST_DRAWN, DRAWN_VALUES = 50, 1_000_000  # truths that are planted, and the numbers in them


@dataclass(frozen=True)
class Told:
    """`skill`: 0 where predictions tell nothing of the truth, 1 where they tell all; `chance`: what is not reached by
    chance."""

    skill: float
    chance: float

    @property
    def beyond(self) -> bool:
        return self.skill > self.chance


class Likeness(ABC):
    """Of raw predictions `(n, k)` and of truth as its task encodes it."""

    without_labels: WithoutLabels = "never"  # whether honest solutions do well without them
    ranks = False  # predictions are numbers that rank rows
    word = "skill"

    @abstractmethod
    def difference(self, new: Floats, old: Floats) -> Floats:
        """`(n,)` in 0..1; 0 where rounding explains it."""

    @abstractmethod
    def told(self, truth: Any, raw: Floats) -> Told:
        """What predictions tell of the truth. Rows with NaN count nothing."""

    @abstractmethod
    def planted(self, truth: Any, n: int, seed: int) -> Floats:
        """Answers `(n, k)` that look right and are nobody's."""

    @abstractmethod
    def amount(self, truth: Any) -> Floats:
        """One number a row that orders truths, `(n,)`."""

    @abstractmethod
    def ranking(self, truth: Any, raw: Floats) -> Floats:
        """How predictions order rows by that, `(n,)`."""

    def differing(self, new: Floats, old: Floats) -> float:
        """Share of rows whose answers differ by more than rounding explains."""
        return float((self.difference(new, old) > 0).mean()) if len(old) else 0.0

    def gap(self, new: Floats, old: Floats) -> float:
        """The largest difference."""
        return float(self.difference(new, old).max(initial=0.0))

    def constant(self, truth: Any, raw: Floats) -> bool:
        """Whether every row has the same answer."""
        return self.differing(np.roll(raw, 1, axis=0), raw) == 0.0

    def copied(self, raw: Floats, planted: Floats) -> float:
        """Share of predictions that are planted answers, beyond those that would be other rows' as well."""
        if not len(raw):
            return 0.0
        alike = 1.0 - self.differing(raw, planted)
        return alike - (1.0 - self.differing(raw, np.roll(planted, 1, axis=0)))

    def ceiling(self, truth: Any, width: int) -> float:
        """The skill of the best predictions that are possible; infinity where one column may well carry all of it: an answer
        that is read off a text or an image rests on that, as it should."""
        return float("inf")

    def spread(self, raw: Floats) -> float:
        """How far predictions of different rows are apart."""
        return float(self.difference(np.roll(raw, 1, axis=0), raw).mean()) if len(raw) else 0.0


class Numbers(Likeness):
    """Rows of numbers. `exclusive`: they are probabilities of classes that exclude each other."""

    ranks = True
    word = "rank correlation"

    def __init__(self, width: int = 1, *, exclusive: bool = False) -> None:
        self._width, self._exclusive = width, exclusive

    def difference(self, new: Floats, old: Floats) -> Floats:
        """The largest of the outputs', as a share of the output's spread over rows."""
        if not len(old):
            return np.zeros(0)
        spread = np.array([column[np.isfinite(column)].std() if np.isfinite(column).any() else 0.0 for column in old.T])
        with np.errstate(invalid="ignore"):
            gap = np.abs(new - old)
            far = ~(gap <= OF_SPREAD * spread + OF_VALUE * np.abs(old) + 1e-12)
            share = np.where(np.isfinite(gap) & (spread > 0), gap / np.where(spread > 0, spread, 1.0), 1.0)
        far &= ~(np.isnan(new) & np.isnan(old))
        return np.asarray(np.where(far, np.clip(share, OF_SPREAD, 1.0), 0.0).max(axis=1), dtype=np.float64)

    def told(self, truth: Any, raw: Floats) -> Told:
        return Told(association.skill(truth, raw), association.chance(len(truth)))

    def planted(self, truth: Any, n: int, seed: int) -> Floats:
        """To twelve digits, within the truth's range."""
        rng = np.random.default_rng([seed, n, 1])
        known = association.numbers(truth)
        low, high = known.min(), known.max()
        values = low + (high - low) * rng.random((n, self._width))
        return np.asarray(values / values.sum(axis=1, keepdims=True)) if self._exclusive and low < high else values

    def amount(self, truth: Any) -> Floats:
        return association.numbers(truth).reshape(len(truth), -1)[:, 0]

    def ranking(self, truth: Any, raw: Floats) -> Floats:
        """The output that tells most, turned so that it tells in the truth's own sense."""
        told = [association.skill(self.amount(truth), raw[:, [j]]) for j in range(raw.shape[1])]
        most = int(np.argmax(np.abs(told)))
        return np.asarray(raw[:, most] * (np.sign(told[most]) or 1.0))

    def gap(self, new: Floats, old: Floats) -> float:
        """In the predictions' own unit."""
        return float(np.abs(new - old).max(initial=0.0))

    def constant(self, truth: Any, raw: Floats) -> bool:
        reach = np.ptp(association.targets(truth, raw.shape[1]))
        return bool(np.ptp(raw, axis=0).max(initial=0.0) <= CONSTANT * reach)

    def copied(self, raw: Floats, planted: Floats) -> float:
        alike = np.abs(raw - planted) <= 1e-9 * np.maximum(1.0, np.abs(planted))
        return float(alike.all(axis=1).mean()) if len(raw) else 0.0

    def ceiling(self, truth: Any, width: int) -> float:
        return association.ceiling(truth, width)

    def spread(self, raw: Floats) -> float:
        known = raw[np.isfinite(raw).all(axis=1)]
        return float(known.std(axis=0).mean()) if len(known) else 0.0


class Answers(Likeness):
    """Masks, images, boxes, ranked lists, spans, texts."""

    def __init__(self, layout: Layout) -> None:
        self._layout, self._apart = layout, APART[layout.kind]
        self.without_labels = self._apart.without_labels

    def difference(self, new: Floats, old: Floats) -> Floats:
        return difference(new, old, self._layout)

    def told(self, truth: Any, raw: Floats) -> Told:
        """1 - (distance to the row's own truth) / (mean distance to other rows' truths)."""
        known = np.flatnonzero(np.isfinite(raw).all(axis=1))
        if len(known) <= OTHERS:
            return Told(0.0, 1.0)
        said, raw = self._apart.saying(truth[known], self._layout), raw[known]
        own = self.difference(raw, said)
        others = np.mean([self.difference(raw, np.roll(said, by, axis=0)) for by in range(1, OTHERS + 1)], axis=0)
        usual = float(others.mean())
        if usual <= LEAST_OTHER:  # all rows have one answer
            return Told(0.0, 1.0)
        error = float((others - own).std()) / np.sqrt(len(own))
        return Told(1.0 - float(own.mean()) / usual, association.SIGMAS * error / usual)

    def planted(self, truth: Any, n: int, seed: int) -> Floats:
        """Truths of other rows, of those that no two rows share where there are any: an empty mask is nobody's proof."""
        rng = np.random.default_rng([seed, n, 1])
        few = rng.permutation(len(truth))[: max(LEAST_DRAWN, DRAWN_VALUES // self._layout.width)]
        said = np.nan_to_num(self._apart.saying(truth[few], self._layout)).astype(self._layout.dtype)
        _, first, count = np.unique(said, axis=0, return_index=True, return_counts=True)
        sole = first[count == 1] if (count == 1).any() else np.arange(len(said))
        return np.asarray(said[sole[rng.integers(len(sole), size=n)]])

    def amount(self, truth: Any) -> Floats:
        return self._apart.amount(self._apart.saying(truth, self._layout))

    def ranking(self, truth: Any, raw: Floats) -> Floats:
        return self._apart.amount(raw)


NUMBERS = Numbers()


def likeness_of(task: Task) -> Likeness:
    """What the answers of this task are compared by."""
    layout = task.layout()
    if layout.kind in APART:
        return Answers(layout)
    return Numbers(layout.width, exclusive=task.competition.task_type == "multiclass_classification")


__all__ = ["NUMBERS", "Answers", "Likeness", "Numbers", "Told", "likeness_of"]
