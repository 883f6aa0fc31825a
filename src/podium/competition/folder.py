"""Which file is what: train, test, sample submission, description, knowledge and attached files of a competition."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from podium.competition.table import format_of
from podium.errors import IntakeError

DESCRIPTIONS = ("description", "overview", "competition", "readme", "task", "about")
DESCRIPTION_SUFFIXES = (".md", ".txt", ".html", ".htm", ".rst")
MEDIA_SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".dcm")
AUDIO_SUFFIXES = (".wav", ".mp3", ".flac", ".ogg", ".aif", ".aiff")
_SAMPLE = re.compile(r"sample.?(sub|sol|pred|ent)|submission|sample$|^sample")
_TRAIN = re.compile(r"(^|[^a-z])(train|training|trn|learn)([^a-z]|$)")
_TEST = re.compile(r"(^|[^a-z])(test|testing|tst|holdout|eval|evaluation|private|score|scoring)([^a-z]|$)")
_NOT_FEATURES = re.compile(r"label|target|answer|solution|supplement|extra|meta|dict|desc")


@dataclass(frozen=True)
class Contents:
    """What a data folder holds. References are relative to `folder`, with `/`; tables may be members of archives."""

    folder: Path
    tables: tuple[str, ...]
    texts: tuple[str, ...]
    attached: Mapping[str, tuple[str, ...]]  # folder of files that are no tables → their references


def look(folder: Path) -> Contents:
    """Every file under `folder`, hidden ones apart. Raises IntakeError: no such folder, nothing in it."""
    if not folder.exists():
        raise IntakeError(f"no such folder: {folder}", expected="a competition's data", remedy="check the path")
    tables: list[str] = []
    texts: list[str] = []
    attached: dict[str, list[str]] = {}
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith((".", "__MACOSX")))
        below = Path(here).relative_to(folder).as_posix()
        crowd = len(files) > 200  # hundreds of files in one folder are data of rows, not tables
        for name in sorted(f for f in files if not f.startswith(".")):
            ref = name if below == "." else f"{below}/{name}"
            if name.lower().endswith(DESCRIPTION_SUFFIXES) and not crowd:
                texts.append(ref)
            if name.lower().endswith(".zip") and format_of(ref) is None:
                tables += _members(folder, ref)
            elif format_of(ref) and not crowd and name != "config.json":
                tables.append(ref)
            else:
                attached.setdefault(below, []).append(ref)
    if not (tables or texts or attached):
        raise IntakeError(
            f"{folder} is empty", expected="train, test and sample submission", remedy="unpack the data there"
        )
    return Contents(folder, tuple(tables), tuple(texts), {k: tuple(v) for k, v in attached.items()})


def _members(folder: Path, ref: str) -> list[str]:
    try:
        with zipfile.ZipFile(folder / ref) as archive:
            members = [m for m in archive.namelist() if format_of(m) and not m.startswith("__MACOSX")]
    except (zipfile.BadZipFile, OSError) as error:
        raise IntakeError(
            f"{ref} is damaged or truncated",
            expected="a whole zip archive",
            found=str(error),
            remedy="download it again",
        ) from error
    return [f"{ref}/{m}" for m in members] if len(members) <= 50 else []


@dataclass(frozen=True)
class TableFiles:
    train: str
    test: str
    sample: str  # "" where there is none


def choose_tables(contents: Contents, config: Mapping[str, str]) -> TableFiles:
    """Train, test and sample by name; `train_file`, `test_file`, `sample_file` of the config decide where given.

    Raises IntakeError: none, or several that fit equally well.
    """
    chosen: dict[str, str] = {}
    for role in ("train", "test", "sample"):
        given = config.get(f"{role}_file", "")
        if given:
            if not (contents.folder / given).exists() and given not in contents.tables:
                raise IntakeError(
                    f"no file {given}",
                    expected=f"the config's {role}_file",
                    found=", ".join(contents.tables[:12]) or "no table",
                )
            chosen[role] = given
    by_role = {role: [t for t in contents.tables if _role(t) == role] for role in ("train", "test", "sample")}
    for role in ("train", "test", "sample"):
        if role not in chosen:
            chosen[role] = _one(role, by_role[role], contents)
    return TableFiles(chosen["train"], chosen["test"], chosen["sample"])


def _stem(ref: str) -> str:
    name = ref.rsplit("/", 1)[-1].lower()
    return re.sub(r"\.(gz|zip|bz2)$", "", name).rsplit(".", 1)[0]


def _role(ref: str) -> str | None:
    stem = re.sub(r"[^a-z0-9]+", "_", _stem(ref))
    if _SAMPLE.search(stem):
        return "sample"
    if stem in ("train", "training") or _TRAIN.search(stem):
        return None if format_of(ref) == "txt" else "train"
    if stem in ("test", "testing") or _TEST.search(stem):
        return None if format_of(ref) == "txt" else "test"
    return None


def _one(role: str, found: list[str], contents: Contents) -> str:
    if len(found) > 1:
        found = _best(role, found)
    if len(found) == 1:
        return found[0]
    if not found and role == "sample":
        return ""
    names = {"train": "train.csv", "test": "test.csv", "sample": "sample_submission.csv"}
    if not found:
        raise IntakeError(
            f"no {role} table in {contents.folder}",
            expected=f"a file like {names[role]}",
            found=", ".join(contents.tables[:8]) or "no table at all",
            remedy=f"name it with `{role}_file` in config.json",
        )
    raise IntakeError(
        f"several {role} tables", found=", ".join(found), remedy=f"name the right one with `{role}_file` in config.json"
    )


def _best(role: str, found: list[str]) -> list[str]:
    """The plainest name wins: `train.csv` before `train_extra.csv`, a shallow one before a deep one, csv before its zip."""
    plain = [f for f in found if _stem(f) in (role, f"{role}ing", "sample_submission", "samplesubmission")]
    found = plain or [f for f in found if not _NOT_FEATURES.search(_stem(f))] or found
    depth = min(f.count("/") for f in found)
    found = [f for f in found if f.count("/") == depth]
    if len({_stem(f) for f in found}) == 1:
        return sorted(found, key=lambda f: (f.endswith((".zip", ".gz")), f))[:1]
    return found


def find_description(contents: Contents) -> str:
    """The reference of the description; "" where there is none."""
    ranked = sorted((DESCRIPTIONS.index(_stem(t)), t.count("/"), t) for t in contents.texts if _stem(t) in DESCRIPTIONS)
    return ranked[0][2] if ranked else ""
