"""What the engine hears: messages in the inbox, each consumed in the transaction that makes it take effect, so that a crash
loses none and obeys none twice."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from podium.campaign import proxy
from podium.campaign.engine import Stopped, Yielded
from podium.campaign.estimates import calibration
from podium.campaign.external import sources
from podium.campaign.submission import public_score, reconcile
from podium.errors import UserError
from podium.registry import invalidation

if TYPE_CHECKING:
    from podium.campaign.engine import Engine
    from podium.registry.inbox import Message

PAUSE_POLL_S = 0.5


def attend(engine: Engine) -> None:
    """Consume the inbox: stop raises Stopped, pause waits for resume, the rest is recorded for whom it concerns."""
    paused = told = False
    while True:
        for message in engine.registry.inbox.pending():
            _obey(engine, message)
            paused = message.kind == "pause" or (paused and message.kind != "resume")
        if told != paused:
            engine.set_state(paused=paused)
            told = paused
        if not paused:
            return
        if time.monotonic() >= engine.until:
            engine.registry.inbox.put("pause", {})  # the next engine finds the campaign as this one leaves it
            raise Yielded("paused")
        time.sleep(PAUSE_POLL_S)


def _obey(engine: Engine, message: Message) -> None:
    with engine.registry.database.write():
        engine.registry.inbox.consume(message)
        engine.event("message", message=message.kind, **dict(message.payload))
        _take(engine, message)
    if message.kind == "stop":
        raise Stopped("stopped as asked")
    if message.kind == "score":
        _look_at_scores(engine)
    elif message.kind == "invalidate":
        reconcile.publish_standing(engine)


def _take(engine: Engine, message: Message) -> None:
    """What a message changes in the registry, and nothing that takes long."""
    if message.kind == "stop":
        engine.set_state(paused=False, finished="stopped")
    elif message.kind == "score":
        _take_score(engine, message.payload)
    elif message.kind == "approve":
        sources.approve(engine, str(message.payload["id"]))
    elif message.kind == "lost":
        engine.registry.submissions.give_up(str(message.payload["tag"]))
    elif message.kind == "invalidate":
        _take_back(engine, message.payload)


def _take_score(engine: Engine, payload: Mapping[str, Any]) -> None:
    """A score that came back also says that the submission arrived."""
    last = engine.registry.submissions.standing()
    tag = payload.get("tag") or (last.tag if last else None)
    if tag is not None:
        engine.registry.submissions.set_scores(tag, payload.get("score"), None)
        engine.registry.submissions.settle(tag, "confirmed")


def _look_at_scores(engine: Engine) -> None:
    """What the scores say by now. Outside the transaction: it reads predictions, and is said anew with the next ones."""
    proxy.record(engine)
    calibration.warn(engine.registry, engine.clock.alive_s(), engine.round)
    public_score.look(engine)


def _take_back(engine: Engine, payload: Mapping[str, Any]) -> None:
    """An experiment that a person marked invalid after its verdict."""
    id_, higher = str(payload["id"]), engine.competition.metric_direction == "higher"
    try:
        fallen = invalidation.invalidate(engine.registry, id_, str(payload["reason"]), higher_is_better=higher)
    except UserError as problem:
        engine.event("warning", message=f"{id_} was not taken back: {problem}")
        return
    engine.event("invalidated", experiment=id_, reason=payload["reason"], **fallen.told())
    reconcile.withdraw(engine)
