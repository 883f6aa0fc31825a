"""The transport below the client: every request has a time-out, and every answer's `Date` is heard. Needs `requests`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from podium.platforms.kaggle.credentials import Credentials
from podium.platforms.kaggle.settings import Settings


class Bounded(HTTPAdapter):
    """The client sends without a time-out; this is where its requests get one. Nothing is retried here or below."""

    def __init__(self, timeouts: tuple[float, float], heard: Callable[[str], None]) -> None:
        super().__init__(max_retries=0)
        self._timeouts, self._heard = timeouts, heard

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        response = super().send(request, stream, timeout or self._timeouts, verify, cert, proxies)
        self._heard(response.headers.get("Date", ""))
        return response


def api(credentials: Credentials, settings: Settings, heard: Callable[[str], None]) -> Any:
    """The generated HTTP client, opened. The caller closes it: it is a context manager that was entered."""
    from kagglesdk.kaggle_env import KaggleEnv
    from kagglesdk.kaggle_http_client import KaggleHttpClient

    client = KaggleHttpClient(
        env=KaggleEnv.LOCAL if settings.endpoint else KaggleEnv.PROD,
        username=credentials.username,
        password=credentials.key,
        api_token=credentials.token,
        user_agent="podium",
    )
    if settings.endpoint:
        client._endpoint = settings.endpoint  # LOCAL means port 80; there is no public way to another port
    client.__enter__()
    _bound(client._session, settings, heard)
    return client


def plain(settings: Settings) -> Any:
    """A session that knows no credentials: for signed addresses of storage."""
    session = requests.Session()
    _bound(session, settings, lambda date: None)
    return session


def _bound(session: Any, settings: Settings, heard: Callable[[str], None]) -> None:
    for scheme in ("http://", "https://"):
        session.mount(scheme, Bounded(settings.timeouts, heard))
