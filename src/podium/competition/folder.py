"""Which file is what: train, test, sample submission, labels, side tables, description and attached files."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from podium.competition import archives, spreadsheet
from podium.competition.naming import find_description, find_roles, neutral, stem_of
from podium.competition.table import BOOKS, format_of, header
from podium.errors import Ambiguous, IntakeError
from podium.records import Competition

__all__ = [
    "AUDIO_SUFFIXES", "MEDIA_SUFFIXES", "Contents", "TableFiles", "choose_tables", "find_description", "look", "look_at",
    "without",
]  # fmt: skip

DESCRIPTION_SUFFIXES = (".md", ".txt", ".html", ".htm", ".rst")
MEDIA_SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".dcm")
AUDIO_SUFFIXES = (".wav", ".mp3", ".flac", ".ogg", ".aif", ".aiff")
CROWD = 200  # more files than this in one folder are data of rows, not tables
MOST_SIDES = 24
_NOT_SIDE = re.compile(
    r"label|target|answer|solution|truth|submission|benchmark|sample|supplement|dictionary|desc|leaderboard"
    r"|(^|_)(folds?|oof|preds?|predictions?|config|schema)(_|$)"
)


@dataclass(frozen=True)
class Contents:
    """What a data folder holds. References are relative to `folder`, with `/`; they may lead on into archives."""

    folder: Path
    tables: tuple[str, ...]
    texts: tuple[str, ...]
    attached: Mapping[str, tuple[str, ...]]  # folder of files that are no tables → their references


def look(folder: Path) -> Contents:
    """Every file under `folder` and in its archives, hidden ones apart. Raises IntakeError: no such folder, nothing in
    it, a link that leads out of it, an archive that is damaged or not to be trusted."""
    if not folder.exists():
        raise IntakeError(f"no such folder: {folder}", expected="a competition's data", remedy="check the path")
    by_folder: dict[str, list[str]] = {}
    root = folder.resolve()
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith((".", "__MACOSX")))
        below = Path(here).relative_to(folder).as_posix()
        for name in (*folders, *files):
            _refuse_link(Path(here, name), root)
        for name in sorted(f for f in files if not f.startswith(".")):
            ref = name if below == "." else f"{below}/{name}"
            if archives.is_archive(name) and not _unpacked_beside(name, folders, files):
                for member in archives.members(folder / ref, ref):
                    inside = f"{ref}/{member.name}"
                    by_folder.setdefault(inside.rpartition("/")[0], []).append(inside)
            else:
                by_folder.setdefault(below, []).append(ref)
    return _sorted_out(folder, by_folder)


def look_at(competition: Competition) -> Contents:
    """The competition's data folder, without what its user keeps there beside the host's data: files from elsewhere."""
    return without(look(Path(competition.data_dir)), map(Path, competition.brought.external_files))


def without(contents: Contents, paths: Iterable[Path]) -> Contents:
    """The contents less these files and folders (absolute), and all that lies in them."""
    root = contents.folder.resolve()
    below = [path.relative_to(root).as_posix() for path in paths if root in path.parents]

    def kept(refs: Iterable[str]) -> tuple[str, ...]:
        return tuple(ref for ref in refs if not any(ref == name or ref.startswith(f"{name}/") for name in below))

    attached = {folder: left for folder, refs in contents.attached.items() if (left := kept(refs))}
    return replace(contents, tables=kept(contents.tables), texts=kept(contents.texts), attached=attached)


def _sorted_out(folder: Path, by_folder: Mapping[str, list[str]]) -> Contents:
    tables: list[str] = []
    texts: list[str] = []
    attached: dict[str, list[str]] = {}
    for below, refs in by_folder.items():
        crowd = len(refs) > CROWD
        for ref in refs:
            name = ref.rsplit("/", 1)[-1]
            if name.lower().endswith(DESCRIPTION_SUFFIXES) and not crowd and (folder / ref).is_file():
                texts.append(ref)
            if format_of(ref) and not crowd and name != "config.json":
                tables += _sheets(folder, ref)
            else:
                attached.setdefault(below, []).append(ref)
    if not (tables or texts or attached):
        raise IntakeError(
            f"{folder} is empty", expected="train, test and sample submission", remedy="unpack the data there"
        )
    return Contents(folder, tuple(tables), tuple(texts), {k: tuple(v) for k, v in attached.items()})


def _refuse_link(path: Path, root: Path) -> None:
    if path.is_symlink() and not path.resolve().is_relative_to(root):
        raise IntakeError(
            f"{path.relative_to(root) if path.is_relative_to(root) else path.name} is a link out of the folder",
            expected="files of the competition",
            found=f"a link to {path.readlink()}",
            remedy="copy the file there, or remove the link",
        )


def _unpacked_beside(name: str, folders: list[str], files: list[str]) -> bool:
    """`train.zip` where `train/` or, for `train.csv.zip`, `train.csv` lies beside it."""
    plain = archives.ARCHIVE.sub("", name)
    return plain in folders or (plain in files and plain != name)


def _sheets(folder: Path, ref: str) -> list[str]:
    """A workbook of several sheets is several tables."""
    path = folder / ref
    if not ref.lower().endswith(BOOKS) or not path.is_file():
        return [ref]
    at = path.stat()
    names = _sheet_names(path, at.st_mtime_ns, ref)
    return [f"{ref}/{name}" for name in names] if len(names) > 1 else [ref]


@functools.lru_cache(maxsize=16)
def _sheet_names(path: Path, mtime_ns: int, ref: str) -> tuple[str, ...]:
    try:
        return tuple(spreadsheet.sheets(ref, path))
    except IntakeError:
        return ()  # told when it is read, if it is


# ---------------------------------------------------------------- roles


@dataclass(frozen=True)
class TableFiles:
    """References by role. `labels`: a table with the target of train's rows, to be joined to them. `sides`: tables that
    may be joined by a key; a pair for train and test is two references of one `neutral` name."""

    train: str
    test: str
    sample: str  # "" where there is none
    labels: str = ""
    sides: tuple[str, ...] = ()
    one_in: int = 0  # of so many rows of train, one is read; 0: to be told by the memory there is

    @classmethod
    def of(cls, competition: Competition) -> TableFiles:
        """As intake chose them."""
        c = competition
        return cls(c.train_file, c.test_file, c.sample_file, c.labels_file, c.table_files, c.train_one_in)


def choose_tables(contents: Contents, config: Mapping[str, str]) -> TableFiles:
    """Roles by name, then by columns; `train_file`, `test_file`, `sample_file` of the config decide where given.

    Raises IntakeError: none, or several that fit equally well.
    """
    roles = find_roles(contents.tables)
    chosen = {role: _given(role, config, contents) for role in ("train", "test", "sample", "labels")}
    for role in ("sample", "labels"):
        chosen[role] = chosen[role] or _optional(role, roles.get(role, []), contents)
    if not chosen["train"] and not roles.get("train") and chosen["labels"]:
        chosen["train"], chosen["labels"] = chosen["labels"], ""  # a table of ids and labels is all that train has
    if not chosen["train"] and not chosen["test"]:
        chosen.update(_pair(roles, contents))
    for role in ("train", "test"):
        if role == "test" and not chosen["test"] and not roles.get("test") and _sample_names_test(chosen, contents):
            chosen["test"] = chosen["sample"]
        found = (
            _with_answer(roles.get(role, []), chosen["sample"], contents) if role == "train" else roles.get(role, [])
        )
        chosen[role] = chosen[role] or _one(role, found, contents)
    sides = _sides(contents, tuple(ref for ref in chosen.values() if ref))
    return TableFiles(chosen["train"], chosen["test"], chosen["sample"], chosen["labels"], sides)


def _with_answer(found: list[str], sample: str, contents: Contents) -> list[str]:
    """Of several train tables, the one that has what the sample submission asks for: an unlabelled one has not."""
    asked = set(header(contents.folder, sample)[1:]) if sample and len(found) > 1 else set()
    fits = [ref for ref in found if asked and asked <= set(header(contents.folder, ref))]
    return fits if len(fits) == 1 else found


def _given(role: str, config: Mapping[str, str], contents: Contents) -> str:
    given = config.get(f"{role}_file", "")
    if given and not (contents.folder / given).exists() and given not in contents.tables:
        raise IntakeError(
            f"no file {given}",
            expected=f"the config's {role}_file",
            found=", ".join(contents.tables[:12]) or "no table",
        )
    return given


def _optional(role: str, found: list[str], contents: Contents) -> str:
    """The sample or labels table; "" where there is none. Several tables of labels are told apart by their columns."""
    if role == "sample" or not found:
        return _one(role, found, contents) if found else ""
    best = _best(role, found)
    if len(best) == 1:
        return best[0]
    asked = [header(contents.folder, ref) for ref in find_roles(contents.tables).get("sample", [])[:1]]
    fits = [ref for ref in best if asked and set(asked[0]) <= set(header(contents.folder, ref))]
    return fits[0] if len(fits) == 1 else ""


def _pair(roles: Mapping[str, list[str]], contents: Contents) -> dict[str, str]:
    """Of several pairs (`train_transaction`, `train_identity` with their tests), the one whose train has more columns."""
    pairs = [(a, b) for a in roles.get("train", []) for b in roles.get("test", []) if neutral(a) == neutral(b)]
    if len(pairs) < 2 or len(_best("train", roles["train"])) == 1:
        return {}
    wider = [(a, b) for a, b in pairs if set(header(contents.folder, a)) - set(header(contents.folder, b))]
    return {"train": wider[0][0], "test": wider[0][1]} if len(wider) == 1 else {}


def _sample_names_test(chosen: Mapping[str, str], contents: Contents) -> bool:
    """Whether the sample's ids stand for test: side tables hold what is known of its rows."""
    if not chosen["sample"]:
        return False
    key = header(contents.folder, chosen["sample"])[0]
    sides = _sides(contents, tuple(ref for ref in chosen.values() if ref))
    return any(key in header(contents.folder, side) for side in sides)


def _one(role: str, found: list[str], contents: Contents) -> str:
    if len(found) > 1:
        found = _best(role, found)
    if len(found) == 1:
        return found[0]
    names = {"train": "train.csv", "test": "test.csv", "sample": "sample_submission.csv", "labels": "labels.csv"}
    if not found:
        raise IntakeError(
            f"no {role} table in {contents.folder}",
            expected=f"a file like {names[role]}",
            found=", ".join(contents.tables[:8]) or "no table at all",
            remedy=f"name it with `{role}_file` in config.json",
        )
    raise Ambiguous(
        f"several {role} tables",
        key=f"{role}_file",
        choices={ref: ", ".join(header(contents.folder, ref)[:8]) for ref in found[:20]},
        remedy=f"name the right one with `{role}_file` in config.json",
    )


def _best(role: str, found: list[str]) -> list[str]:
    """The plainest name wins: `train.csv` before `train_extra.csv`, a shallow one before a deep one, csv before its zip."""
    plain = [
        f for f in found if stem_of(f) in (role, f"{role}ing", f"{role}ing_set", f"{role}_set", "sample_submission")
    ]
    plain = plain or [f for f in found if re.search(r"(^|_)(x|features?|data|set|values)(_|$)", stem_of(f))]
    extra = re.compile(r"supplement|extra|meta|dict|desc|small|tiny|mini|toy|example|augment|synthetic|pseudo")
    found = plain or [f for f in found if not extra.search(stem_of(f))] or found
    depth = min(f.count("/") for f in found)
    found = [f for f in found if f.count("/") == depth]
    if len({stem_of(f) for f in found}) == 1:
        return sorted(found, key=lambda f: (archives.is_archive(f) or archives.is_packed(f), f))[:1]
    return found


def _sides(contents: Contents, chosen: tuple[str, ...]) -> tuple[str, ...]:
    """Tables that no role claims, and that are not the same table in another format. More than a few are data of rows."""
    taken = {(str(PurePosixPath(ref).parent), stem_of(ref)) for ref in chosen}
    sides: dict[tuple[str, str], str] = {}
    for ref in contents.tables:
        stem = stem_of(ref)
        key = (str(PurePosixPath(ref).parent), stem)
        if (
            key in taken
            or stem in {s for _, s in taken}
            or _NOT_SIDE.search(stem)
            or format_of(ref) in ("txt", "dat", "data")
        ):
            continue
        sides.setdefault(key, ref)
    return tuple(sides.values()) if len(sides) <= MOST_SIDES else ()
