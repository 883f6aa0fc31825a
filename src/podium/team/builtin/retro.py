"""The retro, every tenth round: the whole campaign, its false negatives, diminishing returns, the next five."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from podium.records import Brief, Facts, Findings, Reopened
from podium.team.builtin import batch, cost, history, learnings
from podium.team.builtin.candidates import candidates
from podium.team.builtin.reopening import reopen
from podium.team.builtin.stock import Catalog
from podium.team.builtin.uploader import recommend
from podium.team.citations import blend_name, cite

TOP = 5


def retro(brief: Brief, catalog: Catalog) -> Findings:
    facts = brief.facts
    reopened = reopen(facts, catalog, random.Random(f"{facts.seed}:{brief.id}:reopened"))
    sections = {
        "Coverage": list(_coverage(facts, catalog)),
        "False negatives": [f"- {one.experiment} re-opened: {one.why}" for one in reopened]
        or ["- None: no failure suggests wrong parameters."],
        "Returns": list(_returns(facts)) or ["- Fewer than two blends: no return to measure."],
        "Learnings overturned": list(_overturned(facts)) or ["- None."],
        "Next five experiments": list(_next(brief, catalog, reopened))
        or ["- Nothing untried fits and pays: the campaign can end."],
    }
    lines = [f"# Retro before round {brief.round}", "", f"{facts.n_experiments} experiments so far."]
    for title, body in sections.items():
        lines += ["", f"## {title}", "", *body]
    return Findings("\n".join(lines) + "\n", (), recommend(facts)[0], reopened)


def _coverage(facts: Facts, catalog: Catalog) -> Iterator[str]:
    for family in catalog.families(facts.data, facts.competition):
        count = facts.families.get(family, sum(e.family == family for e in facts.experiments))
        yield f"- {family}: {count} tried" if count else f"- {family}: **not tried**"


def _returns(facts: Facts) -> Iterator[str]:
    """The blend's gain a second of computing, first half of the campaign against the second."""
    gains, rounds = history.blend_gains(facts), history.by_round(facts)
    if len(facts.blends) < 2:
        return
    first, last = facts.blends[0], facts.blends[-1]
    yield f"- Blend from {cite(first.score, blend_name(first))} to {cite(last.score, blend_name(last))}"
    numbers = sorted(gains)
    half = len(numbers) // 2
    for label, part in (("first", numbers[:half]), ("second", numbers[half:])):
        spent = sum(e.cost_s for n in part for e in rounds.get(n, []))
        won = sum(gains[n] for n in part)
        rate = f", {won / spent:.3g} per CPU-second" if spent else ""
        yield f"- {label} half ({len(part)} rounds): {won:+.3g} in {spent:.0f} CPU-s{rate}"
    if history.plateau(facts):
        yield f"- Diminishing: the last rounds stayed under {cite(facts.noise_floor, 'facts', 'noise_floor')}"


def _overturned(facts: Facts) -> Iterator[str]:
    for known in facts.learnings:
        if not learnings.in_force(facts, known.id):
            yield f"- {known.id} ({known.support} for, {known.contradicted} against): {known.rule}"


def _next(brief: Brief, catalog: Catalog, reopened: tuple[Reopened, ...]) -> Iterator[str]:
    facts = replace(brief.facts, reopened=reopened)
    rng = random.Random(f"{facts.seed}:{brief.id}")
    for spec in batch.rank(batch.paying(candidates(facts, catalog, rng), facts), facts)[:TOP]:
        seconds = cost.wall_s([spec.cost_s], facts.data.n_folds, facts.budget)
        yield f"1. {spec.name} ({spec.operator}): {spec.expected_gain:.3g} expected in {seconds:.1f} s — {spec.hypothesis}"
