"""The folder platform: the competition's files lie in a folder, and submissions are written for a person to upload."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from podium.platforms.platform import Quota, RemoteSubmission


class Folder:
    """`public` holds the competition's files; what is submitted goes to `outbox/<tag>.csv`. Passes the conformance suite."""

    name = "folder"
    has_list = True

    def __init__(self, public: Path, outbox: Path) -> None:
        self._public, self._outbox = public, outbox

    def fetch(self, into: Path) -> Path:
        """The files are here already; `into` is left alone."""
        return self._public

    def submit(self, file: Path, tag: str, message: str) -> RemoteSubmission:
        self._outbox.mkdir(parents=True, exist_ok=True)
        target = self._outbox / f"{tag}.csv"
        part = target.with_suffix(".part")
        shutil.copyfile(file, part)
        part.replace(target)
        return self._listed(target)

    def submissions(self) -> list[RemoteSubmission]:
        return [self._listed(path) for path in sorted(self._outbox.glob("*.csv"))]

    def quota(self) -> Quota | None:
        return None

    def leaderboard(self) -> list[tuple[str, float]]:
        return []

    def select(self, ids: Sequence[str]) -> bool:
        return False  # a person uploads, and a person chooses

    @staticmethod
    def _listed(path: Path) -> RemoteSubmission:
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat()
        return RemoteSubmission(path.stem, path.stem, at, "complete")
