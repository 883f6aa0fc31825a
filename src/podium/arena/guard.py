"""ASGI middleware round all the arena serves: security headers, the Host header, rates, the size of a request."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from podium.arena.errors import ArenaError, Failed, TooFast, TooLarge
from podium.arena.rates import Rates, address_key
from podium.arena.settings import ArenaSettings

UPLOAD = re.compile(r"/(?:api/)?contests/[^/]+/submissions/?")
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
STAY_SECURE = "max-age=31536000; includeSubDomains"


class Guard:
    """The outermost layer: what it refuses, no handler sees."""

    def __init__(self, app: ASGIApp, settings: ArenaSettings) -> None:
        self._app, self._settings = app, settings
        self._rates = Rates(settings.address_rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = Told(send, self._settings.https)
        try:
            await self._app(scope, self._checked(scope, receive), told)
        except ArenaError as problem:
            if told.begun:
                raise
            await refuse(problem, told)
        except Exception:
            if not told.begun:
                await refuse(Failed("the arena failed; its host can see why"), told)
            raise  # to the log

    def _checked(self, scope: Scope, receive: Receive) -> Receive:
        headers = Headers(scope=scope)
        if not known_host(headers.get("host", ""), self._settings.hosts):
            raise ArenaError("this server does not answer to that name")
        self._rates.take(address_key((scope.get("client") or ("unknown", 0))[0]))
        known = "authorization" in headers or "cookie" in headers  # who is nobody uploads nothing
        upload = known and scope["method"] == "POST" and UPLOAD.fullmatch(scope["path"])
        most = self._settings.max_upload if upload else self._settings.max_json
        stated = headers.get("content-length", "0")
        if not stated.isdigit() or int(stated[:20]) > most:
            raise TooLarge(f"at most {most:,} bytes are taken", limit=most)
        return _counted(receive, most)


class Told:
    """What is sent, with the security headers; `begun` once the answer's head is on its way."""

    def __init__(self, send: Send, https: bool) -> None:
        self._send, self._https, self.begun = send, https, False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-store")
            if self._https:
                headers["Strict-Transport-Security"] = STAY_SECURE
        await self._send(message)


def _counted(receive: Receive, most: int) -> Receive:
    """A body that was not announced, or that is longer than it said, ends at the limit."""
    seen = 0

    async def wrapped() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > most:
                raise TooLarge(f"at most {most:,} bytes are taken", limit=most)
        return message

    return wrapped


def known_host(header: str, hosts: tuple[str, ...]) -> bool:
    """localhost, an address in digits (which no foreign name can be made to mean), or one that the host of the arena
    named."""
    try:
        name = urlsplit(f"//{header}").hostname
    except ValueError:
        return False
    if not name or re.search(r"[\s/@?#\\]", header):
        return False
    if name == "localhost" or name in {host.lower() for host in hosts}:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def error_body(problem: ArenaError) -> dict[str, Any]:
    return {"error": {"code": problem.code, "message": str(problem), "details": problem.details}}


def error_headers(problem: ArenaError) -> dict[str, str]:
    if isinstance(problem, TooFast) and "retry_after_s" in problem.details:
        return {"Retry-After": str(problem.details["retry_after_s"])}
    return {"WWW-Authenticate": "Bearer"} if problem.status == 401 else {}


async def refuse(problem: ArenaError, send: Send) -> None:
    """The refusal as JSON, straight to the wire."""
    body = json.dumps(error_body(problem)).encode()
    fixed = {"Content-Type": "application/json", "Content-Length": str(len(body)), **error_headers(problem)}
    headers = [(name.lower().encode(), value.encode()) for name, value in fixed.items()]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
