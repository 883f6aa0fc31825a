"""An experiment marked invalid after it was judged: it leaves the pool, and what descends from it is known to rest on it.

Blends that carry weight of it are no longer chosen (`Blends.ranked` leaves out blends with an invalid member). Descendants
keep their verdicts, which rest on their own predictions; whoever reads the lineage sees what they rest on. Only those whose
columns hold its predictions fall with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from podium.errors import UserError

if TYPE_CHECKING:
    from podium.registry.experiments import Experiment
    from podium.registry.registry import Registry
    from podium.registry.submissions import SubmissionRow

KEY = "invalidated"


def invalidated(registry: Registry) -> Mapping[str, str]:
    """Experiment → why it was marked invalid after its verdict."""
    found: Mapping[str, str] = registry.setting(KEY) or {}
    return found


def check(registry: Registry, id_: str) -> Experiment:
    """Raises UserError where there is no such experiment, or no verdict to take back."""
    found = registry.experiments.get(id_)
    if found is None:
        known = ", ".join(one.id for one in registry.experiments.all()[-5:]) or "none yet"
        raise UserError("there is no such experiment", expected=known, found=repr(id_))
    if found.verdict is None:
        raise UserError(
            f"{id_} has no verdict that could be taken back ({found.status})", remedy="wait for its verdict"
        )
    return found


@dataclass(frozen=True)
class Fallen:
    """Oldest first. `descendants`: all below it; `readers`: those of the pool that fell with it, as they read its predictions."""

    descendants: tuple[str, ...]
    readers: tuple[str, ...] = ()

    def told(self) -> dict[str, list[str]]:
        """As an event says it."""
        return {"descendants": list(self.descendants), "readers": list(self.readers)}


def invalidate(registry: Registry, id_: str, reason: str, *, higher_is_better: bool) -> Fallen:
    """Mark it, and whoever reads its predictions. Where one of them was the champion, the best of the pool that is left leads,
    until a paired test says otherwise. Doing it twice changes nothing. Raises UserError."""
    check(registry, id_)
    every = registry.experiments.all()
    below = descendants(every, id_)
    if id_ in invalidated(registry):
        return Fallen(below)
    readers = _readers(every, id_)
    marked = {id_: reason}
    marked |= dict.fromkeys(readers, f"it reads {id_}, which was taken back: {reason}")
    with registry.database.write() as db:
        registry.set(KEY, {**invalidated(registry), **marked})
        led = registry.experiments.champion() in marked
        for one, why in marked.items():
            db.execute("UPDATE experiments SET verdict='invalid', message=? WHERE id=?", (why, one))
        if led:
            left = registry.experiments.best_of_pool(1, higher_is_better)
            db.execute("UPDATE experiments SET verdict='champion' WHERE id=?", (left[0].id if left else "",))
    return Fallen(below, readers)


def descendants(experiments: Sequence[Experiment], id_: str) -> tuple[str, ...]:
    """All that have it among their ancestors, oldest first. Parents are always older than their children."""
    below = {id_}
    for one in experiments:
        if below.intersection(one.spec.parents):
            below.add(one.id)
    return tuple(one.id for one in experiments if one.id in below and one.id != id_)


def _readers(experiments: Sequence[Experiment], id_: str) -> tuple[str, ...]:
    """Of the pool those whose columns hold its predictions, or those of who reads it; oldest first. Who has no verdict yet is
    told at it (`campaign/stacked.py`)."""
    read, found = {id_}, []
    for one in experiments:
        if read.intersection(one.reads):
            read.add(one.id)
            found += [one.id] if one.valid else []
    return tuple(found)


def tainted(registry: Registry, standing: SubmissionRow) -> tuple[str, ...]:
    """Experiments taken back since that a submission carries weight of; where its weights were not recorded, it is known by the
    estimate of its blend."""
    taken = invalidated(registry)
    if not taken or standing.expected is None:
        return ()
    known = [standing.weights] if standing.weights else []
    sent = known or [row.weights for row in registry.blends.newest(10_000) if row.score == standing.expected]
    return tuple(id_ for id_ in taken if any(weights.get(id_, 0.0) > 0 for weights in sent))


__all__ = ["Fallen", "check", "descendants", "invalidate", "invalidated", "tainted"]
