"""THE loop: research → plan → review → checks → build → run → verify → decide → submit → learn, until time or ideas run out.

Each call below is one journalled step: on a resume it replays what is recorded and does the rest, so this function is
also the recovery procedure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from podium.campaign import phases, retro
from podium.campaign.external.sources import arrive
from podium.campaign.finalise import finalise
from podium.campaign.probes.vetting import vet
from podium.campaign.submission.reconcile import reconcile
from podium.campaign.submission.submit import submit

if TYPE_CHECKING:
    from pathlib import Path

    from podium.campaign.engine import Engine


def play(engine: Engine) -> Path | None:
    """Play rounds until the budget or the ideas are spent; returns the standing submission, None where there is none."""
    reconcile(engine)
    round_ = engine.registry.journal.last_finished_round() + 1
    if round_ == 0:
        phases.eda(engine)
        round_ = 1
    phases.terms(engine)
    while (finished := engine.spent()) is None:
        arrive(engine, round_)
        if retro.due(round_):
            phases.retro(engine, round_)
        found = phases.research(engine, round_)
        planned = phases.plan(engine, round_, found)
        reviewed = phases.review(engine, round_, found, planned)
        if reviewed.verdict == "REVISE":
            planned = phases.revise(engine, round_, found, planned, reviewed)
        phases.checks(engine, round_, planned)
        experiments = phases.build(engine, round_, planned)
        if not experiments:
            finished = "plan_empty"  # nothing that fits or pays is left
            break
        phases.run(engine, round_, experiments)
        verified = phases.verify(engine, round_)
        phases.verdicts(engine, round_, verified)
        vet(engine, round_)
        submit(engine, round_)
        phases.learn(engine, round_)
        round_ += 1
    return finalise(engine, finished)
