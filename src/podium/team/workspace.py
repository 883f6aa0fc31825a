"""The folder an outside program works in: what its role may read, copied; a place for its deliverable; nothing else.

seats/<role>/home    the program's own home, kept: its sessions live there
seats/<role>/work    its working folder, emptied for each brief; `deliverable.json` goes there
             └ given   read-only inside: brief.json, schema.json, files/ (the role's paths of the campaign)
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from podium.records import Brief, Role, to_json
from podium.team import schema
from podium.team.reading import readable
from podium.team.roles import DELIVERABLE_OF, SCOPES

SEATS, GIVEN, DELIVERABLE = "seats", "given", "deliverable.json"
FILE_BYTES = 2_000_000  # a log that is longer is cut: an agent reads its end anyway
TOTAL_BYTES = 50_000_000
DELIVERABLE_BYTES = 4_000_000


@dataclass(frozen=True)
class Workspace:
    home: Path
    work: Path

    @property
    def given(self) -> Path:
        return self.work / GIVEN

    def fill(self, campaign: Path, brief: Brief) -> None:
        """Empty the working folder and lay out the brief, the deliverable's schema, and the role's files, newest state.

        Links are not followed: what is copied is a plain file at a path that the role may read.
        """
        _empty(self.work)
        self.given.mkdir(parents=True)
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o700)
        shown = SCOPES[brief.role].shown(brief.facts)
        _write(self.given / "brief.json", to_json(replace(brief, facts=shown, campaign=f"{GIVEN}/files")))
        _write(self.given / "schema.json", schema.of(DELIVERABLE_OF[brief.phase]))
        left = TOTAL_BYTES
        for path in reversed(readable(campaign, SCOPES[brief.role])):  # the newest rounds first, should room be short
            left -= _copy(campaign / path, self.given / "files" / path, min(FILE_BYTES, left))

    def handed_in(self) -> str:
        """The text of the deliverable that the program wrote; "" where it wrote none, or no plain file."""
        file = self.work / DELIVERABLE
        if file.is_symlink() or not file.is_file():
            return ""
        with file.open("rb") as opened:
            return opened.read(DELIVERABLE_BYTES + 1).decode(errors="replace")

    def lay(self, files: Mapping[str, Any]) -> None:
        """JSON files beside the brief, by path relative to the working folder."""
        for name, value in files.items():
            _write(self.work / name, value)

    def keep(self, settings: Mapping[str, Any]) -> None:
        """JSON files of the program's own home folder."""
        for name, value in settings.items():
            file = self.place(name)
            if file.is_dir() and not file.is_symlink():
                shutil.rmtree(file)
            file.unlink(missing_ok=True)  # whatever the program has made of it: a link outside, a pipe that blocks
            _write(file, value)

    def place(self, name: str) -> Path:
        """A path in the home folder whose parents are plain folders: a link that the program made there is removed."""
        here = self.home
        for part in Path(name).parts[:-1]:
            here.chmod(0o700)
            here = here / part
            if here.is_symlink() or (here.exists() and not here.is_dir()):
                here.unlink()
            here.mkdir(exist_ok=True)
        return self.home / name

    def take_back(self) -> None:
        """Remove a deliverable that was refused, so that the next one is new."""
        (self.work / DELIVERABLE).unlink(missing_ok=True)


def workspace(campaign: Path, role: Role) -> Workspace:
    folder = campaign / SEATS / role
    return Workspace(folder / "home", folder / "work")


def _copy(source: Path, target: Path, limit: int) -> int:
    """Copy the last `limit` bytes of a file; returns how many there were. What vanishes meanwhile is not copied."""
    if limit <= 0:
        return 0
    try:
        with source.open("rb") as opened:
            opened.seek(max(0, source.stat().st_size - limit))
            data = opened.read(limit)
    except OSError:
        return 0
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    return len(data)


def _empty(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        _open_up(folder)
        shutil.rmtree(folder)
    folder.mkdir(parents=True)


def _open_up(folder: Path) -> None:
    """Give back what a program may have taken from itself: folders that nobody may list cannot be removed."""
    folder.chmod(0o700)
    for here, names, _ in os.walk(folder):
        for name in names:
            if not (Path(here) / name).is_symlink():
                (Path(here) / name).chmod(0o700)


def _write(file: Path, value: object) -> None:
    file.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
