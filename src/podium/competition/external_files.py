"""Data from elsewhere that the user names in config.json (`external_files`) or keeps in `external/` beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from podium.competition import archives, external_pictures
from podium.competition.config import Config, names
from podium.competition.table import format_of
from podium.errors import IntakeError

FOLDER = "external"
MOST = 32


def with_folder(config: Config, home: Path) -> Config:
    """The config with `external/` among its `external_files`, where there is such a folder beside it."""
    named = names(config.get("external_files"))
    if FOLDER in (name.rstrip("/") for name in named) or not (home / FOLDER).is_dir():
        return config
    return {**config, "external_files": [*named, FOLDER]}


def external_files(config: Config, home: Path, rule: str, why: str, *, pictures: bool = False) -> tuple[str, ...]:
    """Absolute paths of the named sources, those of folders in order of name: tables; where rows of the competition have
    `pictures`, folders and archives of pictures too.

    Raises IntakeError: the rules forbid them, one is missing or is nothing of the kind, too many."""
    found: list[Path] = []
    for name in names(config.get("external_files")):
        path = (home / Path(name).expanduser()).absolute()
        if path.is_dir() or (path.is_file() and _is_source(path, pictures)):
            found += _sources(path, pictures)
        else:
            raise IntakeError(
                f"no such table: {path}",
                expected="external_files of config.json: a table, or a folder of tables"
                + ("; pictures in a folder or an archive" if pictures else ""),
                found="nothing there" if not path.exists() else "a file of another kind",
                remedy="correct external_files; it is relative to config.json",
            )
    if found and rule == "no":
        raise IntakeError(
            "external data are named, and the rules forbid them",
            found=why,
            remedy="delete external_files (and external/); where the rules were misread, set `external_data` to yes",
        )
    if len(found) > MOST:
        raise IntakeError(
            "too many external_files", expected=f"at most {MOST}", found=str(len(found)), remedy="join some"
        )
    return tuple(str(path.resolve()) for path in dict.fromkeys(found))


def _is_source(path: Path, pictures: bool) -> bool:
    return format_of(path.name) is not None or (pictures and external_pictures.has_pictures(path))


def _sources(path: Path, pictures: bool) -> Iterator[Path]:
    """A file is one; of a folder every table, and each folder in it whose pictures come with their labels; else the folder
    itself, with all its pictures and tables, is one."""
    if path.is_file():
        yield path
        return
    inside = sorted(one for one in path.iterdir() if not one.name.startswith("."))
    if not pictures or not external_pictures.has_pictures(path):
        yield from (one for one in sorted(path.rglob("*")) if one.is_file() and format_of(one.name) is not None)
    elif all(_complete(one) for one in inside if external_pictures.has_pictures(one)):
        yield from (one for one in inside if external_pictures.has_pictures(one) or _is_table(one))
    else:
        yield path


def _complete(path: Path) -> bool:
    """Whether pictures lie there together with what labels them: a table, or folders of their own. An archive does."""
    if path.is_file():
        return archives.is_archive(path.name)
    inside = list(path.iterdir())
    return any(_is_table(one) or (one.is_dir() and external_pictures.has_pictures(one)) for one in inside)


def _is_table(path: Path) -> bool:
    return path.is_file() and format_of(path.name) is not None
