"""The submit phase: what is worth sending goes to the platform, if it may; the rest is held. Never the same file twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from podium.campaign import blending, turn
from podium.campaign.submission import candidates, waiting
from podium.campaign.submission.filing import reserve
from podium.campaign.submission.sending import BEFORE, Order, Submitted, admission, send
from podium.campaign.submission.worth import worth_submitting
from podium.records import Findings
from podium.team.quoting import clip

if TYPE_CHECKING:
    from podium.campaign.engine import Engine
    from podium.campaign.submission.allowance import Room
    from podium.registry.blends import BlendRow
    from podium.registry.candidates import Candidate

WHY_CHARS = 300


def submit(engine: Engine, round_: int) -> Submitted:
    """The submit phase of a round: the best blend so far, where it is worth it and the platform allows; else, where much is
    left of the day, a probe."""
    engine.enter(round_, "submit")
    submitted = engine.registry.journal.step(round_, "submit", Submitted, lambda: _play(engine, round_))
    reserve(engine)
    return submitted


def _play(engine: Engine, round_: int) -> Submitted:
    row = blending.best_blend(engine)
    if row is None:
        return Submitted(None, "nothing valid to submit yet")
    _, here, held = admission(engine, at_the_end=False)
    if (done := _already(engine, row, round_)) is not None:
        return _held(engine, engine.registry.candidates.waiting(), done)
    if (done := _already_probed(engine, round_, here)) is not None:
        return done
    scarce = here.left is not None or len(engine.registry.candidates.waiting()) > 1  # an outage changes nothing of that
    queue = candidates.refresh(engine, row, scarce=scarce)
    worth, reason = _worth(engine, row, held)
    if worth:
        return _best(engine, row, round_, reason, queue)
    probe = None if held else candidates.probe(engine, here.left, here.told)
    if probe is None:
        return _held(engine, queue, Submitted(None, f"held: {reason}", waits=False))
    return _probing(engine, round_, probe, queue, here)


def _already(engine: Engine, row: BlendRow, round_: int) -> Submitted | None:
    """What this round came to before a crash came and the step was not recorded: said as it would have been said."""
    submissions = engine.registry.submissions
    standing, held = submissions.standing(), waiting.find(engine.registry)
    if held is not None and held.round == round_ and waiting.as_row(held).is_of(row):
        return Submitted(None, f"held: {held.reason}", True)  # written
    if standing is None or standing.round != round_ or not standing.is_of(row):
        return None
    _, reason = worth_submitting(engine, row, submissions.standing(before_round=round_), at_the_end=False)
    return Submitted(standing.tag, reason)


def _already_probed(engine: Engine, round_: int, here: Room) -> Submitted | None:
    """The same of a probe: it leaves the queue."""
    probes = [row for row in engine.registry.submissions.all() if row.purpose == "probe" and row.round == round_]
    for one in engine.registry.candidates.waiting():
        for row in probes:
            if one.purpose == "probe" and row.counts and row.is_of(candidates.row_of(one)):
                reason = _why_probe(one, None if here.left is None else here.left + 1)  # what was left before it
                engine.registry.candidates.mark(one.id, "sent", reason)
                return Submitted(row.tag, reason)
    return None


def _worth(engine: Engine, row: BlendRow, held: str) -> tuple[bool, str]:
    """Against what stands on the platform; where nothing may be sent now, against the file that waits: a new one is written
    only where it would have been sent."""
    standing = waiting.newest(engine.registry) if held else engine.registry.submissions.standing()
    worth, reason = worth_submitting(engine, row, standing, at_the_end=False)
    return worth, reason if worth or not held else f"{held}; {reason}"


def _best(engine: Engine, row: BlendRow, round_: int, reason: str, queue: list[Candidate]) -> Submitted:
    objection = _objection(engine, round_)
    if objection:
        return _held(engine, queue, Submitted(None, f"held: {objection}"))
    return _held(engine, queue, send(engine, Order(row, reason)))


def _probing(engine: Engine, round_: int, probe: Candidate, queue: list[Candidate], here: Room) -> Submitted:
    objection = _objection(engine, round_)
    if objection:
        return _held(engine, queue, Submitted(None, f"held: {objection}"))
    reason = _why_probe(probe, here.left)
    sent = send(engine, Order(candidates.row_of(probe), reason, "probe"))
    if sent.tag is not None or sent.reason == BEFORE:
        engine.registry.candidates.mark(probe.id, "sent", reason)
    return sent


def _why_probe(probe: Candidate, left: int | None) -> str:
    return f"a probe, with {left} left today: {probe.tells}"


def _held(engine: Engine, queue: list[Candidate], result: Submitted) -> Submitted:
    """Say of the best blend in the queue what became of it."""
    for one in queue:
        if one.purpose == "best":
            engine.registry.candidates.mark(one.id, "held" if result.tag is None else "sent", result.reason)
    return result


def _objection(engine: Engine, round_: int) -> str:
    """Why the uploader would rather wait; "" where it wishes for this submission.

    It is asked only where the engine would send, whose own rule the built-in uploader goes by. The campaign's end asks
    nobody: what is best then is sent.
    """
    if engine.seats["uploader"] is engine.fallback:
        return ""
    wish = turn.play(engine, round_, "submit", Findings, step="wish")
    return (
        ""
        if wish.submit
        else f"the uploader waits: {clip(' '.join(wish.text.split()), WHY_CHARS) or 'no reason given'}"
    )
