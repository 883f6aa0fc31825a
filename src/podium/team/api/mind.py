"""A model at work on one brief: pydantic-ai's agent round a recorded model, with typed output, tools, and mending."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic_ai import Agent, ModelRetry, NativeOutput, StructuredDict, ToolOutput
from pydantic_ai import Tool as AgentTool
from pydantic_ai.exceptions import ContentFilterError, OutputTokenLimitExceeded, UnexpectedModelBehavior
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, UserPromptPart
from pydantic_ai.usage import UsageLimits

from podium.errors import BadDeliverable
from podium.records import Brief, Deliverable, from_json
from podium.registry.transcripts import Conversation
from podium.team import prompts, schema
from podium.team.api.models import Player
from podium.team.api.recorded import ContextFull, RecordedModel, Sleep
from podium.team.api.session import TOOL_CALLS, Session
from podium.team.conversation import History
from podium.team.quoting import clip
from podium.team.roles import DELIVERABLE_OF
from podium.team.tools import Tool

T = TypeVar("T")
HAND_IN = "hand_in"  # the tool that takes a deliverable
UNLIMITED = UsageLimits(request_limit=None)  # the session counts


@dataclass(frozen=True)
class Mind:
    player: Player
    session: Session
    sleep: Sleep = asyncio.sleep

    def write(self, talk: Conversation, history: History, asked: str) -> str:
        """Plain text on what is asked; empty where no text came. Raises SeatError."""
        return wait(self._write(remembered(talk, history), asked, prompts.system(talk.role)))

    def answer(self, talk: Conversation, history: History, asked: str, tools: Sequence[Tool]) -> Deliverable:
        """A deliverable that the engine's check accepts. Raises SeatError."""
        return wait(self._answer(remembered(talk, history), asked, tools))

    async def _write(self, past: list[ModelMessage], asked: str, system: str) -> str:
        async with RecordedModel(self.player, self.session, self.sleep) as model:
            agent = Agent(model, instructions=system, output_type=str)
            try:
                text = (await agent.run(asked, message_history=past, usage_limits=UNLIMITED)).output
            except (UnexpectedModelBehavior, ContextFull):
                text = ""
        self.session.start_over()
        return text

    async def _answer(self, past: list[ModelMessage], asked: str, tools: Sequence[Tool]) -> Deliverable:
        brief, note = self.session.brief, ""
        async with RecordedModel(self.player, self.session, self.sleep) as model:
            agent = self._agent(model, brief, tools)
            while True:  # each pass takes an answer from the session, which ends it
                try:
                    ran = await agent.run(asked + note, message_history=past, usage_limits=UNLIMITED)
                except UnexpectedModelBehavior as problem:
                    self.session.problem = _told(problem)
                    note = "\n\n" + prompts.mend(self.session.problem)
                    continue
                return from_json(DELIVERABLE_OF[brief.phase], ran.output)

    def _agent(self, model: RecordedModel, brief: Brief, tools: Sequence[Tool]) -> Agent[None, dict[str, Any]]:
        kind = DELIVERABLE_OF[brief.phase]
        shape = StructuredDict(schema.of_brief(brief), name=kind.__name__)
        agent: Agent[None, dict[str, Any]] = Agent(
            model,
            instructions=prompts.system(brief.role),
            output_type=NativeOutput(shape, strict=False)
            if self.player.native
            else ToolOutput(shape, name=HAND_IN, strict=False),
            tools=[self._bound(tool) for tool in tools],
            retries=100,  # the session counts
            deps_type=type(None),
        )

        @agent.output_validator
        def check(data: dict[str, Any]) -> dict[str, Any]:
            try:
                self.session.desk.check(from_json(kind, data), brief)
            except (ValueError, BadDeliverable) as problem:
                self.session.problem = clip(str(problem), 1000)
                raise ModelRetry(prompts.mend(self.session.problem)) from problem
            return data

        return agent

    def _bound(self, tool: Tool) -> AgentTool[None]:
        def call(**arguments: Any) -> str:
            self.session.tools_used += 1
            if self.session.tools_used > TOOL_CALLS:
                return prompts.render("enough_tools", limit=str(TOOL_CALLS))
            return tool.call(**arguments)

        call.__name__ = tool.name
        return AgentTool.from_schema(call, tool.name, tool.description, dict(tool.parameters), sequential=True)


def remembered(talk: Conversation, history: History) -> list[ModelMessage]:
    """Hand-over, summary and former turns, as messages that any provider takes."""
    messages: list[ModelMessage] = []

    def said(asked: str, answered: str) -> None:
        messages.append(ModelRequest([UserPromptPart(asked)]))
        messages.append(ModelResponse([TextPart(answered)]))

    if talk.handover:
        said(prompts.taking_over(talk.role, talk.handover, talk.generation), prompts.render("noted"))
    if history.summary:
        said(prompts.summary(talk.role, history.summary), prompts.render("noted"))
    for turn in history.turns:
        said(turn.asked, turn.answered)
    return messages


def wait(work: Coroutine[Any, Any, T]) -> T:
    """The result of asynchronous work; in a thread of its own where a loop already runs in this one (a notebook)."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(asyncio.run(work))
        except BaseException as problem:  # noqa: BLE001 — raised again below, in the caller's thread
            failure.append(problem)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]


def _told(problem: UnexpectedModelBehavior) -> str:
    """What was wrong with an answer that was no deliverable at all, in words for whoever gave it."""
    name = {ContentFilterError: "refused", OutputTokenLimitExceeded: "truncated"}
    for kind, prompt in name.items():
        if isinstance(problem, kind):
            return prompts.render(f"faults/{prompt}")
    return clip(str(problem), 300)
