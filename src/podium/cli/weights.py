"""`podium weights list|fetch`: pretrained weights that are here, and the one way in which they are downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from podium.cli.output import Json, result, short
from podium.errors import UserError

ACTIONS = ("list", "fetch")
MOST_BYTES = 4 << 30


def weights(
    action: Annotated[str, typer.Argument(metavar="list|fetch")] = "list",
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="hf:OWNER/MODEL or timm:MODEL.TAG.")] = "",
    as_json: Json = False,
) -> None:
    """Pretrained weights in packages and in the store (PODIUM_HOME/weights); `fetch NAME` downloads some from the hub."""
    if action not in ACTIONS:
        raise UserError("podium weights cannot do that", expected=" or ".join(ACTIONS), found=repr(action))
    if action == "fetch":
        if not name:
            raise UserError("fetch what?", expected="hf:OWNER/MODEL or timm:MODEL.TAG")
        values, words = _fetch(name)
    else:
        values, words = _list()
    result(values, words, as_json=as_json)


def _list() -> tuple[dict[str, Any], str]:
    from podium.recipes.pretrained import KNOWN
    from podium.weights.places import folder_of, remedy, store, stored

    below = store()
    rows = [(name, folder_of(name), what) for name, what in KNOWN.items()]
    rows += [(one.name, one.folder, one.source) for one in stored() if one.name not in KNOWN]
    width = max(len(name) for name, _, _ in rows)
    lines = [
        f"{name:{width}}  {'here' if folder else 'not here'}  {what if folder else f'{what}: {remedy(name)}'}"
        for name, folder, what in rows
    ]
    lines.append(f"store: {'none, PODIUM_HOME is empty' if below is None else short(below)}")
    told = [{"name": name, "folder": str(folder) if folder else None, "what": what} for name, folder, what in rows]
    return {"store": None if below is None else str(below), "weights": told}, "\n".join(lines)


def _fetch(name: str) -> tuple[dict[str, Any], str]:
    from podium.weights.store import fetch

    found = fetch(name, _download)
    values = {"name": found.name, "folder": str(found.folder), "sha256": found.sha256, "source": found.source}
    return values, f"{found.name}: {found.source}, sha256 {found.sha256}\n{short(found.folder)}"


def _download(url: str, to: Path) -> bool:
    from podium.campaign.external.fetch import Absent, FetchError, download

    try:
        download(url, to, MOST_BYTES)
    except Absent:
        return False
    except FetchError as problem:
        raise UserError(f"{url} could not be had: {problem}", remedy="check the network, and try again") from problem
    return True
