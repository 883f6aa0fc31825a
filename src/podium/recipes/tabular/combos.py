"""Interactions found and tested: sums, differences and products of two or three numeric columns that explain what their
additive effects leave over.

Trees cut one column at a time: a step of `a + b + c` costs them a staircase. Every combination is binned, and what its
bins explain of the residuals is held against chance (chi-squared, Bonferroni over all that are tried), and against the
same combination with one of its columns shuffled: each must matter, beside what additive effects left over. The best is
taken, its effect is subtracted, and the next is sought (matching pursuit, Mallat and Zhang 1993), until none stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, chdtri, ndtr

from podium.recipes.tabular.blocks import Block
from podium.recipes.tabular.derive import Derived
from podium.recipes.tabular.target import Floats

ROWS = 20_000  # that the search looks at
COLUMNS = 40  # numeric columns that are combined, those of most values
LEAST_VALUES = 8  # of a column that is worth adding up
LABELS = 6  # label columns that are explained, those of the largest variance
BINS = 24
SPAN = 2.5  # standard deviations that the bins cover; what is beyond goes to the outermost
EXTENDED = 10  # best pairs that a third column is tried with
SMALL = 12  # columns up to which every sum of three is tried
HOPELESS = 0.3  # pairs that explain less than chance does this often are not looked at again
PASSES = 3  # of backfitting the additive effects
TAILS = 0.01  # of the residuals, cut on either side: one outlier must not make an interaction
LEVELS = 50  # bins of equal counts for the effect of a single column
ALIKE = 1.25  # ratio of deviations below which adding raw columns and adding scaled ones are the same
APART = 30.0  # and above which the smaller column is lost in a raw sum
SIGNIFICANCE = 0.01


@dataclass(frozen=True)
class Combo:
    """`product`, or a sum with `signs`, of `columns` (positions); each scaled to its deviation where `scaled`."""

    columns: tuple[int, ...]
    signs: tuple[int, ...]
    scaled: bool = False
    product: bool = False

    def name(self, names: Sequence[str]) -> str:
        if self.product:
            return "*".join(names[at] for at in self.columns)
        text = "".join(f"{'+-'[sign < 0]}{names[at]}" for at, sign in zip(self.columns, self.signs, strict=True))
        return text.lstrip("+") + (" (scaled)" if self.scaled else "")

    def of(self, centred: Floats, deviation: Floats) -> Floats:
        """`(n,)` from centred columns `(n, d)`; NaN where one of them is missing."""
        parts = [centred[:, at] for at in self.columns]
        if self.product:
            return np.asarray(np.prod(parts, axis=0))
        weights = [s / deviation[at] if self.scaled else s for at, s in zip(self.columns, self.signs, strict=True)]
        return np.asarray(sum(weight * part for weight, part in zip(weights, parts, strict=True)))


class Combos(Block):
    """At most `count` combinations, the strongest first; none where none is more than chance."""

    def __init__(self, count: int) -> None:
        self.count = count

    def fit(self, table: Derived, labels: Floats) -> None:
        distinct = {name: len(np.unique(values)) for name, values in table.numbers.items()}
        many = sorted((name for name in distinct if distinct[name] >= LEAST_VALUES), key=lambda name: -distinct[name])
        self.columns = [name for name in distinct if name in many[:COLUMNS]]
        raw = table.stack(self.columns)
        self.mean = np.nanmean(raw, axis=0) if len(raw) else np.zeros(raw.shape[1])
        self.deviation = np.maximum(np.nanstd(raw, axis=0), 1e-12)
        rows = np.linspace(0, len(raw) - 1, min(len(raw), ROWS)).astype(np.intp)
        few = np.asfortranarray(np.nan_to_num(raw[rows] - self.mean))  # columns are what is read
        self.combos = list(_pursue(few, self.deviation, _strongest(labels)[rows], self.count))
        self.names = [combo.name(self.columns) for combo in self.combos]

    def transform(self, table: Derived) -> Floats:
        centred = table.stack(self.columns) - self.mean
        found = [combo.of(centred, self.deviation) for combo in self.combos]
        return np.column_stack([np.empty((table.n, 0)), *found])


def _strongest(labels: Floats) -> Floats:
    """The label columns of the largest variance."""
    return labels[:, np.sort(np.argsort(-labels.var(axis=0), kind="stable")[:LABELS])]


def _pursue(centred: Floats, deviation: Floats, labels: Floats, count: int) -> Iterator[Combo]:
    if centred.shape[1] < 2 or len(centred) < 4 * BINS:
        return
    residual = _unexplained(centred, labels)
    freedom = (BINS - 1) * residual.shape[1]
    pairs, least = list(_pairs(deviation)), chdtri(freedom, HOPELESS)
    tried = len(pairs) + 2 * (len(pairs) if len(deviation) <= SMALL else EXTENDED) * centred.shape[1]
    binned = ((pair, _binned(pair.of(centred, deviation))) for pair in pairs)
    hopeful = [(pair, code) for pair, code in binned if _merit(code, residual) > least]
    for _ in range(count if hopeful else 0):
        merits = np.array([_merit(code, residual) for _, code in hopeful])
        leading = [hopeful[at] for at in np.argsort(-merits, kind="stable")[:EXTENDED]]
        grown = pairs if len(deviation) <= SMALL else [pair for pair, _ in leading]
        wider = (three for pair in grown for three in _extended(pair, len(deviation)))
        options = [leading[0], *((three, _binned(three.of(centred, deviation))) for three in wider)]
        explained = [_merit(code, residual) for _, code in options]
        combo, code = options[int(np.argmax(explained))]
        if chdtrc(freedom, max(explained)) * tried > SIGNIFICANCE:
            return
        if _each_matters(combo, max(explained), centred, deviation, residual, tried):
            yield combo
        residual = residual - _effect(code, residual)[code]


def _pairs(deviation: Floats) -> Iterator[Combo]:
    for a, b in combinations(range(len(deviation)), 2):
        ratio = max(deviation[a], deviation[b]) / min(deviation[a], deviation[b])
        for sign in (1, -1):
            if ratio < APART:
                yield Combo((a, b), (1, sign))
            if ratio > ALIKE:
                yield Combo((a, b), (1, sign), scaled=True)
        yield Combo((a, b), (), product=True)


def _extended(pair: Combo, n_columns: int) -> Iterator[Combo]:
    """Sums of three: a product has no third column."""
    for third in range(0 if pair.product else n_columns):
        if third not in pair.columns:
            for sign in (1, -1):
                yield Combo((*pair.columns, third), (*pair.signs, sign), pair.scaled)


def _binned(values: Floats) -> NDArray[np.uint8]:
    """Bins of equal width over the middle of the values; all in one where they do not vary."""
    spread = values.std()
    if spread <= 1e-12:
        return np.zeros(len(values), np.uint8)
    at = (values - values.mean()) * (BINS / (2 * SPAN * spread)) + BINS / 2
    return np.asarray(np.clip(at, 0, BINS - 1), dtype=np.uint8)


def _effect(code: NDArray[Any], residual: Floats, bins: int = BINS) -> Floats:
    """Mean residual of each bin, `(bins, k)`."""
    counts = np.maximum(np.bincount(code, minlength=bins), 1)
    return np.asarray(np.column_stack([np.bincount(code, column, bins) for column in residual.T]) / counts[:, None])


def _merit(code: NDArray[np.uint8], residual: Floats) -> float:
    """What the bins explain, in units of the residuals' variance: chi-squared with `(BINS - 1) k` degrees under chance."""
    counts = np.maximum(np.bincount(code, minlength=BINS), 1)
    sums = np.column_stack([np.bincount(code, column, BINS) for column in residual.T])
    return float(((sums**2 / counts[:, None]).sum(axis=0) / np.maximum((residual**2).mean(axis=0), 1e-300)).sum())


def _each_matters(combo: Combo, merit: float, centred: Floats, deviation: Floats, residual: Floats, tried: int) -> bool:
    """Whether it explains more than with any one of its columns shuffled (a difference of two chi-squared figures)."""
    rng = np.random.default_rng(combo.columns)
    for column in combo.columns:
        shuffled = centred.copy(order="F")
        shuffled[:, column] = rng.permutation(shuffled[:, column])
        without = _merit(_binned(combo.of(shuffled, deviation)), residual)
        if ndtr((without - merit) / np.sqrt(4 * (merit + without))) * tried > SIGNIFICANCE:
            return False
    return True


def _unexplained(centred: Floats, labels: Floats) -> Floats:
    """Labels less their mean and each column's own effect, backfitted (Hastie and Tibshirani 1986)."""
    residual: Floats = labels - labels.mean(axis=0)
    codes = [np.searchsorted(np.unique(np.quantile(column, _LEVELS)), column) for column in centred.T]
    effects = [np.zeros((LEVELS, labels.shape[1])) for _ in codes]
    for _ in range(PASSES):
        for at, code in enumerate(codes):
            residual = residual + effects[at][code]
            effects[at] = _effect(code, residual, LEVELS)
            residual = residual - effects[at][code]
    return np.asarray(np.clip(residual, *np.quantile(residual, (TAILS, 1 - TAILS), axis=0)))


_LEVELS = np.arange(1, LEVELS) / LEVELS
