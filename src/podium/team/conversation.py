"""A specialist's conversation: kept across rounds, crashes and restarts; re-spawned after so many rounds with a hand-over
that it wrote itself; compacted when it grows. What a seat keeps in `state` is the seat's own affair; `History` is one way.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from podium.records import Brief, Deliverable, from_json, to_json
from podium.registry.transcripts import Conversation
from podium.team import prompts
from podium.team.desk import Desk
from podium.team.quoting import clip

TURN_CHARS = 2_000  # of an own answer that is kept; what counts is in the registry
HISTORY_CHARS = 24_000  # beyond this the older turns are written down as a summary
HANDOVER_CHARS = 4_000
KEPT_TURNS = 2  # turns that a compaction leaves as they were


def begin(desk: Desk, seat: str, brief: Brief) -> Conversation:
    """The role's conversation as kept; a new one where there is none, or where another seat led it.

    A seat that takes over from another gets its predecessor's hand-over, and nothing of its state.
    """
    kept = desk.transcripts.conversation(brief.role)
    if kept is None:
        return Conversation(brief.role, seat, since_round=brief.round)
    if kept.seat != seat:
        return Conversation(brief.role, seat, kept.generation + 1, brief.round, handover=kept.handover)
    return kept


def due(desk: Desk, talk: Conversation, brief: Brief) -> bool:
    """Whether a fresh specialist should take this brief. Never in the middle of one: not where the brief is given again."""
    begun = talk.last_brief not in ("", brief.id)
    return begun and brief.round - talk.since_round >= desk.respawn_rounds


def respawn(desk: Desk, talk: Conversation, brief: Brief, handover: str) -> Conversation:
    """The next generation, from this brief's round on, with what the former one wrote. Kept at once."""
    handover = clip(handover, HANDOVER_CHARS)
    fresh = Conversation(talk.role, talk.seat, talk.generation + 1, brief.round, handover=handover)
    desk.transcripts.keep(fresh)
    return fresh


def keep(desk: Desk, talk: Conversation, brief: Brief, state: Any) -> Conversation:
    """The conversation with this brief in it."""
    talk = replace(talk, last_brief=brief.id, state=state)
    desk.transcripts.keep(talk)
    return talk


# ---------------------------------------------------------------- a history in text


@dataclass(frozen=True)
class Turn:
    """One brief and what was answered, cut to what a later round may need: its figures are out of date by then."""

    brief: str
    asked: str
    answered: str


@dataclass(frozen=True)
class History:
    """What a specialist remembers beside its hand-over. `summary` stands for turns that were compacted."""

    turns: tuple[Turn, ...] = ()
    summary: str = ""

    @classmethod
    def of(cls, talk: Conversation) -> History:
        """Raises ValueError where the state is not a history."""
        return cls() if talk.state is None else from_json(cls, talk.state)

    @property
    def chars(self) -> int:
        return len(self.summary) + sum(len(turn.asked) + len(turn.answered) for turn in self.turns)

    @property
    def full(self) -> bool:
        return self.chars > HISTORY_CHARS and len(self.turns) > KEPT_TURNS

    @property
    def last_words(self) -> str:
        """For a successor whose predecessor wrote no hand-over: its summary, or its newest answer."""
        return self.summary or (self.turns[-1].answered if self.turns else "")

    def before(self, brief: Brief) -> History:
        """As it was when this brief was given: a brief given again finds what it found the first time."""
        return replace(self, turns=tuple(turn for turn in self.turns if turn.brief != brief.id))

    def after(self, brief: Brief, deliverable: Deliverable) -> History:
        answered = clip(json.dumps(to_json(deliverable), ensure_ascii=False), TURN_CHARS)
        turn = Turn(brief.id, prompts.past(brief), answered)
        return replace(self.before(brief), turns=(*self.before(brief).turns, turn))

    def compacted(self, summary: str) -> History:
        return History(self.turns[-KEPT_TURNS:], clip(summary, HANDOVER_CHARS))


Write = Callable[[Conversation, History, str], str]
"""Has the specialist write: (its conversation, what it remembers, what is asked of it) → its text."""


def take_up(desk: Desk, seat: str, brief: Brief, write: Write) -> tuple[Conversation, History]:
    """The conversation ready for this brief: re-spawned or compacted where it is time, by the specialist's own words.

    What was written is kept before the brief is asked, so a brief given again after a crash finds the same history.
    """
    talk = begin(desk, seat, brief)
    history = History.of(talk).before(brief)
    if due(desk, talk, brief):
        handover = write(talk, history, prompts.handover(brief)) or history.last_words
        return respawn(desk, talk, brief, handover), History()
    if history.full:
        history = history.compacted(write(talk, history, prompts.compaction(brief)) or history.summary)
        talk = replace(talk, state=to_json(history))
        desk.transcripts.keep(talk)
    return talk, history
