"""Names and first values in MATLAB (version 5) and NumPy archives. Nothing is unpickled, no array is allocated by what a
header claims, and a damaged file ends the reading: SciPy's compiled reader crashes the process on some of those."""

from __future__ import annotations

import math
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

DEPTH = 5
MOST = 200  # names
INFLATED = 4_000_000  # bytes of a compressed variable
STRUCT, CHAR, CELL = 2, 4, 1
NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
DAMAGED = (
    OSError, ValueError, TypeError, KeyError, IndexError, NotImplementedError, EOFError, SyntaxError, RuntimeError, struct.error,
    zlib.error, zipfile.BadZipFile, MemoryError,
)  # fmt: skip


def leaves(path: Path) -> dict[str, str]:
    """Name (`video.label`) → the value of a single number or a text, else the shape (`20x3`)."""
    found: dict[str, str] = {}
    try:
        for name, value in _npz(path) if path.suffix == ".npz" else _mat(path.read_bytes()):
            found.setdefault(name, value[:100])
            if len(found) >= MOST:
                break
    except DAMAGED:
        return found  # what was read of it
    return found


def _npz(path: Path) -> Iterator[tuple[str, str]]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist()[:MOST]:
            if not member.endswith(".npy"):
                continue
            with archive.open(member) as file:
                version = np.lib.format.read_magic(file)
                read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
                shape, _, dtype = read(file)
                single = math.prod(shape) == 1 and not dtype.hasobject and 0 < dtype.itemsize <= 4096
                value = str(np.frombuffer(file.read(dtype.itemsize), dtype)[0]) if single else _shape(shape)
            yield member.removesuffix(".npy"), value


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


# ---------------------------------------------------------------- MATLAB 5


def _mat(data: bytes) -> Iterator[tuple[str, str]]:
    """The variables of a file: a head of 128 bytes, then elements, each compressed or not."""
    order = {b"IM": "<", b"MI": ">"}.get(data[126:128])
    if order is None:
        return  # MATLAB 4 or 7.3, or none at all
    at = 128
    while at + 8 <= len(data):
        kind, body, at = _element(data, at, order)
        if kind == 15:
            kind, body, _ = _element(zlib.decompressobj().decompress(body, INFLATED), 0, order)
        if kind == 14:
            yield from _matrix(body, order, "", 0)


def _element(data: bytes, at: int, order: str) -> tuple[int, bytes, int]:
    """Type, content and where the next element starts."""
    (kind,) = struct.unpack_from(order + "I", data, at)
    if kind >> 16:  # four bytes at most lie within the tag
        n = min(4, kind >> 16)
        return kind & 0xFFFF, data[at + 4 : at + 4 + n], at + 8
    (n,) = struct.unpack_from(order + "I", data, at + 4)
    end = at + 8 + n
    return kind, data[at + 8 : end], end if kind == 15 else end + (-n) % 8


def _matrix(body: bytes, order: str, above: str, depth: int) -> Iterator[tuple[str, str]]:
    """One array: its flags, shape and name, then its numbers, text, first cell or fields."""
    if depth > DEPTH or len(body) < 16:
        return
    _, flags, at = _element(body, 0, order)
    _, sizes, at = _element(body, at, order)
    _, spelled, at = _element(body, at, order)
    name = _text(spelled)
    path = ".".join(p for p in (above, name) if p)
    (word,) = struct.unpack_from(order + "I", flags)
    shape = tuple(np.frombuffer(sizes, order + "i4").tolist())
    if word & 0xFF == STRUCT:
        yield from _fields(body, at, order, path, depth)
    elif word & 0xFF == CELL:
        yield from _matrix(_element(body, at, order)[1], order, path, depth + 1)
    else:
        kind, numbers, _ = _element(body, at, order)
        yield path, _value(kind, numbers, order, shape, text=word & 0xFF == CHAR)


def _fields(body: bytes, at: int, order: str, path: str, depth: int) -> Iterator[tuple[str, str]]:
    """Of the first struct of an array."""
    _, width, at = _element(body, at, order)
    _, spelled, at = _element(body, at, order)
    (step,) = struct.unpack_from(order + "I", width)
    names = [_text(spelled[i : i + step]) for i in range(0, len(spelled), max(1, step))]
    for name in names[:MOST]:
        _, inner, at = _element(body, at, order)
        yield from _matrix(inner, order, f"{path}.{name}" if path else name, depth + 1)


def _value(kind: int, numbers: bytes, order: str, shape: tuple[int, ...], *, text: bool) -> str:
    if text:
        return _text(numbers.decode("utf-16-le" if kind in (4, 17) else "utf-8", "replace").encode())
    if math.prod(shape) != 1 or kind not in NUMBERS:
        return _shape(shape)
    width = np.dtype(NUMBERS[kind]).itemsize
    return str(np.frombuffer(numbers[:width], order + NUMBERS[kind])[0])


def _text(raw: bytes) -> str:
    return "".join(c for c in raw.partition(b"\0")[0].decode("utf-8", "replace") if c.isprintable())
