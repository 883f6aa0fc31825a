"""The target: balance, skew, number of values; what chance alone makes of a score at this size."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from podium.competition.audit.view import Floats, View, finding
from podium.competition.noise import noise_floor, supposed
from podium.metrics import get
from podium.records import AuditFinding

RARE, MOST_RARE = 0.02, 8  # share of rows; labels that are named one by one


def check_target(view: View) -> Iterator[AuditFinding]:
    if view.truth.codes is not None:
        counts = np.bincount(view.truth.codes, minlength=len(view.competition.classes))
        share = counts.min() / max(1, counts.sum())
        name = view.competition.classes[int(counts.argmin())]
        if counts.min() < view.competition.cv_folds:
            yield finding(
                "imbalance", "warn", None, share, f"class {name!r} has {counts.min()} rows: not one for each fold"
            )
        elif share < 0.05 / max(1, len(counts) / 2):
            yield finding("imbalance", "info", None, share, f"class {name!r} is rare: {share:.2%} of rows")
        return
    assert view.truth.values is not None
    if view.competition.task_type == "multilabel_classification":
        yield from _rare_labels(view, view.truth.values)
        return
    for name, column in zip(view.targets, view.truth.values.T, strict=True):
        deviation = column.std()
        skew = float(((column - column.mean()) ** 3).mean() / deviation**3) if deviation > 0 else 0.0
        distinct = len(np.unique(column))
        if abs(skew) > 1:
            yield finding("skew", "info", name, skew, f"{name} is skewed ({skew:.2f}): try a log or a rank transform")
        if distinct <= 20 < len(column) and not view.structured:
            yield finding(
                "cardinality",
                "info",
                name,
                distinct,
                f"{name} takes {distinct} values only: classification may serve too",
            )


def _rare_labels(view: View, bits: Floats) -> Iterator[AuditFinding]:
    """Labels that hardly any row has, or lacks: each for itself, or counted where they are many."""
    shares = bits.mean(axis=0)
    rare = np.flatnonzero(np.minimum(shares, 1 - shares) < RARE)
    if len(rare) > MOST_RARE:
        least = int(shares.argmin())
        text = f"{len(rare)} of {len(shares)} labels are 1 in less than {RARE:.0%} of rows, the rarest, {view.targets[least]}, in"
        yield finding("imbalance", "info", None, shares[least], f"{text} {shares[least]:.2%}")
        return
    for at in rare.tolist():
        name = view.targets[at]
        yield finding("imbalance", "info", name, shares[at], f"{name} is 1 in {shares[at]:.2%} of rows")


def check_noise(view: View) -> Iterator[AuditFinding]:
    if view.structured or get(view.competition.metric).needs == "distribution":
        return  # no formula without predictions
    floor = noise_floor(get(view.competition.metric), view.truth, view.n_train)
    how = supposed(get(view.competition.metric), view.truth)
    text = f"the standard error of {view.competition.metric_shown} at {view.n_train} rows is about {floor:.2g}"
    text += f" ({how})" if how else ""
    yield finding("noise", "info", None, floor, text)
    if view.n_test:
        hidden = noise_floor(get(view.competition.metric), view.truth, view.n_test)
        yield finding(
            "noise", "info", None, hidden, f"the test set of {view.n_test} rows itself is worth about ± {hidden:.2g}"
        )


CHECKS = (check_target, check_noise)
