"""Uploaded files on disk: whole and safe before their row is written, found by the row's id, swept where no row came."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from podium.arena.errors import BadFile, TooLarge

CHUNK = 1 << 20


@dataclass(frozen=True)
class Upload:
    path: Path
    sha256: str
    bytes: int


class Uploads:
    """`<folder>/<contest>/<id>` holds what was sent, byte for byte; the name a contestant gave it is never a path."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, contest: str, id_: str) -> Path:
        return self._folder / contest / id_

    def receive(self, contest: str, id_: str, stream: BinaryIO, most: int) -> Upload:
        """Keep a stream of at most `most` bytes under its id. Raises TooLarge, BadFile (empty).

        All waiting for the disk is done here, so that no transaction waits for it.
        """
        folder = self._folder / contest
        folder.mkdir(parents=True, exist_ok=True)
        part, path = folder / f".{id_}.part", folder / id_
        digest, size = hashlib.sha256(), 0
        try:
            with part.open("wb") as out:
                while chunk := stream.read(CHUNK):
                    size += len(chunk)
                    if size > most:
                        raise TooLarge(f"a submission of this contest has at most {most:,} bytes", limit=most)
                    digest.update(chunk)
                    out.write(chunk)
                if size == 0:
                    raise BadFile("the file is empty")
                out.flush()
                os.fsync(out.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        _sync(folder)
        return Upload(path, digest.hexdigest(), size)

    def sweep(self, known: Callable[[str], bool]) -> int:
        """Remove what a crash left without a row; returns how many. Only while nothing is being received."""
        orphans = [path for path in self._folder.glob("*/*") if path.name.startswith(".") or not known(path.name)]
        for path in orphans:
            path.unlink()
        return len(orphans)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
