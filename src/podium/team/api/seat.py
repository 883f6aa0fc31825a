"""The API seat: a language model that plays a role, with typed deliverables, tools, and a memory that stays small."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from podium.errors import SeatError
from podium.records import Brief, Deliverable, Reply, to_json
from podium.team import conversation, prompts
from podium.team.api.models import Player, players, redact
from podium.team.api.session import Session
from podium.team.conversation import History
from podium.team.desk import Desk
from podium.team.roles import DELIVERABLE_OF
from podium.team.tools import Outside, toolbox

if TYPE_CHECKING:
    from podium.team.api.recorded import Sleep


class ApiSeat:
    """`name` as in `podium.team.api.models`. `models` replaces what the name stands for, and `outside` what tools may
    reach, for tests and embedding. Raises UserError where the name's provider cannot be used."""

    def __init__(
        self,
        name: str,
        desk: Desk,
        *,
        models: Sequence[Player] = (),
        outside: Outside | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.name, self.desk = name, desk
        self._players = tuple(models) or players(name)
        self._outside, self._sleep = outside, sleep

    def play(self, brief: Brief) -> Reply:
        """Raises SeatError, with what was spent, when no valid deliverable came in `desk.attempts` answers."""
        if brief.phase not in DELIVERABLE_OF:
            raise SeatError(f"phase {brief.phase!r}: expected one of {', '.join(DELIVERABLE_OF)}")
        session = Session(self.desk, brief, self.name)
        try:
            return Reply(self._play(brief, session), session.usage)
        except SeatError as problem:
            raise SeatError(redact(str(problem)), session.usage) from problem

    def _play(self, brief: Brief, session: Session) -> Deliverable:
        """Down the chain of models until one hands in a deliverable. One that failed is not asked again after a crash."""
        from podium.team.api.recorded import ProviderFailed

        failed: list[str] = []
        for number, player in enumerate(self._players):
            last = number + 1 == len(self._players)
            mark = f"{brief.role}/{brief.id}/failed/{number}/{player.name}"
            known = None if last else session.known(mark)
            if known is None:
                try:
                    return self._played_by(player, brief, session)
                except ProviderFailed as problem:
                    known = {"problem": str(problem)}
                    known = known if last else session.record(mark, known)
            session.start_over()
            failed.append(known["problem"])
        raise SeatError("; ".join(failed), session.usage)

    def _played_by(self, player: Player, brief: Brief, session: Session) -> Deliverable:
        """Once in full; where that does not fit the model's context, once more without former turns and in short."""
        from podium.team.api.mind import Mind
        from podium.team.api.recorded import ContextFull

        mind = Mind(player, session, self._sleep)
        talk, history = conversation.take_up(self.desk, self.name, brief, mind.write)
        tools = toolbox(self.desk, brief, self._outside)
        try:
            deliverable = mind.answer(talk, history, self._ask(brief, session), tools)
        except ContextFull:
            session.start_over()
            history = History(summary=history.last_words)
            deliverable = mind.answer(talk, history, self._ask(brief, session, in_short=True), tools)
        conversation.keep(self.desk, talk, brief, to_json(history.after(brief, deliverable)))
        return deliverable

    def _ask(self, brief: Brief, session: Session, *, in_short: bool = False) -> str:
        """The brief as text: that of the first time it was given, as figures of time move on while a crash is mended."""
        key = f"{brief.role}/{brief.id}/{'ask_in_short' if in_short else 'ask'}"
        known = session.known(key)
        if known is None:
            known = session.record(key, {"text": prompts.ask(brief, with_schema=False, in_short=in_short)})
        return str(known["text"])
