"""`podium reproduce DIR ID`: one experiment run anew from a clean folder, its predictions held against the stored ones."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podium.cli.output import Json, remark, result
from podium.errors import UserError

if TYPE_CHECKING:
    from podium.campaign.reproduce import Reproduction

MISMATCH = 3


def reproduce(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The campaign's folder, or a bundle (file or folder).")],
    id_: Annotated[str, typer.Argument(metavar="ID", help="The experiment, e.g. E007.")],
    tolerance: Annotated[
        float | None,
        typer.Option(
            "--tolerance", min=0, metavar="X", help="Largest difference that matches. Default: 1e-9, relative."
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Dealt data, for a bundle exported without them.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run an experiment anew and compare its predictions: exit code 0 where they match, 3 where they do not."""
    from podium.records import to_json

    with tempfile.TemporaryDirectory(prefix="podium-reproduce-", ignore_cleanup_errors=True) as clean:
        found = rerun(folder, id_, Path(clean), tolerance, data)
    result(to_json(found), told(found), as_json=as_json)
    if not found.match:
        remark(f"podium: {id_} does not reproduce: {found.message}")
        raise typer.Exit(MISMATCH)


def rerun(
    folder: Path, id_: str, clean: Path, tolerance: float | None = None, data: Path | None = None
) -> Reproduction:
    """The experiment's recorded runs, anew in the empty folder `clean`. Raises UserError."""
    from podium.campaign import bundle, dossier
    from podium.campaign import reproduce as anew
    from podium.cli import compose

    if folder.is_file():
        folder = bundle.unpack(folder, clean / "bundle")
    if not folder.is_dir():
        raise UserError(
            f"no such folder: {folder}", expected="a campaign's folder, or a bundle", remedy="check the path"
        )
    kept = dossier.read(folder, data)
    anew.check(kept, id_)
    anew.clean(kept, id_, clean / "campaign")
    engine = compose.make_engine(clean / "campaign")
    try:
        return anew.replay(engine, kept, id_, tolerance)
    finally:
        engine.executor.close()
        engine.registry.close()


def told(found: Reproduction) -> str:
    """A line for the whole, one for each run, and one for each thing that is different here."""
    gap = "no figures to compare" if found.max_abs_diff is None else f"{found.max_abs_diff:.3g} apart at most"
    word = "matches" if found.match else "MISMATCH"
    lines = [f"{found.id}: {word}; {gap}, tolerance {found.tolerance:.3g}, no cache used"]
    for part in found.parts:
        how = (
            "the same bytes" if part.rerun and part.stored else part.message or f"{part.max_abs_diff:.3g} apart at most"
        )
        lines.append(f"  {part.part:12}{'ok' if part.match else 'MISMATCH':10}{how}")
    lines += [f"  here: {line}" for line in found.differences]
    return "\n".join(lines)
