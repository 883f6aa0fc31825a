"""Archives read as folders: members of zip, tar and 7z, archives in archives; single files in gz, bz2 and xz.

A reference is a path below the data folder that may lead on into archives: `all.zip/images.7z/17.jpg`. Nothing is unpacked
beside the data: what is asked for goes to a folder of its own.
"""

from __future__ import annotations

import contextlib
import functools
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from podium.competition.archive_members import (
    ARCHIVE,
    DEEPEST,
    Member,
    inflate,
    is_archive,
    is_packed,
    own,
    told,
    too_deep,
    too_many,
    write,
)
from podium.errors import IntakeError

__all__ = ["ARCHIVE", "Member", "extract", "is_archive", "is_packed", "members", "unpacked"]

MOST_NESTED = (100, 10)  # archives in an archive, and in one of those


def members(path: Path, ref: str) -> tuple[Member, ...]:
    """Every file in the archive at `path`, those of archives inside it too. Raises IntakeError naming `ref`."""
    with told(ref):
        at = path.stat()
    return _listing(path, at.st_mtime_ns, at.st_size, ref, 1)


@contextlib.contextmanager
def unpacked(folder: Path, ref: str, choose: Callable[[str], bool] = lambda name: True) -> Iterator[Path]:
    """A plain file with the content of `ref`; a temporary one where it is packed. An archive stands for the one member
    that `choose` takes. Raises IntakeError: not there, damaged, locked, a bomb."""
    path, rest = _locate(folder, ref)
    if not rest and not is_packed(ref) and not is_archive(ref):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="podium-") as scratch:
        with told(ref):
            plain = _resolve(path, rest, ref, Path(scratch), choose)
        yield plain


def extract(folder: Path, wanted: Mapping[str, Path]) -> None:
    """Write members of archives to the given paths: `wanted` is reference → target. Each archive is read once."""
    by_archive: dict[Path, dict[str, Path]] = {}
    for ref, target in wanted.items():
        path, rest = _locate(folder, ref)
        by_archive.setdefault(path, {})[rest] = target
    for path, targets in by_archive.items():
        with told(path.name), tempfile.TemporaryDirectory(prefix=".podium-", dir=_beside(targets)) as scratch:
            _scatter(path, targets, path.name, Path(scratch))


# ---------------------------------------------------------------- where a reference leads


def _beside(targets: Mapping[str, Path]) -> Path:
    return next(iter(targets.values())).parent


def _locate(folder: Path, ref: str) -> tuple[Path, str]:
    """The real file that a reference begins with, and what follows inside it."""
    parts = PurePosixPath(ref).parts
    for at in range(len(parts), 0, -1):
        path = folder.joinpath(*parts[:at])
        if path.is_file():
            return path, "/".join(parts[at:])
    raise IntakeError(f"no file {ref}", expected=f"a table in {folder}", remedy="check the name")


def _resolve(path: Path, rest: str, ref: str, scratch: Path, choose: Callable[[str], bool], depth: int = 1) -> Path:
    if depth > DEEPEST:
        raise too_deep(ref)
    if not rest and is_packed(path.name):
        inner = inflate(path, ref, scratch / f"{depth}_{path.stem}")
        return _resolve(inner, "", ref, scratch, choose, depth + 1)
    if not is_archive(path.name):
        return path
    name, deeper = _member(path, rest or _only_member(path, ref, choose), ref)
    target = scratch / f"{depth}_{PurePosixPath(name).name}"
    write(path, {name: target}, ref, scratch)
    return _resolve(target, deeper, ref, scratch, choose, depth + 1)


def _member(path: Path, rest: str, ref: str) -> tuple[str, str]:
    """`rest` cut into a member of the archive itself and what follows inside that."""
    names = {m.name for m in own(path, ref)}
    parts = rest.split("/")
    for at in range(len(parts), 0, -1):
        if (name := "/".join(parts[:at])) in names:
            return name, "/".join(parts[at:])
    raise IntakeError(f"no file {ref}", found="an archive without it", remedy="check the name")


def _only_member(path: Path, ref: str, choose: Callable[[str], bool]) -> str:
    found = [m.name for m in members(path, ref) if choose(m.name)]
    if len(found) != 1:
        raise IntakeError(
            f"{ref}: which table is meant", expected="one table inside", found=", ".join(found[:8]) or "none"
        )
    return found[0]


def _scatter(path: Path, targets: Mapping[str, Path], ref: str, scratch: Path, depth: int = 1) -> None:
    """`targets` of one archive, those inside inner archives after their archive is unpacked."""
    if depth > DEEPEST:
        raise too_deep(ref)
    direct: dict[str, Path] = {}
    inner: dict[str, dict[str, Path]] = {}
    names = {m.name for m in own(path, ref)}
    for rest, target in targets.items():
        name, deeper = (rest, "") if rest in names else _member(path, rest, ref)
        if deeper or is_packed(name):
            inner.setdefault(name, {})[deeper] = target
        else:
            direct[name] = target
    packed = {name: scratch / f"{depth}_{at}_{PurePosixPath(name).name}" for at, name in enumerate(inner)}
    write(path, {**direct, **packed}, ref, scratch)
    for name, file in packed.items():
        if is_packed(name):
            inflate(file, ref, inner[name][""])
        else:
            _scatter(file, inner[name], ref, scratch, depth + 1)
        file.unlink()


# ---------------------------------------------------------------- listing


@functools.lru_cache(maxsize=64)
def _listing(path: Path, mtime_ns: int, size: int, ref: str, depth: int) -> tuple[Member, ...]:
    """Cached by the file's identity: intake, build and audit all look at the same folder."""
    if depth > DEEPEST:
        raise too_deep(ref)
    with told(ref):
        found = own(path, ref)
        nested = [m.name for m in found if is_archive(m.name)]
        out = [m for m in found if m.name not in nested]
        if len(nested) > MOST_NESTED[min(depth, len(MOST_NESTED)) - 1]:
            raise too_many(ref, len(nested))
        if nested:
            with tempfile.TemporaryDirectory(prefix="podium-") as scratch:
                files = {name: Path(scratch, f"{at}_{PurePosixPath(name).name}") for at, name in enumerate(nested)}
                write(path, files, ref, Path(scratch))
                for name, file in files.items():
                    at = file.stat()
                    inside = _listing(file, at.st_mtime_ns, at.st_size, f"{ref}/{name}", depth + 1)
                    out += [Member(f"{name}/{m.name}", m.size) for m in inside]
        return tuple(sorted(out, key=lambda m: m.name))
