"""A blend's submission file: the test predictions it needs, its frame, and the time that making them takes."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from podium import ensemble
from podium.campaign import blending, stacked, untrusted
from podium.campaign.runner import Runner
from podium.campaign.tracks import holdout_tracks, needed_s
from podium.errors import InvalidPredictions
from podium.recipes.tabular.options import LAZY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import polars as pl

    from podium.campaign.engine import Engine
    from podium.registry.blends import BlendRow
    from podium.registry.experiments import Experiment

PREDICTS = 0.2  # of an experiment's fitting time, for predicting the test rows
MANY = 5.0  # rows of test for each of a fold, from where on it is the more for each
LARGEST_RESERVE = 0.12  # of the whole time


def reserve(engine: Engine, running: Sequence[Experiment] = ()) -> None:
    """Keep time for the test predictions that the campaign's end will still need: of the best blend's members that have
    none, and of experiments about to run, which may become members.

    A share of the fits' seconds is assumed where such runs took less so far; where neighbours are sought among the training
    rows, all that a row took.
    """
    total = engine.options.time_s
    if total is None:
        return
    runs, row = engine.registry.runs, blending.best_blend(engine)
    weights = row.weights if row else {}
    members = _experiments(engine, (member for member, weight in weights.items() if weight > 0))
    asked = [one for level in stacked.levels(engine.registry, [*members, *running]) for one in level]
    lacking = [one for one in asked if one not in running and not runs.has_holdout(one.id)]
    seconds, pace = runs.cpu_seconds([one.id for one in lacking]), engine.pace()
    spent = [(one, seconds.get(one.id, 0.0)) for one in lacking]
    spent += [(one, one.static_cost_s * pace.of(one.spec.family)) for one in running]
    least = runs.predict_seconds() * engine.n_folds
    needed = sum(max(least, _share(engine, one) * fitting) for one, fitting in spent) / engine.purse.slots
    engine.purse.reserve_finalisation(min(needed, LARGEST_RESERVE * total))


def _share(engine: Engine, experiment: Experiment) -> float:
    """Of the fits' seconds, that predicting test and vault rows by all fold models takes."""
    data, recipe = engine.dataset, experiment.spec.recipe
    each = engine.n_folds * (len(data.test) + len(data.vault)) / max(1, len(data.train))  # rows for one of a fold
    if recipe is not None and recipe.model in LAZY:
        return each
    return PREDICTS * max(1.0, each / MANY)


def submission_frame(
    engine: Engine, row: BlendRow, time_left_s: Callable[[], float] | None = None, *, as_it_is: bool = False
) -> pl.DataFrame:
    """The submission of a blend, checked. `as_it_is`: never with the untrusted pool. Raises InvalidPredictions where its
    members' test predictions are missing."""
    raw, decision = holdout_raw(engine, row if as_it_is else untrusted.to_send(engine, row), time_left_s)
    test = engine.dataset.test
    decided = engine.task.decide(raw[: len(test)], decision)
    ids = engine.dataset.ids(test)
    frame = engine.task.write(decided, ids)
    engine.task.check_submission(frame, ids)
    return frame


def holdout_raw(
    engine: Engine, row: BlendRow, time_left_s: Callable[[], float] | None = None
) -> tuple[Any, dict[str, Any]]:
    """(blended raw predictions of test then vault rows, the decision fitted on the blend's OOF)."""
    # the heaviest first: where time ends before all have predicted, a blend of those that have is what can be sent
    members = [
        member for member, weight in sorted(row.weights.items(), key=lambda one: (-one[1], one[0])) if weight > 0
    ]
    predict_missing(engine, members, time_left_s)
    blend = blending.blend_of(row)
    oof = ensemble.combine(blend, {member: engine.store.oof(member) for member in members})
    known = np.isfinite(oof).all(axis=1)
    decision = engine.task.fit_decision(engine.truth[known], oof[known])
    return ensemble.combine(blend, {member: engine.store.holdout(member) for member in members}), decision


def predict_missing(engine: Engine, members: list[str], time_left_s: Callable[[], float] | None = None) -> None:
    """Test and vault predictions of blend members that have none yet, and of what they read, in runs of their own; none is begun
    where what is known of them says that they cannot end in time. By default they may take what experiments may not."""
    left_s = time_left_s or engine.purse.predicting_left_s
    levels = holdout_tracks(engine, _experiments(engine, members))
    needed = needed_s(engine, itertools.chain(*levels))
    if 0 < needed > left_s():
        raise InvalidPredictions(
            f"predicting the test rows takes {needed:.0f} s more, {max(0.0, left_s()):.0f} s are left"
        )
    for tracks in levels:
        Runner(engine, left_s).play(tracks)
        for track in tracks:
            if track.status != "done":
                raise InvalidPredictions(f"{track.experiment.id} could not predict the test rows: {track.message}")


def _experiments(engine: Engine, members: Iterable[str]) -> list[Experiment]:
    """Of the members of a blend; what was imported is none."""
    return [found for found in map(engine.registry.experiments.get, members) if found is not None]
