"""The end of a campaign: the chosen finalist, the last submission, its expected private score, the report's figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from podium.campaign import blending, stacked
from podium.campaign.estimates import expectation, overfitting
from podium.campaign.estimates.finalists import Chosen, choose_finalist
from podium.campaign.estimates.tracking import track_vault
from podium.campaign.explain import explain
from podium.campaign.probes.vetting import vet
from podium.campaign.remade import remake
from podium.campaign.submission.final_two import final_two
from podium.campaign.submission.reconcile import reconcile
from podium.campaign.submission.sending import BEFORE, Order, send
from podium.campaign.submission.worth import worth_submitting
from podium.campaign.views import write_views
from podium.records import from_json, to_json
from podium.registry import invalidation
from podium.registry.blends import BlendRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from podium.campaign.engine import Engine

READY = "ready"  # the blend of those that had predicted, where it was sent in place of a better one
LAST_SECONDS = 1.0  # kept for writing the last files


def finalise(engine: Engine, finished: str) -> Path | None:
    """Let the vault choose, submit what is better than what stands, say what to expect of it, close the campaign."""

    def time_left_s() -> float:
        return engine.purse.left_s() - LAST_SECONDS

    remake(engine, invalidation.invalidated(engine.registry), predicted=time_left_s() <= 0)
    vet(engine, engine.round, at_the_end=True)
    chosen = choose_finalist(engine, time_left_s)
    reconcile(engine, at_the_end=True)
    if chosen is not None:
        submit_last(engine, chosen, time_left_s)
        final_two(engine, standing_row(engine, chosen), time_left_s)
        _tell(engine, chosen)
    track_vault(engine, blending.best_blend(engine), time_left_s)
    overfitting.measure(engine)
    explain.record(engine, engine.registry.journal.last_finished_round(), at_the_end=True)
    stacked.sweep(engine)
    with engine.registry.database.write():
        engine.set_state(paused=False, finished=finished)
        engine.registry.inbox.pass_over("stop", "pause", "resume")  # else the next engine would begin by obeying them
    engine.event("finished", reason=finished)
    write_views(engine.campaign, engine.registry)
    path = engine.campaign / "submission.csv"
    return path if path.exists() else None


def submit_last(engine: Engine, chosen: Chosen, time_left_s: Callable[[], float]) -> None:
    """What the vault chose against the out-of-fold leader, in any case; else the best blends, where they are worth it; where
    their members could not predict in time, the blend of those that did."""
    if chosen.choice is not None and chosen.choice.chosen != chosen.choice.finalists[0].name:
        engine.event("warning", message=f"the vault chose the {chosen.name}: {chosen.choice.reason}")
        order = Order(chosen.row, f"{chosen.name}: {chosen.choice.reason}", chosen=True)
        sent = send(engine, order, time_left_s)
        if sent.tag is not None or sent.waits:
            return
    late = False
    for row in blending.blends_by_score(engine):
        worth, reason = worth_submitting(engine, row, engine.registry.submissions.standing(), at_the_end=True)
        if not worth:
            break
        sent = send(engine, Order(row, reason), time_left_s)
        if sent.tag is not None or sent.waits or sent.refused or sent.reason == BEFORE:
            return
        late = True  # its members could not predict in time: the next best may have
    if late:
        _submit_ready(engine, time_left_s)


def _submit_ready(engine: Engine, time_left_s: Callable[[], float]) -> None:
    """What can be sent without another run, remembered as it is no round's blend."""
    ready = blending.blend(engine, engine.registry.journal.last_finished_round(), predicted=True)
    if ready is None:
        return
    worth, reason = worth_submitting(engine, ready, engine.registry.submissions.standing(), at_the_end=True)
    if worth:
        engine.registry.set(READY, to_json(ready))
        send(engine, Order(ready, f"of those that predicted in time: {reason}", as_it_is=True), time_left_s)


def _tell(engine: Engine, chosen: Chosen) -> None:
    """The expected private score of what stands, with the vault's word on it where it was asked."""
    row = standing_row(engine, chosen)
    read = None
    if chosen.choice is not None:
        scores = {one.name: one.score for one in chosen.choice.finalists}
        recorded = engine.registry.blends.of_round(row.round)
        if row is chosen.row:
            read = scores.get(chosen.name)
        elif recorded is not None and recorded.score == row.score and recorded.weights == row.weights:
            read = scores.get(f"blend of round {row.round}")
    expectation.state(engine, row, final=True, vault_score=read)


def standing_row(engine: Engine, chosen: Chosen) -> BlendRow:
    """The row of what stands, as its submission was recorded; the chosen one where nothing was sent."""
    standing = engine.registry.submissions.standing()
    if standing is None or standing.expected is None or standing.is_of(chosen.row):
        return chosen.row
    ready = engine.registry.setting(READY)
    rows = [*blending.blends_by_score(engine), *([] if ready is None else [from_json(BlendRow, ready)])]
    return next((row for row in rows if standing.is_of(row)), chosen.row)
