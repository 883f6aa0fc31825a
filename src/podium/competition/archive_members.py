"""What an archive of one kind holds, and how a member is written out. Refused: names that lead out, links, bombs."""

from __future__ import annotations

import bz2
import contextlib
import functools
import gzip
import lzma
import re
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from podium.errors import IntakeError

ARCHIVE = re.compile(r"\.(zip|7z|tar|tar\.(gz|bz2|xz)|tgz|tbz2?|txz)$", re.I)
PACKED: Mapping[str, Callable[[Path], IO[bytes]]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}  # type: ignore[dict-item]
BOMB_RATIO, BOMB_BYTES = 200, 256 << 20  # unpacked : packed, of what unpacks to more than this; text rarely exceeds 30
DEEPEST = 4  # archives in archives
CHUNK = 1 << 20


@dataclass(frozen=True)
class Member:
    name: str  # with `/`, below the archive
    size: int  # bytes, unpacked


def is_archive(name: str) -> bool:
    """Whether a file of this name holds files."""
    return bool(ARCHIVE.search(name))


def is_packed(name: str) -> bool:
    """Whether a file of this name is one compressed file."""
    return PurePosixPath(name.lower()).suffix in PACKED and not is_archive(name)


def own(path: Path, ref: str) -> list[Member]:
    """Files that the archive itself holds. Raises IntakeError for names and links that lead out, and for bombs."""
    at = path.stat()
    return _own_at(path, at.st_mtime_ns, at.st_size, ref)


@functools.lru_cache(maxsize=16)
def _own_at(path: Path, mtime_ns: int, size: int, ref: str) -> list[Member]:
    kind = path.name.lower()
    if kind.endswith(".zip"):
        found = _zip_members(path, ref)
    elif kind.endswith(".7z"):
        found = _seven_members(path, ref)
    else:
        found = _tar_members(path, ref)
    _refuse_bomb(sum(m.size for m in found), size, ref)
    for member in found:
        _check_name(member.name, ref)
    return [m for m in found if not m.name.startswith("__MACOSX") and not PurePosixPath(m.name).name.startswith(".")]


def _zip_members(path: Path, ref: str) -> list[Member]:
    with zipfile.ZipFile(path) as archive:
        infos = [i for i in archive.infolist() if not i.is_dir()]
    if any(stat.S_ISLNK(i.external_attr >> 16) for i in infos):
        raise _link(ref)
    if any(i.flag_bits & 1 for i in infos):
        raise _locked(ref)
    return [Member(i.filename, i.file_size) for i in infos]


def _tar_members(path: Path, ref: str) -> list[Member]:
    infos, size = [], 0
    with tarfile.open(path) as archive:
        for info in archive:  # the size is told before the content is read past
            infos.append(info)
            size += info.size
            _refuse_bomb(size, path.stat().st_size, ref)
    if any(i.issym() or i.islnk() or i.isdev() for i in infos):
        raise _link(ref)
    return [Member(re.sub(r"^(\./)+", "", i.name), i.size) for i in infos if i.isfile()]


def _seven_members(path: Path, ref: str) -> list[Member]:
    with _seven(path, ref) as archive:
        if archive.needs_password():
            raise _locked(ref)
        if any(f.is_symlink or f.is_junction for f in archive.files):
            raise _link(ref)
        return [Member(f.filename, f.uncompressed) for f in archive.list() if not f.is_directory]


@contextlib.contextmanager
def _seven(path: Path, ref: str) -> Iterator[Any]:
    try:
        import py7zr
    except ImportError as error:
        raise IntakeError(
            f"{ref} is a 7z archive", expected="py7zr to read it", remedy="pip install 'podium[archives]', or unpack it"
        ) from error
    try:
        with py7zr.SevenZipFile(path) as archive:
            yield archive
    except py7zr.exceptions.PasswordRequired as error:
        raise _locked(ref) from error
    except py7zr.exceptions.ArchiveError as error:
        raise _damaged(ref, error) from error


# ---------------------------------------------------------------- unpacking


def write(path: Path, targets: Mapping[str, Path], ref: str, scratch: Path) -> None:
    """Members of the archive itself to files."""
    if not targets:
        return
    sizes = {m.name: m.size for m in own(path, ref)}
    _check_room(sum(sizes[name] for name in targets), scratch, ref)
    kind = path.name.lower()
    if kind.endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            for name, target in targets.items():
                with archive.open(name) as source:
                    _pour(source, target, ref)
    elif kind.endswith(".7z"):
        _write_seven(path, targets, ref, scratch)
    else:
        with tarfile.open(path) as tar:
            for info in tar:  # in the archive's order: a compressed one cannot go back
                wanted = targets.get(re.sub(r"^(\./)+", "", info.name)) if info.isfile() else None
                if wanted is not None and (stream := tar.extractfile(info)) is not None:
                    _pour(stream, wanted, ref)


def _write_seven(path: Path, targets: Mapping[str, Path], ref: str, scratch: Path) -> None:
    with tempfile.TemporaryDirectory(dir=scratch) as into, _seven(path, ref) as archive:
        archive.extract(path=into, targets=list(targets))
        for name, target in targets.items():
            Path(into, name).replace(target)


def inflate(path: Path, ref: str, target: Path) -> Path:
    with PACKED[path.suffix.lower()](path) as source:
        _pour(source, target, ref, packed=path.stat().st_size)
    return target


def _pour(source: IO[bytes], target: Path, ref: str, packed: int | None = None) -> None:
    """Copy a stream; `packed` bytes of it were read where its size is not known beforehand."""
    total = 0
    with target.open("wb") as file:
        while chunk := source.read(CHUNK):
            total += len(chunk)
            if packed is not None:
                _refuse_bomb(total, packed, ref)
                if total % (64 * CHUNK) < CHUNK:
                    _check_room(64 * CHUNK, target.parent, ref)
            file.write(chunk)


# ---------------------------------------------------------------- refusals


def _check_name(name: str, ref: str) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or re.match(r"^[A-Za-z]:", name) or "\0" in name:
        raise IntakeError(
            f"{ref} holds a name that leads out of it",
            expected="files below the archive",
            found=repr(name)[:80],
            remedy="do not trust it; download it again from its host",
        )


def _refuse_bomb(size: int, packed: int, ref: str) -> None:
    if size > BOMB_BYTES and size > BOMB_RATIO * max(packed, 1):
        raise IntakeError(
            f"{ref} unpacks to {BOMB_RATIO} times its size and more",
            expected="an archive of data",
            found=f"{packed:,} bytes for {size:,} or more",
            remedy="if that is right, unpack it yourself",
        )


def _check_room(size: int, folder: Path, ref: str) -> None:
    free = shutil.disk_usage(folder).free
    if size > free:
        raise IntakeError(
            f"no room to unpack {ref}",
            expected=f"{size / 1e9:.2f} GB in {folder}",
            found=f"{free / 1e9:.2f} GB free",
            remedy="free some space there, or set TMPDIR",
        )


def _link(ref: str) -> IntakeError:
    return IntakeError(f"{ref} holds links", expected="files alone", remedy="unpack it yourself, without them")


def _locked(ref: str) -> IntakeError:
    return IntakeError(f"{ref} is locked with a password", expected="an open archive", remedy="unpack it yourself")


def too_deep(ref: str) -> IntakeError:
    return IntakeError(f"{ref} nests archives deeper than {DEEPEST}", remedy="unpack it yourself")


def too_many(ref: str, found: int) -> IntakeError:
    return IntakeError(f"{ref} holds too many archives", found=f"{found:,}", remedy="unpack it yourself")


def _damaged(ref: str, error: BaseException) -> IntakeError:
    return IntakeError(
        f"{ref} is damaged, truncated or locked",
        expected="a whole archive",
        found=(str(error).strip().splitlines() or [type(error).__name__])[0],
        remedy="download it again",
    )


DAMAGE: tuple[type[BaseException], ...] = (
    zipfile.BadZipFile, tarfile.TarError, EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error,
    RuntimeError, NotImplementedError,
)  # fmt: skip


@contextlib.contextmanager
def told(ref: str) -> Iterator[None]:
    """What the archive modules raise, in one line."""
    try:
        yield
    except FileNotFoundError as error:
        raise IntakeError(f"no file {ref}", remedy="check the name") from error
    except DAMAGE as error:
        raise _damaged(ref, error) from error
    except OSError as error:
        if "data stream" in str(error):  # what bz2 says of damage
            raise _damaged(ref, error) from error
        raise IntakeError(
            f"cannot read {ref}", found=str(error), remedy="check the file and its permissions"
        ) from error
