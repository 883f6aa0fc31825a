"""The final two: the best blend and the most robust average, chosen on the platform where it can be told, else by a person.

Two that fail for different reasons: one with fitted weights, one with none. Where the robust one cannot be sent (no quota
left, no outage over), the best of what was sent beside the best blend takes its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from podium.campaign.estimates.finalists import spare_s
from podium.campaign.submission import candidates, outage
from podium.campaign.submission.sending import Order, admission, send
from podium.campaign.submission.worth import worth_submitting
from podium.records import to_json, worth
from podium.registry import invalidation

if TYPE_CHECKING:
    from collections.abc import Callable

    from podium.campaign.engine import Engine
    from podium.registry.blends import BlendRow
    from podium.registry.submissions import SubmissionRow

KEY = "final_two"


@dataclass(frozen=True)
class FinalTwo:
    """Tags, the best blend first. `selected`: on the platform itself."""

    tags: tuple[str, ...]
    selected: bool
    message: str


def final_two(engine: Engine, best: BlendRow, time_left_s: Callable[[], float]) -> FinalTwo | None:
    """Send the robust one beside `best`, which stands, where there is room for it; choose the two, say so. None where submissions
    are not scarce and the platform takes no choice: then nothing is ranked by one."""
    _, here, held = admission(engine, at_the_end=True)
    standing = engine.registry.submissions.standing()
    if standing is None or (here.left is None and not held and not _chose(engine, [standing])):
        return None
    if not held:
        _send_robust(engine, best, standing, time_left_s)
    chosen = [standing, *_beside(engine, standing)][:2]
    found = _select(engine, chosen)
    if to_json(found) != engine.registry.setting(KEY):
        with engine.registry.database.write():
            engine.registry.set(KEY, found)
            engine.event("note" if found.selected else "warning", message=found.message)
    return found


def _robust_sent(engine: Engine) -> SubmissionRow | None:
    """The newest."""
    rows = engine.registry.submissions.all()
    return next((row for row in reversed(rows) if row.purpose == "robust" and row.counts), None)


def _send_robust(engine: Engine, best: BlendRow, standing: SubmissionRow, time_left_s: Callable[[], float]) -> None:
    """The steadiest, where time is left to predict what it needs; else the steadiest of what is predicted. One was sent already:
    only where a best blend came after it, and the new one is worth it."""
    last = _robust_sent(engine)
    if last is not None and last.round >= standing.round and not invalidation.tainted(engine.registry, last):
        return
    sent = None
    for ready in (False, True) if time_left_s() > spare_s(engine) else (True,):
        row = candidates.robust(engine, best, ready=ready)
        if row is None or not worth_submitting(engine, row, last, at_the_end=True)[0]:
            continue
        sent = send(engine, Order(row, "the robust one of the final two", "robust"), time_left_s)
        if sent.tag is not None or sent.refused:
            break
    for one in engine.registry.candidates.waiting():
        if one.purpose == "robust" and sent is not None:
            engine.registry.candidates.mark(one.id, "held" if sent.tag is None else "sent", sent.reason)


def _beside(engine: Engine, standing: SubmissionRow) -> list[SubmissionRow]:
    """What may be the second: the robust one, else the best by its estimate of what was sent."""
    sent = [row for row in engine.registry.submissions.all() if row.state == "confirmed" and row.tag != standing.tag]
    others = [row for row in sent if not invalidation.tainted(engine.registry, row)]
    robust = [row for row in reversed(others) if row.purpose == "robust"]
    rest = [row for row in others if row.purpose != "robust" and row.expected is not None]
    higher = engine.competition.metric_direction == "higher"
    rest.sort(key=lambda row: worth(row.merit, row.expected, higher_is_better=higher), reverse=True)
    return [*robust, *rest]


def _chose(engine: Engine, chosen: list[SubmissionRow]) -> bool:
    """Whether the platform itself has been told. While the best blend is in doubt nothing is chosen around it."""
    ids = [row.remote_id for row in chosen if row.remote_id is not None]
    if chosen[0].remote_id is None or outage.holds(engine, at_the_end=True):
        return False
    try:
        return engine.platform.select(ids)
    except outage.UNANSWERED as problem:
        outage.note(engine, problem)
        return False


def _select(engine: Engine, chosen: list[SubmissionRow]) -> FinalTwo:
    selected = _chose(engine, chosen)
    names = {"best": "the best blend", "robust": "the robust average", "probe": "a probe"}
    named = " and ".join(f"{row.tag} ({names[row.purpose]})" for row in chosen)
    words = f"chosen for the final ranking: {named}"
    if not selected:
        words = f"for the final ranking choose {named} on the platform's page"
    return FinalTwo(tuple(row.tag for row in chosen), selected, words)
