"""Gaps by column, in train and in test."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from podium.competition.audit.view import View
from podium.competition.plots.frame import ROW, TOP, Bar, bars, key, picture

MOST = 14


def missing_plot(view: View) -> Iterator[tuple[str, str]]:
    shares = [(c.name, _share(view.train[c.name]), _share(view.test[c.name])) for c in view.columns if c.missing]
    if not shares:
        return
    ranked = sorted(shares, key=lambda s: -max(s[1], s[2]))[:MOST]
    rows = [
        Bar(name, a, _figures(a, b, bool(len(view.test))), second=b if len(view.test) else None)
        for name, a, b in ranked
    ]
    more = f"; the {MOST} emptiest" if len(shares) > MOST else ""
    note = f"share of rows without a value: {len(shares)} of {len(view.columns)} columns have gaps{more}"
    parts = [*bars(rows), *key((("a", "train"), ("b", "test")))]
    yield "missing", picture("Missing values", note, TOP + len(rows) * ROW + 14, parts)


def _share(series: pl.Series) -> float:
    return series.null_count() / max(1, len(series))


def _figures(a: float, b: float, both: bool) -> str:
    return f"{a:.1%} · {b:.1%}" if both else f"{a:.1%}"
