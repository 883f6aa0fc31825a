"""Which encoding a text file is in, and the file as UTF-8. What cannot be told safely is refused, never guessed."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from podium.errors import IntakeError

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
HEAD = 1 << 16
CHUNK = 1 << 20
_HIGH = re.compile(rb"[\x80-\xff]")


def decode(ref: str, data: bytes) -> tuple[str, tuple[str, ...]]:
    """Text of a file, with a notice where it is not UTF-8. Raises IntakeError for binary content or an unknown encoding."""
    encoding = by_mark(ref, data[:HEAD])
    if encoding in ("", "utf-8-sig"):
        try:
            return data.decode("utf-8-sig"), ()
        except UnicodeDecodeError:
            encoding = legacy(ref, b"\n".join(_foreign_lines(data))[:HEAD])
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _binary(ref, f"byte {data[error.start]:#04x} at {error.start}") from error
    _refuse_controls(ref, text[:20000])
    return text, (notice(ref, encoding),)


def notice(ref: str, encoding: str) -> str:
    return f"{ref} was read as {encoding}, not UTF-8"


def by_mark(ref: str, head: bytes) -> str:
    """The encoding that a byte-order mark or the place of NUL bytes tells; "" where neither is there."""
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return encoding
    nuls = head.count(0)
    if nuls > 0.6 * len(head):
        return "utf-32-le" if head[1:4] == b"\0\0\0" else "utf-32-be"
    if nuls > 0.3 * len(head):
        return "utf-16-le" if head[1:2] == b"\0" else "utf-16-be"
    if nuls:
        raise _binary(ref, "NUL bytes")
    return ""


def is_utf8(path: Path) -> bool:
    """Whether the whole file decodes."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while chunk := file.read(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def encoding_of(ref: str, path: Path) -> str:
    """The encoding of a file that is not UTF-8. Raises IntakeError: binary, or not to be told."""
    with path.open("rb") as file:
        marked = by_mark(ref, file.read(HEAD))
        if marked not in ("", "utf-8-sig"):
            return marked
        file.seek(0)
        foreign = b""
        rest = b""
        while len(foreign) < HEAD and (chunk := file.read(CHUNK)):
            lines = (rest + chunk).split(b"\n")
            rest = lines.pop()[-CHUNK:]
            foreign += b"".join(line + b"\n" for line in lines if _HIGH.search(line))
        return legacy(ref, foreign[:HEAD] or rest[:HEAD])


def to_utf8(ref: str, path: Path, encoding: str, target: Path) -> None:
    """Write the file in UTF-8, a chunk at a time. Raises IntakeError where a byte does not fit the encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    done = 0
    try:
        with path.open("rb") as source, target.open("w", encoding="utf-8", newline="") as file:
            while chunk := source.read(CHUNK):
                text = decoder.decode(chunk)
                if not done:
                    _refuse_controls(ref, text[:20000])
                file.write(text)
                done += len(chunk)
            file.write(decoder.decode(b"", final=True))
    except UnicodeDecodeError as error:
        raise _binary(ref, f"byte {error.object[error.start]:#04x} after {done} bytes, in {encoding}") from error


def legacy(ref: str, sample: bytes) -> str:
    """Shift-JIS, GB18030, EUC-KR or cp1252, by the bytes beyond ASCII in `sample`. Raises IntakeError where they fit none.

    Kana tell Japanese; nearly all of the 3,755 commonest ideographs (lead bytes B0 to D7) Chinese, all of the first half of
    them Korean, whose syllables lie there; bytes that stand alone between letters are the accents of western Europe.
    """
    sample = sample[: sample.rfind(b"\n") + 1] or sample
    foreign = "".join(c for c in _decoded(sample, "cp932") if ord(c) > 127)
    kana = sum("\u3040" <= c <= "\u30ff" for c in foreign)
    halfwidth = sum("\uff61" <= c <= "\uff9f" for c in foreign)
    if foreign and kana > 0.2 * len(foreign) and halfwidth < 0.1 * len(foreign):
        return "cp932"
    high = _HIGH.findall(sample)
    alone = len(re.findall(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])", sample))
    if alone >= 0.6 * len(high):
        return _western(ref, sample)
    hanzi = [c for c in _decoded(sample, "gb18030") if "\u4e00" <= c <= "\u9fff"]
    leads = [c.encode("gb18030")[0] for c in hanzi]
    common = sum(0xB0 <= lead <= 0xD7 for lead in leads)
    if len(leads) >= 10 and 2 * len(leads) >= 0.6 * len(high) and common >= 0.9 * len(leads):
        korean = sum(lead <= 0xC8 for lead in leads) >= 0.98 * len(leads)
        return "cp949" if korean and len(leads) >= 20 else "gb18030"
    if len(high) < 10:
        return _western(ref, sample)
    raise IntakeError(
        f"{ref} is not UTF-8, and its encoding cannot be told",
        expected="UTF-8, UTF-16, UTF-32, cp1252, Shift-JIS or GB18030",
        found=f"bytes like {high[0][0]:#04x} {high[1][0]:#04x}",
        remedy="export the table again as UTF-8",
    )


def _western(ref: str, sample: bytes) -> str:
    try:
        sample.decode("cp1252")
    except UnicodeDecodeError as error:
        raise _binary(ref, f"byte {sample[error.start]:#04x}") from error
    return "cp1252"


def _decoded(sample: bytes, encoding: str) -> str:
    """ "" where the bytes are not of this encoding."""
    try:
        return sample.decode(encoding)
    except UnicodeDecodeError:
        return ""


def _foreign_lines(data: bytes) -> list[bytes]:
    return [line for line in data.split(b"\n") if _HIGH.search(line)]


def _refuse_controls(ref: str, text: str) -> None:
    if sum(1 for c in text if ord(c) < 32 and c not in "\t\n\r\f\v") > 0.01 * len(text):
        raise _binary(ref, "control characters")


def _binary(ref: str, found: str) -> IntakeError:
    return IntakeError(
        f"{ref} is not text", expected="UTF-8, UTF-16 or cp1252", found=found, remedy="export the table again as UTF-8"
    )
