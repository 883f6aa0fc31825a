"""A file of documents: each a length (4 bytes, little end first) and its bytes. Read inside the sandbox too."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterable
from pathlib import Path

LENGTH = struct.Struct("<I")
CANARY_ALPHABET = b"0123456789abcdef"  # of the drawn strings among the validation documents
SPACE = re.compile(rb"\s+")


def pack(documents: Iterable[bytes]) -> bytes:
    """The file's bytes."""
    return b"".join(LENGTH.pack(len(document)) + document for document in documents)


def unpack(data: bytes) -> list[bytes]:
    """The documents. Raises ValueError where the file ends inside one."""
    found, at = [], 0
    while at < len(data):
        if at + LENGTH.size > len(data):
            raise ValueError("the file ends inside a length")
        (length,) = LENGTH.unpack_from(data, at)
        at += LENGTH.size
        if at + length > len(data):
            raise ValueError("the file ends inside a document")
        found.append(data[at : at + length])
        at += length
    return found


def read(path: Path) -> list[bytes]:
    return unpack(path.read_bytes())


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def essence(document: bytes) -> str:
    """The hash of a document without case and spacing: two that share it are one document."""
    return digest(SPACE.sub(b" ", document.strip()).lower())
