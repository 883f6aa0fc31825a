"""`podium doctor`: what this machine can do, and what is weaker here than it could be."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from podium.cli.output import Json, result
from podium.errors import UserError

ASKED_FOR = "kaggle"  # it uses the network and the user's credentials: looked at where it is named, and only there


def doctor(
    part: Annotated[
        str | None,
        typer.Argument(metavar="[PART]", help="sandbox, machine, libraries, storage or agents; kaggle where named."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what this machine can do and afford, the sandbox tried by its eighteen attacks."""
    from podium.execution.doctor import PARTS, examine, render

    if part not in (None, *PARTS, ASKED_FOR):
        raise UserError("unknown part of doctor", expected=", ".join((*PARTS, ASKED_FOR)), found=repr(part))
    found = _kaggle() if part == ASKED_FOR else examine(part)
    if as_json:
        result(found, "", as_json=True)
        return
    from rich.console import Console

    Console().print(render(found))


def _kaggle() -> dict[str, Any]:
    from podium.platforms.kaggle.doctor import examine

    found = examine()
    weaker = [{"part": ASKED_FOR, **weakness} for weakness in found.pop("weaker")]
    return {ASKED_FOR: found, "weaker": weaker}
