"""Where train and test lie in time, and how the target runs along it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from podium.competition.audit.view import Floats, View, floats
from podium.competition.plots.frame import EDGE, TOP, WIDTH, Panel, key, picture, words
from podium.competition.plots.telling import outcome_of
from podium.markup import Html, element

BINS = 60
HEIGHT = 110.0


def time_plot(view: View) -> Iterator[tuple[str, str]]:
    found = _times(view)
    if found is None:
        return
    train, test, dated, name = found
    both = np.concatenate([train, test])
    both = both[np.isfinite(both)]
    if len(both) < 50 or both.min() == both.max():
        return
    span = (float(both.min()), float(both.max()))
    counts = [np.histogram(x[np.isfinite(x)], BINS, span)[0].astype(np.float64) for x in (train, test)]
    panel = Panel.at(
        EDGE + 50, TOP + 10, WIDTH - 2 * EDGE - 60, HEIGHT, span, (0.0, max(float(c.max()) for c in counts))
    )
    parts = [*_grid(panel, dated), *panel.histogram(counts[0], "a"), *panel.histogram(counts[1], "over")]
    bottom = TOP + HEIGHT + 54
    outcome, what = outcome_of(view)
    if outcome is not None:
        parts += _run(train, outcome, what, span, bottom, dated)
        bottom += HEIGHT + 40
    parts += key((("a", "train"), ("over", "test")))
    later = np.nanmin(test) >= np.nanquantile(train, 0.99) if np.isfinite(test).any() else False
    note = f"rows by {name}: " + ("test comes after train" if later else "test lies among train")
    yield "time", picture("Train and test in time", note, bottom + 4, parts)


def _times(view: View) -> tuple[Floats, Floats, bool, str] | None:
    """Times of train and test rows, whether they are dates (microseconds), and their column; None where none is known."""
    name = view.competition.time_column
    known = {c.name: c for c in view.columns}
    if name is None:
        dates = view.of_kind("date")
        name = dates[0].name if dates else None
    if name is not None and name in known and known[name].kind in ("numeric", "date"):
        return floats(view.train[name]), floats(view.test[name]), known[name].kind == "date", name
    if view.dataset.times is None or name is None:
        return None
    times = np.load(view.dataset.times)
    return times[view.rows], times[view.test_rows], False, name


def _grid(panel: Panel, dated: bool) -> list[Html]:
    """Axes; for dates, days in words."""
    if not dated:
        return panel.axes(8)
    count = 6
    kept = panel.grid()
    for i in range(count):
        at = panel.x.low + (panel.x.high - panel.x.low) * i / (count - 1)
        day = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
        anchor = "start" if i == 0 else "end" if i == count - 1 else "middle"
        kept.append(words(panel.x(at), panel.y.start + 16, f"{day:%Y-%m-%d}", anchor=anchor))
    return kept


def _run(train: Floats, outcome: Floats, what: str, span: tuple[float, float], top: float, dated: bool) -> list[Html]:
    """The mean outcome of each bin of time that has rows."""
    known = np.isfinite(train)
    bins = np.clip(((train[known] - span[0]) / (span[1] - span[0]) * BINS).astype(int), 0, BINS - 1)
    rows = np.bincount(bins, minlength=BINS)
    sums = np.bincount(bins, weights=outcome[known], minlength=BINS)
    means = np.where(rows >= 5, sums / np.maximum(rows, 1), np.nan)
    if not np.isfinite(means).any():
        return []
    low, high = float(np.nanmin(means)), float(np.nanmax(means))
    pad = 0.08 * (high - low) or 0.1
    panel = Panel.at(EDGE + 50, top + 12, WIDTH - 2 * EDGE - 60, HEIGHT - 12, span, (low - pad, high + pad))
    middles = span[0] + (np.arange(BINS) + 0.5) / BINS * (span[1] - span[0])
    return [element("g", words(EDGE, top, what, class_="name"), *_grid(panel, dated), *panel.line(middles, means))]
