"""The reviewer's six checks (AutoKaggle's): each a figure computed from the facts, with the bound it must keep.

A check fails only where the plan could be better: every one of them looks for an alternative first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from podium.records import Check, ExperimentFact, ExperimentSpec, Facts
from podium.team.builtin import batch, history, learnings, novelty, stacking
from podium.team.builtin.expectation import Evidence, believed

TUNNEL_ROUNDS, TUNNEL_SHARE = 3, 0.8
SAME_IDEA = 0.03  # distance below which two recipes are one idea
MEMBER = 0.05  # blend weight from which a member counts
FEW_MEMBERS = 1.5  # effective number of members below which a blend is one model
BOLD_ROUNDS = 3
LEAST_RETURN = 0.3  # of the best alternative's gain per second
IDLE_RETURN = 0.8  # the same, for a plan that takes much of the time left for little
SMALL_GAIN, LARGE_SHARE = 0.1, 0.25  # noise floors for a share of the time left
VAIN = 2  # contradictions beyond support that make a family's learning a warning


@dataclass(frozen=True)
class Case:
    """What the reviewer judges: a plan, the facts, and what could be done instead (affordable and untried)."""

    plan: tuple[ExperimentSpec, ...]
    facts: Facts
    families: tuple[str, ...]  # every family that suits the data
    alternatives: tuple[ExperimentSpec, ...]
    preferred: tuple[ExperimentSpec, ...]  # the batch that gain per second would choose

    def other(self, *families: str) -> ExperimentSpec | None:
        """The most rewarding alternative outside these families."""
        others = [s for s in self.alternatives if s.family not in families and s.operator != "replicate"]
        return max(others, key=lambda s: batch.worth(s, self.facts), default=None)


def tunnel_vision(case: Case) -> Check:
    """The same family for three rounds, this plan's included, while others wait."""
    rounds = [[e.family for e in es] for n, es in sorted(history.by_round(case.facts).items()) if n < case.facts.round]
    window = [*rounds[-(TUNNEL_ROUNDS - 1) :], [s.family for s in case.plan]]
    flat = Counter(family for families in window for family in families)
    if not flat or not case.plan:
        return Check("tunnel_vision", True, None, "nothing planned")
    family, count = sorted(flat.items(), key=lambda item: (-item[1], item[0]))[0]
    share = count / sum(flat.values())
    everywhere = len(window) >= TUNNEL_ROUNDS and all(
        families and families.count(family) >= TUNNEL_SHARE * len(families) for families in window
    )
    waiting = sorted({s.family for s in case.alternatives if batch.untried(s, case.facts)})
    message = f"{family} is {share:.0%} of the experiments of the last {len(window)} rounds"
    if everywhere and waiting:
        message += f" while {', '.join(waiting[:3])} wait untried"
    return Check("tunnel_vision", not (everywhere and waiting), share, message)


def forgotten_learnings(case: Case) -> Check:
    found = offenders(case.plan, case.facts)
    message = "; ".join(f"{case.plan[k].name}: {why}" for k, why in found.items()) or "contradicts no learning"
    return Check("forgotten_learnings", not found, float(len(found)), message)


def offenders(plan: Sequence[ExperimentSpec], facts: Facts) -> dict[int, str]:
    """Position in the plan → which learning or experiment it forgets, by its id."""
    found = {}
    for position, spec in enumerate(plan):
        why = _repeats(spec, facts) or _in_vain(spec, facts) or _too_far(spec, facts)
        if why:
            found[position] = why
    return found


def narrow_search(case: Case) -> Check:
    """How far the plan's recipes are from the nearest tried; fine-tuning is for when the families are covered."""
    ideas = [s.recipe for s in case.plan if s.recipe is not None and s.operator != "replicate"]
    tried = novelty.tried(case.facts)
    if not ideas or not tried:
        return Check("narrow_search", True, None, "nothing to compare with")
    figure = sum(novelty.nearest(recipe, tried) for recipe in ideas) / len(ideas)
    covered = len(history.tried_families(case.facts) & set(case.families)) / max(1, len(case.families))
    wider = [s for s in case.alternatives if s.recipe is not None and novelty.nearest(s.recipe, tried) >= 5 * SAME_IDEA]
    narrow = figure < SAME_IDEA and bool(wider)
    message = f"mean distance to the nearest tried {figure:.3f} (bound {SAME_IDEA}), families covered {covered:.0%}"
    return Check("narrow_search", not narrow, figure, message)


def weak_ensemble(case: Case) -> Check:
    """Members that say the same, or a blend of about one, and a plan that adds another of its kind."""
    weights = {id: w for id, w in history.weights(case.facts).items() if w >= MEMBER}
    if not weights:
        return Check("weak_ensemble", True, None, "no blend yet")
    effective = sum(weights.values()) ** 2 / sum(w * w for w in weights.values())
    pairs = _correlations(case.facts, list(weights))
    most = max(pairs, default=0.0)
    weak = most > learnings.CORRELATED or effective < FEW_MEMBERS
    family = _heaviest_family(case.facts, weights)
    same = bool(case.plan) and all(s.family == family for s in case.plan)
    other = case.other(family)
    message = f"largest correlation of members {most:.4f}, effective members {effective:.1f}"
    if weak and same and other is not None:
        message += f"; the plan adds only {family}, and {other.family} would add another view"
    return Check("weak_ensemble", not (weak and same and other is not None), most if pairs else effective, message)


def missing_bold_moves(case: Case) -> Check:
    """At a plateau, rounds since the last family or view of the features that was new."""
    since = case.facts.round - _last_bold_round(case.facts)
    stuck = history.plateau(case.facts)
    daring = any(batch.bold(spec, case.facts) for spec in case.plan)
    other = next((s for s in case.alternatives if batch.bold(s, case.facts)), None)
    failed = stuck and not daring and since >= BOLD_ROUNDS and other is not None and bool(case.plan)
    message = f"{since} rounds since something new" + (", at a plateau" if stuck else ", no plateau")
    if failed and other is not None:
        message += f"; {other.name} would be new"
    return Check("missing_bold_moves", not failed, float(since), message)


def poor_return(case: Case) -> Check:
    """Expected gain per second, against the batch that gain per second would choose, and against the time left."""
    if not case.plan or not case.preferred:
        return Check("poor_return", True, None, "nothing to compare with")
    evidence, noise = Evidence.of(case.facts), history.noise(case.facts)
    gain = sum(believed(spec, evidence) for spec in case.plan) / noise
    wall = batch.wall_s(case.plan, case.facts) + batch.OVERHEAD_S * len(case.plan)
    best = sum(believed(spec, evidence) for spec in case.preferred) / noise
    best_wall = batch.wall_s(case.preferred, case.facts) + batch.OVERHEAD_S * len(case.preferred)
    ratio = (gain / wall) / (best / best_wall) if best > 0 else 1.0
    left = case.facts.budget.time_left_s
    idle = left is not None and gain < SMALL_GAIN and wall > LARGE_SHARE * left
    passed = ratio >= (IDLE_RETURN if idle else LEAST_RETURN)
    message = (
        f"{gain:.2f} noise floors in {wall:.1f} s, {ratio:.2f} of the return of "
        f"{', '.join(s.name for s in case.preferred[:2])} ({best:.2f} in {best_wall:.1f} s)"
    )
    return Check("poor_return", passed, ratio, message)


CHECKS: tuple[Callable[[Case], Check], ...] = (
    tunnel_vision,
    forgotten_learnings,
    narrow_search,
    weak_ensemble,
    missing_bold_moves,
    poor_return,
)


def _repeats(spec: ExperimentSpec, facts: Facts) -> str:
    if spec.recipe is None or spec.operator == "replicate":
        return ""
    for e in facts.experiments:
        if e.recipe is None or e.operator == "replicate":
            continue
        apart = novelty.distance(spec.recipe, e.recipe)
        failed = e.status in ("failed", "killed") or e.verdict == "invalid"
        if apart == 0:
            return f"repeats {e.id}" + (f", which {_fate(e)}" if failed else f" ({_fate(e)})")
        if failed and apart < SAME_IDEA and spec.operator != "debug":
            return f"is {apart:.3f} from {e.id}, which {_fate(e)}"
    return ""


def _in_vain(spec: ExperimentSpec, facts: Facts) -> str:
    """A family that earlier campaigns tried in vain, unless it has earned its place in this one."""
    known = learnings.find(facts.learnings, learnings.family_id(facts, spec.family))
    weights = history.weights(facts)
    useful = any(weights.get(e.id, 0.0) > 0 for e in facts.experiments if e.family == spec.family)
    if known is None or useful or known.contradicted < known.support + VAIN:
        return ""
    return f"{known.id} was contradicted {known.contradicted} times against {known.support}"


def _too_far(spec: ExperimentSpec, facts: Facts) -> str:
    """L2: improving what lies far behind and carries no weight."""
    parent = next((e for e in facts.experiments if e.id in spec.parents), None)
    leader = None if parent is None else stacking.yardstick(facts, parent)
    if spec.operator != "improve" or leader is None or parent is None or not learnings.in_force(facts, "L2"):
        return ""
    if parent.score is None or leader.score is None or history.weights(facts).get(parent.id, 0.0) > 0:
        return ""
    if history.gain(facts, leader, parent) <= 0:
        return ""
    if not learnings.far_behind(facts, leader, parent, history.noise(facts)):
        return ""
    return f"L2: {parent.id} ({_judged(parent)}) is too far behind {leader.id} ({_judged(leader)}) to contribute"


def _judged(e: ExperimentFact) -> str:
    return f"{e.score:.5g}" if e.merit is None else f"merit {e.merit:.5g}"


def _fate(e: ExperimentFact) -> str:
    if e.status == "done" and e.score is not None and e.verdict != "invalid":
        return f"scored {e.score:.5g}"
    what = "was killed" if e.status == "killed" else "was invalid" if e.verdict == "invalid" else "failed"
    return what + (f": {e.message[:60]}" if e.message else "")


def _correlations(facts: Facts, ids: Sequence[str]) -> list[float]:
    known = facts.correlations
    return [known[a][b] for a in ids for b in ids if a < b and a in known and b in known[a]]


def _heaviest_family(facts: Facts, weights: dict[str, float]) -> str:
    sums: Counter[str] = Counter()
    for e in facts.experiments:
        sums[e.family] += weights.get(e.id, 0.0)  # type: ignore[assignment]
    return max(sorted(sums), key=lambda family: sums[family], default="")


def _last_bold_round(facts: Facts) -> int:
    """The newest round that tried a family or a view of the features for the first time; 0 where none did."""
    families: set[str] = set()
    views: set[tuple[str, ...]] = set()
    last = 0
    for number, experiments in history.by_round(facts).items():
        fresh = {e.family for e in experiments} - families
        seen = {novelty.view(e.recipe) for e in experiments if e.recipe is not None}
        if fresh or seen - views:
            last = number
        families |= fresh
        views |= seen
    return last
