"""Experiments as the registry is to hold them: id, seed, fingerprint, cost and allowance of a solution that was built."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from podium.campaign import ideas, solutions
from podium.campaign.device import device_for
from podium.campaign.external.enlarged import enlarged
from podium.recipes import catalog
from podium.recipes.source import solution
from podium.records import ExperimentSpec
from podium.registry.experiments import Experiment

if TYPE_CHECKING:
    from podium.campaign.engine import Engine
    from podium.campaign.external.trials import Rerun


def of_plan(
    engine: Engine, round_: int, id_: str, spec: ExperimentSpec, source: str, external: Mapping[str, float]
) -> Experiment:
    """An experiment as planned; `external`: the rows from elsewhere that it is fitted on."""
    recipe = spec.recipe
    fold_cost = _fold_cost_s(engine, spec, external)
    return Experiment(
        id=id_,
        round=round_,
        spec=spec,
        seed=engine.options.seed + spec.seed_offset,
        fingerprint=catalog.fingerprint(recipe) if recipe else ideas.fingerprint(source),
        solution_sha=hashlib.sha256(source.encode()).hexdigest(),
        builtin=_is_ours(engine, spec, source),
        static_cost_s=fold_cost * engine.n_folds,
        allowance_s=engine.purse.allowance_s(
            fold_cost, engine.n_folds, engine.pace().of(spec.family), device_for(engine, source)
        ),
        external=dict(external),
    )


def again(engine: Engine, round_: int, id_: str, rerun: Rerun) -> Experiment:
    """The same solution and seed as before; other rows from elsewhere."""
    like, source = rerun.like, solutions.ensure(engine, rerun.like)
    made = of_plan(engine, round_, id_, rerun.spec, source, rerun.external)
    return replace(made, fingerprint=like.fingerprint, builtin=like.builtin)


def _is_ours(engine: Engine, spec: ExperimentSpec, source: str) -> bool:
    """Whether the built-in builder wrote it, for itself or in the place of a seat that did not."""
    if spec.recipe is None:
        return False
    if engine.seats["builder"] is engine.fallback:
        return True
    try:
        return source == solution(spec.recipe, spec.name, spec.hypothesis)
    except ValueError:  # a recipe of a model that nobody knows
        return False


def _fold_cost_s(engine: Engine, spec: ExperimentSpec, external: Mapping[str, float]) -> float:
    data, larger = engine.dataset.facts, enlarged(engine, external)
    fold_rows = data.n_train * (engine.n_folds - 1) // max(1, engine.n_folds)
    fold_rows += 0 if larger is None else len(larger.rows)
    if spec.recipe is None:
        return spec.cost_s / max(1, engine.n_folds)
    others = (one.spec.recipe for one in engine.registry.experiments.pool())
    return catalog.cost_s(catalog.as_made(spec.recipe, filter(None, others)), data, fold_rows)
