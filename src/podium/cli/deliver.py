"""`podium deliver`: what an outside agent hands in for a brief, checked at once as the engine will check it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from podium.cli.output import Folder, Json, result
from podium.errors import BadDeliverable, CampaignError, Refused, UserError

if TYPE_CHECKING:
    from podium.records import Deliverable
    from podium.registry import Registry
    from podium.registry.deliveries import Published

LARGEST_BYTES = 8 << 20  # of one deliverable: eight solutions of the largest size, and room


def deliver(
    folder: Folder,
    brief_id: Annotated[str, typer.Argument(metavar="BRIEF_ID", help="As `podium next` named it, e.g. R03_plan.")],
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE…", help="The deliverable as JSON, `-` for stdin; for a build, its .py files in plan order."
        ),
    ] = None,
    handover: Annotated[
        Path | None, typer.Option("--handover", metavar="FILE", help="What a session's successor is to know (text).")
    ] = None,
    decline: Annotated[
        str, typer.Option("--decline", metavar="WHY", help="Let the built-in seat play this brief.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Hand in a deliverable: checked at once, and accepted once."""
    from podium.registry import Registry

    registry = Registry.open(folder)
    try:
        published = _open_brief(registry, brief_id)
        if decline:
            _check_alone(files, handover)
            registry.deliveries.decline(brief_id, decline)
        else:
            deliverable = _checked(published, files or [])
            registry.deliveries.hand_in(brief_id, deliverable, _handover(handover))
    except Refused as problem:
        if as_json:
            values = {
                "campaign": str(folder.absolute()),
                "brief_id": brief_id,
                "accepted": False,
                "problem": str(problem),
            }
            result(values, "", as_json=True)
        raise
    finally:
        registry.close()
    told = {"campaign": str(folder.absolute()), "brief_id": brief_id, "accepted": True, "declined": bool(decline)}
    words = f"{brief_id}: declined; the built-in seat plays it" if decline else f"{brief_id}: accepted"
    result(told, f"{words}; go on with podium next", as_json=as_json)


def _open_brief(registry: Registry, brief_id: str) -> Published:
    """Raises CampaignError for a brief that nobody was given, Refused for one that is closed."""
    published = registry.deliveries.published(brief_id)
    if published is None:
        waiting = registry.deliveries.waiting()
        raise CampaignError(
            f"no brief {brief_id!r} was handed out",
            expected=f"{waiting}, which waits" if waiting else "the id of a brief",
            remedy="ask for one with podium next",
        )
    if registry.deliveries.is_closed(brief_id):
        raise Refused(f"{brief_id} is closed: its phase is recorded; go on with podium next")
    if registry.deliveries.of(brief_id) is not None:
        raise Refused(f"{brief_id} was handed in before, and the first one stays; go on with podium next")
    return published


def _checked(published: Published, files: list[str]) -> Deliverable:
    """The deliverable, as the engine's own check of its phase accepts it. Raises UserError, Refused."""
    from podium.campaign import checks
    from podium.records import from_json
    from podium.team.roles import DELIVERABLE_OF

    brief, kind = published.brief, DELIVERABLE_OF[published.brief.phase]
    try:
        deliverable = from_json(kind, _read(files, is_build=brief.phase == "build"))
        checks.check(deliverable, brief)
    except (ValueError, BadDeliverable) as problem:
        raise Refused(f"{brief.id} refused: {problem}; mend it and deliver again") from problem
    return deliverable


def _read(files: list[str], *, is_build: bool) -> Any:
    """JSON values of one file or of stdin; or a build's solutions, each in a Python file of its own. Raises UserError."""
    import json

    if is_build and files and all(name.endswith(".py") for name in files):
        return {"solutions": [text_of(name) for name in files]}
    if len(files) != 1:
        raise UserError(
            "which file to deliver is not clear", expected="one JSON file, or `-`", found=f"{len(files)} files"
        )

    def constant(name: str) -> Any:
        raise UserError(f"{files[0]} is not JSON", expected="finite numbers", found=name)

    try:
        return json.loads(text_of(files[0]), parse_constant=constant)
    except (json.JSONDecodeError, RecursionError) as problem:
        where = (
            f"line {problem.lineno}, column {problem.colno}"
            if isinstance(problem, json.JSONDecodeError)
            else "too deep"
        )
        raise UserError(
            f"{files[0]} is not JSON", expected="one JSON object", found=where, remedy="repair it"
        ) from problem


def text_of(name: str) -> str:
    """Raises UserError: no such file, too large, not UTF-8."""
    try:
        if name == "-":
            data = sys.stdin.buffer.read(LARGEST_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(LARGEST_BYTES + 1)
    except OSError as problem:
        raise UserError(f"cannot read {name}", found=problem.strerror or str(problem)) from problem
    if len(data) > LARGEST_BYTES:
        raise UserError(f"{name} is too large for a deliverable", expected=f"at most {LARGEST_BYTES} bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise UserError(f"{name} is not text", expected="UTF-8", found=f"byte {problem.start}") from problem


def _handover(path: Path | None) -> str:
    if path is None:
        return ""
    text = text_of(str(path)).strip()
    if not text:
        raise UserError(f"the hand-over {path} is empty", expected="what a successor is to know")
    return text


def _check_alone(files: list[str] | None, handover: Path | None) -> None:
    if files or handover:
        raise UserError("--decline takes no file", remedy="leave the file out, or deliver it without --decline")
