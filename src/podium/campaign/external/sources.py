"""From a source to something solutions may use: brought or fetched, kept under `external/`, checked, recorded.

<campaign>/external/
  X01_original.csv   the file as it came; pictures that the user brings stay where they are
  X01/               features.arrow and labels.arrow of training rows, or table.arrow; made of the file, whole or not there
<campaign>/data/files/
  X01/               pictures of training rows, under numbers, where runs find those of the competition's own rows
"""

from __future__ import annotations

import dataclasses
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from podium import pixels
from podium.campaign.external import proposals
from podium.campaign.external.fetch import FetchError, check, fetch, name_of
from podium.campaign.external.findings import findings
from podium.competition import external_pictures
from podium.competition.arrow import write_arrow
from podium.competition.external import Taken, take
from podium.competition.table import read_table
from podium.errors import IntakeError, UserError
from podium.records import ExternalSource
from podium.registry.external import External

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from podium.campaign.engine import Engine
    from podium.competition.dataset import Dataset
    from podium.registry import Registry

FOLDER = "external"
MOST_PROPOSED = 20  # in a campaign: the user is to read them


def bring(campaign: Path, registry: Registry, dataset: Dataset) -> None:
    """Copy, check and record the files that the user names, as the campaign is made, and note what may be proposed in it.
    Doing it again is the same."""
    proposals.note(registry, dataset.competition)
    for path in map(Path, dataset.competition.brought.external_files):
        one = registry.external.add(
            ExternalSource(path.name, "named by the user", "", "the user's to know"), "approved"
        )
        if one is None:
            one = registry.external.add(
                ExternalSource(f"{path.parent.name}/{path.name}", "named by the user", "", "the user's to know"),
                "approved",
            )
        if one is None:
            continue
        if external_pictures.has_pictures(path):
            registry.external.put(admitted(campaign, dataset, one, path, 0))
            continue
        file = campaign / FOLDER / f"{one.id}_{path.name}"
        file.parent.mkdir(exist_ok=True)
        part = file.with_name(f".{file.name}.part")
        shutil.copyfile(path, part)
        part.replace(file)
        registry.external.put(admitted(campaign, dataset, one, file, 0))


def propose(engine: Engine, proposals: Sequence[ExternalSource]) -> None:
    """Record what the researcher would have. Nothing is fetched: each waits for `podium approve`."""
    for proposal in proposals:
        if engine.competition.external_data == "no":
            engine.event(
                "warning", message=f"external data are proposed, and the rules forbid them: {proposal.url[:120]}"
            )
            continue
        try:
            check(proposal.url)
        except FetchError as problem:
            engine.event("warning", message=f"a proposal of external data is left out: {problem}")
            continue
        if len(engine.registry.external.all()) >= MOST_PROPOSED:
            return
        one = engine.registry.external.add(proposal, "proposed")
        if one is not None:
            engine.event("external_proposed", id=one.id, url=one.source, licence=one.licence)


def approve(engine: Engine, id_: str) -> None:
    """The user's leave. Fetched before the next round begins."""
    if not engine.registry.external.approve(id_):
        engine.event("warning", message=f"nothing called {id_} waits for leave")


@dataclass(frozen=True)
class Arrived:
    """What came of the approved sources, as journalled."""

    sources: tuple[External, ...]


def arrive(engine: Engine, round_: int) -> None:
    """Fetch what was approved, check it, and deal it to this round's experiments and later ones. Journalled as one step."""
    if engine.registry.journal.find(f"R{round_:02d}_external") is None and not engine.registry.external.waiting():
        return

    def record(arrived: Arrived) -> None:
        for one in arrived.sources:
            engine.registry.external.put(one)
            engine.event("external", id=one.id, state=one.state, message=one.message)

    def get() -> Arrived:
        return Arrived(tuple(_fetched(engine, one, round_) for one in engine.registry.external.waiting()))

    engine.registry.journal.step(round_, "external", Arrived, get, record)


def _fetched(engine: Engine, one: External, round_: int) -> External:
    """The intent is on record before the download; a file that is there whole was fetched by an engine that was killed."""
    file = engine.campaign / FOLDER / f"{one.id}_{name_of(one.source)}"
    engine.registry.external.set_state(one.id, "fetching")
    if not file.is_file():
        try:
            fetch(one.source, file)
        except FetchError as problem:
            return dataclasses.replace(one, state="failed", message=str(problem))
    return admitted(engine.campaign, engine.dataset, one, file, round_)


def admitted(campaign: Path, dataset: Dataset, one: External, file: Path, round_: int) -> External:
    """The source as checked; what solutions may use of it lies in its folder. What is neither a table nor pictures with
    labels is refused. `file`: in the campaign, or pictures of the user's where they lie."""
    kept = file.relative_to(campaign).as_posix() if file.is_relative_to(campaign) else ""
    here = dataclasses.replace(one, sha256=external_pictures.digest(file), file=kept, round=round_)
    try:
        pictures = external_pictures.has_pictures(file)
        taken = _pictures_of(file, dataset, one.id) if pictures else take(_table(file, dataset), dataset)
    except (IntakeError, UserError) as problem:
        return dataclasses.replace(here, state="refused", message=str(problem)[:300])
    if not taken.rows:
        return dataclasses.replace(
            here, state="refused", dropped=taken.dropped, message=f"no row is left; {taken.message}"
        )
    _keep(taken, campaign / FOLDER / one.id)
    used_as = "rows" if taken.table is None else "table"
    return dataclasses.replace(
        here, state="used", used_as=used_as, rows=taken.rows, dropped=taken.dropped, message=taken.message
    )


def _table(file: Path, dataset: Dataset) -> pl.DataFrame:
    asked = dataset.competition
    return read_table(file.parent, file.name, [*asked.target_columns, *filter(None, [asked.id_column])]).frame


def _pictures_of(file: Path, dataset: Dataset, id_: str) -> Taken:
    """Their files appear whole or not at all; what a killed engine left is made anew."""
    pixels.require()
    if why := external_pictures.obstacle(dataset):
        raise IntakeError(why)
    files = dataset.folder / "files"
    part = files / f".{id_}.part"
    taken = external_pictures.take(file, dataset, part, id_)
    shutil.rmtree(files / id_, ignore_errors=True)
    part.rename(files / id_)
    return taken


def _keep(taken: Taken, folder: Path) -> None:
    part = folder.with_name(f".{folder.name}.part")
    for old in (part, folder):  # of an engine that was killed before it recorded them
        shutil.rmtree(old, ignore_errors=True)
    part.mkdir(parents=True)
    if taken.table is None:
        write_arrow(taken.features, part / "features.arrow")
        write_arrow(taken.labels, part / "labels.arrow")
    else:
        write_arrow(taken.table, part / "table.arrow")
    part.rename(folder)


def table_name(one: External) -> str:
    """What solutions find a side table by in `ctx.tables`."""
    stem = re.sub(r"[^A-Za-z0-9]+", "_", name_of(one.source).split(".")[0]).strip("_").lower()
    return f"external_{stem or one.id.lower()}"


def credit(one: External) -> str:
    """Where it came from, its licence, its hash, what was left out of it; "" for what is not used."""
    if one.state != "used":
        return ""
    use = f"{one.rows:,} training rows" if one.used_as == "rows" else f"{one.rows:,} rows to look things up in"
    left = f"; {'left out: ' if one.used_as == 'rows' else ''}{one.message}" if one.message else ""
    return f"{one.source} (licence: {one.licence}; sha256 {one.sha256}): {use}{left}"


def notices(registry: Registry) -> list[str]:
    """Credits, whether rows pay, and what waits for the user's leave or could not be used."""
    every = registry.external.all()
    lines = [f"external data {one.id}: {line}" for one in every if (line := credit(one))]
    lines += [f"external data {line}" for line in findings(registry)]
    for one in every:
        if one.state == "proposed":
            lines.append(
                f"external data {one.id} wait for your leave: {one.source} (licence: {one.licence}): {one.what}; {one.why}; "
                f"podium approve DIR {one.id}"
            )
        elif one.state in ("failed", "refused"):
            again = f"; podium approve DIR {one.id} tries again" if one.state == "failed" else ""
            lines.append(f"external data {one.id} ({one.source}) are not used: {one.message}{again}")
    return lines
