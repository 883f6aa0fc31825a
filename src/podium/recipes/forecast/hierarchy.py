"""Which series are parts of sums: by columns that never change within a series, and by series that are the sum of others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.recipes.forecast.panel import DATE, SERIES, TIME, Panel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MOST = 1_500  # sums; of more, the finest levels are left out
TOTAL = re.compile(r"(?i)\b(total|all|sum|overall|aggregate)\b|^(total|all)(?=_)")
SIGNS = "_/|-.: "
COMPARED = 60  # last values in which a series must be the sum of others


@dataclass(frozen=True)
class Hierarchy:
    """`leaves` `(n,)`: codes of series that are no sums. `parts` `(a, n)` bool: the leaves of each sum. `level` `(a,)`: sums of
    one number share no leaf. `code` `(a,)`: the series that is this sum, -1 where none is; those come first."""

    leaves: Ints
    parts: NDArray[np.bool_]
    level: Ints
    code: Ints

    def sums(self, values: Floats) -> Floats:
        """Of leaves' `(n, …)` those of all sums `(a, …)`."""
        return np.tensordot(self.parts.astype(np.float64), values, axes=1)

    def added(self, series: Sequence[Floats]) -> list[Floats]:
        """The sums that are no series of their own, from their leaves' first value to the last; what has not begun counts 0."""
        out = []
        for parts in self.parts[self.code < 0]:
            held = [series[k] for k in self.leaves[parts]]
            total = np.zeros(max(map(len, held)))
            for y in held:
                total[len(total) - len(y) :] += y
            out.append(total)
        return out

    def columns(self, n: int) -> Ints:
        """Where each sum stands in `n` series with `added` after them, `(a,)`."""
        own = self.code.copy()
        own[own < 0] = n + np.arange(int((own < 0).sum()))
        return own


def hierarchy_of(panel: Panel, frame: pl.DataFrame, of: Ints) -> Hierarchy | None:
    """`frame`: the rows that the panel was made of, `of` `(n,)` their series. None where nothing tells of sums, or where series
    do not end together."""
    if len(panel) < 3 or len(set(panel.last.tolist())) > 1:
        return None
    sums = _own_sums(panel)
    leaves = np.array([k for k in range(len(panel)) if k not in sums], dtype=np.int64)
    place = {int(code): at for at, code in enumerate(leaves)}
    own = {code: _mask([place[k] for k in parts], len(leaves)) for code, parts in sums.items()}
    found = [(own[code], -1 - level, code) for code, level in _levels(own).items()]
    for level, labels in enumerate(_columns(frame, of, leaves, len(panel))):
        found += [(labels == value, level, -1) for value in np.unique(labels)]
    if found and not any(parts.all() for parts, _, _ in found):
        found.append((np.ones(len(leaves), dtype=bool), 10**6, -1))
    kept = [one for one in found if one[2] >= 0 or one[0].sum() > 1][:MOST]
    if not kept:
        return None
    masks, levels, codes = zip(*kept, strict=True)
    return Hierarchy(leaves, np.stack(masks), np.array(levels), np.array(codes, dtype=np.int64))


def _levels(own: dict[int, NDArray[np.bool_]]) -> dict[int, int]:
    """A number for each sum, the largest first: those of one number share no part."""
    taken, out = list[NDArray[np.bool_]](), dict[int, int]()
    for code in sorted(own, key=lambda code: -int(own[code].sum())):
        level = next((k for k, held in enumerate(taken) if not (held & own[code]).any()), len(taken))
        taken[level:] = [own[code] | (taken[level] if level < len(taken) else False), *taken[level + 1 :]]
        out[code] = level
    return out


def _mask(places: list[int], size: int) -> NDArray[np.bool_]:
    out = np.zeros(size, dtype=bool)
    out[places] = True
    return out


def _columns(frame: pl.DataFrame, of: Ints, leaves: Ints, n: int) -> list[Ints]:
    """Group numbers `(leaves,)` by each column that is constant within series and groups them, the coarsest first."""
    out: dict[bytes, Ints] = {}
    usable = [c for c in frame.columns if c not in (SERIES, TIME, DATE)]
    for name in usable:
        column = frame[name]
        if not (column.dtype == pl.String or column.dtype.is_integer()):
            continue
        both = pl.DataFrame({"of": of, "value": column.cast(pl.String).fill_null("")}).unique()
        if both.height != n:
            continue
        values = both.sort("of")["value"].to_numpy()[leaves]
        labels = np.unique(values, return_inverse=True)[1].astype(np.int64)
        if 1 < labels.max() + 1 <= len(leaves) // 2:
            out.setdefault(labels.tobytes(), labels)
    return sorted(out.values(), key=lambda labels: int(labels.max()))


def _own_sums(panel: Panel) -> dict[int, list[int]]:
    """Code of each series that is a sum → its leaves: called a total, or by the beginning of others' names, and equal to it."""
    names = {code: name for name, code in panel.code.items()}
    below = {code: [k for k, other in names.items() if other.startswith(tuple(name + sign for sign in SIGNS))]
             for code, name in names.items()}  # fmt: skip
    parents = {code for code, parts in below.items() if len(parts) > 1}
    totals = {code for code, name in names.items() if TOTAL.search(name) and code not in parents}
    leaves = [code for code in names if code not in parents and code not in totals]
    told = {code: [k for k in below[code] if k in set(leaves)] for code in parents} | dict.fromkeys(totals, leaves)
    return {code: parts for code, parts in told.items() if len(parts) > 1 and _is_sum(panel, code, parts)}


def _is_sum(panel: Panel, code: int, parts: list[int]) -> bool:
    length = min(COMPARED, *(len(panel.values[k]) for k in (code, *parts)))
    found = np.sum([panel.values[k][-length:] for k in parts], axis=0)
    return bool(np.allclose(found, panel.values[code][-length:], rtol=1e-4, atol=1e-6))
