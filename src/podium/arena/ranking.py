"""Who leads: the best public score while a contest runs; the best private score of the final selection once it has ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from podium.arena.store.submissions import Scored
from podium.arena.views import ScorePoint, Standing
from podium.records import Direction

Counted = list[tuple[float, Scored]]


def public(scored: Sequence[Scored], direction: Direction) -> tuple[Standing, ...]:
    """Ranked by best public score; of equals, who reached it first."""
    return _ranked({one: [(s.public, s) for s in own] for one, own in _by_account(scored).items()}, direction)


def private(scored: Sequence[Scored], direction: Direction, finals: int) -> tuple[Standing, ...]:
    """Ranked by the best private score among each contestant's final ones, with the public rank beside it."""
    mine = _by_account(scored)
    chosen = {
        one: [(s.private, s) for s in final(own, direction, finals) if s.private is not None]
        for one, own in mine.items()
    }
    before = {row.name: row for row in public(scored, direction)}
    return _ranked(chosen, direction, mine, before)


def final(own: Sequence[Scored], direction: Direction, finals: int) -> list[Scored]:
    """A contestant's final submissions: those it chose; the best public ones where it chose none."""
    sign = 1.0 if direction == "higher" else -1.0
    best = sorted(own, key=lambda one: (-sign * one.public, one.seq))
    return ([one for one in own if one.selected] or best)[:finals]


def _by_account(scored: Sequence[Scored]) -> dict[int, list[Scored]]:
    found: dict[int, list[Scored]] = defaultdict(list)
    for one in scored:
        found[one.account_id].append(one)
    return dict(found)


def _ranked(
    counted: dict[int, Counted],
    direction: Direction,
    everything: dict[int, list[Scored]] | None = None,
    before: dict[str, Standing] | None = None,
) -> tuple[Standing, ...]:
    sign = 1.0 if direction == "higher" else -1.0
    best = {one: min(pairs, key=lambda pair: (-sign * pair[0], pair[1].seq)) for one, pairs in counted.items() if pairs}
    rows: list[Standing] = []
    for one, (score, submission) in sorted(best.items(), key=lambda item: (-sign * item[1][0], item[1][1].seq)):
        own = (everything or {}).get(one) or [pair[1] for pair in counted[one]]
        rank = rows[-1].rank if rows and rows[-1].score == score else len(rows) + 1
        was = (before or {}).get(submission.name)
        rows.append(
            Standing(
                rank=rank,
                name=submission.name,
                score=score,
                submissions=len(own),
                last_at=own[-1].at,
                history=tuple(ScorePoint(s.at, s.public) for s in own),
                public_score=was.score if was else None,
                public_rank=was.rank if was else None,
            )
        )
    return tuple(rows)
