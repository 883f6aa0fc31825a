"""Metrics of ranked lists where truth is a class a row, or 0/1 labels, and a prediction the codes of k classes, best first."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.metrics.metric import Floats, Metric, decomposed
from podium.metrics.shapes import Ranking, offsets_of


def as_ranking(truth: NDArray[Any]) -> Ranking:
    """Codes `(n,)`, or 0/1 labels `(n, L)`, as the relevant items of each row."""
    if truth.ndim == 1:
        return Ranking(truth.astype(np.int64), np.arange(len(truth) + 1))
    return Ranking(np.nonzero(truth)[1].astype(np.int64), offsets_of((truth > 0).sum(axis=1)))


def of_classes(metric: Metric) -> Metric:
    """A metric of rankings as one of class codes `(n,)` (or 0/1 `(n, L)`) and ranked codes `(n, k)`; members' probabilities
    are averaged as they are. Of one class a row, MAP@k is the mean of 1 / rank, precision@k that of hits over k."""
    per_unit = metric.per_row
    assert per_unit is not None, f"{metric.name} does not decompose over lists"

    def per_row(truth: NDArray[Any], decided: NDArray[Any]) -> Floats:
        n, k = decided.shape
        given = Ranking(decided.astype(np.int64).reshape(-1), k * np.arange(n + 1))
        return per_unit(as_ranking(truth), given)

    return dataclasses.replace(metric, function=decomposed(per_row), per_row=per_row, space="probability")


__all__ = ["as_ranking", "of_classes"]
