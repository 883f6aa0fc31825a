"""The expected private score of a blend, from saved predictions: out of fold, moved by what is known to lie between."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from podium import ensemble
from podium.campaign import blending
from podium.campaign.estimates import drifted, overfitting, vault
from podium.metrics.uncertainty import estimate
from podium.records import to_json
from podium.referee.averaging import ROWS, averaging_gain
from podium.referee.interval import UNDEFINED, Basis, Expected, Shift, basis_of, between_folds, expect
from podium.tasks.task import Floats

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from podium.campaign.engine import Engine
    from podium.ensemble import Blend
    from podium.registry.blends import BlendRow

SETTING = "expected"
IN_TIME = ("forward", "last_n", "purged")  # folds are periods, and test is another
SHUFFLED = ("stratified", "random")  # folds differ by chance alone
UNSURE = 0.5  # of a correction: how wrong it may be
_PUBLIC = re.compile(r"(?:leaderboard|public)[^.%]{0,120}?(\d{1,2}) ?% of (?:the )?test", re.IGNORECASE)


@dataclass(frozen=True)
class Stated:
    """What is shown of the blend of `round`: `final` once it is what the campaign submitted."""

    round: int
    final: bool
    expected: Expected


def state(engine: Engine, row: BlendRow, *, final: bool, vault_score: float | None = None) -> Stated:
    """Estimate, and record as what `status`, the report and the terminal show. `vault_score`: where it was read."""
    stated = Stated(row.round, final, expectation(engine, row, final=final, vault_score=vault_score))
    engine.registry.set(SETTING, to_json(stated))
    return stated


def expectation(engine: Engine, row: BlendRow, *, final: bool, vault_score: float | None = None) -> Expected:
    """The expected private score of this blend with its 90 % interval. `final`: with what takes a second or two: the
    fold models' average, drift, the vault (whose score here, `vault_score`, was read and recorded by the caller)."""
    task, blend, groups = engine.task, blending.blend_of(row), engine.store.groups
    oof, decision = vault.oof_and_decision(engine, blend)
    whole = np.asarray(np.isfinite(oof).all(axis=1))
    truth, raw, fold_of = engine.truth[whole], oof[whole], engine.fold_of[whole]
    decided = task.decide_crossfitted(truth, raw, fold_of)
    of = None if groups is None else groups[whole]
    basis = basis_of(task.metric, truth, decided, of, value=row.score)
    shifts = [_chosen(engine), _pooled(engine, truth, decided, fold_of)]
    notes = _caveats(engine)
    if final:
        shifts.append(_averaged(engine, blend, truth, raw, decision))
        shifts.append(drifted.shift(engine, truth, decided, whole))
    between = _between(engine, basis, truth, decided, fold_of)
    if between > 0:
        notes.append("folds are periods of time that differ by more than noise: test is taken as one more of them")
    measured = None if vault_score is None else _vault_error(engine, blend, decision, vault_score)
    shifts.append(_judged_on_some(blend, basis, len(truth)))
    known = [shift for shift in shifts if shift is not None and (shift.value or shift.stderr)]
    return expect(task.metric, basis, test_units(engine), shifts=known, vault=measured, between=between, notes=notes)


def _caveats(engine: Engine) -> list[str]:
    asked, found = engine.competition, []
    if asked.proxy_for:
        found.append(f"in {asked.metric}, which stands in for {asked.proxy_for}")
    if asked.brought.use_imported:
        found.append("imported predictions may be blended into what is sent: they are outside this estimate")
    if asked.looks_forward:
        found.append("test is predicted by a refit on more rows than a fold had: what that gains is not known")
    return found


def test_units(engine: Engine) -> int:
    """Rows, or whole groups, of the private test set: all of test, unless the description says which share is public."""
    data = engine.dataset
    units = len(data.test) if data.groups is None else len(np.unique(np.load(data.groups)[data.test]))
    return max(1, round(units * private_share(engine.competition.description)))


def private_share(description: str) -> float:
    """Of the test rows, as Kaggle's pages say it: "calculated with approximately 30% of the test data" is the public
    part. 1.0 where nothing is said."""
    found = _PUBLIC.search(description)
    public = 0.0 if found is None else int(found[1]) / 100.0
    return 1.0 - public if public < 1.0 else 1.0


def robustness(engine: Engine, row: BlendRow) -> float:
    """How steady a blend is, higher is steadier: its mean over folds less the folds' spread, as merit in the metric's
    unit (turned where lower is better). For a second, cautious pick beside the best."""
    oof, _ = vault.oof_and_decision(engine, blending.blend_of(row))
    whole = np.asarray(np.isfinite(oof).all(axis=1))
    truth, fold_of = engine.truth[whole], engine.fold_of[whole]
    scores = _fold_scores(engine, truth, engine.task.decide_crossfitted(truth, oof[whole], fold_of), fold_of)
    merits = engine.task.metric.sign * np.array(scores)
    return float(merits.mean() - (merits.std(ddof=1) if len(merits) > 1 else 0.0))


def _chosen(engine: Engine) -> Shift | None:
    """What choosing this round's blend among all rounds' flatters, those that came after it and lost among them."""
    found = overfitting.rounds_optimism(engine)
    value = -engine.task.metric.sign * found
    return Shift("choosing the best of the rounds", value, UNSURE * abs(value))


def _judged_on_some(blend: Blend, basis: Basis, n: int) -> Shift | None:
    """Where the blend was judged on some of its `n` rows, because they are so many, its score is the less certain."""
    if not 0 < blend.n_rows < n:
        return None
    return Shift("judged on some of the rows", 0.0, basis.stderr * math.sqrt(n / blend.n_rows - 1))


def _pooled(engine: Engine, truth: NDArray[Any], decided: NDArray[Any], fold_of: NDArray[np.int8]) -> Shift | None:
    """Ranking metrics suffer where rows of several fold models are ranked together, which test's rows are not."""
    if engine.task.metric.space != "rank" or engine.competition.cv_strategy not in SHUFFLED:
        return None
    scores = _fold_scores(engine, truth, decided, fold_of)
    if len(scores) < engine.n_folds:
        return None
    value = float(np.mean(scores)) - engine.task.score(truth, decided)
    return Shift("folds ranked apart", value, UNSURE * abs(value))


def _fold_scores(engine: Engine, truth: NDArray[Any], decided: NDArray[Any], fold_of: NDArray[np.int8]) -> list[float]:
    """Finite scores of each fold by itself; a fold without some class has none."""
    found = []
    for fold in np.unique(fold_of):
        try:
            found.append(engine.task.score(truth[fold_of == fold], decided[fold_of == fold]))
        except UNDEFINED:
            continue  # the metric is undefined there
    return [score for score in found if np.isfinite(score)]


def _averaged(engine: Engine, blend: Blend, truth: NDArray[Any], oof: Floats, decision: dict[str, Any]) -> Shift | None:
    n_test = len(engine.dataset.test)
    if engine.task.layout().kind != "dense" or not isinstance(truth, np.ndarray):
        return None  # labels are drawn from what predictions mean, which is known of numbers and classes alone
    thin = slice(0, n_test, -(-n_test // ROWS))
    known = {member: vault.holdouts(engine, member, thin) for member in vault.members_of(blend)}
    if not n_test or not all(known.values()):
        return None
    mean = ensemble.combine(blend, {member: np.asarray(np.mean(each, axis=0)) for member, each in known.items()})
    singles = [
        ensemble.combine(blend, dict(zip(known, each, strict=True))) for each in zip(*known.values(), strict=True)
    ]
    return Shift("mean of the fold models", *averaging_gain(engine.task, mean, singles, truth, oof, decision))


def _between(
    engine: Engine, basis: Basis, truth: NDArray[Any], decided: NDArray[Any], fold_of: NDArray[np.int8]
) -> float:
    if engine.competition.cv_strategy not in IN_TIME:
        return 0.0
    scores = _fold_scores(engine, truth, decided, fold_of)
    sizes = np.bincount(fold_of[fold_of >= 0])
    sizes = sizes[sizes > 0]
    if len(sizes) != len(scores):
        return 0.0
    return between_folds(scores, (basis.stderr * np.sqrt(len(truth) / sizes)).tolist())


def _vault_error(engine: Engine, blend: Blend, decision: dict[str, Any], score: float) -> tuple[float, float] | None:
    raw = vault.blend_mean(engine, blend)
    if raw is None:
        return None
    sample = vault.sample(engine, [engine.task.decide(raw, decision)])
    return score, estimate(engine.task.metric, sample.truth, sample.decided[0], sample.groups).stderr
