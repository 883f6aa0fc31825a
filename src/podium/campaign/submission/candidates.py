"""What might be submitted next: the best blend, a robust average, a probe; in order of expected gain and information.

Gain is counted in standard errors over what stands. Information is what the public score is expected to tell of how public
scores go with ours: the mutual information of a Gaussian offset and a noisy reading of it, `ln(1 + novelty) / 2` nats, where
novelty is 1 for the first score and, later, one minus the largest squared correlation with what was scored already. Prior
and noise count alike, for nobody knows either before there are scores.

The robust one is an average with equal weights: no weight was fitted, so none can be overfitted ("forecast combination
puzzle": Clemen 1989; Stock and Watson 2004; Claeskens et al. 2016). Of several, it is the one whose folds are steadiest.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from podium import ensemble, referee
from podium.campaign import blending
from podium.campaign.estimates import expectation, finalists
from podium.campaign.submission.worth import gained
from podium.ensemble.average import average
from podium.records import dumps
from podium.registry.blends import BlendRow
from podium.registry.candidates import Candidate

if TYPE_CHECKING:
    from podium.campaign.engine import Engine
    from podium.registry.experiments import Experiment
    from podium.registry.submissions import Purpose, SubmissionRow
    from podium.tasks.task import Floats

DIVERSE = 5  # members of the diverse average, at most
WITHIN = 2.0  # standard errors of the best single: no member is let in for being different alone
PROBE_LEAST = 0.05  # nats below which a probe is no use
PROBE_ROOM = 3  # submissions left that day before one is spent on a probe: the end's and a best blend's stay


def refresh(engine: Engine, best: BlendRow, *, scarce: bool) -> list[Candidate]:
    """Put the queue in the registry; best first. Where submissions are not scarce, nothing competes with the best blend."""
    standing, seen = engine.registry.submissions.standing(), _scored(engine)
    found = [_candidate(engine, "best", best, standing, seen, "what the blend we believe in scores")]
    for purpose, row, tells in (_robust(engine, best), _probe(engine, best)) if scarce else ():
        if row is not None and all(dict(row.weights) != dict(other.weights) for other in found):
            found.append(_candidate(engine, purpose, row, standing, seen, tells))
    engine.registry.candidates.refresh(
        [one for one in found if math.isfinite(one.expected) and math.isfinite(one.stderr)]
    )
    return engine.registry.candidates.waiting()


def row_of(candidate: Candidate) -> BlendRow:
    blend = candidate.detail
    return BlendRow(
        candidate.round,
        candidate.weights,
        str(blend["space"]),
        candidate.expected,
        candidate.stderr,
        None,
        blend,
        blend.get("merit"),
    )


def robust(engine: Engine, best: BlendRow, *, ready: bool = True) -> BlendRow | None:
    """The steadiest of the averages and the best single; None where there is none beside the best blend itself. `ready`: only
    such as have predicted the test rows, so that no run is begun for it."""
    rows = [row for name, row in finalists.finalists(engine, [best]).items() if name != finalists.LEADER]
    diverse = _diverse(engine, best, ready)
    rows += [] if diverse is None else [diverse]
    other = [row for row in rows if dict(row.weights) != dict(best.weights)]
    other = [row for row in other if not ready or _is_predicted(engine, row)]
    return max(other, key=lambda row: (expectation.robustness(engine, row), len(row.weights))) if other else None


def probe(engine: Engine, left: int | None, told: bool) -> Candidate | None:
    """A probe that is worth one of today's submissions: only where the platform answers scores by itself, a best blend
    stands, and more are left than the rest of the day will want."""
    if left is None or left < PROBE_ROOM or not told or not engine.platform.has_list or not _scored(engine):
        return None
    waiting = [one for one in engine.registry.candidates.waiting() if one.purpose == "probe"]
    return next((one for one in waiting if one.information >= PROBE_LEAST), None)


def _robust(engine: Engine, best: BlendRow) -> tuple[Purpose, BlendRow | None, str]:
    return "robust", robust(engine, best), "whether the fitted weights help where labels are hidden"


def _probe(engine: Engine, best: BlendRow) -> tuple[Purpose, BlendRow | None, str]:
    """The valid experiment least like the best blend, of those near the best single."""
    pool = [one for one in _near_the_best(engine) if engine.registry.runs.has_holdout(one.id)]
    if not pool:
        return "probe", None, ""
    blended = _oof(engine, best)
    like = {one.id: referee.correlations({"blend": blended, one.id: engine.store.oof(one.id)}) for one in pool}
    least = min(pool, key=lambda one: (abs(like[one.id]["blend"][one.id]), one.id))
    gap = engine.task.gain(best.score, least.score or best.score)
    tells = f"whether {least.id} ({least.spec.family}) is {gap:.2g} behind the blend in public too"
    return "probe", _average(engine, [least], best.round), tells


def _diverse(engine: Engine, best: BlendRow, ready: bool) -> BlendRow | None:
    """Equal weights on the best single and, one by one, what is least like those chosen."""
    pool = [one for one in _near_the_best(engine) if not ready or engine.registry.runs.has_holdout(one.id)]
    if len(pool) < 2:
        return None
    like = referee.correlations({one.id: engine.store.oof(one.id) for one in pool})
    chosen = pool[:1]
    while len(chosen) < min(DIVERSE, len(pool)):
        left = [one for one in pool if one not in chosen]
        chosen.append(min(left, key=lambda one: (max(like[one.id][other.id] for other in chosen), one.id)))
    return _average(engine, chosen, best.round)


def _near_the_best(engine: Engine) -> list[Experiment]:
    """The pool's members within two standard errors of its best, best first."""
    higher = engine.competition.metric_direction == "higher"
    pool = [
        one
        for one in engine.registry.experiments.best_of_pool(blending.pool_limit(engine), higher)
        if one.score is not None
    ]
    top = max(pool, key=lambda one: engine.task.metric.sign * (one.score or 0.0), default=None)
    if top is None:
        return []
    within = WITHIN * (top.stderr or 0.0)
    return [one for one in pool if engine.task.gain(top.score or 0.0, one.score or 0.0) <= within]


def _average(engine: Engine, members: list[Experiment], round_: int) -> BlendRow:
    oofs = {one.id: engine.store.oof(one.id) for one in members}
    found = average(engine.task, engine.truth, oofs, engine.fold_of, engine.store.groups, engine.guide)
    return blending.row_of(round_, found)


def _candidate(
    engine: Engine, purpose: Purpose, row: BlendRow, standing: SubmissionRow | None, seen: list[Mapping[str, float]],
    tells: str,
) -> Candidate:  # fmt: skip
    gain = 1.0
    if standing is not None and standing.expected is not None:
        won, stderr, _ = gained(engine, row, standing)
        gain = won / stderr if stderr > 0 else gain
    known = dumps({"purpose": purpose, "weights": row.weights, "space": row.space, "score": row.score})
    information = 0.5 * float(np.log1p(_novelty(engine, row, seen)))
    return Candidate(
        hashlib.sha256(known.encode()).hexdigest()[:12], purpose, row.round, row.weights, row.score, row.stderr, gain,
        information, tells, row.detail,
    )  # fmt: skip


def _scored(engine: Engine) -> list[Mapping[str, float]]:
    """Weights of the submissions whose public score is known."""
    rows = engine.registry.submissions.all()
    return [row.weights for row in rows if row.public_score is not None and row.weights]


def _novelty(engine: Engine, row: BlendRow, seen: list[Mapping[str, float]]) -> float:
    """1 minus the largest squared correlation with what was scored; predictions are averaged as they are, for this alone."""
    if not seen:
        return 1.0
    oofs: dict[str, Floats] = {"new": _oof(engine, row)}
    for at, weights in enumerate(seen):
        parts = [weight * engine.store.oof(id_) for id_, weight in weights.items()]
        oofs[str(at)] = np.asarray(np.sum(parts, axis=0))
    like = referee.correlations(oofs)["new"]
    return 1.0 - max(like[str(at)] for at in range(len(seen))) ** 2


def _oof(engine: Engine, row: BlendRow) -> Floats:
    members = [member for member, weight in row.weights.items() if weight > 0]
    return ensemble.combine(blending.blend_of(row), {member: engine.store.oof(member) for member in members})


def _is_predicted(engine: Engine, row: BlendRow) -> bool:
    return all(engine.registry.runs.has_holdout(member) for member, weight in row.weights.items() if weight > 0)
