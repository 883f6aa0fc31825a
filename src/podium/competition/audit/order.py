"""Ids and row order that predict, where chance would not do it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from podium.competition import relation
from podium.competition.association import by_chance, of_ranks, ranks
from podium.competition.audit.view import Floats, Severity, View, finding
from podium.records import AuditFinding


def check_order(view: View) -> Iterator[AuditFinding]:
    sources: list[tuple[str, str, Floats]] = [
        ("order", "place in the train file", view.dataset.positions(view.rows).astype(np.float64))
    ]
    ids = view.dataset.ids(view.rows)
    numbers = None if ids is None or ids.null_count() else relation.numeric_ids(ids)
    if numbers is not None:
        sources.append(("id", f"the number in {view.competition.id_column}", numbers))
    rng = view.rng(3)
    for check, what, values in sources:
        order = ranks(values)
        told = of_ranks(what, order, view.truth)
        if told.strength > max(by_chance(order, view.truth, rng), 0.05):
            severity: Severity = "warn" if told.strength > 0.3 and not view.competition.looks_forward else "info"
            text = f"{what} tells of the target ({told.measure} {told.figure:.3f})"
            yield finding(check, severity, None, told.figure, text)


CHECKS = (check_order,)
