"""Labels against a quick model, from its surest rows to its least sure; rows nearer to train than they should be."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from podium.competition.audit.labels import GOOD, label_noise, quick_probabilities
from podium.competition.audit.near import nearness
from podium.competition.audit.view import View
from podium.competition.plots.frame import EDGE, TOP, WIDTH, Panel, key, picture, words
from podium.markup import Html, element

HEIGHT = 150.0
BINS = 20


def noise_plot(view: View) -> Iterator[tuple[str, str]]:
    told = quick_probabilities(view)
    if told is None:
        return
    guess, sure = told.probabilities.argmax(axis=1), told.probabilities.max(axis=1)
    wrong = (guess != told.codes)[np.argsort(-sure, kind="stable")]
    errors = np.array([part.mean() for part in np.array_split(wrong, BINS)])
    panel = Panel.at(
        EDGE + 50, TOP + 10, WIDTH - 2 * EDGE - 60, HEIGHT, (0.0, 100.0), (0.0, max(0.05, float(errors.max())))
    )
    parts: list[Html] = [*panel.axes(10, 4, share=True), *panel.histogram(errors, "a")]
    seen = label_noise(told.probabilities, told.codes)
    balanced = np.mean([(guess[told.codes == c] == c).mean() for c in np.unique(told.codes)])
    if seen is not None:
        y = panel.y(seen.share)
        parts.append(element("line", x1=panel.x.start, x2=panel.x.end, y1=y, y2=y, class_="mark"))
        note = f"errors do not die out where the model is surest: about {seen.share:.1%} of labels may be wrong"
    elif balanced < GOOD:
        note = f"the quick model is too weak to judge labels (balanced accuracy {balanced:.2f})"
    else:
        note = "errors die out where the model is surest: no sign of wrong labels"
    parts.append(
        words(EDGE + 50, TOP + HEIGHT + 44, "rows in percent, from the surest to the least sure prediction", most=100)
    )
    yield "labels", picture("Labels that disagree with a quick out-of-fold model", note, TOP + HEIGHT + 58, parts)


def near_plot(view: View) -> Iterator[tuple[str, str]]:
    """Distances to the nearest train row; drawn where near copies were found."""
    seen = nearness(view)
    if seen is None or not (seen.beyond or min(seen.test, seen.train) > 0.05):
        return
    sides = [np.log10(np.clip(d[d > 0], 1e-4, 1e2)) for d in (seen.within, seen.across)]
    low, high = float(min(s.min() for s in sides)), float(max(s.max() for s in sides))
    shares = [np.histogram(s, 40, (low, high))[0] / max(1, len(s)) for s in sides]
    panel = Panel.at(
        EDGE + 50, TOP + 10, WIDTH - 2 * EDGE - 60, HEIGHT, (low, high), (0.0, float(max(s.max() for s in shares)))
    )
    x = panel.x(float(np.log10(seen.far)))
    parts = [
        *panel.axes(power=True, share=True), *panel.histogram(shares[0], "a"), *panel.histogram(shares[1], "over"),
        element("line", x1=x, x2=x, y1=panel.y.end, y2=panel.y.start, class_="mark"),
        words(EDGE + 50, TOP + HEIGHT + 44, "distance to the nearest train row, as a multiple of the usual one", most=100),
        *key((("a", "train"), ("over", "test"))),
    ]  # fmt: skip
    note = f"left of the line a row nearly equals a train row: {seen.test:.1%} of test, {seen.train:.1%} of train"
    yield "near", picture("Rows that nearly equal a row of train", note, TOP + HEIGHT + 58, parts)
