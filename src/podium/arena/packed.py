"""A submission's CSV out of what was sent: plain, gzip, or a zip of one file. A bomb ends at the limit."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from pathlib import Path
from typing import IO, cast

from podium.errors import InvalidPredictions

CHUNK = 1 << 20
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
WANTED = "expected a CSV file, plain or packed by gzip or zip"


def unpack(sent: Path, scratch: Path, most: int) -> Path:
    """The CSV file: `sent` itself where it is not packed, else a file in `scratch` of at most `most` bytes.

    Raises InvalidPredictions. Nothing is extracted by a name from inside the archive.
    """
    with sent.open("rb") as file:
        head = file.read(4)
    target = scratch / "submission.csv"
    try:
        if head.startswith(GZIP):
            with gzip.open(sent, "rb") as inside:
                return _copied(cast(IO[bytes], inside), target, most)
        if head.startswith(ZIP):
            with zipfile.ZipFile(sent) as archive, archive.open(_only(archive)) as inside:
                return _copied(inside, target, most)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError) as problem:
        raise InvalidPredictions(f"{WANTED}; found a damaged or locked archive") from problem
    return sent


def _only(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    files = [one for one in archive.infolist() if not one.is_dir()]
    if len(files) != 1:
        raise InvalidPredictions(f"{WANTED}; found an archive of {len(files)} files")
    return files[0]


def _copied(inside: IO[bytes], target: Path, most: int) -> Path:
    size = 0
    with target.open("wb") as out:
        while chunk := inside.read(CHUNK):
            size += len(chunk)
            if size > most:
                raise InvalidPredictions(f"expected at most {most:,} bytes, unpacked")
            out.write(chunk)
    return target
