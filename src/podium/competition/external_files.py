"""Files from elsewhere that the user names in config.json (`external_files`) or keeps in `external/` beside it."""

from __future__ import annotations

from pathlib import Path

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


def external_files(config: Config, home: Path, rule: str, why: str) -> tuple[str, ...]:
    """Absolute paths of the named tables, those of folders in order of name.

    Raises IntakeError: the rules forbid them, one is missing or is no table, too many."""
    found: list[Path] = []
    for name in names(config.get("external_files")):
        path = (home / Path(name).expanduser()).absolute()
        if path.is_dir():
            found += [p for p in sorted(path.rglob("*")) if p.is_file() and format_of(p.name) is not None]
        elif path.is_file() and format_of(path.name) is not None:
            found.append(path)
        else:
            raise IntakeError(
                f"no such table: {path}",
                expected="external_files of config.json: a table, or a folder of tables",
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
