"""One submission: its file is written and checked, the intent recorded, the file sent once, and what came of it recorded."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from podium import whole
from podium.campaign import proxy, untrusted
from podium.campaign.lineage import credit_line
from podium.campaign.submission import allowance, filing, outage, reconcile, waiting
from podium.campaign.submission.worth import gained
from podium.errors import InvalidPredictions, Refused
from podium.platforms.platform import AmbiguousSend
from podium.registry import invalidation
from podium.registry.submissions import SubmissionRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from podium.campaign.engine import Engine
    from podium.campaign.submission.allowance import Room
    from podium.campaign.submission.reconcile import Listed
    from podium.registry.blends import BlendRow
    from podium.registry.submissions import Purpose

WAITING = "submissions/waiting.csv"
REFUSED = "the platform refused it"
BEFORE = "held: this very file was submitted before"


@dataclass(frozen=True)
class Order:
    """A blend to be sent. `as_it_is`: never with the untrusted pool. `chosen`: by the vault, against the estimates: it stands
    whatever else was sent or waits."""

    row: BlendRow
    reason: str
    purpose: Purpose = "best"
    as_it_is: bool = False
    chosen: bool = False

    @property
    def alone(self) -> bool:
        return self.as_it_is or self.chosen or self.purpose != "best"


@dataclass(frozen=True)
class Submitted:
    """What the submit phase came to: the tag of what was sent, or why it was held."""

    tag: str | None
    reason: str
    waits: bool = False  # the file is written, and submission.csv; it may not be sent now

    @property
    def refused(self) -> bool:
        return self.reason == f"held: {REFUSED}"


def send(engine: Engine, order: Order, time_left_s: Callable[[], float] | None = None) -> Submitted:
    """Predict what is missing, write and check the file, record the intent, then send once. `time_left_s`: given at the
    campaign's end, which waits a little for a platform that does not answer. A best blend that may not be sent now (deadline,
    quota, pace, outage) is written all the same, and waits."""
    sent, patience = _attempt(engine, order, time_left_s), outage.PATIENCE_S
    while time_left_s is not None and sent.tag is None and sent.reason != BEFORE and patience > 0:
        slept = outage.wait_out(engine, min(patience, time_left_s()))
        if slept == 0:
            break
        patience -= slept
        sent = _attempt(engine, order, time_left_s)
    return sent


def _attempt(engine: Engine, order: Order, time_left_s: Callable[[], float] | None) -> Submitted:
    row = order.row
    try:
        frame = filing.submission_frame(engine, row, time_left_s, as_it_is=order.alone)
    except InvalidPredictions as missing:
        engine.event("warning", message=f"no submission from the blend of round {row.round}: {missing}")
        return Submitted(None, f"held: {missing}")
    text = frame.write_csv().encode()
    listed, here, held = admission(engine, at_the_end=time_left_s is not None)
    sha = hashlib.sha256(text).hexdigest()
    if engine.registry.submissions.has_file(sha):
        return _sent_before(engine, order, sha)
    if held:
        return _hold(engine, order, text, held)
    tag = f"podium-{sha[:12]}"
    name = f"submissions/{tag}.csv"  # a file of its own: a round and the campaign's end may both send one
    whole.write(engine.campaign / name, text)
    intent = SubmissionRow(
        tag, engine.round, name, sha, "intent", row.score, row.stderr, at=engine.wall_s(), purpose=order.purpose,
        weights=dict(row.weights), alive_s=engine.clock.alive_s(), resets_at=here.resets_at if here.told else None,
        merit=row.merit,
    )  # fmt: skip
    engine.registry.submissions.intend(intent)
    owed = credit_line(engine.registry, row.weights)
    if any(remote.tag == tag for remote in listed or ()):
        reconcile.settle(engine, listed or ())  # this very file is there, from another copy of this campaign
    elif problem := _call(engine, intent, "; ".join(filter(None, (f"round {row.round}: {order.reason}", owed)))):
        return Submitted(None, f"held: {REFUSED}") if problem == REFUSED else _hold(engine, order, text, problem)
    _sent(engine, intent, order, owed)
    return Submitted(tag, order.reason)


def _sent_before(engine: Engine, order: Order, sha: str) -> Submitted:
    """Never twice. What the vault chose stands again where something else was sent after it, or waits."""
    again = engine.registry.submissions.stand_again(sha) if order.chosen else None
    if again is None:
        return Submitted(None, BEFORE)
    with engine.registry.database.write():
        engine.registry.set(waiting.KEY, None)
        engine.event("note", message=f"{again.tag} stands: {order.reason}")
    reconcile.publish_standing(engine)
    return Submitted(again.tag, BEFORE)


def admission(engine: Engine, *, at_the_end: bool) -> tuple[Listed | None, Room, str]:
    """(the platform's list, what is left of today, why nothing may be sent now or ""). Asks the platform, and settles what is
    open on the way: no decision to send rests on what an earlier look saw."""
    listed = reconcile.reconcile(engine, at_the_end=at_the_end)
    here, held = allowance.Room(), ""
    if listed is None and engine.platform.has_list:
        held = outage.said(engine.registry)  # nothing is sent blindly, however near the end is
    elif not (held := outage.holds(engine, at_the_end=at_the_end)):
        try:
            here = allowance.room(engine, listed)
        except outage.UNANSWERED as problem:
            held = outage.note(engine, problem)
    return listed, here, allowance.why_not(engine, here, at_the_end=at_the_end) or held


def _call(engine: Engine, intent: SubmissionRow, message: str) -> str:
    """Send what has an intent. Why the platform does not have it, or "": it has, or may have."""
    submissions, tag = engine.registry.submissions, intent.tag
    submissions.settle(tag, "sent", alive_s=engine.clock.alive_s())
    try:
        remote = engine.platform.submit(engine.campaign / intent.file, tag, message)
    except AmbiguousSend as problem:
        submissions.settle(tag, "ambiguous", alive_s=engine.clock.alive_s())
        engine.event("warning", message=f"submission {tag} may or may not have arrived: {problem}")
        return ""
    except Refused as problem:
        submissions.settle(tag, "failed", message=str(problem))
        engine.event("warning", message=f"submission {tag} was refused: {problem}")
        return REFUSED
    except outage.UNANSWERED as problem:
        submissions.settle(tag, "failed", message=f"not sent: {problem}")
        return outage.note(engine, problem)
    outage.over(engine)
    reconcile.take(engine, intent, remote)
    return ""


def _sent(engine: Engine, intent: SubmissionRow, order: Order, owed: str) -> None:
    row = order.row
    if intent.purpose == "best":
        engine.registry.set(waiting.KEY, None)
        engine.submitted_s = engine.clock.alive_s()
    reconcile.publish_standing(engine)
    untrusted_members: list[str] = []
    if not order.alone:
        untrusted_members = [name for name in untrusted.to_send(engine, row).weights if name not in row.weights]
    engine.event(
        "submission", tag=intent.tag, expected=row.score, stderr=row.stderr, imported=untrusted_members, credits=owed,
        purpose=intent.purpose,
    )  # fmt: skip
    proxy.record(engine)


def _gives_way(engine: Engine, waits: SubmissionRow, order: Order) -> bool:
    """Whether the file that waits should: something that it rests on was taken back, or the new one is chosen, or gains."""
    tainted = bool(invalidation.tainted(engine.registry, waits))
    return tainted or order.chosen or gained(engine, order.row, waits)[0] > 0


def _hold(engine: Engine, order: Order, text: bytes, reason: str) -> Submitted:
    """A best blend's file that would have been sent, as submission.csv; said once for each reason."""
    if order.purpose != "best":
        return Submitted(None, f"held: {reason}")
    before, row = waiting.find(engine.registry), order.row
    if before is None or before.reason != reason:
        engine.event("warning", message=f"not sent: {reason}; the file is {engine.campaign / 'submission.csv'}")
    if before is None or _gives_way(engine, waiting.as_row(before), order):
        whole.write(engine.campaign / WAITING, text)
        before = waiting.Waiting(
            WAITING, engine.round, row.score, row.stderr, reason, row.merit, row.weights, engine.wall_s()
        )
    engine.registry.set(waiting.KEY, dataclasses.replace(before, reason=reason))
    reconcile.publish_standing(engine)
    engine.submitted_s = engine.clock.alive_s()
    return Submitted(None, f"held: {reason}", True)
