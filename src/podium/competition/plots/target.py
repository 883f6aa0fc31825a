"""How the target is distributed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from podium.competition.audit.view import View
from podium.competition.plots.frame import EDGE, ROW, TOP, WIDTH, Bar, Floats, Panel, bars, picture, words
from podium.drawing import short
from podium.markup import Html, element

MOST_CLASSES = 14
MOST_TARGETS = 4
BINS = 48
PANEL = 130.0


def target_plot(view: View) -> Iterator[tuple[str, str]]:
    if view.truth.codes is not None:
        counts = np.bincount(view.truth.codes, minlength=len(view.competition.classes))
        yield "target", _classes(view, list(view.competition.classes), counts, len(view.truth.codes))
        return
    assert view.truth.values is not None
    if view.competition.task_type == "multilabel_classification":
        ones = (view.truth.values > 0.5).sum(axis=0)
        yield "target", _classes(view, list(view.targets), ones, len(view.truth.values))
    else:
        yield "target", _values(view, view.truth.values)


def _classes(view: View, names: list[str], counts: np.ndarray[tuple[int], np.dtype[np.int64]], n: int) -> str:
    order = np.argsort(-counts, kind="stable")[:MOST_CLASSES]
    shares = counts / max(1, n)
    most = float(shares.max()) or 1.0
    rows = [
        Bar(names[i], float(shares[i]) / most, f"{short(int(counts[i]))} · {shares[i]:.1%}") for i in order.tolist()
    ]
    asked = ", ".join(view.targets[:3])
    kind = "labels" if view.competition.task_type.startswith("multilabel") else "classes"
    sampled = "sampled " if n < view.n_train else ""
    more = f", the {MOST_CLASSES} commonest" if len(names) > MOST_CLASSES else ""
    note = f"{len(names)} {kind} in {n:,} {sampled}training rows{more}"
    return picture(f"The target: {asked}", note, TOP + len(rows) * ROW + 14, bars(rows))


def _values(view: View, values: Floats) -> str:
    parts: list[Html] = []
    names = view.targets[:MOST_TARGETS]
    for at, name in enumerate(names):
        top = TOP + 6 + at * (PANEL + 44)
        if len(names) > 1:
            parts.append(words(EDGE, top + 2, name, class_="name"))
        parts += _histogram(values[:, at], top + 8)
    title = "The target: " + ", ".join(names)
    column = values[:, 0]
    median, mean, low, high = (short(float(f(column))) for f in (np.median, np.mean, np.min, np.max))
    note = f"median {median}, mean {mean}, from {low} to {high}"
    return picture(
        title, note if len(names) == 1 else f"{values.shape[1]} targets", TOP + len(names) * (PANEL + 44) - 14, parts
    )


def _histogram(column: Floats, top: float) -> list[Html]:
    low, high = np.quantile(column, [0.001, 0.999])
    power = bool(low > 0 and high / low > 100 and np.mean(column) > 1.5 * np.median(column))
    shown = np.log10(np.clip(column, low, high)) if power else np.clip(column, low, high)
    low, high = float(shown.min()), float(shown.max())
    counts, _ = np.histogram(shown, BINS, (low, high if high > low else low + 1))
    panel = Panel.at(EDGE + 50, top, WIDTH - 2 * EDGE - 60, PANEL - 20, (low, high), (0.0, float(counts.max()) or 1.0))
    x = panel.x(float(np.median(shown)))
    mark = element("line", element("title", "median"), x1=x, x2=x, y1=panel.y.end, y2=panel.y.start, class_="mark")
    return [*panel.axes(power=power), *panel.histogram(counts.astype(np.float64), "a"), mark]
