"""The evidence on whether the campaign's metric is the one asked for: words, units, scores that came back."""

from __future__ import annotations

import dataclasses
import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from podium import ensemble, metrics, tasks
from podium.competition.asked_metric import scores as scores_task
from podium.ensemble import Blend
from podium.errors import InvalidPredictions
from podium.metrics import proxy
from podium.records import from_json
from podium.referee import mismatch
from podium.referee.mismatch import Mismatch, Returned

if TYPE_CHECKING:
    from podium.campaign.explain.explain_material import Material
    from podium.metrics import Metric
    from podium.registry.blends import BlendRow

MOST_UNITS = 3
MOST_RETURNED = 4
ONE_A_UNIT = ("ranking", "boxes", "masks", "text")  # metrics that are means over units already


def is_id(name: str) -> bool:
    """Whether a column is called like something that numbers things."""
    words = set(re.split(r"[_\W]+", name.lower()))
    return bool(mismatch.ID_WORDS.search(name) or words & set(mismatch.UNIT_WORDS))


def mismatches(material: Material, units: dict[str, NDArray[np.int64]]) -> tuple[Mismatch, ...]:
    """All evidence, the firmest first. A proxy stands in for another score by design, so words say nothing of it."""
    competition, metric = material.competition, material.task.metric
    by_design = bool(competition.proxy_for)
    found: list[Mismatch] = []
    found += mismatch.by_returned(
        metric.name, _returned(material, units), material.n_known, material.dataset.facts.n_test
    )
    found += _averaged(material, units)
    if not by_design:
        found += mismatch.by_words(
            competition.description,
            metric,
            lambda m: scores_task(m, competition.task_type, competition.submission_kind),
        )
    found += mismatch.by_manager(metric.name, material.registry.setting("disagreements") or [])
    pairs = [(s.expected, s.public_score) for s in material.registry.submissions.all()]
    known = [(e, p) for e, p in pairs if e is not None and p is not None]
    direction = competition.proxy_direction or competition.metric_direction
    found += mismatch.by_ranks(metric, known, higher_is_better=direction == "higher")
    return tuple(found)


def _averaged(material: Material, units: dict[str, NDArray[np.int64]]) -> tuple[Mismatch, ...]:
    metric = material.task.metric
    if metric.needs in ONE_A_UNIT:
        return ()
    told = mismatch.averaged_over(material.competition.description, list(units))
    if told is None:
        return ()
    column, sentence = told
    per_unit = mismatch.unit_mean(metric, material.truth, material.decided, units[column])
    ours = float(metric.function(material.truth, material.decided))
    text = f"the description says: {sentence!r}; the campaign averages over rows"
    value = None if per_unit is None else per_unit[0]
    return (Mismatch("units", metric.name, unit_name(metric.name, column), text, ours, value),)


def unit_name(metric: str, column: str) -> str:
    return f"{metric} averaged over {column}"


def _returned(material: Material, units: dict[str, NDArray[np.int64]]) -> list[Returned]:
    """The newest scores that came back, with what other metrics say of the same out-of-fold predictions."""
    if material.competition.proxy_for:
        return []
    rows = material.registry.blends.newest(10_000)
    found = []
    for sent in material.registry.submissions.all():
        if sent.public_score is None or sent.expected is None:
            continue
        blends = [row for row in rows if sent.is_of(row) and row.round <= sent.round]
        if blends:
            found.append((sent, blends[-1]))
    return [
        Returned(float(sent.public_score or 0.0), float(sent.expected or 0.0), float(sent.stderr or row.stderr),
                 _others(material, row, units))
        for sent, row in found[-MOST_RETURNED:]
    ]  # fmt: skip


def _others(material: Material, row: BlendRow, units: dict[str, NDArray[np.int64]]) -> dict[str, tuple[float, float]]:
    """Name → (value, standard error) of other metrics, and of all averaged over units, on a blend's OOF predictions."""
    competition, task = material.competition, material.task
    members = [name for name, weight in row.weights.items() if weight > 0]
    try:
        oofs = {name: material.store.oof(name)[material.rows] for name in members}
    except InvalidPredictions:
        return {}
    raw = ensemble.combine(from_json(Blend, dict(row.detail)), oofs)
    if not np.isfinite(raw).all():
        return {}
    folds = material.fold_of[material.rows]
    names = dict.fromkeys((task.metric.name, *proxy.candidates(competition.task_type)))
    out: dict[str, tuple[float, float]] = {}
    for name in names:
        metric = metrics.get(name)
        asked = task if name == task.metric.name else _scored_by(material, metric)
        decided = asked.decide_crossfitted(material.truth, raw, folds)
        if name != task.metric.name:
            value, stderr = mismatch.value_of(metric, material.truth, decided)
            if math.isfinite(value) and math.isfinite(stderr):
                out[name] = (value, stderr)
        for column, of in list(units.items())[:MOST_UNITS]:
            per_unit = mismatch.unit_mean(metric, material.truth, decided, of)
            if per_unit is not None:
                out[unit_name(name, column)] = per_unit
    return out


def _scored_by(material: Material, metric: Metric) -> Any:
    competition = material.competition
    value = not competition.classes and competition.submission_kind == "value"
    kind: Any = "value" if value else "label" if metric.needs == "label" else "probability"
    asked = dataclasses.replace(
        competition, metric=metric.name, metric_direction=metric.direction, submission_kind=kind
    )
    return tasks.for_competition(asked)
