"""Before a blend is submitted, each member is probed that never was so dearly; who fails is taken back, and the round's blend
is made anew without it. One journalled step each time, so that a crash repeats nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from podium.campaign import blending, stacked
from podium.campaign.probes import probe_fits
from podium.campaign.probes.probing import NO_TIME
from podium.campaign.remade import remake
from podium.campaign.submission import waiting
from podium.campaign.submission.worth import worth_submitting
from podium.records import Probed
from podium.referee import probes
from podium.referee.probes.outcome import DEAR
from podium.registry import invalidation

if TYPE_CHECKING:
    from podium.campaign.engine import Engine
    from podium.registry.experiments import Experiment

AT_THE_END = 3  # of the best blends: any may be chosen then
MOST_TURNS = 8  # who fails makes room for another member, to be probed in its turn


@dataclass(frozen=True)
class Vetted:
    """Experiment → what its dear probes came to."""

    probed: Mapping[str, tuple[Probed, ...]]


def vet(engine: Engine, round_: int, *, at_the_end: bool = False) -> tuple[str, ...]:
    """Probe the members of what would be sent; returns those that were taken back. A resume probes who came in since, where
    a person took back another."""
    taken, seen = list[str](), set[str]()
    for turn in range(1, MOST_TURNS + 1):
        key = f"_{'end_' if at_the_end else ''}{turn}"
        recorded = engine.registry.journal.find(f"R{round_:02d}_vet{key}")
        wanted = _wanted(engine, seen, at_the_end=at_the_end) if recorded is None else []
        if recorded is None and not wanted:
            break
        vetted = _step(engine, round_, key, wanted)
        seen.update(vetted.probed)
        failed = [id_ for id_, found in vetted.probed.items() if any(one.outcome == "failed" for one in found)]
        remake(engine, invalidation.invalidated(engine.registry))  # with those that read them
        taken += failed
    return tuple(taken)


def _step(engine: Engine, round_: int, key: str, wanted: list[Experiment]) -> Vetted:
    def look() -> Vetted:
        return Vetted(probe_fits.dear(engine, wanted))

    def record(vetted: Vetted) -> None:
        higher = engine.competition.metric_direction == "higher"
        for id_, found in vetted.probed.items():
            engine.registry.probes.add(id_, found)
            alarms = probes.findings(found)
            engine.registry.experiments.add_alarms(id_, alarms)
            blocked = "; ".join(alarm.message for alarm in alarms if alarm.severity == "block")
            if blocked:
                fallen = invalidation.invalidate(engine.registry, id_, blocked, higher_is_better=higher)
                engine.event("invalidated", experiment=id_, reason=blocked, **fallen.told())

    return engine.registry.journal.step(round_, "vet", Vetted, look, record, part=key)


def _wanted(engine: Engine, seen: Collection[str], *, at_the_end: bool) -> list[Experiment]:
    """Members that carry weight in what would be sent, then what they read, that were never probed so, the heaviest first; not
    those `seen` just now, for whom there was no time."""
    rows = blending.blends_by_score(engine)[: AT_THE_END if at_the_end else 1]
    if not at_the_end and rows:
        standing = waiting.newest(engine.registry)
        rows = rows if worth_submitting(engine, rows[0], standing, at_the_end=False)[0] else []
    weights: dict[str, float] = {}
    for row in rows:
        for id_, weight in row.weights.items():
            weights[id_] = max(weight, weights.get(id_, 0.0))
    chosen = sorted((id_ for id_, weight in weights.items() if weight > 0), key=lambda id_: (-weights[id_], id_))
    members = [found for found in map(engine.registry.experiments.get, chosen) if found is not None]
    read = [one for level in stacked.levels(engine.registry, members) for one in level if one not in members]
    return [one for one in [*members, *read] if one.id not in seen and not _is_vetted(engine, one.id)]


def _is_vetted(engine: Engine, id_: str) -> bool:
    """Where time was missing once, there may be some at the end."""
    found = engine.registry.probes.of(id_)
    done = {one.probe for one in found if one.outcome != "skipped" or not one.message.endswith(NO_TIME)}
    return done.issuperset(DEAR)


__all__ = ["Vetted", "vet"]
