"""`podium doctor`: what this machine can do, and what is weaker here than it could be."""

from __future__ import annotations

from typing import Annotated

import typer

from podium.cli.output import Json, result


def doctor(
    part: Annotated[
        str | None, typer.Argument(metavar="[PART]", help="sandbox, machine, libraries, storage or agents.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what this machine can do and afford, the sandbox tried by its eighteen attacks."""
    from podium.execution.doctor import examine, render

    found = examine(part)
    if as_json:
        result(found, "", as_json=True)
        return
    from rich.console import Console

    Console().print(render(found))
