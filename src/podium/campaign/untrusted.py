"""The untrusted pool at work: a blend beside each round's own, and in submissions only where the user asked for it.

Every decision (what is kept, which round's blend is best, whether it is worth submitting) rests on the trusted blend and
its nested estimate. The blend with the pool adds a figure beside it, marked untrusted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from podium.campaign import blending
from podium.records import worth
from podium.registry.blends import BlendRow

if TYPE_CHECKING:
    from podium.campaign.engine import Engine

LIMIT = 12  # members of the untrusted pool that a blend may draw from: the best by score


def blend(engine: Engine, round_: int, trusted: list[str]) -> BlendRow | None:
    """The round's blend of the trusted members' pool with the untrusted one; None where nothing was brought."""
    members = engine.registry.imported.best(LIMIT, engine.competition.metric_direction == "higher")
    if not members or not trusted:
        return None
    names = [*sorted(trusted), *(member.id for member in members)]
    oofs = {name: engine.store.oof(name) for name in names}
    return blending.blended(engine, round_, oofs)


def to_send(engine: Engine, row: BlendRow) -> BlendRow:
    """The blend whose predictions go into a submission: `row`, or its round's with the pool where the user asked for
    that and it looks better."""
    other = engine.registry.imported.blend(row.round) if engine.competition.brought.use_imported else None
    higher = engine.competition.metric_direction == "higher"
    found = [row] if other is None else [row, other]
    return max(found, key=lambda one: worth(one.merit, one.score, higher_is_better=higher))
