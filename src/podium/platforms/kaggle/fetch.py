"""The files of a competition: one archive, resumable, unpacked beside and moved into place whole.

<into>/<slug>/           the public files and description.md: there whole, or not at all
<into>/.<slug>.part/     the archive so far, what it is a part of, and what is being unpacked
"""

from __future__ import annotations

import errno
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from podium.errors import UserError
from podium.platforms.kaggle import pages
from podium.platforms.kaggle.client import Client
from podium.platforms.kaggle.download import Download, told_size
from podium.platforms.platform import Unreachable

FULL = (errno.ENOSPC, errno.EDQUOT)
CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST)


def files(client: Client, into: Path) -> Path:
    """Raises UserError (rules, address, disk), Unreachable; what came so far is gone on from by the next call."""
    part = into / f".{client.slug}.part"
    with disk_told(into):
        part.mkdir(parents=True, exist_ok=True)
        archive = Download(client, part / "archive").whole()
        room = part / "files"
        shutil.rmtree(room, ignore_errors=True)
        _unpack(archive, room, client.slug)
        pages.write(client, room)
        whole = into / client.slug
        room.replace(whole)
        shutil.rmtree(part)
    return whole


@contextmanager
def disk_told(folder: Path) -> Iterator[None]:
    """A full disk, or a folder that cannot be written, as the user's affair: in one line."""
    try:
        yield
    except OSError as problem:
        if problem.errno in CLOSED:
            raise UserError(
                f"{folder} cannot be written ({problem.strerror})", remedy="choose another folder"
            ) from None
        if problem.errno not in FULL:
            raise
        raise UserError(
            f"the disk is full at {folder}", remedy="make room and run it again: it goes on from there"
        ) from None


def _unpack(archive: Path, room: Path, slug: str) -> None:
    """zipfile keeps members below `room`, and checks each one's CRC."""
    room.mkdir()
    if not zipfile.is_zipfile(archive):
        shutil.copyfile(archive, room / f"{slug}.csv")  # a competition with a single file, sent as it is
        return
    try:
        with zipfile.ZipFile(archive) as packed:
            _check_room(sum(member.file_size for member in packed.infolist()), room)
            packed.extractall(room)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as problem:
        archive.unlink()
        raise Unreachable(f"the archive that came is damaged ({problem}); run it again to fetch it anew") from None


def _check_room(size: int, room: Path) -> None:
    free = shutil.disk_usage(room).free
    if size > free:
        raise UserError(
            f"the disk has no room for the competition's files at {room}",
            expected=told_size(size),
            found=told_size(free),
            remedy="make room and run it again: it goes on from there",
        )
