"""Messages from the inbox: a crash while one is obeyed loses none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine_world import add_experiments, copy_of, engine_of

from podium.campaign.engine import Engine, Stopped
from podium.campaign.finalise import finalise
from podium.records import ExternalSource
from podium.registry import Registry, invalidation
from podium.registry.external import ExternalData
from podium.registry.inbox import Kind
from podium.registry.submissions import SubmissionRow, Submissions

TAG = "podium-1"


class Killed(BaseException):
    """As kill -9: nothing catches it."""


@pytest.fixture
def campaign(made: Path, tmp_path: Path) -> Path:
    """A judged experiment, a submission in doubt, a proposal: something for each message to change."""
    engine = engine_of(copy_of(made, tmp_path / "c"))
    add_experiments(engine, 1)
    engine.registry.experiments.set_verdict("E001", "pooled", None, [])
    engine.registry.submissions.intend(SubmissionRow(TAG, 1, "a.csv", "sha", "intent", 0.8, 0.1))
    engine.registry.submissions.settle(TAG, "ambiguous")
    engine.registry.external.add(ExternalSource("https://example.org/a.csv", "rows", "", "CC0"), "proposed")
    engine.registry.close()
    return engine.campaign


def submission(registry: Registry) -> SubmissionRow:
    return registry.submissions.all()[0]


@pytest.mark.parametrize(
    ("kind", "payload", "at", "effect"),
    [
        ("score", {"tag": TAG, "score": 0.8}, (Submissions, "set_scores"), lambda r: submission(r).public_score == 0.8),
        ("lost", {"tag": TAG}, (Submissions, "give_up"), lambda r: submission(r).state == "failed"),
        ("approve", {"id": "X01"}, (ExternalData, "approve"), lambda r: r.external.waiting() != []),
        (
            "invalidate",
            {"id": "E001", "reason": "wrong data"},
            (invalidation, "invalidate"),
            lambda r: "E001" in invalidation.invalidated(r),
        ),
    ],
)
def test_a_message_that_an_engine_was_killed_over_is_obeyed_by_the_next(
    campaign: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: Kind,
    payload: dict[str, Any],
    at: tuple[Any, str],
    effect: Callable[[Registry], bool],
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise Killed

    engine = engine_of(campaign)
    engine.registry.inbox.put(kind, payload)
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(*at, killed)
        engine.attend()
    engine.registry.close()
    engine = engine_of(campaign)
    assert not effect(engine.registry)
    engine.attend()
    assert effect(engine.registry) and engine.registry.inbox.pending() == []
    assert told(engine) == [kind], "told of once"
    engine.registry.close()


def test_a_stop_is_obeyed_once(campaign: Path) -> None:
    engine = engine_of(campaign)
    engine.registry.inbox.put("stop", {})
    with pytest.raises(Stopped):
        engine.attend()
    assert (engine.registry.setting("state") or {})["finished"] == "stopped"
    engine.attend()
    assert told(engine) == ["stop"]
    engine.registry.close()


def test_what_came_during_the_end_does_not_stop_the_next_engine(campaign: Path) -> None:
    engine = engine_of(campaign)
    for kind in ("stop", "pause", "resume", "note"):
        engine.registry.inbox.put(kind, {"role": "any", "text": "well done"} if kind == "note" else {})
    finalise(engine, "time")
    assert [message.kind for message in engine.registry.inbox.pending()] == ["note"]
    engine.registry.close()
    engine = engine_of(campaign)
    engine.enter(2, "plan")
    assert told(engine) == ["note"]
    engine.registry.close()


def told(engine: Engine) -> list[str]:
    return [event.payload["message"] for event in engine.registry.events.newest(50) if event.kind == "message"]
