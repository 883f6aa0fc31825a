"""Why the blend errs: where, on whom, on which labels, what it leaves unused, and whether it is scored by what is asked.

`explain` is a pure function of what a campaign has saved, and deterministic; the loop records it after round 2, every fifth
round and at the end (`record`), and `podium explain` computes it anew. It looks at no more than 20,000 rows and 120
columns, evenly spaced, whatever the size of the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from podium import tasks
from podium.campaign.explain import errors_told, explain_metric, explain_parts, structured
from podium.campaign.explain.explain_material import LEAST_ROWS, answers_in, gather, pool_of, unit_columns
from podium.campaign.explain.residuals import bands, signed_residual
from podium.campaign.store import PredictionStore
from podium.competition.dataset import Dataset
from podium.errors import CampaignError, InvalidPredictions
from podium.records import Explained, from_json, to_json
from podium.referee import coding, contribution, slices
from podium.referee.explanation import Explanation
from podium.registry import Registry
from podium.tasks.task import Task

if TYPE_CHECKING:
    from podium.campaign.engine import Engine

FIRST, EVERY = 2, 5  # rounds
LEAST_LEFT_S = 1.5  # of a timed campaign, or its end is not explained
SETTING = "explained"  # the newest round's lines, for briefs


def of_folder(campaign: Path) -> Explanation | None:
    """The campaign's explanation as of now; None before there is a blend. Raises CampaignError where what it rests on is
    gone."""
    registry = Registry.open(campaign)
    try:
        dataset = Dataset.open(campaign / "data")
        task = tasks.of_data(dataset)
        store = PredictionStore(campaign, registry, dataset, task)
        state = registry.setting("state") or {}
        return explain(campaign, registry, dataset, task, store, int(state.get("round") or 0))
    except InvalidPredictions as problem:
        raise CampaignError(
            "the errors cannot be explained", found=str(problem), remedy="restore the campaign's files"
        ) from problem
    finally:
        registry.close()


def due(round_: int) -> bool:
    return round_ == FIRST or round_ % EVERY == 0


def record(engine: Engine, round_: int, *, at_the_end: bool = False) -> None:
    """One journalled step: recorded once, with the lines that later briefs show. Nothing where there is no blend yet."""
    journal, registry = engine.registry.journal, engine.registry
    part = "_end" if at_the_end else ""
    if registry.blends.last() is None or (at_the_end and journal.find(f"R{round_:02d}_explain") is not None):
        return
    if at_the_end and engine.purse.timed and engine.purse.left_s() < LEAST_LEFT_S:
        return  # `podium explain` tells the same at any time

    def look() -> Recorded:
        found = explain(engine.campaign, registry, engine.dataset, engine.task, engine.store, round_)
        return Recorded(found)

    def keep(found: Recorded) -> None:
        if found.explanation is not None:
            registry.set(SETTING, [to_json(line) for line in errors_told.lines(found.explanation)])

    journal.step(round_, "explain", Recorded, look, keep, part=part)


@dataclass(frozen=True)
class Recorded:
    explanation: Explanation | None


def told(registry: Registry) -> tuple[Explained, ...]:
    """The newest recorded explanation in a few lines, for briefs: no ids, no labels of rows."""
    return tuple(from_json(Explained, line) for line in registry.setting(SETTING) or ())


def explain(
    campaign: Path, registry: Registry, dataset: Dataset, task: Task, store: PredictionStore, round_: int
) -> Explanation | None:
    material = gather(campaign, registry, dataset, task, store)
    if material is None or answers_in(material.truth) < LEAST_ROWS:
        return None
    if not isinstance(material.truth, np.ndarray):
        return structured.explained(material, round_)
    metric, seed = task.metric, dataset.seed
    weighed = contribution.contributions(metric, material.truth, material.decided)
    if weighed is None:
        return None
    residual = signed_residual(task, material.truth, material.raw)
    coded = coding.code_columns(material.frame, dataset.columns)
    units = unit_columns(material)
    pool = pool_of(material)
    return Explanation(
        round=round_,
        metric=dataset.competition.metric_shown,
        score=float(metric.function(material.truth, material.decided)),
        rows=len(material.rows),
        rows_of=material.n_known,
        columns=len(material.frame.columns),
        columns_of=len(dataset.columns),
        members=tuple(name for name, weight in material.row.weights.items() if weight > 0),
        exact=weighed.exact,
        slices=slices.find_slices(weighed.loss, coded, seed=seed, groups=material.groups, residual=residual),
        bands=bands(task, material.truth, material.raw, weighed.loss),
        units=explain_parts.types(material, units, weighed.loss, residual),
        spread=explain_parts.spread_of(material, pool, weighed.loss),
        labels=explain_parts.doubts(material, pool),
        unused=explain_parts.unused(material, coded, units),
        mismatches=explain_metric.mismatches(material, units),
    )
