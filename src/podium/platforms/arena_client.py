"""An arena's API over HTTP, by the standard library: requests, retries that are safe, and refusals as our own errors."""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import quote, urlencode, urlsplit

from podium.errors import Refused, UserError
from podium.platforms.platform import Unreachable

TIMEOUT_S = 60.0
TRIES, PAUSE_S, LONGEST_WAIT_S = 4, 0.5, 10.0
CHUNK = 1 << 20
LARGEST_ANSWER = 64 << 20
BUSY = (502, 503, 504)


class Lost(Exception):
    """The connection broke, or the server failed, after the request may have been obeyed."""


class Asked(Refused):
    """The arena said no. `code` is the arena's own word for why."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        try:
            return json.loads(self.body) if self.body else None
        except ValueError as problem:
            raise UserError("the server's answer is no JSON: this is no arena", remedy="check the address") from problem


class ArenaClient:
    """One arena, as one account. `url` is `http(s)://host[:port]`; each request has a connection of its own."""

    def __init__(self, url: str, token: str | None = None, timeout_s: float = TIMEOUT_S) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UserError("no arena has such an address", expected="http://host:port", found=url)
        self.url, self._token, self._timeout_s = f"{parts.scheme}://{parts.netloc}", token, timeout_s
        self._parts = parts

    def get(self, path: str) -> Any:
        return self.ask("GET", path).json()

    def ask(
        self, method: str, path: str, *, fields: Any = None, query: Mapping[str, str] | None = None,
        body: bytes | None = None, idempotent: bool = True,
    ) -> Answer:  # fmt: skip
        """One request, asked again where that is safe: the server was busy, or was never reached, or `idempotent`.

        Raises Unreachable (nothing was done), Lost (perhaps it was), Asked (the arena's no), UserError.
        """
        kind = "application/json" if fields is not None else "application/octet-stream"
        data = json.dumps(fields).encode() if fields is not None else body
        target = quote(path) + (f"?{urlencode(query)}" if query else "")
        for left in reversed(range(TRIES)):
            try:
                answer = self._once(method, target, data, kind if data is not None else "")
                wait = _wait_s(answer)
                if wait is None:
                    return _checked(answer)
                if not left or wait > LONGEST_WAIT_S:
                    raise Unreachable(f"{self.url} asks to come back in {wait:g} s", wait)
            except Lost:
                if not (left and idempotent):
                    raise
                wait = PAUSE_S
            except Unreachable as problem:
                if not left or problem.retry_after_s is not None:
                    raise
                wait = PAUSE_S
            time.sleep(wait)
        raise AssertionError("the last try returns or raises")

    def download(self, path: str, out: IO[bytes], most: int) -> int:
        """A file's bytes into `out`; returns how many. Raises as `ask`, and Lost where it broke off or was too long."""
        connection = self._connected()
        try:
            response = self._sent(connection, "GET", quote(path), None, "")
            if response.status != 200:
                _checked(Answer(response.status, dict(response.headers), response.read(LARGEST_ANSWER)))
            size = 0
            while chunk := response.read(CHUNK):
                size += len(chunk)
                if size > most:
                    raise Lost(f"{path} is longer than it should be")
                out.write(chunk)
        except (OSError, http.client.HTTPException) as problem:
            raise Lost(f"the download of {path} broke off ({problem})") from problem
        finally:
            connection.close()
        return size

    def _once(self, method: str, target: str, data: bytes | None, kind: str) -> Answer:
        connection = self._connected()
        try:
            response = self._sent(connection, method, target, data, kind)
            body = response.read(LARGEST_ANSWER)
            return Answer(response.status, {k.lower(): v for k, v in response.headers.items()}, body)
        except (OSError, http.client.HTTPException) as problem:
            raise Lost(f"{self.url} did not answer ({problem or type(problem).__name__})") from problem
        finally:
            connection.close()

    def _connected(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        assert self._parts.hostname is not None
        connection = kind(self._parts.hostname, self._parts.port, timeout=self._timeout_s)
        try:
            connection.connect()
        except OSError as problem:
            raise Unreachable(f"no arena answers at {self.url} ({problem})") from problem
        return connection

    def _sent(
        self, connection: http.client.HTTPConnection, method: str, target: str, data: bytes | None, kind: str
    ) -> http.client.HTTPResponse:
        headers = {"Accept": "application/json"}
        if kind:
            headers["Content-Type"] = kind
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request(method, target, data, headers)  # refused while we send: the answer says why
        return connection.getresponse()


def _wait_s(answer: Answer) -> float | None:
    """How long to wait before asking again; None where the answer is final."""
    if answer.status in BUSY:
        return PAUSE_S
    asked = answer.headers.get("retry-after", "")
    if answer.status == 429 and asked.isdigit():
        return float(asked)
    return None


def _checked(answer: Answer) -> Answer:
    """The answer, where it is a yes."""
    if answer.status < 300:
        return answer
    if answer.status >= 500:
        raise Lost(f"the arena failed ({answer.status})")
    try:
        error = json.loads(answer.body)["error"]
        code, message = str(error["code"]), str(error["message"])
    except (ValueError, KeyError, TypeError) as problem:
        raise UserError(
            f"the server answered {answer.status}: this is no arena's page", remedy="check the address"
        ) from problem
    raise Asked(" ".join(message.split())[:500], code)
