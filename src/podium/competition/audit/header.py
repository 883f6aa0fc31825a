"""What the head of an image or sound file says beside its content: size, EXIF fields, text chunks, comments. Read here, byte
by byte: no library is needed, and no pixel is decoded."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

HEAD = 1 << 16  # bytes read
MOST_FIELDS = 100
TAGS = {
    0x010E: "description", 0x010F: "make", 0x0110: "model", 0x0112: "orientation", 0x0131: "software", 0x0132: "date",
    0x013B: "artist", 0x8298: "copyright", 0x829A: "exposure", 0x829D: "f-number", 0x8827: "iso", 0x9003: "date taken",
    0x9004: "date digitised", 0x920A: "focal length", 0x9286: "comment", 0xA430: "owner", 0xA431: "body number",
    0xA434: "lens", 0x9C9B: "title", 0x9C9C: "comment", 0x9C9E: "keywords", 0x9C9F: "subject",
}  # fmt: skip
POINTERS = (0x8769, 0x8825)  # the Exif and GPS directories
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}
FRAMES = (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0))


def fields(path: Path) -> dict[str, str]:
    """Name → value of what a JPEG, PNG, GIF, BMP or WAV says of itself; {} of other files, what was read of a broken one."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    found: dict[str, str] = {}
    try:
        for name, value in _fields(head):
            found[name] = value[:200]
            if len(found) >= MOST_FIELDS:
                break
    except (struct.error, IndexError, zlib.error):
        found["broken"] = "yes"  # a head that ends early is a fact too: broken files may be of one class
    return found


def _fields(head: bytes) -> Iterator[tuple[str, str]]:
    if head.startswith(b"\xff\xd8"):
        yield from _jpeg(head)
    elif head.startswith(b"\x89PNG\r\n\x1a\n"):
        yield from _png(head)
    elif head[:6] in (b"GIF87a", b"GIF89a"):
        yield from zip(("width", "height"), map(str, struct.unpack_from("<HH", head, 6)), strict=True)
    elif head.startswith(b"BM"):
        yield from zip(("width", "height"), map(str, struct.unpack_from("<ii", head, 18)), strict=True)
    elif head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        yield from _wave(head)


def _jpeg(head: bytes) -> Iterator[tuple[str, str]]:
    at = 2
    while at + 4 <= len(head) and head[at] == 0xFF:
        marker, (length,) = head[at + 1], struct.unpack_from(">H", head, at + 2)
        body = head[at + 4 : at + 2 + length]
        if marker == 0xDA or length < 2:
            return
        if marker in FRAMES:
            height, width = struct.unpack_from(">HH", body, 1)
            yield from (("width", str(width)), ("height", str(height)))
        elif marker == 0xDB:
            yield "quantisation", f"{zlib.crc32(body):08x}"
        elif marker == 0xFE:
            yield "comment", _text(body)
        elif marker == 0xE1 and body.startswith(b"Exif\0\0"):
            yield from _tiff(body[6:])
        at += 2 + length


def _png(head: bytes) -> Iterator[tuple[str, str]]:
    at = 8
    while at + 8 <= len(head):
        (length,), kind = struct.unpack_from(">I", head, at), head[at + 4 : at + 8]
        body = head[at + 8 : at + 8 + length]
        if kind in (b"IDAT", b"IEND"):
            return
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack_from(">IIBB", body)
            yield from (("width", str(width)), ("height", str(height)), ("depth", f"{depth}/{colour}"))
        elif kind in (b"tEXt", b"zTXt", b"iTXt"):
            key, _, value = body.partition(b"\0")
            if kind == b"zTXt":
                value = zlib.decompressobj().decompress(value[1:], 10_000)
            yield f"text {_text(key)}", _text(value.lstrip(b"\0"))
        elif kind == b"tIME":
            yield "date", "{}-{:02}-{:02} {:02}:{:02}:{:02}".format(*struct.unpack_from(">HBBBBB", body))
        elif kind == b"eXIf":
            yield from _tiff(body)
        at += 12 + length


def _wave(head: bytes) -> Iterator[tuple[str, str]]:
    at = 12
    while at + 8 <= len(head):
        kind, (length,) = head[at : at + 4], struct.unpack_from("<I", head, at + 4)
        if kind == b"fmt ":
            _, channels, rate = struct.unpack_from("<HHI", head, at + 8)
            yield from (("channels", str(channels)), ("rate", str(rate)))
        elif kind == b"LIST" and head[at + 8 : at + 12] == b"INFO":
            yield "comment", _text(head[at + 12 : at + 8 + length])
        elif kind == b"data":
            yield "length", str(length)
        at += 8 + length + length % 2


def _tiff(data: bytes) -> Iterator[tuple[str, str]]:
    """EXIF: directories of tags, in either byte order."""
    order = "<" if data[:2] == b"II" else ">"
    (start,) = struct.unpack_from(order + "I", data, 4)
    waiting, seen = [start], set[int]()
    while waiting:
        at = waiting.pop()
        if at in seen or len(seen) > 4:
            continue
        seen.add(at)
        (count,) = struct.unpack_from(order + "H", data, at)
        for entry in range(at + 2, at + 2 + 12 * min(count, MOST_FIELDS), 12):
            tag, kind, n = struct.unpack_from(order + "HHI", data, entry)
            if tag in POINTERS:
                waiting.append(struct.unpack_from(order + "I", data, entry + 8)[0])
            elif kind in SIZES:
                yield TAGS.get(tag, f"tag {tag:#06x}"), _value(data, order, entry, kind, n)


def _value(data: bytes, order: str, entry: int, kind: int, n: int) -> str:
    size = SIZES[kind] * n
    at = entry + 8 if size <= 4 else struct.unpack_from(order + "I", data, entry + 8)[0]
    if kind in (1, 2, 7):
        return _text(data[at : at + min(size, 400)])
    codes = {3: "H", 4: "I", 5: "II", 9: "i", 10: "ii"}[kind]
    numbers = struct.unpack_from(order + codes * min(n, 4), data, at)
    return "/".join(map(str, numbers))


def _text(raw: bytes) -> str:
    spelled = raw.decode("utf-16-le" if raw[1:2] == b"\0" and len(raw) > 3 else "utf-8", "replace")
    return "".join(c for c in spelled if c.isprintable()).strip()
