"""`podium export DIR --as bundle|kernel`: a campaign as one file that reproduces elsewhere, or as an inference kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from podium.cli.output import Folder, Json, result, short
from podium.errors import UserError

FORMATS = ("bundle", "kernel")
LATER = ("mlflow",)


def export(
    folder: Folder,
    as_: Annotated[
        str, typer.Option("--as", metavar="FORMAT", help="bundle, or kernel (for code competitions).")
    ] = "bundle",
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="PATH", help="Default: <campaign>.bundle.tar.gz or <campaign>-kernel here."
        ),
    ] = None,
    without_data: Annotated[
        bool, typer.Option("--without-data", help="Of a bundle: leave the dealt data out; their hashes stay in.")
    ] = False,
    user: Annotated[str, typer.Option("--user", metavar="NAME", help="Of a kernel: whose it is on the platform.")] = "",
    gpu: Annotated[
        str, typer.Option("--gpu", metavar="TYPE", help="Of a kernel: a machine, e.g. NvidiaTeslaT4. Default: none.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Write what it takes to reproduce this campaign's experiments, or to predict with it where the test set is hidden.

    No path of this machine and no credential is inside."""
    if as_ in LATER:
        raise UserError(f"--as {as_} is not built yet", expected=", ".join(FORMATS), remedy="use --as bundle")
    if as_ not in FORMATS:
        raise UserError("podium export has no such format", expected=", ".join(FORMATS), found=repr(as_))
    name = folder.resolve().name
    if as_ == "kernel":
        _kernel(folder, output or Path(f"{name}-kernel"), user, gpu, as_json=as_json)
        return
    from podium.campaign import bundle

    file = output or Path(f"{name}.bundle.tar.gz")
    held = bundle.write(folder, file, with_data=not without_data)
    size = file.stat().st_size
    values = {"bundle": str(file.absolute()), "bytes": size, "files": held, "with_data": not without_data}
    result(values, f"{short(file)}  {size / 1e6:.1f} MB, {len(held)} files", as_json=as_json)


def _kernel(folder: Path, to: Path, user: str, gpu: str, *, as_json: bool) -> None:
    from podium.campaign.kernel import kernel
    from podium.cli import compose
    from podium.registry import Registry

    Registry.open(folder).close()  # a campaign, or one line that says it is none
    with compose.held(folder):
        engine = compose.make_engine(folder.resolve(), warm=False)  # the test rows are predicted as a rule
        try:
            made = kernel.write(engine, to, user=user, gpu=gpu)
        finally:
            engine.executor.close()
            engine.registry.close()
    values = {
        "kernel": str(to.absolute()), "bytes": made.size, "members": list(made.members), "seconds": made.seconds,
        "max_abs_diff": made.check.max_abs_diff, "checked": made.check.told,
    }  # fmt: skip
    text = f"{short(to)}  {made.size / 1e6:.1f} MB, {len(made.members)} members; {made.check.told}"
    result(values, text, as_json=as_json)
