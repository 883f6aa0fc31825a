"""Mixing predictions that are no numbers to be averaged: boxes, rankings, texts. One module a kind of layout."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from podium.ensemble import boxes, rankings, spans, texts
from podium.ensemble import space as spaces
from podium.tasks.task import Floats, Task

Mixer = Callable[[Sequence[Floats], Sequence[float]], Floats]

MIXERS: dict[str, Mixer] = {
    "boxes": boxes.fuse,
    "ranking": rankings.fuse,
    "spans": spans.averaged,
    "text": texts.consensus,
}  # by the kind of layout, which is then the space's name too


def mixed(
    members: Sequence[Floats], weights: Sequence[float], space: str, slope: float = 1.0, bias: Sequence[float] = ()
) -> Floats:
    """Members `(n, k)` already in `space`, by weights of sum 1, back as raw predictions `(n, k)`. `slope` times the mixture,
    plus `bias` `(k,)`, is what is taken back, where predictions are numbers."""
    if space in MIXERS:
        return MIXERS[space](members, weights)
    mixture = spaces.weighted(members, weights)
    if bias:
        mixture = slope * mixture + np.asarray(bias)
    return spaces.from_space(mixture, space)


def evenly(task: Task, parts: Sequence[Floats]) -> Floats:
    """One prediction of several models of one kind (a solution's folds): their mean, or an even mixture."""
    kind = task.layout().kind
    if len(parts) > 1 and kind in MIXERS:
        return MIXERS[kind](parts, [1.0 / len(parts)] * len(parts))
    return np.asarray(np.mean(parts, axis=0))
