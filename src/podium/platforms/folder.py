"""The folder platform: the competition's files lie in a folder, and submissions are written for a person to upload."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from podium import whole
from podium.platforms.platform import Quota, RemoteSubmission

NOTE = """Upload: {file}
Message: {message}

The message begins with the mark by which this file is known. Upload it once, then bring the score back:

    podium submit {campaign} --tag {tag} --score S
"""


class Folder:
    """`public` holds the competition's files; what is submitted goes to `outbox/<tag>.csv`, with a note beside it that says
    what to upload, and with which message. Passes the conformance suite."""

    name = "folder"
    has_list = True
    settles_s = 0.0  # the outbox is the list

    def __init__(self, public: Path, outbox: Path) -> None:
        self._public, self._outbox = public, outbox

    def fetch(self, into: Path) -> Path:
        """The files are here already; `into` is left alone."""
        return self._public

    def submit(self, file: Path, tag: str, message: str) -> RemoteSubmission:
        """The note first: a file in the outbox always has one."""
        self._outbox.mkdir(parents=True, exist_ok=True)
        target = self._outbox / f"{tag}.csv"
        line = " ".join(f"{tag} {message}".split())
        note = NOTE.format(file=target.name, message=line, campaign=self._outbox.parent.absolute(), tag=tag)
        whole.write(target.with_suffix(".txt"), note)
        whole.write(target, file.read_bytes())
        return self._listed(target)

    def submissions(self) -> list[RemoteSubmission]:
        listed = [self._listed(path) for path in sorted(self._outbox.glob("*.csv"))]
        return sorted(listed, key=lambda remote: remote.at)

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
