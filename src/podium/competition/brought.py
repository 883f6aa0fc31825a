"""What the user brings beside the data, by config.json: notes, predictions, a script. Checked here, copied by the campaign."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from podium.competition.config import Config, keys_used, moment, names, team
from podium.competition.folder import Contents, without
from podium.competition.scoring import Scoring
from podium.errors import IntakeError
from podium.records import Brought, Competition, Evidence

PATHS = ("existing_oof_dir", "best_pipeline_script", "scraper_path")
MOST_NOTES = 32
NOTE_BYTES = 256 << 10
NOTES_BYTES = 1 << 20  # of all together: a seat reads them within one context
SCRIPT_BYTES = 200_000  # as for every solution


def with_brought(competition: Competition, home: Path, config: Config, scoring: Scoring) -> Competition:
    """The competition with what the config brings, and its metric's name. Raises IntakeError: a path that is not there,
    a note that is no text or too long, a script that is no text."""
    brought = Brought(
        existing_oof_dir=_path(home, config, "existing_oof_dir", folder=True),
        use_imported=bool(config.get("use_imported", False)),
        deadline=moment(config["deadline"]).isoformat() if str(config.get("deadline", "")).strip() else None,
        best_pipeline_script=_path(home, config, "best_pipeline_script"),
        scraper_path=_path(home, config, "scraper_path"),
        run_scraper=bool(config.get("run_scraper", False)),
        kaggle_username=config.get("kaggle_username"),
        submission_time_zone=_zone(config),
        team=team(config),
    )
    if brought.best_pipeline_script is not None:
        read_text(Path(brought.best_pipeline_script), "best_pipeline_script", SCRIPT_BYTES)
    keys = keys_used(config)
    evidence = dict(competition.evidence)
    if keys:
        evidence["config_keys"] = Evidence(", ".join(keys), "config.json, flags and answers", 1.0)
    return dataclasses.replace(
        competition,
        metric_title=scoring.title,
        proxy_for=scoring.proxy_for,
        proxy_direction=scoring.proxy_direction,
        knowledge_files=_notes(home, config),
        brought=brought,
        evidence=evidence,
    )


def apart(contents: Contents, home: Path, config: Config) -> Contents:
    """The data folder's contents without what the config brings: predictions are no table to join, notes are no
    description."""
    given = [*names(config.get("knowledge_files")), *names(config.get("external_files"))]
    given += [*(str(config[key]) for key in PATHS if config.get(key))]
    return without(contents, [(home / name).resolve() for name in given])


def _path(home: Path, config: Config, key: str, *, folder: bool = False) -> str | None:
    value = config.get(key)
    if not value:
        return None
    path = (home / Path(str(value)).expanduser()).absolute()
    if not (path.is_dir() if folder else path.is_file()):
        raise IntakeError(
            f"no such {'folder' if folder else 'file'}: {path}",
            expected=f"{key} of config.json",
            remedy=f"correct {key}, or delete the line; it is relative to config.json",
        )
    return str(path.resolve())


def _notes(home: Path, config: Config) -> tuple[str, ...]:
    files = names(config.get("knowledge_files"))
    if len(files) > MOST_NOTES:
        raise IntakeError(
            "too many knowledge_files", expected=f"at most {MOST_NOTES}", found=str(len(files)), remedy="join some"
        )
    for name in files:
        if not (home / name).is_file():
            raise IntakeError(
                f"no knowledge file {name}",
                expected=f"a file below {home}",
                remedy="correct knowledge_files in config.json",
            )
        read_text(home / name, "knowledge file", NOTE_BYTES)
    total = sum((home / name).stat().st_size for name in files)
    if total > NOTES_BYTES:
        raise IntakeError(
            "knowledge_files are too long together", expected=f"at most {NOTES_BYTES:,} bytes", found=f"{total:,}",
            remedy="leave some out",
        )  # fmt: skip
    return tuple(str((home / name).resolve()) for name in files)


def read_text(path: Path, what: str, most: int) -> str:
    """UTF-8 text of at most `most` bytes. Raises IntakeError."""
    try:
        data = path.read_bytes()
        if len(data) > most:
            raise IntakeError(
                f"{what} {path.name} is too long", expected=f"at most {most:,} bytes", found=f"{len(data):,}",
                remedy="shorten it",
            )  # fmt: skip
        if b"\0" in data:
            raise IntakeError(f"{what} {path.name} is not text", expected="UTF-8", found="NUL bytes", remedy="drop it")
        return data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise IntakeError(
            f"cannot read {what} {path.name}", expected="UTF-8 text", found=str(problem), remedy="save it as UTF-8"
        ) from problem


def _zone(config: Config) -> str:
    """Raises IntakeError for a name that no time zone has."""
    name = str(config.get("submission_time_zone") or "UTC")
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError) as problem:
        raise IntakeError(
            "submission_time_zone is no time zone", expected="a name such as America/New_York", found=repr(name)
        ) from problem
    return name
