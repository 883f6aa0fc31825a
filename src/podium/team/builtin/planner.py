"""The planner (the builder's role in the phases plan and revise): which experiments to run this round.

It maximises the expected gain of the blend per second: the cheapest sound baseline first, then every family that the
data and the time allow, then improvements of what carries the blend. At a plateau it tries something bold. Where
nothing fits the time left, or nothing pays, the plan is empty: the loop finalises.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace

from podium.records import Brief, ExperimentSpec, Facts, Plan, Recipe
from podium.team.builtin import batch, carried, cost, history, novelty, recalling, sampled
from podium.team.builtin.candidates import candidates, parents
from podium.team.builtin.checks import LEAST_RETURN, SAME_IDEA, offenders
from podium.team.builtin.effort import eased
from podium.team.builtin.stock import Catalog


def plan(brief: Brief, catalog: Catalog) -> Plan:
    """One to k experiments, or none."""
    ranked = _ranked(brief, catalog)
    chosen = batch.pack(ranked, brief.facts)
    if chosen or brief.facts.budget.time_left_s is None:
        return Plan(chosen, _text(brief, chosen, ranked, "What the expected gain per second chooses."))
    hurried = _hurried(brief)
    ranked = _ranked(hurried, catalog)
    chosen = batch.pack(ranked, hurried.facts)
    return Plan(
        chosen, _text(hurried, chosen, ranked, "A last try: if the time cuts it short, only idle time is lost.")
    )


def revise(brief: Brief, catalog: Catalog) -> Plan:
    """The plan changed as the review asks: offenders dropped, what it misses first, then what it did not object to."""
    facts = brief.facts
    if facts.review is None:
        return plan(brief, catalog)
    ranked = _ranked(brief, catalog)
    bad = offenders(ranked, facts)
    ranked = [spec for position, spec in enumerate(ranked) if position not in bad]
    failed: set[str] = {check.name for check in facts.review.checks if not check.passed}
    kept = _kept(facts, failed, ranked)
    wanted = [spec for spec in ranked if failed and _answers(spec, facts, failed)]
    first = wanted[:1] if kept else wanted
    asked = _unique([*first, *kept, *ranked])
    chosen = batch.pack(asked, facts, force=len(first[:1]))
    if not chosen and facts.budget.time_left_s is not None:
        chosen = batch.pack(asked, _hurried(brief).facts)  # as the plan's own last try
    return Plan(chosen, _text(brief, chosen, ranked, f"Revised: {facts.review.reason}"))


def _hurried(brief: Brief) -> Brief:
    """The brief as if a round took nothing beside its runs: at the end, optimism costs only time that would be idle."""
    budget = brief.facts.budget
    optimistic = (budget.time_left_s or 0.0) + cost.round_overhead_s(brief.facts)
    return replace(brief, facts=replace(brief.facts, budget=replace(budget, time_left_s=optimistic)))


def _ranked(brief: Brief, catalog: Catalog) -> list[ExperimentSpec]:
    """Candidates in order; before anything has a score, the portfolio's first (the cheapest sound baseline) leads."""
    facts = brief.facts
    rng = random.Random(f"{facts.seed}:{brief.id}")
    portfolio = carried.portfolio(facts, catalog)
    places = _places(facts, catalog, portfolio)
    bare = {catalog.fingerprint(_bare(recipe)): place for place, recipe in reversed([*enumerate(portfolio)])}

    def place(spec: ExperimentSpec) -> float | None:
        if spec.recipe is None:
            return None
        quick = spec.operator == "draft" and spec.name.endswith(history.QUICK)
        whole = bare.get(catalog.fingerprint(_bare(spec.recipe))) if quick else None
        return places.get(catalog.fingerprint(spec.recipe), whole)

    ranked = batch.rank(batch.paying(candidates(facts, catalog, rng), facts), facts, place)
    if history.scored(facts):
        return ranked
    baseline = next(iter(portfolio), None)
    alike = [spec for spec in ranked if baseline is not None and spec.family == baseline.model]
    alike.sort(key=lambda spec: spec.recipe != baseline)
    first = [_prompt(spec, facts, catalog) for spec in alike[:1]]
    return [*first, *(spec for spec in ranked if spec not in first)]


def _places(facts: Facts, catalog: Catalog, portfolio: Sequence[Recipe]) -> dict[str, float]:
    """Fingerprint → place: leaders on what won by far, then the portfolio, with which what is recalled takes turns, behind its
    baseline."""
    places: dict[str, float] = {catalog.fingerprint(recipe): place for place, recipe in enumerate(portfolio)}
    for turn, (recipe, _) in enumerate(recalling.fitted(facts, catalog)):
        mark = catalog.fingerprint(recipe)
        places[mark] = min(places.get(mark, math.inf), turn + 0.5)
    again = carried.redressed(facts, parents(facts), carried.won(facts))
    places |= {catalog.fingerprint(recipe): turn - len(again) for turn, (_, recipe) in enumerate(again)}
    return places


def _prompt(spec: ExperimentSpec, facts: Facts, catalog: Catalog) -> ExperimentSpec:
    """With less effort where the first valid submission would wait too long for it."""
    soon = replace(facts, budget=replace(facts.budget, time_left_s=2 * batch.FIRST_ROUND_S))
    return spec if facts.budget.time_left_s is None else eased(spec, soon, catalog) or spec


def _bare(recipe: Recipe) -> Recipe:
    """Without what `cost.cheaper` changes: an eased draft keeps its place in the portfolio."""
    given = {name: value for name, value in recipe.params.items() if name not in (*cost.EFFORT, *cost.STEP)}
    return sampled.whole(replace(recipe, params=given))


def _kept(facts: Facts, failed: set[str], ranked: Sequence[ExperimentSpec]) -> list[ExperimentSpec]:
    """Specs of the first plan that the review has nothing against."""
    bad = offenders(facts.plan, facts)
    kept = [spec for position, spec in enumerate(facts.plan) if position not in bad]
    if "poor_return" in failed:
        best = max((batch.rate(spec, facts) for spec in ranked), default=0.0)
        kept = [spec for spec in kept if batch.rate(spec, facts) >= LEAST_RETURN * best]
    if "narrow_search" in failed:
        kept = kept[: max(1, batch.most(facts) - 1)]
    return kept


def _answers(spec: ExperimentSpec, facts: Facts, failed: set[str]) -> bool:
    """Whether the spec does what every failed check misses."""
    if spec.operator == "replicate":
        return False
    planned = {planned.family for planned in facts.plan}
    if "tunnel_vision" in failed and not batch.untried(spec, facts):
        return False
    if "weak_ensemble" in failed and spec.family in planned:
        return False
    if "missing_bold_moves" in failed and not batch.bold(spec, facts):
        return False
    far = spec.recipe is not None and novelty.nearest(spec.recipe, novelty.tried(facts)) >= 5 * SAME_IDEA
    return "narrow_search" not in failed or far


def _unique(specs: Sequence[ExperimentSpec]) -> list[ExperimentSpec]:
    """Each recipe and seed once, the first kept."""
    found: list[ExperimentSpec] = []
    for spec in specs:
        if not any(spec.recipe == other.recipe and spec.seed_offset == other.seed_offset for other in found):
            found.append(spec)
    return found


def _text(brief: Brief, chosen: Sequence[ExperimentSpec], ranked: Sequence[ExperimentSpec], why: str) -> str:
    facts = brief.facts
    noise, left = history.noise(facts), facts.budget.time_left_s
    lines = [f"# Round {brief.round}: plan", "", why, ""]
    lines.append(
        f"Noise floor {noise:.3g}; " + (f"{left:.0f} s left." if left is not None else "experiments are counted.")
    )
    if not chosen:
        reason = (
            "Nothing untried is worth its time or fits what is left" if ranked else "Nothing untried fits the time left"
        )
        return "\n".join([*lines, "", f"{reason}: the campaign can end.", ""])
    lines += ["", "| experiment | operator | parents | expected gain (noise floors) | cost, s | per s | hypothesis |"]
    lines += ["|---|---|---|---|---|---|---|", *(_row(spec, facts, noise) for spec in chosen)]
    lines += ["", f"Estimated to run {batch.wall_s(chosen, facts):.1f} s on {facts.budget.slots} slots."]
    passed = [spec for spec in ranked if spec not in chosen][:3]
    if passed:
        lines += [
            "",
            "Next in line: " + "; ".join(f"{s.name} ({batch.rate(s, facts):.3g} per s)" for s in passed) + ".",
        ]
    return "\n".join(lines) + "\n"


def _row(spec: ExperimentSpec, facts: Facts, noise: float) -> str:
    gain = f"{spec.expected_gain:.3g} ({spec.expected_gain / noise:.2f})"
    cells = (
        spec.name,
        spec.operator,
        " ".join(spec.parents),
        gain,
        f"{spec.cost_s:.1f}",
        f"{batch.rate(spec, facts):.3g}",
    )
    return "| " + " | ".join(one.replace("|", "/") for one in (*cells, spec.hypothesis)) + " |"
