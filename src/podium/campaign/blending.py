"""The round's blend: which experiments it draws from, and how it is kept.

Every function reads saved predictions and registry rows alone, so the same registry gives the same blend.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from podium import ensemble
from podium.ensemble import Blend
from podium.errors import InvalidPredictions
from podium.records import from_json, to_json
from podium.registry.blends import BlendRow
from podium.registry.experiments import Experiment
from podium.tasks.task import Floats

if TYPE_CHECKING:
    from podium.campaign.engine import Engine

POOL_LIMIT = 24  # members a blend may draw from: the best
READY_LIMIT = 6  # the same where no time is left: blending itself takes some
DENSE_BYTES = 1 << 30  # the same where rows and classes are many: so large together
WIDE_LIMIT = 8  # the same where predictions are pictures or lists
WIDE_BYTES = 400 << 20  # so large together


def blend(engine: Engine, round_: int, *, predicted: bool = False) -> BlendRow | None:
    """The round's blend over the best of the pool, with its nested estimate; None while the pool is empty. `predicted`: over
    those alone that have predicted the test rows, which is what can be sent when no run may begin."""
    best = _drawn_from(engine)
    if predicted:
        best = [e for e in best if _is_predicted(engine, e)][:READY_LIMIT]
    if not best:
        return None
    return blended(engine, round_, {e.id: engine.store.oof(e.id) for e in sorted(best, key=lambda e: e.id)})


def _drawn_from(engine: Engine) -> list[Experiment]:
    """The best of the pool, after what carries weight in the best blend so far, the heaviest first: twenty settings of the family
    that leads must not crowd out the one partner that a blend gains by. Of those that predict the same, one."""
    limit, higher = pool_limit(engine), engine.competition.metric_direction == "higher"
    last, pool = engine.registry.blends.best(higher), engine.registry.experiments
    weights = last.weights if last else {}
    heaviest = sorted((id_ for id_ in weights if weights[id_] > 0), key=lambda id_: (-weights[id_], id_))
    carrying = [e for id_ in heaviest if (e := pool.get(id_)) is not None and e.valid]
    drawn: dict[object, Experiment] = {}
    for e in (*carrying, *pool.best_of_pool(limit, higher)):
        drawn.setdefault((e.fold_scores, e.merit), e)
    return list(drawn.values())[:limit]


def blended(engine: Engine, round_: int, oofs: Mapping[str, Floats]) -> BlendRow:
    """The best supported blend of these out-of-fold predictions."""
    task, guide, groups = engine.task, engine.guide, engine.store.groups
    found = ensemble.blend(
        task, engine.truth, oofs, engine.fold_of, seed=engine.options.seed, groups=groups, guide=guide
    )
    return row_of(round_, found)


def row_of(round_: int, found: Blend) -> BlendRow:
    """A blend as the registry keeps it."""
    return BlendRow(
        round_, found.weights, found.space, found.nested_score, found.stderr, None, to_json(found), found.merit
    )


def _is_predicted(engine: Engine, experiment: Experiment) -> bool:
    """Whether its recorded predictions of the test rows are whole and sound."""
    if not engine.registry.runs.has_holdout(experiment.id):
        return False
    try:
        engine.store.holdout(experiment.id)
    except InvalidPredictions:
        return False
    return True


def pool_limit(engine: Engine) -> int:
    """How many members a blend may draw from: fewer where their predictions would fill the memory."""
    layout = engine.task.layout()
    size = max(1, np.dtype(layout.dtype).itemsize * layout.width * len(engine.store.scored))
    if layout.kind == "dense":
        return int(np.clip(DENSE_BYTES // size, 2, POOL_LIMIT))
    return int(np.clip(WIDE_BYTES // size, 2, WIDE_LIMIT))


def blend_of(row: BlendRow) -> Blend:
    """The ensemble's own record of a blend, as it was decided."""
    return from_json(Blend, dict(row.detail))


def best_blend(engine: Engine) -> BlendRow | None:
    """The blend with the best nested estimate of all rounds; the newer of two equals."""
    return engine.registry.blends.best(engine.competition.metric_direction == "higher")


def blends_by_score(engine: Engine) -> list[BlendRow]:
    """The few best blends of all rounds, best first."""
    return engine.registry.blends.ranked(engine.competition.metric_direction == "higher")
