"""Kinds of users, and how well each is served: repeaters and explorers, heavy and light ones, those without a history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.metrics.metric import Metric

LEAST = 20  # users a segment is told of
OFTEN = 0.3  # of a user's events that repeat an item, from which they are a repeater


@dataclass(frozen=True)
class Segment:
    """`users`: how many; `score`: the metric over them; `stderr` of it, None where the metric is no mean over users."""

    name: str
    users: int
    score: float
    stderr: float | None


def kinds_of_users(histories: Sequence[Sequence[int]]) -> dict[str, NDArray[np.int64]]:
    """Positions of users by kind: new (nothing is known of them), light and heavy (the shorter and longer halves of
    histories), and of those with a history repeaters and explorers. A user is of several kinds; none is left out."""
    sizes = np.array([len(one) for one in histories], dtype=np.int64)
    distinct = np.array([len(set(one)) for one in histories], dtype=np.int64)
    known = np.flatnonzero(sizes > 0)
    found = {"new": np.flatnonzero(sizes == 0)}
    middle = float(np.median(sizes[known])) if len(known) else 0.0
    again = 1.0 - distinct[known] / np.maximum(sizes[known], 1)
    found["light"], found["heavy"] = known[sizes[known] <= middle], known[sizes[known] > middle]
    found["repeaters"], found["explorers"] = known[again >= OFTEN], known[again < OFTEN]
    return found


def segments(metric: Metric, truth: Any, decided: Any, histories: Sequence[Sequence[int]]) -> list[Segment]:
    """The score of each kind of user, worst served first; kinds of fewer than `LEAST` users are left out.

    `truth`, `decided`: rankings of the same users as `histories`.
    """
    found = []
    for name, users in kinds_of_users(histories).items():
        if len(users) < LEAST:
            continue
        merits = None if metric.per_row is None else metric.per_row(truth[users], decided[users])
        stderr = None if merits is None else float(merits.std() / np.sqrt(len(users)))
        found.append(Segment(name, len(users), metric.function(truth[users], decided[users]), stderr))
    return sorted(found, key=lambda one: metric.sign * one.score)


__all__ = ["LEAST", "Segment", "kinds_of_users", "segments"]
