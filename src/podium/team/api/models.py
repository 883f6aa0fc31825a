"""From a seat's name to the models behind it, in the order they are tried.

openai:gpt-5, anthropic:claude-…, any `provider:model` of pydantic-ai · local:http://127.0.0.1:8080/v1#model, any
OpenAI-compatible server · api:FIRST|SECOND, a chain: the next one plays where one cannot.
"""

from __future__ import annotations

import os
import re
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING

from podium.errors import UserError

if TYPE_CHECKING:
    from pydantic_ai.models import Model

LOCAL_KEY = "PODIUM_LOCAL_API_KEY"
EXTRA = "pip install 'podium[agents]'"
SECRET = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL)S?$")
LEAST_SECRET = 8  # characters below which a value is no secret but a word


@dataclass(frozen=True)
class Player:
    """One model. `native`: it hands back JSON by a schema instead of a tool call, as local servers do best."""

    name: str
    model: Model
    native: bool = False
    loopback: bool = False  # costs no money: it runs on this machine


def players(name: str) -> tuple[Player, ...]:
    """The models that a seat's name lists. Raises UserError: not installed, no such provider, no key, no address."""
    chain = name.removeprefix("api:") if name.startswith("api:") else name
    try:
        import pydantic_ai  # noqa: F401
    except ImportError as problem:
        raise UserError(f"seat {name!r} needs pydantic-ai", found=str(problem), remedy=EXTRA) from problem
    return tuple(_player(one.strip()) for one in chain.split("|"))


def redact(text: str) -> str:
    """The text without any credential of this process's environment."""
    values = {value for key, value in os.environ.items() if SECRET.search(key.upper()) and len(value) >= LEAST_SECRET}
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, "[credential]")
    return text


def _player(name: str) -> Player:
    kind, _, rest = name.partition(":")
    if kind == "local":
        return _local(name, rest)
    from pydantic_ai.exceptions import UserError as ProviderProblem
    from pydantic_ai.models import infer_model

    try:
        return Player(name, infer_model(name))
    except ImportError as problem:
        raise UserError(f"seat {name!r} needs its provider's library", found=str(problem)) from problem
    except (ProviderProblem, ValueError) as problem:
        told = redact(str(problem)).split(" or pass it", 1)[0]  # "Set the `OPENAI_API_KEY` environment variable"
        raise UserError(f"seat {name!r} cannot be used", remedy=told) from problem


def _local(name: str, address: str) -> Player:
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

    url, _, model = address.partition("#")
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError(f"seat {name!r} has no address", expected="local:http://HOST:PORT/v1#MODEL")
    if parts.username or parts.password or parts.query:
        raise UserError("a server's address holds a credential", remedy=f"put the key in {LOCAL_KEY} instead")
    provider = OpenAICompatibleProvider("local", base_url=url, api_key=os.environ.get(LOCAL_KEY) or None)
    loopback = parts.hostname in ("localhost", "::1") or parts.hostname.startswith("127.")
    return Player(name, OpenAIChatModel(model or "default", provider=provider), native=True, loopback=loopback)
