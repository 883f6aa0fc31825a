"""The end of a campaign: the best blend, its vault score, the last submission, the report's figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from podium.campaign import decide
from podium.campaign.submit import holdout_raw, send
from podium.campaign.tracking import track_vault
from podium.campaign.views import write_views
from podium.errors import InvalidPredictions

if TYPE_CHECKING:
    from podium.campaign.engine import Engine
    from podium.registry.blends import BlendRow

LAST_SECONDS = 1.0  # kept for writing the last files


def finalise(engine: Engine, finished: str) -> Path | None:
    """Submit the best blend if it is better than what stands, read the vault, close the campaign."""

    def time_left_s() -> float:
        return engine.purse.left_s() - LAST_SECONDS

    for row in decide.blends_by_score(engine):
        worth, reason = decide.worth_submitting(engine, row, engine.registry.submissions.standing(), at_the_end=True)
        if not worth:
            break
        sent = send(engine, row, reason, time_left_s)
        if sent.tag is not None or sent.waits:
            break  # else its members could not be predicted in time: the next best may be
    best = decide.best_blend(engine)
    if best is not None:
        _read_vault(engine, best)
    track_vault(engine, best, time_left_s)
    engine.registry.set("state", {"round": engine.round, "phase": engine.phase, "paused": False, "finished": finished})
    engine.event("finished", reason=finished)
    write_views(engine.campaign, engine.registry)
    path = engine.campaign / "submission.csv"
    return path if path.exists() else None


def _read_vault(engine: Engine, row: BlendRow) -> None:
    """The honest estimate: the chosen blend on rows that nobody has seen a label of. Each read is recorded."""
    data = engine.dataset
    if not len(data.vault) or engine.competition.looks_forward or row.vault_score is not None:
        return
    try:
        raw, decision = holdout_raw(engine, row, lambda: 0.0)  # what is saved, and no new run
    except InvalidPredictions:
        return  # the standing submission is another blend's; an estimate of this one would mislead
    truth = engine.task.encode(data.labels(data.vault))
    score = engine.task.score(truth, engine.task.decide(raw[len(data.test) :], decision))
    engine.registry.blends.set_vault_score(row.round, score)
