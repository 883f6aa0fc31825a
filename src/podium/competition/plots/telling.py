"""The strongest single columns, and how the target runs along the best of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from podium.competition.audit.leaks import TOO_GOOD, associations
from podium.competition.audit.view import View, floats
from podium.competition.plots.frame import EDGE, ROW, TOP, WIDTH, Bar, Floats, Panel, bars, picture, words
from podium.drawing import short
from podium.markup import Html

MOST = 12
BINS = 10
PANELS, HEIGHT = 3, 110.0


def telling_plot(view: View) -> Iterator[tuple[str, str]]:
    ranked = associations(view)[:MOST]
    if not ranked:
        return
    rows = [
        Bar(a.column, a.strength, f"{_short(a.measure)} {a.figure:.3f}", look="bad" if a.strength > TOO_GOOD else "a")
        for a in ranked
    ]
    parts, bottom = bars(rows), TOP + len(rows) * ROW
    numeric = {c.name for c in view.of_kind("numeric", "date")}
    outcome, what = outcome_of(view)
    curves = [a.column for a in ranked if a.column in numeric][:PANELS] if outcome is not None else []
    if outcome is not None and curves:
        parts += _curves(view, curves, outcome, what, bottom + 30)
        bottom += HEIGHT + 70
    note = "strength from 0 (tells nothing) to 1 (tells all)" + (
        f"; below, {what} by tenths of the column" if curves else ""
    )
    yield "columns", picture("What single columns tell of the target", note, bottom + 14, parts)


def _short(measure: str) -> str:
    return {"rank correlation": "rank corr.", "lookup accuracy": "accuracy", "lookup correlation": "corr."}.get(
        measure, measure
    )


def outcome_of(view: View) -> tuple[Floats | None, str]:
    """What is averaged along a column: the target, or the share of the second of two classes."""
    if view.truth.values is not None:
        return view.truth.values[:, 0], f"mean {view.targets[0]}"
    assert view.truth.codes is not None
    if len(view.competition.classes) != 2:
        return None, ""
    return (view.truth.codes == 1).astype(np.float64), f"share of {view.competition.classes[1]}"


def _curves(view: View, names: list[str], outcome: Floats, what: str, top: float) -> list[Html]:
    found = [(name, *_means(floats(view.train[name]), outcome)) for name in names]
    found = [f for f in found if len(f[1]) > 1]
    if not found:
        return []
    low, high = (float(f(np.concatenate([ys for _, _, ys in found]))) for f in (np.min, np.max))
    pad = 0.08 * (high - low) or 0.1
    width = (WIDTH - 2 * EDGE - 20) / PANELS
    parts: list[Html] = []
    for at, (name, xs, ys) in enumerate(found):
        left = EDGE + 40 + at * width
        panel = Panel.at(left, top + 10, width - 60, HEIGHT - 14, (0, len(xs) - 1), (low - pad, high + pad))
        parts += [
            words(left, top, name, class_="name", most=24),
            *panel.grid(4),
            *panel.line(np.arange(len(xs), dtype=np.float64), ys),
        ]
        ends = ((0, "start"), (len(xs) - 1, "end"))
        parts += [words(panel.x(i), panel.y.start + 16, short(float(xs[i])), anchor=anchor) for i, anchor in ends]
    return parts


def _means(values: Floats, outcome: Floats) -> tuple[Floats, Floats]:
    """Middle and mean outcome of each tenth of the rows by value, or of each value where they are few."""
    known = np.isfinite(values)
    values, outcome = values[known], outcome[known]
    few = np.unique(values)
    edges = few if len(few) <= BINS else np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)))[:-1]
    bins = np.searchsorted(edges, values, "right") - 1
    kept = [here for b in range(len(edges)) if (here := bins == b).any()]
    return np.array([np.median(values[h]) for h in kept]), np.array([outcome[h].mean() for h in kept])
