"""A host seat: an outside agent plays. Its brief is published, the engine rests, and goes on with what is handed in."""

from __future__ import annotations

from dataclasses import replace

from podium.errors import AwaitingHost, BadDeliverable, SeatError
from podium.records import Brief, Reply, Role, Usage, from_json
from podium.registry.deliveries import Deliveries, Delivery, Session
from podium.registry.transcripts import Conversation
from podium.team.desk import Desk
from podium.team.roles import DELIVERABLE_OF, SCOPES

SPECIALISTS: tuple[Role, ...] = ("researcher", "builder", "reviewer")
"""Roles whose conversation the host keeps from round to round; the others begin anew with each brief."""


class HostSeat:
    """Plays what was handed in for a brief (`podium deliver`); what was not is published, for `podium next` to show."""

    name = "host"

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.deliveries = Deliveries(desk.transcripts.database)

    def play(self, brief: Brief) -> Reply:
        """Raises AwaitingHost until something was handed in, SeatError where the host declined."""
        kind = DELIVERABLE_OF.get(brief.phase)
        if kind is None:
            raise SeatError(f"phase {brief.phase!r}: expected one of {', '.join(DELIVERABLE_OF)}")
        delivery = self.deliveries.of(brief.id)
        if delivery is None:
            shown = replace(brief, facts=SCOPES[brief.role].shown(brief.facts))
            self.deliveries.publish(shown, self._session(brief))
            raise AwaitingHost(brief.id)
        usage = self._usage(brief, delivery)
        if delivery.deliverable is None:
            raise SeatError(f"the host declined: {delivery.declined}", usage)
        try:
            return Reply(from_json(kind, delivery.deliverable), usage)
        except ValueError as problem:  # it was checked when it was handed in: by an older Podium, then
            raise BadDeliverable(str(problem), usage) from problem

    def _usage(self, brief: Brief, delivery: Delivery) -> Usage:
        """The time between asking and answering. What an outside agent costs is its owner's to know, not ours."""
        asked = self.deliveries.published(brief.id)
        wall_s = 0.0 if asked is None else max(0.0, delivery.at - asked.at)
        return Usage(wall_s=round(wall_s, 3), cost_usd=None)

    def _session(self, brief: Brief) -> Session:
        """The specialist's conversation that this brief belongs to, re-spawned once it has written a hand-over."""
        if brief.role not in SPECIALISTS:
            return Session(f"{brief.role}-{brief.id}")
        transcripts = self.desk.transcripts
        talk = transcripts.conversation(brief.role)
        if talk is None or talk.seat != self.name:
            talk = Conversation(brief.role, self.name, since_round=brief.round)
        last = self.deliveries.of(talk.last_brief) if talk.last_brief != brief.id else None
        if last is not None and last.handover:
            talk = replace(talk, generation=talk.generation + 1, since_round=brief.round, handover=last.handover)
        transcripts.keep(replace(talk, last_brief=brief.id))
        due = brief.round - talk.since_round >= self.desk.respawn_rounds
        handover = talk.handover if talk.since_round == brief.round else ""  # later ones have read it
        return Session(f"{brief.role}-{talk.generation}", True, due, handover)
