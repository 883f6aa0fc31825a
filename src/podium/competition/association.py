"""How much one column alone tells of the target: AUC, rank correlation, or accuracy of a lookup that has not seen the row."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Association:
    """`strength`: 0 (tells nothing) to 1 (tells all), comparable between kinds; `figure` is the named measure."""

    column: str
    measure: Literal["AUC", "rank correlation", "lookup accuracy", "lookup correlation"]
    figure: float
    strength: float


@dataclass(frozen=True)
class Truth:
    """Targets as arrays: `codes` (n,) for classes, `values` (n, k) for numbers; the other is None."""

    codes: NDArray[np.int64] | None
    values: Floats | None

    def take(self, rows: NDArray[np.int64]) -> Truth:
        """Those of these positions."""
        return Truth(
            None if self.codes is None else self.codes[rows], None if self.values is None else self.values[rows]
        )

    @functools.cached_property
    def unit_ranks(self) -> Floats:
        """Ranks of each target, centred and of length one, `(n, k)`: a product with another such column is Spearman's rho."""
        assert self.values is not None
        return np.column_stack([_unit(ranks(column)) for column in self.values.T])


def ranks(values: Floats) -> Floats:
    """Average ranks, 1-based, ties shared."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    average: Floats = (ends - (counts - 1) / 2.0)[inverse]
    return average


def numeric(name: str, values: Floats, truth: Truth) -> Association:
    """AUC of a class against the rest, mean over rows' classes, or |Spearman| of the best target; missing ranks lowest."""
    return of_ranks(name, ranks(np.where(np.isfinite(values), values, -np.inf)), truth)


def of_ranks(name: str, order: Floats, truth: Truth) -> Association:
    if truth.codes is not None:
        auc = _mean_auc(order, truth.codes)
        return Association(name, "AUC", auc, 2.0 * auc - 1.0)
    best = float(np.abs(_unit(order) @ truth.unit_ranks).max())
    return Association(name, "rank correlation", best, best)


def by_chance(order: Floats, truth: Truth, rng: np.random.Generator, rounds: int = 20) -> float:
    """The strength that ranks without meaning hardly ever reach: mean and five deviations over shuffles."""
    found = [of_ranks("", rng.permutation(order), truth).strength for _ in range(rounds)]
    return float(np.mean(found) + 5.0 * np.std(found))


def _mean_auc(order: Floats, codes: NDArray[np.int64]) -> float:
    """Mean over rows of the AUC, either way up, of the row's class against the rest."""
    counts = np.bincount(codes).astype(np.float64)
    sums = np.bincount(codes, weights=order, minlength=len(counts))
    others = len(codes) - counts
    usable = (counts > 0) & (others > 0)
    auc = (sums - counts * (counts + 1) / 2)[usable] / (counts * others)[usable]
    return float(0.5 + np.average(np.abs(auc - 0.5), weights=counts[usable]))


def _unit(values: Floats) -> Floats:
    centred = values - values.mean()
    norm = np.sqrt(centred @ centred)
    unit: Floats = centred / norm if norm > 0 else centred
    return unit


def lookup(name: str, keys: pl.Series, truth: Truth) -> Association | None:
    """What a table of values learned on every other row says of the rest; None where too few values return."""
    codes = keys.cast(pl.String).fill_null("").rank("dense").cast(pl.Int64).to_numpy() - 1
    learn = np.arange(len(codes)) % 2 == 0
    seen = np.bincount(codes[learn], minlength=int(codes.max()) + 1) > 0
    told = ~learn & seen[codes]
    if told.sum() < max(30, 0.1 * (~learn).sum()):
        return None
    if truth.codes is not None:
        return _lookup_classes(name, codes, truth.codes, learn, told)
    assert truth.values is not None
    best = 0.0
    size = int(codes.max()) + 1
    for column in truth.values.T:
        sums = np.bincount(codes[learn], weights=column[learn], minlength=size)
        means = sums / np.maximum(np.bincount(codes[learn], minlength=size), 1)
        best = max(best, abs(float(_unit(ranks(means[codes[told]])) @ _unit(ranks(column[told])))))
    return Association(name, "lookup correlation", best, best)


def _lookup_classes(
    name: str, codes: NDArray[Any], truth: NDArray[Any], learn: NDArray[Any], told: NDArray[Any]
) -> Association:
    width, size = int(truth.max()) + 1, int(codes.max()) + 1
    if size * width > 20_000_000:
        return Association(name, "lookup accuracy", 0.0, 0.0)
    table = np.bincount(codes[learn] * width + truth[learn], minlength=size * width).reshape(size, width)
    accuracy = float((table.argmax(axis=1)[codes[told]] == truth[told]).mean())
    plain = float((np.bincount(truth[learn]).argmax() == truth[told]).mean())
    strength = max(0.0, (accuracy - plain) / max(1.0 - plain, 1e-9))
    return Association(name, "lookup accuracy", accuracy, strength)
