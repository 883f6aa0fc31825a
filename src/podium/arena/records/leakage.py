"""Has the submission seen what it is scored on? Three answers that do not depend on how it hid it."""

from __future__ import annotations

import base64
import bz2
import lzma
import math
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from podium.arena.records.documents import CANARY_ALPHABET
from podium.arena.records.facts import Probe
from podium.arena.records.passes import Floats
from podium.arena.records.significance import welch

CHANCE = 1e-6  # of a false alarm, a probe
WINDOW, STRIDE = 32, 8  # bytes of a validation document that stand nowhere in train: too long for a coincidence
FEW_WINDOWS = 2
DEPTH = 2  # packings one inside the other
ENOUGH = 1000
MOST_PIECES, MOST_TRAIN, MOST_UNPACKED = 1 << 20, 1 << 26, 1 << 26  # larger contests are looked through in part
LEAST_BPB = 0.03  # an advantage on known documents that is worth a word
BLOB = re.compile(rb"[A-Za-z0-9+/=_\-\n]{64,}")


def canaries(nats: Sequence[Floats]) -> Probe:
    """Drawn digits cannot be foretold: a model's likelihood ratio to the draw has mean one, so by Markov's inequality a gain of
    ln(1 / chance) nats happens with at most that chance to a model that has not seen them, whatever it is."""
    drawn = sum(len(one) for one in nats) * math.log(len(CANARY_ALPHABET))
    gain = drawn - float(sum(one.sum() for one in nats))
    held = gain <= -math.log(CHANCE)
    words = "" if held else f"{gain:.0f} nats better than chance on digits that were drawn"
    return Probe("canaries", held, sum(map(len, nats)), max(0.0, gain), words, None if held else "data_overlap")


def known(scored: Floats, reserve: Floats, reference_scored: Floats, reference_reserve: Floats) -> Probe:
    """Is its lead over a plain model larger on the scored documents than on like ones nobody has seen? In bits per byte, a value
    a document; Welch's test, one-sided."""
    lead, lead_elsewhere = reference_scored - scored, reference_reserve - reserve
    test = welch(list(lead_elsewhere), list(lead), 0.0, CHANCE)
    more, p = test.gain, test.p
    held = not (more > LEAST_BPB and p < CHANCE)
    words = "" if held else f"{more:.2f} bits a byte better on the scored documents than on unseen ones (p = {p:.1g})"
    return Probe(
        "unseen documents", held, len(scored) + len(reserve), max(0.0, more), words, None if held else "data_overlap"
    )


def carried(things: Mapping[str, bytes], pieces: frozenset[bytes]) -> Probe:
    """Pieces of validation documents in what it brought or wrote: as they are, in another case or spacing, packed by zlib,
    bz2, lzma or base64."""
    found = {name: hits for name, data in things.items() if (hits := _hits(data, pieces)) >= FEW_WINDOWS}
    held = not found
    words = ", ".join(f"{name}: {hits} pieces" for name, hits in found.items())
    most = max(found.values(), default=0)
    return Probe("carried documents", held, len(pieces), float(most), words, None if held else "data_overlap")


def windows(validation: Sequence[bytes], train: Iterable[bytes]) -> frozenset[bytes]:
    """Pieces of the validation documents that a text could not hold by chance: those that train holds too are left out."""
    pieces: set[bytes] = set()
    for plain in map(_plain, validation):
        pieces.update(plain[at : at + WINDOW] for at in range(0, len(plain) - WINDOW + 1, STRIDE))
        if len(pieces) >= MOST_PIECES:
            break
    room = MOST_TRAIN
    for document in train:
        plain = _plain(document)
        pieces.difference_update(plain[at : at + WINDOW] for at in range(len(plain) - WINDOW + 1))
        room -= len(document)
        if room < 0:
            break
    return frozenset(pieces)


def _hits(data: bytes, pieces: frozenset[bytes]) -> int:
    return max((_found(_plain(form), pieces) for form in forms(data)), default=0)


def _found(plain: bytes, pieces: frozenset[bytes]) -> int:
    """How many different pieces stand in it, up to ENOUGH. Kept small: what is looked through may be large."""
    seen: set[bytes] = set()
    for at in range(len(plain) - WINDOW + 1):
        if plain[at : at + WINDOW] in pieces:
            seen.add(plain[at : at + WINDOW])
            if len(seen) >= ENOUGH:
                break
    return len(seen)


def _plain(text: bytes) -> bytes:
    """Without case, spacing and punctuation."""
    return re.sub(rb"[^a-z0-9]+", b"", text.lower())


def forms(data: bytes, depth: int = DEPTH) -> list[bytes]:
    """The bytes and what they unpack to, each at most MOST_UNPACKED: a small file may unpack to terabytes."""
    found = [data]
    blobs = BLOB.findall(data) if depth == DEPTH and len(data) <= MOST_UNPACKED else []
    for blob in [data, *blobs] if depth else []:
        for unpack in (_zlib, _gzip, _bz2, _lzma, _base64):
            try:
                inner = unpack(blob)
            except (zlib.error, OSError, ValueError, lzma.LZMAError, EOFError):
                continue  # it is not packed so
            found += forms(inner, depth - 1) if inner else []
    return found


def _zlib(blob: bytes) -> bytes:
    return zlib.decompressobj().decompress(blob, MOST_UNPACKED)


def _gzip(blob: bytes) -> bytes:
    return zlib.decompressobj(wbits=31).decompress(blob, MOST_UNPACKED)


def _bz2(blob: bytes) -> bytes:
    return bz2.BZ2Decompressor().decompress(blob, MOST_UNPACKED)


def _lzma(blob: bytes) -> bytes:
    return lzma.LZMADecompressor(memlimit=MOST_UNPACKED).decompress(blob, MOST_UNPACKED)


def _base64(blob: bytes) -> bytes:
    return base64.b64decode(blob.replace(b"-", b"+").replace(b"_", b"/"), validate=False)


class Reference:
    """A plain model of pairs of bytes, fitted on train: what is hard about a document, whoever scores it."""

    def __init__(self, train: Iterable[bytes]) -> None:
        counts = np.full((256, 256), 0.05)
        for document in train:
            x = np.frombuffer(document, dtype=np.uint8)
            np.add.at(counts, (x[:-1], x[1:]), 1.0)
        self._bits = -np.log2(counts / counts.sum(axis=1, keepdims=True))

    def bits_per_byte(self, documents: Sequence[bytes]) -> Floats:
        """(documents,); the first byte of each is free."""
        found = []
        for document in documents:
            x = np.frombuffer(document, dtype=np.uint8)
            found.append(float(self._bits[x[:-1], x[1:]].sum()) / max(1, len(x)))
        return np.array(found)
