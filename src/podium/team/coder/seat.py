"""A coding agent's CLI in a seat: one resumed session a role, its answers recorded before they are used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from podium.errors import BadDeliverable, SeatError
from podium.records import Brief, Reply, from_json, to_json
from podium.registry.transcripts import Conversation
from podium.team import conversation, handed, prompts, schema
from podium.team.bill import Bill
from podium.team.coder import strict
from podium.team.coder.adapter import Answer, Request
from podium.team.coder.launch import Launcher
from podium.team.desk import Desk
from podium.team.outside import wall_s
from podium.team.roles import DELIVERABLE_OF
from podium.team.workspace import workspace

TURNS = 60  # round trips of the agent in one call


@dataclass(frozen=True)
class Recorded:
    """An answer, and the conversation as it stood after it."""

    answer: Answer
    talk: Conversation


class CoderSeat:
    """Plays a brief in the role's session. A refused deliverable is sent back into the same session, `attempts` times.

    A session that is gone, or that has had its rounds, is begun anew with the hand-over of the former.
    """

    def __init__(self, name: str, model: str, launcher: Launcher, desk: Desk) -> None:
        self.name, self.model, self.launcher, self.desk = name, model, launcher, desk
        self.space = workspace(desk.campaign, desk.role)

    def play(self, brief: Brief) -> Reply:
        """Raises SeatError, its usage included, where no answer passed the check."""
        kind = DELIVERABLE_OF.get(brief.phase)
        if kind is None:
            raise SeatError(f"phase {brief.phase!r}: expected one of {', '.join(DELIVERABLE_OF)}")
        bill, shape = Bill(), schema.of(kind)
        self.space.fill(self.desk.campaign, brief)
        talk = self._conversation(brief, bill)
        ask = _Ask(brief, prompts.ask(brief, with_schema=False), prompts.render("workspace", kind=kind.__name__))
        problem = "it may make no attempt"
        for attempt in range(self.desk.attempts):
            done = self._answer(ask, talk, str(attempt), shape, bill)
            talk, problem = done.talk, done.answer.problem
            if not problem:
                try:
                    found = handed.read(
                        done.answer.text, brief, self.desk.check, lambda data: strict.loosen(data, shape)
                    )
                except BadDeliverable as refused:
                    problem = str(refused)
                else:
                    return Reply(found, bill.usage)
            if not done.answer.again:
                break
            ask = replace(ask, problem=problem)
        raise SeatError(f"{self.name}: {problem}", bill.usage)

    # ------------------------------------------------------------ the conversation

    def _conversation(self, brief: Brief, bill: Bill) -> Conversation:
        """The role's running conversation, re-spawned with a hand-over where its rounds are up."""
        talk = conversation.begin(self.desk, self.name, brief)
        if conversation.due(self.desk, talk, brief) and _session(talk) is not None:
            done = self._answer(_Ask(brief, prompts.handover(brief)), talk, "handover", None, bill)
            written = "" if done.answer.problem else done.answer.text
            return conversation.respawn(self.desk, talk, brief, written or talk.handover)
        recorded = self._recorded(brief, "handover")
        if recorded is not None:  # a brief given again: it was re-spawned for this very one
            bill.add(recorded.answer.usage)
        return talk

    def _answer(
        self, ask: _Ask, talk: Conversation, step: str, shape: Mapping[str, Any] | None, bill: Bill
    ) -> Recorded:
        """The recorded answer to this step of the brief, or a new one, recorded before it is used."""
        done = self._recorded(ask.brief, step)
        if done is None:
            done = self._asked(ask, talk, shape, bill)
            if done.answer.lost and shape is not None:
                done = self._asked(ask, _begun_anew(talk, ask.brief), shape, bill)
            if done.answer.spent:
                key, role = self._key(ask.brief, step), self.desk.role
                self.desk.transcripts.record(key, role, ask.brief.id, to_json(done))
        bill.add(done.answer.usage)
        self._keep(done.talk)
        return done

    def _asked(self, ask: _Ask, talk: Conversation, shape: Mapping[str, Any] | None, bill: Bill) -> Recorded:
        """One call. Raises SeatError where there is nothing left to pay it with."""
        left = bill.left(self.desk.left())
        if left.money_usd == 0 or left.tokens == 0:
            raise SeatError(f"{self.name}: what the team may spend is spent", bill.usage)
        request = Request(
            prompt=ask.told(talk),
            system=prompts.system(self.desk.role),
            session=_session(talk),
            schema=shape,
            model=self.model,
            turns=TURNS,
            money_usd=left.money_usd,
            confined=self.launcher.confined,
        )
        self.space.take_back()
        ended = self.launcher.call(request, self.space, wall_s(ask.brief.facts.budget.time_left_s))
        answer = self.launcher.adapter.read(ended, request)
        handed_in = "" if answer.problem or shape is None else self.space.handed_in()
        state = {"calls": _calls(talk) + 1, "session": dict(answer.session) or None}
        after = replace(talk, last_brief=talk.last_brief if shape is None else ask.brief.id, state=state)
        return Recorded(replace(answer, text=handed_in or answer.text), after)

    def _recorded(self, brief: Brief, step: str) -> Recorded | None:
        found = self.desk.transcripts.answer(self._key(brief, step))
        return None if found is None else from_json(Recorded, found)

    def _key(self, brief: Brief, step: str) -> str:
        return f"{self.desk.role}/{brief.id}/{self.name}/{step}"

    def _keep(self, talk: Conversation) -> None:
        """Keep the conversation, unless a newer state of it is kept: a brief may be given again."""
        kept = self.desk.transcripts.conversation(talk.role)
        if kept is None or (kept.generation, _calls(kept)) < (talk.generation, _calls(talk)):
            self.desk.transcripts.keep(talk)


@dataclass(frozen=True)
class _Ask:
    """What a session is asked: the brief, and where it has answered already, what was wrong with that."""

    brief: Brief
    text: str
    where: str = ""
    problem: str = ""

    def told(self, talk: Conversation) -> str:
        """A session that begins is told all: whose place it takes, the brief, and what was wrong so far."""
        begins = _session(talk) is None
        parts = [prompts.taking_over(talk.role, talk.handover, talk.generation)] if begins and talk.handover else []
        if begins or not self.problem:
            parts += [self.text, self.where]
        if self.problem:
            parts.append(prompts.mend(self.problem))
        return "\n\n".join(part for part in parts if part)


def _begun_anew(talk: Conversation, brief: Brief) -> Conversation:
    """Where the session is gone: all that is left of it is the last hand-over."""
    return Conversation(talk.role, talk.seat, talk.generation + 1, brief.round, talk.last_brief, talk.handover)


def _session(talk: Conversation) -> Mapping[str, Any] | None:
    return (talk.state or {}).get("session")


def _calls(talk: Conversation) -> int:
    return int((talk.state or {}).get("calls", 0))
