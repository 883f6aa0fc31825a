"""Errors of a detector by type: one of each, planted; mending a type gains what it cost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from podium.metrics import get
from podium.metrics.shapes import Boxes
from podium.referee import box_errors

TRUE = [(0, 0, 0, 40, 40), (1, 100, 0, 140, 40), (0, 200, 0, 240, 40), (1, 300, 0, 340, 40), (0, 400, 0, 410, 10)]
PLANTED = {
    "right": [(0, 0, 0, 40, 40, 0.99), (0, 400, 0, 410, 10, 0.98)],
    "classification": [(0, 100, 0, 140, 40, 0.9)],
    "localisation": [(0, 220, 0, 260, 40, 0.8)],
    "duplicate": [(0, 1, 1, 40, 40, 0.7)],
    "background": [(1, 600, 100, 640, 140, 0.6)],
    "both": [(0, 320, 0, 360, 40, 0.5)],
}


def boxes(listed: list[Any], image: int = 0) -> Boxes:
    flat = np.array(listed, dtype=float)
    sure = flat[:, 5] if flat.shape[1] > 5 else None
    return Boxes.of(np.full(len(flat), image), flat[:, 0], flat[:, 1:5], 2, sure)


def test_each_type_is_told() -> None:
    truth, found = boxes(TRUE), boxes([box for of in PLANTED.values() for box in of])
    judged = box_errors.judge(truth, found)
    assert [box_errors.NAMES[kind] for kind in judged.kind] == [name for name, of in PLANTED.items() for _ in of]
    told = box_errors.explain(get("box_map"), truth, found, ("grain", "mite"), ("first", "second"))
    of = {one.name: one for one in told.errors}
    assert (of["missed"].count, of["missed"].examples) == (1, ("first",))  # a box of both errors is about nothing
    assert all(one.cost >= 0 for one in told.errors) and told.errors[0].cost > 0.1
    assert told.classes[0].name == "mite" and told.classes[0].found == 0.0
    assert sum(one.count for one in told.sizes) == len(TRUE)


def test_mending_what_alone_is_wrong_makes_it_perfect() -> None:
    truth = boxes(TRUE)
    right = [(*box, 0.9) for box in TRUE]
    metric = get("box_map")
    for name, wrong in (("classification", (0, *TRUE[1][1:], 0.95)), ("localisation", (1, 115, 0, 155, 40, 0.95))):
        found = boxes([wrong, *(box for box in right if box[1] != 100)])
        cost = {one.name: one.cost for one in box_errors.explain(metric, truth, found, (), ("a", "b")).errors}
        assert metric.function(truth, found) + cost[name] == pytest.approx(1.0)
    missing = boxes(right[1:])
    told = box_errors.explain(metric, truth, missing, (), ("a", "b")).errors[0]
    assert (told.name, told.count) == ("missed", 1)
