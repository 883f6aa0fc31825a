"""Which rows of a labelled table become test, and which of those the public leaderboard shows.

The way test differs from train is the contest's own: at random, by whole groups (users, patients), or later in time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.errors import UserError

Deal = Literal["random", "group", "time"]


@dataclass(frozen=True)
class Dealt:
    """Row numbers `(n_train,)` and `(n_test,)` of the table, and for each test row whether it is public `(n_test,)`."""

    train: NDArray[np.int64]
    test: NDArray[np.int64]
    public: NDArray[np.bool_]


def deal(
    frame: pl.DataFrame,
    *,
    test_share: float,
    public_share: float,
    seed: int,
    group: str | None = None,
    time: str | None = None,
    strata: Sequence[Any] | None = None,
) -> Dealt:
    """`strata`: one label a row, whose shares a random deal keeps. Raises UserError where a part would be empty."""
    _check_share("--test-share", test_share)
    _check_share("--public-share", public_share)
    rng = np.random.default_rng(seed)
    if time is not None:
        dealt = _by_time(_column(frame, time, "--time"), test_share, public_share)
    elif group is not None:
        dealt = _by_group(_column(frame, group, "--group"), test_share, public_share, rng)
    else:
        dealt = _at_random(frame.height, test_share, public_share, rng, strata)
    parts = {"train": len(dealt.train), "public": int(dealt.public.sum()), "private": int((~dealt.public).sum())}
    empty = [name for name, rows in parts.items() if rows == 0]
    if empty:
        raise UserError(
            f"the {empty[0]} part would have no rows", found=f"{frame.height} rows", remedy="change the shares"
        )
    return dealt


def public_part(n: int, share: float, seed: int, strata: Sequence[Any] | None = None) -> NDArray[np.bool_]:
    """Which of n test rows the public leaderboard shows, `(n,)`, at random; `strata` as in `deal`."""
    _check_share("--public-share", share)
    rows = np.random.default_rng(seed).permutation(n)
    shown = np.zeros(n, dtype=bool)
    shown[rows[_first(rows, share, strata)]] = True
    if shown.all() or not shown.any():
        raise UserError("the public or the private part would have no rows", found=f"{n} rows", remedy="--public-share")
    return shown


def _check_share(option: str, share: float) -> None:
    if not 0.0 < share < 1.0:
        raise UserError(f"{option} is no share", expected="a number between 0 and 1", found=f"{share:g}")


def _column(frame: pl.DataFrame, name: str, option: str) -> pl.Series:
    if name not in frame.columns:
        raise UserError(f"{option} names no column", expected=f"one of {', '.join(frame.columns)}", found=repr(name))
    if frame[name].null_count():
        raise UserError(f"{option} {name!r} has missing values", remedy="fill them, or drop the rows")
    return frame[name]


def _at_random(
    n: int, test_share: float, public_share: float, rng: np.random.Generator, strata: Sequence[Any] | None
) -> Dealt:
    order = rng.permutation(n)
    test = order[_first(order, test_share, strata)]
    train = order[~np.isin(order, test)]
    public = np.zeros(len(test), dtype=bool)
    again = rng.permutation(len(test))  # else the order of rows would tell which are public
    public[again[_first(test[again], public_share, strata)]] = True
    return Dealt(train, test, public)


def _first(rows: NDArray[np.int64], share: float, strata: Sequence[Any] | None) -> NDArray[np.int64]:
    """Positions in `rows` (in random order) of a share of them, taken from each stratum."""
    if strata is None:
        return np.arange(round(len(rows) * share))
    _, codes = np.unique(np.asarray(strata)[rows].astype(str), return_inverse=True)
    nth = np.empty(len(rows), dtype=np.int64)  # of its stratum
    for code in range(codes.max() + 1 if len(codes) else 0):
        here = np.flatnonzero(codes == code)
        nth[here] = np.arange(len(here))
    size = np.bincount(codes)[codes] if len(codes) else codes
    return np.flatnonzero((nth + 0.5) < size * share)


def _by_group(column: pl.Series, test_share: float, public_share: float, rng: np.random.Generator) -> Dealt:
    """Whole groups in random order until the share of rows is reached."""
    codes = column.cast(pl.String).cast(pl.Categorical).to_physical().to_numpy().astype(np.int64)
    sizes = np.bincount(codes)
    order = rng.permutation(np.flatnonzero(sizes))
    before = np.cumsum(sizes[order]) - sizes[order]  # rows of the groups before
    chosen = order[before < test_share * len(codes)]
    shown = chosen[(np.cumsum(sizes[chosen]) - sizes[chosen]) < public_share * sizes[chosen].sum()]
    rows = rng.permutation(len(codes))
    in_test = np.isin(codes[rows], chosen)
    test = rows[in_test]
    return Dealt(rows[~in_test], test, np.isin(codes[test], shown))


def _by_time(column: pl.Series, test_share: float, public_share: float) -> Dealt:
    """The last rows, in order of time; equal times stay together. The public leaderboard shows the earlier part."""
    ranks = column.rank("dense").to_numpy().astype(np.int64)
    order = np.argsort(ranks, kind="stable")
    test_from = _boundary(ranks[order], 1.0 - test_share)
    test = order[test_from:]
    public = np.arange(len(test)) < _boundary(ranks[test], public_share)
    return Dealt(order[:test_from], test, public)


def _boundary(ranks: NDArray[np.int64], share: float) -> int:
    """How many rows come before the boundary nearest to `share` that divides no two equal times."""
    edges = np.flatnonzero(np.diff(ranks)) + 1
    return int(edges[np.argmin(np.abs(edges - share * len(ranks)))]) if len(edges) else 0
