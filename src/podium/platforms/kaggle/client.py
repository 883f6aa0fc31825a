"""The client for one stretch of work: calls by name, pages joined, failures translated, the server's clock heard."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from podium.errors import PodiumError, UserError
from podium.platforms.kaggle import credentials as accounts
from podium.platforms.kaggle import failures
from podium.platforms.kaggle.credentials import Credentials
from podium.platforms.kaggle.settings import Settings, configured
from podium.platforms.platform import AmbiguousSend

PAGE_SIZE = 100
MOST_PAGES = 500
SERVICES = {
    "competitions": ("kagglesdk.competitions.services.competition_api_service", "CompetitionApiClient",
                     "kagglesdk.competitions.types.competition_api_service"),
    "kernels": ("kagglesdk.kernels.services.kernels_api_service", "KernelsApiClient",
                "kagglesdk.kernels.types.kernels_api_service"),
    "oauth": ("kagglesdk.security.services.oauth_service", "OAuthClient", "kagglesdk.security.types.oauth_service"),
}  # fmt: skip


def installed() -> None:
    """Raises UserError where the client package is absent."""
    try:
        importlib.import_module("kagglesdk.kaggle_http_client")
    except ImportError as problem:
        raise UserError(
            f"Kaggle needs a package that is not here ({problem.name})", remedy="pip install 'podium[kaggle]'"
        ) from None


class Client:
    """A context manager. `slug`: the competition that the calls are about, for messages; "" for none.

    Raises UserError at once: no client package, no credentials, settings that cannot be meant. No network is touched."""

    def __init__(
        self, slug: str = "", *, credentials: Credentials | None = None, settings: Settings | None = None
    ) -> None:
        installed()
        self.slug = slug
        self.credentials = credentials or accounts.find()
        self.settings = settings or configured()
        self._date = ""
        self._http: Any = None

    def __enter__(self) -> Client:
        from podium.platforms.kaggle import wire

        self._http = wire.api(self.credentials, self.settings, self._hear)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.__exit__(kind, value, trace)

    def _hear(self, date: str) -> None:
        self._date = date or self._date

    def hang_up(self) -> None:
        """The next call has a connection of its own: one that lay idle may be closed from the other side, and what is sent
        into it is lost without a word."""
        self._http._session.close()

    def now(self) -> datetime:
        """The server's clock, as of its last answer; ours before the first."""
        return failures.moment(self._date) or datetime.now(UTC)

    def call(
        self, method: str, what: str, *, service: str = "competitions", step: failures.Step = "ask", **fields: Any
    ) -> Any:
        """One request, sent once. `what`: what is being done, for messages. Raises as `failures` says."""
        module, client, types = SERVICES[service]
        words = "".join(word.capitalize() for word in method.split("_"))
        held = importlib.import_module(types)
        kind = getattr(held, f"Api{words}Request", None) or getattr(held, f"{words}Request", None)
        if kind is None:
            raise UserError(f"the installed client cannot do this: {what}", remedy="pip install --upgrade kaggle")
        request = kind()
        for name, value in fields.items():
            if value is not None:
                setattr(request, name, value)
        function = getattr(getattr(importlib.import_module(module), client)(self._http), method)
        try:
            return function(request)
        except (PodiumError, AmbiguousSend):
            raise
        except Exception as problem:  # noqa: BLE001 (the client lets its parser's own errors through)
            raise failures.translated(problem, what, self.slug, step) from None

    def pages(self, method: str, items: str, what: str, *, service: str = "competitions", most: int = MOST_PAGES,
              size: int = PAGE_SIZE, **fields: Any) -> Iterator[Any]:  # fmt: skip
        """All items of a list, page by page; a token that comes again ends it."""
        token, seen = "", set()
        for _ in range(most):
            answer = self.call(method, what, service=service, page_size=size, page_token=token or None, **fields)
            yield from getattr(answer, items) or []
            token = answer.next_page_token or ""
            if not token or token in seen:
                return
            seen.add(token)
