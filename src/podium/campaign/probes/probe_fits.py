"""The dear probes: a fit on shuffled labels, and the same fit once more. Made of what is about to be submitted."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from podium.campaign import stacked
from podium.campaign.external.enlarged import joined
from podium.campaign.probes import probe_cost, probe_layout
from podium.campaign.probes.probing import NO_TIME, positions, predicted
from podium.campaign.request import Part, Variant
from podium.campaign.runner import Runner
from podium.campaign.tracks import Track, features_of, fold_part
from podium.records import Probed
from podium.referee import probes
from podium.tasks.task import Floats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from podium.campaign.engine import Engine
    from podium.registry.experiments import Experiment

# rows of the fit on shuffled labels: it is to learn nothing, so few will do
LEAST_TRAIN, MOST_TRAIN, MOST_HELD = 200, 2000, 512
LEAST_RANKED = 100
STARTS_S = 0.2  # what a run takes beside its fit
Rows = NDArray[np.int64]


@dataclass
class Fit:
    """One experiment whose fit is probed. `raw`: run → predictions, or why there are none."""

    experiment: Experiment
    whole: Part  # the fold as it was run
    train: Rows
    held: Rows
    raw: dict[str, Floats | str] = field(default_factory=dict)

    def asked(self, engine: Engine) -> Rows:
        """The rows that the fit on shuffled labels predicts: those held out, and its own, whose labels it was not told. Of
        small data that is five times as many, and fewer answers known from elsewhere can hide."""
        scored = engine.dataset.train[engine.store.scored]
        return np.union1d(self.held, self.train[np.isin(self.train, scored)])


def dear(engine: Engine, experiments: Sequence[Experiment]) -> dict[str, tuple[Probed, ...]]:
    """Experiment → `shuffled` and `rerun`; the most important first, as far as the share of time goes."""
    fits = [one for one in (subject(engine, experiment) for experiment in experiments) if one is not None]
    if probes.likeness_of(engine.task).without_labels != "often":
        _play(engine, [(fit, "probe_dear_shuffled", _shuffled_part(engine, fit)) for fit in fits], few=True)
    again = [(fit, "probe_dear_rerun", _again(engine, fit)) for fit in fits]
    _play(engine, again, few=False)
    found = {
        one.id: tuple(probes.skipped(name, "its fold was not run") for name in ("shuffled", "rerun"))
        for one in experiments
    }
    return {**found, **{fit.experiment.id: (_shuffled(engine, fit), _rerun(engine, fit)) for fit in fits}}


def subject(engine: Engine, experiment: Experiment) -> Fit | None:
    """The first fold (the last one where folds look forward), and few of its rows; None where it was not run."""
    fold = engine.n_folds - 1 if engine.competition.looks_forward else 0
    if all(run.part != f"fold_{fold + 1}" for run in engine.registry.runs.of(experiment.id)):
        return None
    whole = fold_part(engine, fold)
    features, sha = features_of(engine, experiment)
    if sha or experiment.reads:
        whole = replace(whole, features=features, prepared_sha=sha)
    rng = np.random.default_rng([engine.options.seed, fold, 2])
    held = rng.choice(whole.predict, min(MOST_HELD, _most(engine), len(whole.predict)), replace=False)
    return Fit(experiment, whole, _few(engine, whole.train, rng), np.sort(held))


def _few(engine: Engine, train: Rows, rng: np.random.Generator) -> Rows:
    """So few training rows, in their order, that have been predicted out of fold, if enough were: and two of each class."""
    scored = train[np.isin(train, engine.dataset.train[engine.store.scored])]
    drawn = scored if len(scored) >= LEAST_RANKED else train
    chosen = rng.choice(drawn, min(_most(engine), len(drawn)), replace=False)
    truth = engine.task.encode(engine.dataset.labels(drawn))
    if isinstance(truth, np.ndarray) and truth.dtype.kind in "iu" and truth.ndim == 1:
        rare = [drawn[np.flatnonzero(truth == code)[:2]] for code in np.unique(truth)]
        chosen = np.concatenate([chosen, *rare])
    return np.unique(chosen)


def _most(engine: Engine) -> int:
    """Rows of a fit: fewer where each answer is large."""
    return int(np.clip(probe_layout.comparable(engine.task.n_outputs()), LEAST_TRAIN, MOST_TRAIN))


def _shuffled_part(engine: Engine, fit: Fit) -> Part:
    truth = engine.task.encode(engine.dataset.labels(fit.train))
    amount = probes.likeness_of(engine.task).amount(truth)
    places = probes.shuffle(amount, _ranking(engine, fit, truth, amount), engine.options.seed)
    variant = Variant("shuffled", labels_of=fit.train[places], wall_s=_wall_s(engine))
    return replace(fit.whole, name="probe_dear_shuffled", train=fit.train, predict=fit.asked(engine), variant=variant)


def _again(engine: Engine, fit: Fit) -> Part:
    """Allowed as long as the fold was: a fit that minds its deadline would end sooner under another, and predict otherwise."""
    whole = stacked.dealt(engine, fit.experiment, joined(engine, fit.experiment, fit.whole))
    return replace(whole, name="probe_dear_rerun", variant=Variant("rerun"))


def _ranking(engine: Engine, fit: Fit, truth: Any, amount: Floats) -> Floats:
    """How the experiment ranks the few, out of fold; by the label itself where it has no such predictions."""
    scored = engine.dataset.train[engine.store.scored]
    if not np.isin(fit.train, scored).all():
        return amount
    raw = engine.store.oof(fit.experiment.id)[positions(engine, fit.train)]
    if not np.isfinite(raw).all():
        return amount
    return probes.likeness_of(engine.task).ranking(truth, np.asarray(raw))


def _play(engine: Engine, wanted: Sequence[tuple[Fit, str, Part]], *, few: bool) -> None:
    """As many as the share of time still pays for, by what the fold took; the others have no time."""
    left, chosen = engine.purse.slots * probe_cost.left_s(engine, dear=True), []
    for fit, name, part in wanted:
        share = len(part.train) / max(1, len(fit.whole.train)) if few else 1.0
        cost = STARTS_S + share * _fold_s(engine, fit)
        if cost > left:
            fit.raw[name] = NO_TIME
            continue
        left -= cost
        chosen.append((fit, name, part))
    tracks = [Track(fit.experiment, [part]) for fit, _, part in chosen]
    if tracks:
        Runner(engine, lambda: probe_cost.left_s(engine, dear=True) * engine.purse.slots).play(tracks)
    for (fit, name, part), track in zip(chosen, tracks, strict=True):
        fit.raw[name] = predicted(engine, fit.experiment, part, track)


def _fold_s(engine: Engine, fit: Fit) -> float:
    runs = engine.registry.runs.of(fit.experiment.id)
    return next((run.exit.wall_s for run in runs if run.part == fit.whole.name), 0.0)


def _wall_s(engine: Engine) -> float | None:
    left = probe_cost.left_s(engine, dear=True)
    return None if math.isinf(left) else max(probe_cost.LEAST_S, round(engine.purse.slots * left, 1))


# ---------------------------------------------------------------- what it came to


def _shuffled(engine: Engine, fit: Fit) -> Probed:
    like = probes.likeness_of(engine.task)
    if like.without_labels == "often":
        return probes.skipped("shuffled", "honest solutions answer well without any label")
    after = fit.raw.get("probe_dear_shuffled", NO_TIME)
    if isinstance(after, str):
        return probes.skipped(
            "shuffled", (after if after == NO_TIME else f"the fit on shuffled labels broke: {after}")[:300]
        )
    places = positions(engine, fit.asked(engine))
    recorded = np.asarray(engine.store.oof(fit.experiment.id)[places])
    return probes.shuffled(engine.truth[places], recorded, after, like=like)


def _rerun(engine: Engine, fit: Fit) -> Probed:
    again = fit.raw.get("probe_dear_rerun", NO_TIME)
    if isinstance(again, str):
        return probes.skipped("rerun", (again if again == NO_TIME else f"the rerun broke: {again}")[:300])
    places = positions(engine, fit.whole.predict)
    few = slice(probe_layout.comparable(again.shape[1]))
    places, again = places[few], again[few]
    recorded = np.asarray(engine.store.oof(fit.experiment.id)[places])
    return probes.rerun(engine.truth[places], recorded, again, like=probes.likeness_of(engine.task))


__all__ = ["Fit", "dear", "subject"]
