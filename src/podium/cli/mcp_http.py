"""The HTTP side of `podium mcp`: who may ask. A bearer token in each request, and only under names that we go by."""

from __future__ import annotations

import hmac
import json
import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from podium.cli.output import remark

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer
    from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class Guard:
    """ASGI middleware: 401 for every request without the token, before anything else looks at it."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._wanted = app, f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
            if not hmac.compare_digest(given, self._wanted):
                await _refuse(send)
                return
        await self._app(scope, receive, send)


async def _refuse(send: Send) -> None:
    body = json.dumps({"error": "the Authorization header does not hold the token"}).encode()
    headers = [(b"content-type", b"application/json"), (b"www-authenticate", b"Bearer")]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def application(server: MCPServer[Any], token: str, port: int, hosts: Iterable[str]) -> Guard:
    """The server behind its guard. Host and Origin headers of other names are refused: a web page whose own name was
    rebound to this address must not reach it."""
    from mcp.server.transport_security import TransportSecuritySettings

    names = [f"{name}:{port}" for name in (*LOOPBACK, *hosts)] + list(hosts)
    origins = [f"{scheme}://{name}" for scheme in ("http", "https") for name in names]
    settings = TransportSecuritySettings(allowed_hosts=names, allowed_origins=origins)
    return Guard(server.streamable_http_app(transport_security=settings), token)


def serve(server: MCPServer[Any], listening: socket.socket, token: str, hosts: Iterable[str]) -> None:
    """Until interrupted."""
    import uvicorn

    host, port = listening.getsockname()[:2]
    named = [*hosts, *([] if host in ("0.0.0.0", "::", *LOOPBACK) else [host])]
    shown = f"[{host}]" if ":" in host else host
    remark(f"serving MCP at http://{shown}:{port}/mcp")
    app: Any = application(server, token, port, named)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listening])
