"""`podium mcp`: the commands of a host, over the Model Context Protocol; on stdio, or as streamable HTTP with a token."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podium.cli.output import remark
from podium.errors import UserError

if TYPE_CHECKING:
    import socket

TOKEN = "PODIUM_MCP_TOKEN"


def mcp(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="The one campaign that is served; else each call names its own."),
    ] = None,
    http: Annotated[
        str, typer.Option("--http", metavar="HOST:PORT", help="Streamable HTTP at /mcp, instead of stdio.")
    ] = "",
    allow_host: Annotated[
        list[str], typer.Option("--allow-host", metavar="NAME", help="Another Host header that may be asked for.")
    ] = [],  # noqa: B006 (typer reads the default and never changes it)
) -> None:
    """Serve a campaign over MCP: tools to drive it, its files as resources, a prompt for each role."""
    _check_installed()
    if folder is not None:
        from podium.registry import Registry

        Registry.open(folder).close()
    from podium.cli.mcp_server import make_server

    if not http:
        make_server(folder).run("stdio")
        return
    if folder is None:
        raise UserError("which campaign to serve is not clear", expected="podium mcp DIR --http HOST:PORT")
    from podium.cli.mcp_http import serve

    host, port = address(http)
    serve(make_server(folder), listen(host, port), token(), allow_host)


def address(text: str) -> tuple[str, int]:
    """`127.0.0.1:8765` as host and port; `[::1]:8765` too. Raises UserError."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65535:
        raise UserError("--http cannot be understood", expected="HOST:PORT, e.g. 127.0.0.1:8765", found=repr(text))
    return host.strip("[]"), int(port)


def token() -> str:
    """From the environment; else a new one, told once on stderr."""
    import secrets

    given = os.environ.get(TOKEN, "")
    if given:
        return given
    made = secrets.token_urlsafe(32)
    remark(f"token: {made}  (send it as `Authorization: Bearer …`; set {TOKEN} to choose your own)")
    return made


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 takes a free one. Raises UserError."""
    import socket

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        found = socket.create_server((host, port), family=family)
    except OSError as problem:
        raise UserError(f"cannot listen on {host}:{port}", found=problem.strerror or str(problem)) from problem
    if not is_loopback(host):
        remark(f"warning: {host} can be reached from other machines, and nothing here encrypts; put TLS in front")
    return found


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_installed() -> None:
    """Raises UserError where the SDK is absent."""
    from importlib.util import find_spec

    if find_spec("mcp") is None:
        raise UserError("podium mcp needs the MCP SDK", remedy="pip install 'podium[mcp]'")
