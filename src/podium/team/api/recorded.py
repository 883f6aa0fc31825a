"""A model whose every answer is recorded before it is used, and that answers from the record where there is one.

Wrapped round the real model, below pydantic-ai's agent, so that tool loops and retries are covered too.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic_ai.exceptions import (
    ModelAPIError,
    ModelConnectionError,
    ModelContextWindowExceededError,
    ModelHTTPError,
    ModelRateLimitError,
    ModelServerError,
    ModelUnavailableError,
    UnexpectedModelBehavior,
)
from pydantic_ai.exceptions import UserError as ProviderProblem
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelResponse, ToolCallPart
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings

from podium.errors import SeatError
from podium.records import Usage, to_json
from podium.team.api import prices
from podium.team.api.models import Player, redact
from podium.team.api.session import Session
from podium.team.quoting import clip

TRIES = 4  # of one call, where trying again may help
PAUSES_S = (1.0, 4.0, 16.0)
LONGEST_PAUSE_S = 60.0  # a provider that asks for more is left to its next in the chain
REQUEST_S = 600.0  # for one answer; less where little of the campaign's time is left
LEAST_REQUEST_S = 30.0
SHARE_OF_TIME = 0.25
GARBLED = (
    UnexpectedModelBehavior,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
)  # pydantic-ai trips over nonsense
FAULTS = (ModelAPIError, ProviderProblem, TimeoutError, *GARBLED)
KEPT = ("part_kind", "content", "tool_name", "args", "tool_call_id")  # of a message's part: what was asked, not when

Sleep = Callable[[float], Awaitable[None]]


class ProviderFailed(SeatError):
    """This model could not be reached, or will not answer: the next in the chain may."""


class ContextFull(ProviderFailed):
    """What was asked does not fit the model's context."""


class RecordedModel(WrapperModel):
    """`player`'s model in one brief's session."""

    def __init__(self, player: Player, session: Session, sleep: Sleep = asyncio.sleep) -> None:
        super().__init__(player.model)
        self.player, self.session, self._sleep = player, session, sleep

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Raises OutOfAttempts, Unaffordable, ProviderFailed."""
        self.session.may_ask()
        asked = canonical(messages, model_request_parameters)
        key = self.session.key(f"{self.player.name}\n{asked}")
        answer = self.session.known(key)
        if answer is None:
            response, usage = await self._ask(messages, model_settings, model_request_parameters, asked)
            [plain] = ModelMessagesTypeAdapter.dump_python([response], mode="json")
            answer = self.session.record(key, {"response": plain, "usage": to_json(usage), "model": self.player.name})
        return self._take(answer, model_request_parameters)

    def _take(self, answer: Any, parameters: ModelRequestParameters) -> ModelResponse:
        [message] = ModelMessagesTypeAdapter.validate_python([answer["response"]])
        assert isinstance(message, ModelResponse)
        outputs = {tool.name for tool in parameters.output_tools}
        called = [part for part in message.parts if isinstance(part, ToolCallPart) and part.tool_name not in outputs]
        self.session.calls += 1
        self.session.answers += not called
        return message

    async def _ask(
        self,
        messages: list[ModelMessage],
        settings: ModelSettings | None,
        parameters: ModelRequestParameters,
        asked: str,
    ) -> tuple[ModelResponse, Usage]:
        """The provider's answer, tried again where that may help."""
        patience = _patience(self.session.brief.facts.budget.time_left_s)
        for attempt in range(TRIES):
            most = self.session.afford(self.player, prices.estimate(asked))
            limits: ModelSettings = {**(settings or {}), "timeout": patience, "max_retries": 0}
            if most is not None:
                limits["max_tokens"] = most
            started = time.monotonic()
            try:
                async with asyncio.timeout(patience):
                    response = await self.wrapped.request(messages, limits, parameters)
            except FAULTS as problem:
                text = clip(redact(str(problem) or f"no answer within {patience:.0f} s"), 300)
                self.session.lost(_lost(problem, asked, time.monotonic() - started), text)
                pause = _pause(problem, attempt)
                if pause is None:
                    kind = ContextFull if isinstance(problem, ModelContextWindowExceededError) else ProviderFailed
                    raise kind(f"{self.player.name}: {text}", self.session.usage) from problem
                await self._sleep(pause)
                continue
            return response, self._usage(response, asked, time.monotonic() - started)
        raise AssertionError("the last try returns or raises")

    def _usage(self, response: ModelResponse, asked: str, wall_s: float) -> Usage:
        """What an answer used; estimated, and its price unknown, where the provider does not say."""
        used = response.usage
        cost = None if self.player.name.startswith("local:") else prices.of_response(response)
        if not used.input_tokens and not used.output_tokens:
            said = json.dumps(
                [getattr(part, "content", None) or str(getattr(part, "args", "")) for part in response.parts]
            )
            return Usage(wall_s, prices.estimate(asked), prices.estimate(said), None)
        return Usage(wall_s, used.input_tokens, used.output_tokens, cost)


def canonical(messages: list[ModelMessage], parameters: ModelRequestParameters) -> str:
    """What is asked, without times and ids of this run: the same after a crash."""
    plain = ModelMessagesTypeAdapter.dump_python(messages, mode="json")
    said = [
        [message["kind"], message.get("instructions"), [{k: part.get(k) for k in KEPT} for part in message["parts"]]]
        for message in plain
    ]
    tools = sorted(tool.name for tool in (*parameters.function_tools, *parameters.output_tools))
    return json.dumps([said, tools], sort_keys=True, ensure_ascii=False)


def _patience(time_left_s: float | None) -> float:
    """Seconds to wait for one answer."""
    if time_left_s is None:
        return REQUEST_S
    return min(REQUEST_S, max(LEAST_REQUEST_S, SHARE_OF_TIME * time_left_s))


def _pause(problem: Exception, attempt: int) -> float | None:
    """Seconds to wait before the next try; None where another try would not help."""
    if attempt + 1 >= TRIES:
        return None
    asked = getattr(problem, "retry_after", None)
    if isinstance(problem, (ModelRateLimitError, ModelUnavailableError, ModelServerError, ModelConnectionError)):
        pause = PAUSES_S[attempt] * (1 + 0.1 * random.random()) if asked is None else float(asked)
        return pause if pause <= LONGEST_PAUSE_S else None
    if isinstance(problem, ModelHTTPError):
        return PAUSES_S[attempt] if problem.status_code >= 500 or problem.status_code in (408, 409) else None
    if _is_garbled(problem):
        return PAUSES_S[0] if attempt == 0 else None  # a slow or garbled answer costs: once more, not three times
    return None


def _is_garbled(problem: Exception) -> bool:
    """Whether an answer came that is none, or came too late: it may have been billed."""
    undecodable = type(problem) is ModelAPIError
    return undecodable or isinstance(problem, (TimeoutError, *GARBLED))


def _lost(problem: Exception, asked: str, wall_s: float) -> Usage:
    """A call without an answer. Where it may have been answered before it was lost, what it cost is unknown."""
    dropped = isinstance(problem, ModelConnectionError) and problem.phase not in ("connect", "pool")
    return Usage(wall_s, prices.estimate(asked), 0, None) if dropped or _is_garbled(problem) else Usage(wall_s)
