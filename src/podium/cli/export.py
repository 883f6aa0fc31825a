"""`podium export DIR --as bundle`: a campaign as one file that reproduces on another machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from podium.cli.output import Folder, Json, result, short
from podium.errors import UserError

FORMATS = ("bundle",)
LATER = ("mlflow", "kernel")


def export(
    folder: Folder,
    as_: Annotated[str, typer.Option("--as", metavar="FORMAT", help="bundle")] = "bundle",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Default: <campaign>.bundle.tar.gz here.")
    ] = None,
    without_data: Annotated[
        bool, typer.Option("--without-data", help="Leave the dealt data out; their hashes stay in.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Write what it takes to reproduce this campaign's experiments: no path of this machine, no credential inside."""
    if as_ in LATER:
        raise UserError(f"--as {as_} is not built yet", expected=", ".join(FORMATS), remedy="use --as bundle")
    if as_ not in FORMATS:
        raise UserError("podium export has no such format", expected=", ".join(FORMATS), found=repr(as_))
    from podium.campaign import bundle

    file = output or Path(f"{folder.resolve().name}.bundle.tar.gz")
    held = bundle.write(folder, file, with_data=not without_data)
    size = file.stat().st_size
    values = {"bundle": str(file.absolute()), "bytes": size, "files": held, "with_data": not without_data}
    result(values, f"{short(file)}  {size / 1e6:.1f} MB, {len(held)} files", as_json=as_json)
