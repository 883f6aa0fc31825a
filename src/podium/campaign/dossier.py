"""What it takes to run a campaign's experiments anew, from a campaign's folder or from an unpacked bundle.

Nothing here writes: the dossier is read from the registry (or from `bundle.json`), the files stay where they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from podium.campaign import environment, solutions
from podium.campaign.environment import Environment
from podium.campaign.options import Options
from podium.errors import CampaignError, UserError
from podium.records import Competition, Hardware, from_json
from podium.registry import Registry
from podium.registry.experiments import Experiment
from podium.registry.external import External
from podium.registry.runs import RunRow

BUNDLE = "bundle.json"
VERSION = 1


@dataclass(frozen=True)
class Contents:
    """The facts alone, without a path of any machine. `environments`: of its engines, oldest first.

    `files`: name → sha256 of every file of a bundle; `data`: the same of the dealt data, also where they were left out.
    """

    competition: Competition
    options: Options
    hardware: Hardware
    sandbox_level: str
    experiments: tuple[Experiment, ...]
    runs: tuple[RunRow, ...]
    environments: tuple[Environment, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    external: tuple[External, ...] = ()  # data from elsewhere, with their credits
    version: int = VERSION


@dataclass(frozen=True)
class Dossier:
    """`folder`: where `runs/<experiment>/` lie. `data`: the dealt data."""

    folder: Path
    data: Path
    contents: Contents
    sources: Mapping[str, str]  # experiment → solution, as its hash says

    def experiment(self, id_: str) -> Experiment:
        """Raises UserError where there is none of this name."""
        found = next((one for one in self.contents.experiments if one.id == id_), None)
        if found is None:
            known = ", ".join(one.id for one in self.contents.experiments[-5:]) or "none yet"
            raise UserError("there is no such experiment", expected=known, found=repr(id_))
        return found

    def runs(self, id_: str) -> list[RunRow]:
        return [run for run in self.contents.runs if run.experiment == id_]


def read(folder: Path, data: Path | None = None) -> Dossier:
    """Of a campaign's folder, or of an unpacked bundle. `data`: dealt data from elsewhere, for a bundle without its own.

    Raises CampaignError for another folder, a damaged bundle, or data that are not those the bundle was made from.
    """
    if not (folder / BUNDLE).is_file():
        return _of_campaign(folder)
    return _of_bundle(folder, data)


def contents(registry: Registry) -> Contents:
    return Contents(
        competition=from_json(Competition, registry.setting("competition")),
        options=from_json(Options, registry.setting("options")),
        hardware=from_json(Hardware, registry.setting("hardware")),
        sandbox_level=str(registry.setting("sandbox_level") or ""),
        experiments=tuple(registry.experiments.all()),
        runs=tuple(run for one in registry.experiments.all() for run in registry.runs.of(one.id)),
        environments=environment.recorded(registry),
        external=tuple(registry.external.all()),
    )


def _of_campaign(folder: Path) -> Dossier:
    registry = Registry.open(folder)
    try:
        if registry.setting("created") is not True:
            raise CampaignError(f"{folder} was never completed", remedy="give the command that began it once more")
        found = contents(registry)
        sources = {
            one.id: solutions.recorded(registry, folder / "runs" / one.id / "solution.py", one)
            for one in found.experiments
        }
    finally:
        registry.close()
    return Dossier(folder.resolve(), folder.resolve() / "data", found, sources)


def parse(text: str) -> Contents:
    """Raises ValueError naming the field that does not fit."""
    return from_json(Contents, json.loads(text))


def _of_bundle(folder: Path, data: Path | None) -> Dossier:
    try:
        found = parse((folder / BUNDLE).read_text("utf-8"))
    except ValueError as problem:
        raise CampaignError(f"{folder / BUNDLE} cannot be used", found=str(problem), remedy="export it again") from None
    if found.version > VERSION:
        raise CampaignError(f"{folder} was exported by a newer Podium", remedy="upgrade Podium")
    sources = {}
    for one in found.experiments:
        path = folder / "runs" / one.id / "solution.py"
        text = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(text).hexdigest() != one.solution_sha:
            raise CampaignError(f"{path} is not the solution that was exported", remedy="unpack the bundle again")
        sources[one.id] = text.decode()
    dealt = _data_folder(folder, data)
    _check_data(dealt, found.data)
    return Dossier(folder.resolve(), dealt.resolve(), found, sources)


def _data_folder(folder: Path, data: Path | None) -> Path:
    own = folder / "data"
    if data is None and not (own / "dataset.json").is_file():
        raise CampaignError(
            f"{folder} was exported without its data",
            remedy="deal them (`podium init PATH --campaign DIR`, same seed), then add --data DIR",
        )
    if data is None:
        return own
    return data / "data" if (data / "data").is_dir() else data


def _check_data(folder: Path, wanted: Mapping[str, str]) -> None:
    """The dealt data are those that the predictions were made from. Raises CampaignError."""
    for name, sha in wanted.items():
        path = folder / name
        if not path.is_file() or sha256(path) != sha:
            raise CampaignError(
                f"{path} is not the file that the bundle was made with",
                expected=f"sha256 {sha[:12]}",
                found="no such file" if not path.is_file() else sha256(path)[:12],
                remedy="unpack the bundle again, or deal the data from the same files with the same seed",
            )


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


__all__ = ["BUNDLE", "Contents", "Dossier", "contents", "parse", "read", "sha256"]
