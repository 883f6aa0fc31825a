"""Train against test: the columns furthest apart, and two of them as they lie."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from podium.competition.audit.drift import Shift, shifts
from podium.competition.audit.view import View, floats
from podium.competition.plots.frame import EDGE, ROW, TOP, WIDTH, Bar, Panel, bars, key, picture, words
from podium.markup import Html

MOST = 10
BINS = 30
HEIGHT = 120.0


def drift_plot(view: View) -> Iterator[tuple[str, str]]:
    ranked = sorted(shifts(view), key=lambda s: -s.figure / s.noise if s.noise else 0.0)[:MOST]
    if not ranked:
        return
    full = max(0.2, *(s.figure for s in ranked), *(s.noise for s in ranked))
    rows = [
        Bar(s.column.name, s.figure / full, f"{s.figure:.3f}", mark=s.noise / full, look="bad" if _beyond(s) else "a")
        for s in ranked
    ]
    parts, bottom = bars(rows), TOP + len(rows) * ROW
    apart = [s for s in ranked if _beyond(s)]
    drawn = [s for s in apart if s.column.kind == "numeric"][:2]
    if drawn:
        for at, shift in enumerate(drawn):
            parts += _overlay(view, shift, EDGE + 40 + at * (WIDTH - 2 * EDGE) / 2, bottom + 30)
        parts += key((("a", "train"), ("over", "test")))
        bottom += HEIGHT + 60
    told = f"{len(apart)} of these columns differ" if apart else "no column differs"
    note = f"distance of distributions, 0 to 1; the tick is what chance gives at most: {told} beyond it"
    yield "drift", picture("How test differs from train", note, bottom + 14, parts)


def _beyond(shift: Shift) -> bool:
    return shift.figure > max(shift.noise, 0.02)


def _overlay(view: View, shift: Shift, left: float, top: float) -> list[Html]:
    a, b = (floats(side[shift.column.name]) for side in (view.train, view.test))
    a, b = a[np.isfinite(a)], b[np.isfinite(b)]
    if not len(a) or not len(b):
        return []
    both = np.concatenate([a, b])
    low, high = np.quantile(both, [0.005, 0.995])
    high = high if high > low else low + 1.0
    shares = [np.histogram(np.clip(x, low, high), BINS, (low, high))[0] / len(x) for x in (a, b)]
    most = float(max(s.max() for s in shares))
    panel = Panel.at(left, top + 10, (WIDTH - 2 * EDGE) / 2 - 60, HEIGHT - 14, (float(low), float(high)), (0.0, most))
    return [
        words(left, top, shift.column.name, class_="name", most=30), *panel.axes(4, 3, share=True),
        *panel.histogram(shares[0], "a"), *panel.histogram(shares[1], "over"),
    ]  # fmt: skip
