"""`podium lineage DIR`: what descends from what, who is owed what, and taking an experiment back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podium.cli.output import Folder, Json, remark, result, short
from podium.errors import EngineBusy, UserError

if TYPE_CHECKING:
    from podium.campaign.lineage import Lineage

PIPED_WIDTH = 240  # columns where there is no terminal to measure


def lineage(
    folder: Folder,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE.svg", help="Also draw the graph there.")
    ] = None,
    invalidate: Annotated[
        str, typer.Option("--invalidate", metavar="ID", help="Mark an experiment invalid after its verdict.")
    ] = "",
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it is invalid.")] = "",
    as_json: Json = False,
) -> None:
    """The graph of experiments: parents, sources, verdicts; and whose ideas the blend's weight rests on."""
    if bool(invalidate) != bool(reason.strip()):
        raise UserError("an experiment is taken back with its reason", expected="--invalidate ID --reason TEXT")
    from podium.campaign import lineage as graph
    from podium.records import to_json
    from podium.registry import Registry

    if invalidate:
        remark(take_back(folder, invalidate, " ".join(reason.split())))
    registry = Registry.open(folder)
    try:
        found = graph.lineage(registry)
    finally:
        registry.close()
    if output is not None:
        _draw(found, output)
    if as_json:
        result({"campaign": str(folder.absolute()), **to_json(found)}, "", as_json=True)
        return
    _print(folder, found)


def take_back(folder: Path, id_: str, reason: str) -> str:
    """Through the inbox where an engine is at work, at once where none is. Raises UserError."""
    from podium.registry import Registry, invalidation
    from podium.registry.lock import EngineLock

    registry = Registry.open(folder)
    try:
        invalidation.check(registry, id_)
    finally:
        registry.close()
    lock = EngineLock(folder)
    try:
        lock.acquire()
    except EngineBusy:
        registry = Registry.open(folder)
        registry.inbox.put("invalidate", {"id": id_, "reason": reason})
        registry.close()
        return f"asked: the engine at work on {short(folder)} will mark {id_} invalid"
    try:
        return _apply(folder, id_, reason)
    finally:
        lock.release()


def _apply(folder: Path, id_: str, reason: str) -> str:
    from podium.campaign.views import write_views
    from podium.registry import Registry, invalidation

    registry = Registry.create(folder)
    try:
        higher = (registry.setting("competition") or {}).get("metric_direction") == "higher"
        fallen = invalidation.invalidate(registry, id_, reason, higher_is_better=higher)
        payload = {"experiment": id_, "reason": reason, **fallen.told()}
        round_ = int((registry.setting("state") or {}).get("round") or 0)
        registry.events.add(float(registry.setting("alive_s") or 0.0), round_, "invalidated", payload)
        write_views(folder, registry)
    finally:
        registry.close()
    below = [one for one in fallen.descendants if one not in fallen.readers]
    rest = f"; {', '.join(below)} rest on it" if below else "" if fallen.readers else "; nothing descends from it"
    read = f", and so is what reads its predictions: {', '.join(fallen.readers)}" if fallen.readers else ""
    return f"{id_} is marked invalid{read}{rest}"


def _draw(found: Lineage, output: Path) -> None:
    from podium.report.lineage import drawing

    try:
        output.write_text(drawing(found, alone=True).text, "utf-8")
    except OSError as problem:
        raise UserError(
            f"{output} cannot be written ({problem.strerror})", remedy="choose another with -o"
        ) from problem
    remark(f"drawn: {short(output)}")


def _print(folder: Path, found: Lineage) -> None:
    from rich.console import Console

    from podium.report.lineage import credit_lines, tree

    console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
    console.print(tree(found, short(folder)))
    owed = credit_lines(found)
    if owed:
        console.print("\ncredits: shares of the best blend's weight", markup=False)
        for line in owed:
            console.print(line, markup=False)
