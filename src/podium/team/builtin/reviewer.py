"""The reviewer: six computed checks, and REVISE where one fails and a better plan exists."""

from __future__ import annotations

import random

from podium.records import Brief, Check, Review
from podium.team.builtin import batch
from podium.team.builtin.candidates import candidates
from podium.team.builtin.checks import CHECKS, Case
from podium.team.builtin.stock import Catalog


def review(brief: Brief, catalog: Catalog) -> Review:
    """The verdict on `facts.plan`; `reason` names the figures of the checks that failed."""
    case = case_of(brief, catalog)
    checks = tuple(check(case) for check in CHECKS)
    failed = [check for check in checks if not check.passed]
    reason = "; ".join(f"{c.name}: {c.message}" for c in failed)
    if not failed:
        reason = (
            f"{len(case.plan)} experiments pass six checks" if case.plan else "nothing is planned: nothing fits or pays"
        )
    verdict = "REVISE" if failed else "APPROVED"
    return Review("REVISE" if failed else "APPROVED", reason, checks, _text(brief, verdict, reason, checks))


def case_of(brief: Brief, catalog: Catalog) -> Case:
    facts = brief.facts
    rng = random.Random(f"{facts.seed}:{brief.id}")
    paying = batch.paying(candidates(facts, catalog, rng), facts)
    families = catalog.families(facts.data, facts.competition)
    return Case(facts.plan, facts, families, tuple(paying), batch.pack(batch.rank(paying, facts), facts))


def _text(brief: Brief, verdict: str, reason: str, checks: tuple[Check, ...]) -> str:
    lines = [
        f"# Round {brief.round}: review",
        "",
        f"**{verdict}** {reason}",
        "",
        "| check | passed | figure | why |",
        "|---|---|---|---|",
    ]
    for check in checks:
        figure = "" if check.figure is None else f"{check.figure:.4g}"
        why = check.message.replace("|", "/")  # a name may hold one, which would end the cell
        lines.append(f"| {check.name.replace('_', ' ')} | {'yes' if check.passed else 'NO'} | {figure} | {why} |")
    return "\n".join(lines) + "\n"
