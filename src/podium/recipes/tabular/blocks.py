"""The encoder's blocks: each turns one aspect of a derived table into columns, and remembers what it fitted.

Columns may hold NaN; the encoder fills and scales them afterwards, as the view wants.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.recipes.tabular.derive import Derived
from podium.recipes.tabular.target import Floats

Curve = Literal["raw", "log", "rank", "soft"]

SKEWED = 1.5  # sample skewness above which `log` turns a column
FARTHEST = 3.0  # to where `soft` draws values in
MAX_LEVELS = 250  # most frequent levels of a category that get a code of their own


class Block(ABC):
    """Fitted on a derived table of training rows and their labels `(n, k)`; `names` label its columns."""

    names: list[str]

    def fit_transform(self, table: Derived, labels: Floats, seed: int) -> Floats:
        self.fit(table, labels)
        return self.transform(table)

    @abstractmethod
    def fit(self, table: Derived, labels: Floats) -> None: ...

    @abstractmethod
    def transform(self, table: Derived) -> Floats:
        """`(n, len(names))`."""

    def symbolic(self, table: Derived) -> NDArray[np.bool_]:
        """Which of its columns, `(len(names),)`, say a category's level or what a code was taken apart into."""
        return np.zeros(len(self.names), dtype=bool)


class Numbers(Block):
    """Numeric columns as they are, or curved: `log` turns skewed ones, `rank` maps all to normal quantiles, `soft` measures
    them in quartile distances from the median and draws far values in (Holzmüller et al. 2024, arXiv 2407.04491)."""

    def __init__(self, curve: Curve) -> None:
        self.curve = curve

    def fit(self, table: Derived, labels: Floats) -> None:
        self.names = [name for name, values in table.numbers.items() if varies(values)]
        raw = table.stack(self.names)
        log = self.curve == "log"
        self.skewed = np.array([log and abs(_skew(column)) > SKEWED for column in raw.T], dtype=bool)
        self.quantiles = [_quantiles(column) for column in raw.T] if self.curve == "rank" else []
        self.quarters = (
            np.nanquantile(raw, (0, 0.25, 0.5, 0.75, 1), axis=0) if self.curve == "soft" and self.names else None
        )

    def transform(self, table: Derived) -> Floats:
        raw = table.stack(self.names)
        if self.curve == "log":
            return np.where(self.skewed, np.sign(raw) * np.log1p(np.abs(raw)), raw)
        if self.quarters is not None:
            return _drawn_in(raw, self.quarters)
        for k, quantiles in enumerate(self.quantiles):
            raw[:, k] = _to_normal(raw[:, k], quantiles)
        return raw

    def symbolic(self, table: Derived) -> NDArray[np.bool_]:
        return np.array([name in table.of_codes for name in self.names], dtype=bool)


class Missing(Block):
    """A flag for each numeric column that has missing values in the training rows."""

    def fit(self, table: Derived, labels: Floats) -> None:
        self.columns = [name for name, values in table.numbers.items() if varies(values) and np.isnan(values).any()]
        self.names = [f"{name}.missing" for name in self.columns]

    def transform(self, table: Derived) -> Floats:
        return np.isnan(table.stack(self.columns)).astype(np.float64)


class Sums(Block):
    """Over the numeric columns of a row: sum of scaled values, zeros, missing values."""

    def fit(self, table: Derived, labels: Floats) -> None:
        self.columns = [name for name, values in table.numbers.items() if varies(values)]
        self.scale = np.nanstd(table.stack(self.columns), axis=0) + 1e-9
        self.names = ["row.sum", "row.zeros", "row.missing", "row.max"]

    def transform(self, table: Derived) -> Floats:
        raw = table.stack(self.columns)
        scaled = np.nan_to_num(raw / self.scale)
        top = scaled.max(axis=1, initial=0.0)
        return np.column_stack([scaled.sum(axis=1), (raw == 0).sum(axis=1), np.isnan(raw).sum(axis=1), top])


class Crosses(Block):
    """Ratios and differences of the `width` numeric columns that go best with the labels (largest correlation)."""

    def __init__(self, width: int) -> None:
        self.width = width

    def fit(self, table: Derived, labels: Floats) -> None:
        columns = [name for name, values in table.numbers.items() if varies(values)]
        worth = {name: strength(table.numbers[name], labels) for name in columns}
        leading = sorted(columns, key=lambda name: -worth[name])[: self.width]
        self.pairs = [(a, b) for k, a in enumerate(leading) for b in leading[k + 1 :]]
        self.names = [f"{a}{sign}{b}" for a, b in self.pairs for sign in "/-"]

    def transform(self, table: Derived) -> Floats:
        parts = []
        for a, b in self.pairs:
            x, y = table.stack([a, b]).T
            parts += [np.divide(x, y, out=np.full(len(x), np.nan), where=np.abs(y) > 1e-9), x - y]
        return np.column_stack([np.empty((table.n, 0)), *parts])


class Levels(Block):
    """Every column says a category's level."""

    def symbolic(self, table: Derived) -> NDArray[np.bool_]:
        return np.ones(len(self.names), dtype=bool)


class Codes(Levels):
    """The `width` most frequent levels of each category as whole numbers, most frequent first; all else is NaN."""

    def __init__(self, width: int = MAX_LEVELS) -> None:
        self.width = width

    def fit(self, table: Derived, labels: Floats) -> None:
        self.names = list(table.categories)
        self.levels = {name: frequent_levels(series, self.width) for name, series in table.categories.items()}

    def transform(self, table: Derived) -> Floats:
        parts = [look_up(table.categories[name], levels) for name, levels in self.levels.items()]
        return np.column_stack([np.empty((table.n, 0)), *parts])


class OneHot(Levels):
    """A column for each of a category's `width` most frequent levels (missing is a level); one for all others."""

    def __init__(self, width: int) -> None:
        self.width = width

    def fit(self, table: Derived, labels: Floats) -> None:
        self.levels = {
            name: frequent_levels(_told(series), self.width, at_least=3) for name, series in table.categories.items()
        }
        self.names = [f"{name}={level}" for name, levels in self.levels.items() for level in [*levels, "…"]]

    def transform(self, table: Derived) -> Floats:
        parts: list[Floats] = [np.empty((table.n, 0))]
        for name, levels in self.levels.items():
            codes = np.nan_to_num(look_up(_told(table.categories[name]), levels), nan=len(levels))
            parts.append(np.eye(len(levels) + 1)[codes.astype(np.intp)])
        return np.concatenate(parts, axis=1)


class Counts(Block):
    """How often the training rows hold each key (surname, group, code) or a category of many levels: log(1 + n)."""

    def fit(self, table: Derived, labels: Floats) -> None:
        many = {name: series for name, series in table.categories.items() if series.n_unique() > 10}
        self.levels = {name: _counts(series) for name, series in {**table.keys, **many}.items()}
        self.names = [f"{name}.count" for name in self.levels]

    def fit_transform(self, table: Derived, labels: Floats, seed: int) -> Floats:
        self.fit(table, labels)
        # a training row counts itself, a new row does not: without this every unseen key would look like a new kind
        return np.asarray(np.log1p(np.maximum(np.expm1(self.transform(table)) - 1, 0)))

    def transform(self, table: Derived) -> Floats:
        everything = {**table.keys, **table.categories}
        parts = [np.nan_to_num(look_up(everything[name], counts)) for name, counts in self.levels.items()]
        return np.log1p(np.column_stack([np.empty((table.n, 0)), *parts]))


def frequent_levels(series: pl.Series, width: int, at_least: int = 1) -> dict[str, float]:
    """Level → code, by falling frequency, ties by name, so that the order of rows does not matter."""
    counts = sorted(_counts(series).items(), key=lambda item: (-item[1], item[0]))
    return {level: float(k) for k, (level, count) in enumerate(counts[:width]) if count >= at_least}


def look_up(series: pl.Series, levels: dict[str, float]) -> Floats:
    """`(n,)`: the number that goes with each value, NaN where there is none."""
    if not levels:
        return np.full(len(series), np.nan)
    found = series.replace_strict(list(levels), list(levels.values()), default=None, return_dtype=pl.Float64)
    return np.asarray(found.fill_null(float("nan")).to_numpy(), dtype=np.float64)


def _counts(series: pl.Series) -> dict[str, float]:
    frame = series.alias("level").drop_nulls().value_counts(name="n")  # a column may be called anything, `n` too
    return dict(zip(frame["level"].to_list(), map(float, frame["n"].to_list()), strict=True))


def _told(series: pl.Series) -> pl.Series:
    return series.fill_null("(missing)")


def varies(values: Floats) -> bool:
    seen = values[~np.isnan(values)]
    return len(seen) > 0 and (bool((seen != seen[0]).any()) or len(seen) < len(values))


def _skew(values: Floats) -> float:
    seen = values[~np.isnan(values)]
    deviation = seen.std() if len(seen) else 0.0
    if deviation <= 1e-12:
        return 0.0
    scaled = (seen - seen.mean()) / deviation
    return float(np.mean(scaled * scaled * scaled))  # a general power takes twenty times as long


def _drawn_in(values: Floats, quarters: Floats) -> Floats:
    """Quartile distances from the median, at most `FARTHEST` either way; half ranges where the quartiles are one.

    `values` `(n, d)`; `quarters` `(5, d)`: least, quartiles, most.
    """
    least, low, middle, high, most = quarters
    unit = np.where(high > low, high - low, (most - least) / 2)
    scaled = (values - middle) / np.where(unit > 0, unit, 1.0)
    return np.asarray(scaled / np.sqrt(1 + (scaled / FARTHEST) ** 2))


def _quantiles(values: Floats) -> Floats:
    seen = values[~np.isnan(values)]
    return np.quantile(seen, np.linspace(0, 1, min(len(seen), 501))) if len(seen) else np.zeros(1)


def _to_normal(values: Floats, quantiles: Floats) -> Floats:
    """Normal scores by interpolation in the training quantiles; ties take the middle of their span."""
    from scipy.special import ndtri

    low = np.searchsorted(quantiles, values, side="left")
    high = np.searchsorted(quantiles, values, side="right")
    share = (low + high) / 2 / len(quantiles)
    return np.where(np.isnan(values), np.nan, ndtri(np.clip(share, 1e-3, 1 - 1e-3)))


def strength(values: Floats, labels: Floats) -> float:
    """Largest absolute rank correlation with a label column; missing values take the median."""
    filled = np.where(np.isnan(values), np.nanmedian(values), values)
    ranks = np.argsort(np.argsort(filled)).astype(np.float64)
    ranks -= ranks.mean()
    centred = labels - labels.mean(axis=0)
    scale = np.sqrt((ranks**2).sum() * (centred**2).sum(axis=0)) + 1e-12
    return float(np.max(np.abs(ranks @ centred) / scale))
