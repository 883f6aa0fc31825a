"""Blend the pool: the best single, a simple mean, greedy weights, stacked ones; judged by nested folds, ties to the simpler.

Each way is fitted on all folds but one and predicts that one, so its pooled prediction is blind to the labels it is
scored on, as is its decision. Defaults follow AutoKaggle's learnings: simple weighted blends, no stacking of correlated
models, and a simple mean takes only members within a margin of the best; evidence may say else (greedy has no margin).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.ensemble import greedy, stacked
from podium.ensemble import space as spaces
from podium.ensemble.mixing import mixed
from podium.ensemble.objective import objective_for
from podium.errors import UserError
from podium.metrics.uncertainty import difference, estimate
from podium.tasks.classification import ClassificationTask
from podium.tasks.task import Floats, Task

TIE = 0.5  # standard errors of the nested paired gain that a less simple way must win by
MARGIN_BOUNDED = 0.003  # of a score in 0..1: AutoKaggle's threshold
MARGIN_RELATIVE = 0.02  # of an unbounded loss
MOST_ROWS = 250_000  # evenly spaced, on which weights are fitted and ways judged: more would cost a round's time and tell nothing
DECISION_ROWS = 5_000  # rows on which a member's own decision is fitted, to rank the singles
RANKING_ROWS = 12_000  # rows on which singles are compared inside the nested folds
WIDE_ROWS = 300  # of predictions that are pictures or lists, so many are looked at to choose weights
WIDE_VALUES = 8_000_000  # and so many numbers of each member: a page has as many as a hundred masks
MIN_SHARED = 0.5  # of the widest member's rows that must remain common; narrower members are left out


@dataclass(frozen=True)
class Blend:
    """Weights by member (sum 1, zero weights left out) and how good their combination is.

    `score`: OOF score with these weights; `nested_score` and its `stderr`: with weights fitted on other folds. `merit` and
    its `merit_stderr`: of the same nested predictions by the guide, more is better; None where the metric itself guides.
    `kind`: single, mean, greedy, greedy_geometric, greedy_logit or stacked, which alone has a `slope` and a `bias` (a column) in
    the blending space; empty is none. `singles`: each member's score on the common rows, and `candidates`: the nested score of
    each way tried, both by the guide. `quantiles`, `bounds`: what `combine` needs to treat other rows alike.
    """

    weights: Mapping[str, float]
    space: str
    score: float
    stderr: float
    nested_score: float
    kind: str = "single"
    slope: float = 1.0
    bias: tuple[float, ...] = ()
    singles: Mapping[str, float] = field(default_factory=dict)
    candidates: Mapping[str, float] = field(default_factory=dict)
    quantiles: Mapping[str, spaces.Knots] = field(default_factory=dict)
    bounds: spaces.Bounds = field(default_factory=spaces.Bounds)
    n_rows: int = 0  # common rows that it was fitted and judged on
    merit: float | None = None
    merit_stderr: float = 0.0


def blend(
    task: Task,
    truth: NDArray[Any],
    oofs: Mapping[str, Floats],
    fold_of: NDArray[np.int8],
    *,
    seed: int,
    max_members: int = 12,
    groups: NDArray[Any] | None = None,
    guide: Task | None = None,
) -> Blend:
    """The best supported blend of `oofs`: name → `(n, k)` raw OOF predictions, NaN where unknown.

    `truth` `(n, …)`, `fold_of` `(n,)` with -1 for rows that are never scored; `groups` `(n,)`: the sampling units, where rows
    are none. `guide`: the task by whose metric members and ways are compared, where its own moves in steps. Deterministic;
    `seed` only deals folds where all common rows lie in one. Raises UserError without members or common rows.
    """
    names, rows = common_rows(oofs, fold_of)
    rows, guide = rows[:: -(-len(rows) // MOST_ROWS)], guide or task
    pool = _Pool(guide, truth[rows], {name: oofs[name][rows] for name in names}, _folds(fold_of[rows], seed))
    ways = pool.ways(max_members)
    nested = {kind: pool.nested(way) for kind, way in ways.items()}
    decided = {kind: guide.decide_crossfitted(pool.truth, raw, pool.fold_of) for kind, raw in nested.items()}
    units = None if groups is None else groups[rows]
    kind = _choose(guide, pool.truth, decided, units)
    way = ways[kind]
    weights = greedy.prune(way.weights, max_members)
    guided = judged = estimate(guide.metric, pool.truth, decided[kind], units)
    if guide is not task:
        judged = estimate(
            task.metric, pool.truth, task.decide_crossfitted(pool.truth, nested[kind], pool.fold_of), units
        )
    raw = pool.combined(replace(way, weights=weights), slice(None))
    kept = {name: float(weight) for name, weight in zip(names, weights, strict=True) if weight > 0}
    return Blend(
        weights=kept,
        space=way.space,
        score=task.score_raw(pool.truth, raw, pool.fold_of),
        stderr=judged.stderr,
        nested_score=judged.value,
        kind=kind,
        slope=way.slope,
        bias=way.bias,
        singles=dict(zip(names, pool.singles.tolist(), strict=True)),
        candidates={name: guide.metric.function(pool.truth, one) for name, one in decided.items()},
        quantiles={name: pool.knots[name] for name in kept} if way.space == "rank" else {},
        bounds=pool.bounds,
        n_rows=len(pool.truth),
        merit=None if guide is task else guide.metric.sign * guided.value,
        merit_stderr=guided.stderr,
    )


def combine(blend: Blend, predictions: Mapping[str, Floats]) -> Floats:
    """The blend of other rows' raw predictions (vault, test), `(n, k)`; each row on its own, one row suffices."""
    missing = [name for name in blend.weights if name not in predictions]
    if missing:
        raise UserError(f"the blend's member {missing[0]} has no predictions", remedy="predict it for these rows first")
    clipped = {name: blend.bounds.clip(predictions[name]) for name in blend.weights}
    if len(clipped) == 1 and blend.space != "rank" and not blend.bias:
        return clipped[next(iter(clipped))]
    members = [spaces.to_space(clipped[name], blend.space, blend.quantiles.get(name)) for name in clipped]
    return mixed(members, list(blend.weights.values()), blend.space, blend.slope, blend.bias)


def common_rows(oofs: Mapping[str, Floats], fold_of: NDArray[np.int8]) -> tuple[list[str], NDArray[np.int64]]:
    """Members that share at least `MIN_SHARED` of the widest one's rows, and the rows that all of them predict."""
    known = {name: ~np.isnan(values).any(axis=1) & (fold_of >= 0) for name, values in oofs.items()}
    if not known:
        raise UserError("there is nothing to blend", expected="at least one member", found="none")
    by_width = sorted(known, key=lambda name: -int(known[name].sum()))
    shared = known[by_width[0]]
    kept: list[str] = []
    least = MIN_SHARED * shared.sum()
    for name in by_width:
        if (shared & known[name]).sum() >= least:
            shared, kept = shared & known[name], [*kept, name]
    rows = np.flatnonzero(shared)
    if not len(rows):
        raise UserError("there is nothing to blend", expected="rows that the members predict", found="none")
    return [name for name in oofs if name in set(kept)], rows


def _folds(fold_of: NDArray[np.int8], seed: int) -> NDArray[np.int8]:
    """The folds of the common rows, renumbered from 0; three random ones where they all lie in one."""
    values, folds = np.unique(fold_of, return_inverse=True)
    if len(values) > 1:
        return folds.astype(np.int8)
    n = len(fold_of)
    return (np.random.default_rng(seed).permutation(n) % min(3, n)).astype(np.int8)


@dataclass(frozen=True)
class _Way:
    """Weights fitted on all rows, and the same way fitted on all folds but each one."""

    weights: Floats
    by_fold: tuple[_Way, ...]
    space: str
    slope: float = 1.0
    bias: tuple[float, ...] = ()


class _Pool:
    """Members on their common rows, in the blending space."""

    def __init__(self, task: Task, truth: NDArray[Any], oofs: Mapping[str, Floats], fold_of: NDArray[np.int8]) -> None:
        self.task, self.truth, self.fold_of = task, truth, fold_of
        self.bounds = spaces.bounds_of(task, truth, next(iter(oofs.values())))
        self.raw = [self.bounds.clip(values) for values in oofs.values()]
        self.space = spaces.space_of(task)
        self.knots: dict[str, spaces.Knots] = {}
        if self.space == "rank":
            self.knots = {name: spaces.knots_of(values) for name, values in zip(oofs, self.raw, strict=True)}
        knots = [self.knots.get(name) for name in oofs]
        self.members = [spaces.to_space(raw, self.space, row) for raw, row in zip(self.raw, knots, strict=True)]
        self.folds = range(int(fold_of.max()) + 1)
        self.decided = [self._decided(raw) for raw in self.raw]
        self.singles = np.array([task.metric.function(truth, decided) for decided in self.decided])

    def _decided(self, raw: Floats) -> NDArray[Any]:
        """Decisions of one member, fitted on a few rows: good enough to rank singles, and cheap."""
        step = -(-len(raw) // DECISION_ROWS)
        return self.task.decide(raw, self.task.fit_decision(self.truth[::step], raw[::step]))

    def ways(self, max_members: int) -> dict[str, _Way]:
        """Candidates from the simplest on. Each single choice, too, is made on the other folds."""
        scores = [self._scores(self.fold_of != fold) for fold in self.folds]
        every = (*scores, self.singles)
        single = [self._top(row, 1) for row in every]
        ways = {"single": _way(single, self.space)}
        if len(self.raw) == 1:
            return ways
        means = [self._top(row, max_members, self._margin(row)) for row in every]
        ways["mean"] = _way(means, self.space)
        fitted = [self._greedy(self.fold_of != fold, max_members) for fold in self.folds]
        bagged = greedy.prune(np.mean(fitted, axis=0), max_members)  # steadier than one fit on all rows
        ways["greedy"] = _way([*fitted, bagged], self.space)
        other = self.space
        if self.task.metric.name == "log_loss":
            other = "geometric" if spaces.is_simplex(self.task) else "logit"
            ways["greedy_geometric"] = _way([*fitted, bagged], other)
        if self.space == "rank" and self._are_probabilities():  # ranks forget how sure a member is
            ways["greedy_logit"] = _way([*fitted, bagged], "logit")
        if stacked.fits(self.task, other):
            ways["stacked"] = self._stacked(fitted, bagged, other)
        return ways

    def _stacked(self, fitted: Sequence[Floats], bagged: Floats, space: str) -> _Way:
        """From the members that greedy selection took, and its weights."""

        def way(rows: Any, start: Floats) -> _Way:
            used = np.flatnonzero(start)
            members = np.stack([self._in(int(member), space)[rows] for member in used])
            found = stacked.fit(self.truth[rows], members, space, start[used])
            weights = np.zeros(len(self.raw))
            weights[used] = found.weights
            return _Way(weights, (), space, found.slope, found.bias)

        by_fold = tuple(way(self.fold_of != fold, start) for fold, start in zip(self.folds, fitted, strict=True))
        return replace(way(slice(None), bagged), by_fold=by_fold)

    def _are_probabilities(self) -> bool:
        return isinstance(self.task, ClassificationTask) and all(
            float(raw.min()) >= 0.0 and float(raw.max()) <= 1.0 for raw in self.raw
        )

    def _in(self, member: int, space: str) -> Floats:
        return self.members[member] if space == self.space else spaces.to_space(self.raw[member], space)

    def _scores(self, rows: NDArray[np.bool_]) -> Floats:
        """Each member's score on these rows, thinned where there are many: it only ranks them."""
        at = np.flatnonzero(rows)
        at = at[:: -(-len(at) // RANKING_ROWS)]
        return np.array([self.task.metric.function(self.truth[at], decided[at]) for decided in self.decided])

    def _margin(self, scores: Floats) -> float:
        best = float((self.task.metric.sign * scores).max())
        bounded = max(map(abs, self.task.metric.bounds)) <= 1.0
        return MARGIN_BOUNDED if bounded else MARGIN_RELATIVE * abs(best)

    def _top(self, scores: Floats, count: int, margin: float = np.inf) -> Floats:
        merits = self.task.metric.sign * scores
        order = np.argsort(-merits, kind="stable")[:count]
        chosen = order[merits[order] >= merits[order[0]] - margin]
        weights = np.zeros(len(merits))
        weights[chosen] = 1.0 / len(chosen)
        return weights

    def _greedy(self, rows: NDArray[np.bool_], max_members: int) -> Floats:
        at = np.flatnonzero(rows)
        if self.task.layout().kind != "dense":
            at = at[:: -(-len(at) // max(1, min(WIDE_ROWS, WIDE_VALUES // self.raw[0].shape[1])))]
        objective = objective_for(self.task, self.truth[at], np.stack([member[at] for member in self.members]))
        return greedy.prune(greedy.select(objective, steps=objective.steps), max_members)

    def combined(self, way: _Way, rows: Any) -> Floats:
        """Raw predictions of these weights, `(rows, k)`."""
        used, space = np.flatnonzero(way.weights), way.space
        if len(used) == 1 and space != "rank" and not way.bias:
            return np.asarray(self.raw[used[0]][rows])
        same = space == self.space
        members = [self.members[m][rows] if same else spaces.to_space(self.raw[m][rows], space) for m in used]
        return mixed(members, way.weights[used].tolist(), space, way.slope, way.bias)

    def nested(self, way: _Way) -> Floats:
        """Predictions whose weights never saw their fold."""
        raw = np.empty_like(self.raw[0])
        for fold, fitted in zip(self.folds, way.by_fold, strict=True):
            here = self.fold_of == fold
            raw[here] = self.combined(fitted, here)
        return raw


def _way(weights: Sequence[Floats], space: str) -> _Way:
    """Of weights without each fold, and last those on all rows."""
    return _Way(weights[-1], tuple(_Way(each, (), space) for each in weights[:-1]), space)


def _choose(
    task: Task, truth: NDArray[Any], nested: Mapping[str, NDArray[Any]], units: NDArray[Any] | None = None
) -> str:
    """The first way, unless a later one wins by more than `TIE` standard errors of their paired difference."""
    chosen = next(iter(nested))
    for kind, decided in nested.items():
        won = difference(task.metric, truth, decided, nested[chosen], units)
        if won.value > TIE * won.stderr and won.value > 0:
            chosen = kind
    return chosen


__all__ = ["Blend", "blend", "combine", "common_rows"]
