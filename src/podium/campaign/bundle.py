"""A campaign as one file that reproduces elsewhere: facts, solutions, predictions, dealt data; no path, no credential.

<slug>/bundle.json         what `podium reproduce` reads: `dossier.Contents`, with a sha256 of every file
<slug>/registry.json       the registry's export, for people and programs
<slug>/config.json         the competition as understood, paths left out
<slug>/requirements.txt    the versions of the newest engine
<slug>/runs/<experiment>/  solution.py, <run>/predictions.npy
<slug>/data/               the dealt data, unless they are left out
<slug>/external/           what runs were dealt of data from elsewhere, likewise; credits.txt names sources and licences
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import re
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from podium.campaign import dossier
from podium.campaign.dossier import BUNDLE, Contents, sha256
from podium.campaign.environment import LIBRARIES
from podium.campaign.external.sources import FOLDER as EXTERNAL
from podium.campaign.external.sources import credit
from podium.campaign.reproduce import COMPARED, MADE_ANEW
from podium.competition.dataset import MARK
from podium.errors import CampaignError, UserError
from podium.records import Brought, Competition, dumps, to_json
from podium.registry import Registry

SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL)S?$")
SECRET_LOOK = re.compile(r"\b(sk-[A-Za-z0-9_-]{16,}|gh[pousr]_\w{20,}|hf_\w{20,}|AKIA[0-9A-Z]{16}|KGAT_\w{16,})")
LEAST_SECRET = 8  # characters below which a value is no secret but a word


def write(campaign: Path, file: Path, *, with_data: bool = True) -> dict[str, str]:
    """Write the bundle, whole or not at all; returns name → sha256 of what it holds. Raises CampaignError, UserError.

    What must not leave this machine is cut from texts. A solution, which is known by its hash, is never edited: one that
    names a folder of this machine or holds a credential raises UserError.
    """
    kept = dossier.read(campaign)
    if (campaign / BUNDLE).is_file():
        raise CampaignError(f"{campaign} is a bundle already", remedy="export the campaign's own folder")
    scrub = Scrub.of(campaign, kept.contents.competition)
    texts = _texts(campaign, kept.contents, scrub)
    for id_, source in kept.sources.items():
        if scrub(source) != source:
            raise UserError(
                f"the solution of {id_} names a folder of this machine or holds a credential",
                found=_first_change(source, scrub(source)),
                remedy="a bundle cannot change what was run; leave it here, or run the experiment anew without it",
            )
        texts[f"runs/{id_}/solution.py"] = source
    data = {name: path for name, path in _data_files(kept.data) if name != MARK}  # MARK names the competition's folder
    files = dict(_predictions(kept.folder, kept.contents))
    if with_data:
        files.update({f"data/{name}": path for name, path in data.items()})
        files.update(_external(kept.folder, kept.contents))
        texts[f"data/{MARK}"] = _strip_dataset(kept.data, kept.contents.competition, scrub)
    hashes = {name: sha256(path) for name, path in files.items()}
    hashes.update({name: _sha(text.encode()) for name, text in texts.items()})
    contents = dataclasses.replace(
        _without_paths(kept.contents, scrub), files=hashes, data={name: sha256(path) for name, path in data.items()}
    )
    texts[BUNDLE] = dumps(contents)
    _pack(file, kept.contents.competition.competition, texts, files)
    return hashes


def unpack(file: Path, into: Path) -> Path:
    """The bundle's folder, below `into`. Raises CampaignError where the file is no bundle."""
    try:
        with tarfile.open(file) as archive:
            archive.extractall(into, filter="data")
    except (tarfile.TarError, OSError, EOFError) as problem:
        raise CampaignError(f"{file} is not a bundle", found=str(problem), remedy="export it again") from problem
    found = [path.parent for path in sorted(into.glob(f"*/{BUNDLE}"))]
    if not found:
        raise CampaignError(f"{file} is not a bundle", expected=f"a folder with {BUNDLE}", remedy="export it again")
    return found[0]


@dataclasses.dataclass(frozen=True)
class Scrub:
    """Takes folders of this machine and credentials out of a text."""

    replaced: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, campaign: Path, competition: Competition) -> Scrub:
        """Longest first: a campaign's folder may lie in the home folder."""
        places = {
            str(campaign.resolve()): "<campaign>",
            str(campaign.absolute()): "<campaign>",
            str(Path(competition.data_dir).absolute()): "<competition>",
            str(Path.home()): "<home>",
        }
        secrets = {
            value: f"<{name}>"
            for name, value in os.environ.items()
            if SECRET_NAME.search(name) and len(value) >= LEAST_SECRET
        }
        known = {place: word for place, word in {**places, **secrets}.items() if len(place) > 1}
        return cls(tuple(sorted(known.items(), key=lambda pair: -len(pair[0]))))

    def __call__(self, text: str) -> str:
        for place, word in self.replaced:
            text = text.replace(place, word)
        return SECRET_LOOK.sub("<credential>", text)


def _texts(campaign: Path, contents: Contents, scrub: Scrub) -> dict[str, str]:
    registry = Registry.open(campaign)
    try:
        exported = json.dumps(registry.export(), indent=1, ensure_ascii=False)
    finally:
        registry.close()
    config = json.dumps(to_json(_competition(contents.competition)), indent=2, ensure_ascii=False)
    versions = contents.environments[-1].versions if contents.environments else {}
    pins = [f"{name}=={versions[name]}" for name in LIBRARIES if name in versions]
    head = [f"# {name} {versions[name]}" for name in ("python", "machine") if name in versions]
    credits = [line for one in contents.external if (line := credit(one))]
    beside = {f"{EXTERNAL}/credits.txt": scrub("\n".join(credits) + "\n")} if credits else {}
    return beside | {
        "registry.json": scrub(exported),
        "config.json": scrub(config),
        "requirements.txt": "\n".join([*head, *pins]) + "\n",
    }


def _competition(competition: Competition) -> Competition:
    """Without what belongs to this machine or its user."""
    return dataclasses.replace(competition, data_dir="", brought=Brought(deadline=competition.brought.deadline))


def _without_paths(contents: Contents, scrub: Scrub) -> Contents:
    text = scrub(dumps(dataclasses.replace(contents, competition=_competition(contents.competition))))
    return dossier.parse(text)


def _strip_dataset(data: Path, competition: Competition, scrub: Scrub) -> str:
    meta = json.loads((data / MARK).read_text("utf-8"))
    meta["competition"] = to_json(_competition(competition))
    return scrub(json.dumps(meta, ensure_ascii=False))


def _data_files(data: Path) -> Iterator[tuple[str, Path]]:
    """Name within the data folder → file, without what is derived from the others."""
    for path in sorted(data.rglob("*")):
        name = path.relative_to(data)
        if path.is_file() and name.parts[0] not in MADE_ANEW:
            yield name.as_posix(), path


def _external(folder: Path, contents: Contents) -> Iterator[tuple[str, Path]]:
    """What runs were dealt of data from elsewhere; not the files as they came, which are their owners' to hand on."""
    for one in contents.external:
        for path in sorted((folder / EXTERNAL / one.id).glob("*.arrow")):
            yield f"{EXTERNAL}/{one.id}/{path.name}", path


def _predictions(folder: Path, contents: Contents) -> Iterator[tuple[str, Path]]:
    for run in contents.runs:
        path = folder / run.folder / "predictions.npy"
        if run.part.startswith(COMPARED) and path.is_file():
            yield f"{run.folder}/predictions.npy", path


def _pack(file: Path, slug: str, texts: Mapping[str, str], files: Mapping[str, Path]) -> None:
    """Same campaign, same bytes: names in order, no times, no owners. Raises CampaignError where it cannot be written."""
    root = PurePosixPath(re.sub(r"[^A-Za-z0-9._-]+", "-", slug).strip(".-") or "campaign")
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(part, "w:gz", compresslevel=6) as archive:
            for name in sorted({*texts, *files}):
                data = texts[name].encode() if name in texts else None
                size = files[name].stat().st_size if data is None else len(data)
                entry = tarfile.TarInfo(str(root / name))
                entry.size, entry.mode = size, 0o644
                with io.BytesIO(data) if data is not None else files[name].open("rb") as content:
                    archive.addfile(entry, content)
        part.replace(file)
    except OSError as problem:
        part.unlink(missing_ok=True)
        raise CampaignError(
            f"{file} cannot be written ({problem.strerror})", remedy="choose another with -o"
        ) from problem


def _first_change(before: str, after: str) -> str:
    pairs = zip(before.splitlines(), after.splitlines(), strict=False)
    return next((f"line {n}: {b.strip()[:60]}" for n, (a, b) in enumerate(pairs, 1) if a != b), "a folder")


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


__all__ = ["Scrub", "unpack", "write"]
