"""What the platform's own list says of our submissions: which arrived, which never did, what they scored.

A call that a crash or a silent platform left open is settled by the list alone. Where the list has it, it arrived. Where
the list lacks it, it counts as lost only after `settles_s` of the campaign's own clock: that clock stands still while no
engine is alive and no wall clock moves it, so at least so much time has really passed. Until then it is in doubt: it counts
against the quota, and its file is not sent. Without a list, a person is asked. What is lost is not sent again here: it is
merely free to be chosen again, and is dropped where something better has come.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from podium import whole
from podium.campaign.submission import outage, public_score, waiting
from podium.platforms.platform import RemoteSubmission
from podium.registry import invalidation

if TYPE_CHECKING:
    from podium.campaign.engine import Engine
    from podium.registry.submissions import SubmissionRow

Listed = Sequence[RemoteSubmission]


def reconcile(engine: Engine, *, at_the_end: bool = False) -> Listed | None:
    """Settle what is open, take scores that have come; then see to it that submission.csv is what stands or waits.

    Returns the platform's list, None where there is none or it could not be had (then an outage is noted).
    """
    _never_begun(engine)
    listed = _listed(engine, at_the_end) if engine.platform.has_list else None
    if listed is not None:
        settle(engine, listed)
    elif not engine.platform.has_list:
        for row in engine.registry.submissions.unsettled():
            _ask_a_person(engine, row)
    withdraw(engine)
    publish_standing(engine)
    public_score.look(engine)
    return listed


def _never_begun(engine: Engine) -> None:
    """An intent whose call never began, says its state: a crash came before."""
    for row in engine.registry.submissions.unsettled():
        if row.state == "intent":
            engine.registry.submissions.settle(row.tag, "failed", message="it was never sent")


def _listed(engine: Engine, at_the_end: bool) -> Listed | None:
    if outage.holds(engine, at_the_end=at_the_end):
        return None
    try:
        found = engine.platform.submissions()
    except outage.UNANSWERED as problem:
        outage.note(engine, problem)
        return None
    outage.over(engine)
    return found


def settle(engine: Engine, listed: Listed) -> None:
    """What the list says of each of ours; what it lacks is lost once it must have been listed."""
    by_tag: dict[str, RemoteSubmission] = {}
    for remote in listed:
        by_tag.setdefault(remote.tag, remote)
    for row in engine.registry.submissions.all():
        if row.tag in by_tag:
            take(engine, row, by_tag[row.tag])
        elif row.state in ("sent", "ambiguous"):
            _settle_missing(engine, row)


def _settle_missing(engine: Engine, row: SubmissionRow) -> None:
    settles = engine.platform.settles_s
    if settles > 0 and engine.clock.alive_s() - row.alive_s < settles:
        if (
            row.state == "sent"
        ):  # from when the list must have it, at the latest: counted anew, a crash hid the call's end
            engine.registry.submissions.settle(row.tag, "ambiguous", alive_s=engine.clock.alive_s())
        return
    engine.registry.submissions.settle(row.tag, "failed", message="it never arrived")
    engine.event("warning", message=f"submission {row.tag} never arrived, says the platform's list")


def take(engine: Engine, row: SubmissionRow, remote: RemoteSubmission) -> None:
    """What the list says of one of ours; nothing is written where it is known."""
    submissions = engine.registry.submissions
    if remote.status == "error":
        if row.state != "failed":
            submissions.settle(
                row.tag, "failed", remote.id, message=remote.message or "no reason given", remote_at=remote.at
            )
            engine.event(
                "warning", message=f"the platform could not score {row.tag}: {remote.message or 'no reason given'}"
            )
        return
    known = (row.state, row.remote_id, row.public_score, row.private_score)
    public = row.public_score if remote.public_score is None else remote.public_score
    private = row.private_score if remote.private_score is None else remote.private_score
    if known != ("confirmed", remote.id, public, private):
        confirm(engine, row.tag, remote)
        if public is not None and row.public_score is None:
            engine.event("score", tag=row.tag, public=public, expected=row.expected)


def confirm(engine: Engine, tag: str, remote: RemoteSubmission) -> None:
    with engine.registry.database.write():
        engine.registry.submissions.settle(tag, "confirmed", remote.id, remote_at=remote.at)
        engine.registry.submissions.set_scores(tag, remote.public_score, remote.private_score)


def _ask_a_person(engine: Engine, row: SubmissionRow) -> None:
    """Where the platform has no list, only a person can see whether it arrived; it is never sent again unasked."""
    if row.state == "sent":
        engine.registry.submissions.settle(row.tag, "ambiguous")
        engine.event(
            "warning",
            message=f"submission {row.tag} may or may not have arrived: if it did, say so with "
            f"`podium submit DIR --tag {row.tag} --score S`; if not, with `podium submit DIR --tag {row.tag} --lost`",
        )


def withdraw(engine: Engine) -> None:
    """The file that waits is not sent, nor is it submission.csv, once something that it rests on was taken back, or a later
    one was sent (and a crash came before that was noted)."""
    held = waiting.find(engine.registry)
    if held is None:
        return
    taken_back = invalidation.tainted(engine.registry, waiting.as_row(held))
    why = f"carries weight of {', '.join(taken_back)}" if taken_back else _overtaken(engine, held)
    if not why:
        return
    with engine.registry.database.write():
        engine.registry.set(waiting.KEY, None)
        engine.event("note", message=f"the file that waited {why}: it is not sent")


def _overtaken(engine: Engine, held: waiting.Waiting) -> str:
    standing = engine.registry.submissions.standing()
    if standing is None or standing.state == "intent" or held.at is None or standing.at < held.at:
        return ""
    return f"is older than {standing.tag}, which was sent"


def publish_standing(engine: Engine) -> None:
    """submission.csv is the file of the newest submission (or the one that waits), also after a crash."""
    standing = waiting.newest(engine.registry)
    if standing is not None and (engine.campaign / standing.file).is_file():
        whole.write(engine.campaign / "submission.csv", (engine.campaign / standing.file).read_bytes())
