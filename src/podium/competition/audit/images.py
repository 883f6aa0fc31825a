"""Images: fields in their heads that tell of the target, equal files and look-alikes across train and test."""

from __future__ import annotations

import hashlib
import importlib.util
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition import levels
from podium.competition.association import ranks
from podium.competition.audit import attachments, containers
from podium.competition.audit.attachments import Attachment
from podium.competition.audit.header import fields
from podium.competition.audit.view import Severity, View, finding
from podium.competition.folder import AUDIO_SUFFIXES, MEDIA_SUFFIXES
from podium.records import AuditFinding

HEADERS = 1_000  # files whose heads are read
HASHED = 1_500  # files a side that are compared
BYTES = 30_000_000  # of them that are read, a side
CLOSE = 3  # bits of 64 that look-alikes may differ in
MOST_PIXELS = 40_000_000  # of an image that is decoded
FLAT = 3.0  # deviation of grey levels (0 to 255) below which an image shows nothing
Bits = NDArray[np.uint64]


def check_headers(view: View) -> Iterator[AuditFinding]:
    """Fields of EXIF, text chunks, sizes: each against the target."""
    for attachment in attachments.of_train(view, HEADERS):
        if attachment.paths[0].suffix not in (*MEDIA_SUFFIXES, *AUDIO_SUFFIXES) or len(attachment.paths) < 50:
            continue
        outcome = levels.outcomes(view.truth.take(attachment.rows))
        heads = [fields(path) for path in attachment.paths]
        for name in sorted({key for head in heads for key in head})[:60]:
            values = pl.Series([head.get(name, "") for head in heads])
            told = levels.told(_codes(values), outcome)
            strength = max(told.named, told.ordered)
            if strength > max(1.5 * told.chance, 0.1):
                severity: Severity = (
                    "warn" if strength > 0.5 or (strength > 0.3 and name not in ("width", "height")) else "info"
                )
                shown = next(v for v in values if v)[:40]
                text = (
                    f"{attachment.column}: '{name}' in the heads of its files tells of the target (strength {strength:.2f}; "
                    f"1 tells all), like {shown!r}"
                )
                yield finding("metadata", severity, attachment.column, strength, text)


def _codes(values: pl.Series) -> NDArray[np.int64]:
    numbers = values.cast(pl.Float64, strict=False)
    if numbers.null_count() == 0:
        return (ranks(numbers.to_numpy())).astype(np.int64)
    return np.asarray(values.rank("dense").cast(pl.Int64)) - 1


def check_equal_files(view: View) -> Iterator[AuditFinding]:
    """Test files that equal a train file byte by byte; only files of equal size are read. Containers of a few keys may well
    be equal, and are left out."""
    for train, test in _pairs(view):
        if train.paths[0].suffix in (*containers.SUFFIXES, ".txt"):
            continue
        sizes = {path.stat().st_size for path in train.paths}
        known = _digests([p for p in train.paths if p.stat().st_size in sizes])
        same = [d for d in _digests([p for p in test.paths if p.stat().st_size in sizes]) if d in set(known)]
        repeated = len(known) - len(set(known))
        if same or repeated:
            share = len(same) / len(test.paths)
            text = (
                f"{train.column}: {len(same)} of {len(test.paths)} test files equal a train file byte by byte; within "
                f"{len(train.paths)} train files {repeated} repeat another"
            )
            yield finding("duplicate", "warn" if share > 0.01 else "info", train.column, share, text)


def _pairs(view: View) -> Iterator[tuple[Attachment, Attachment]]:
    test = {a.column: a for a in attachments.of_test(view, HASHED)}
    for attachment in attachments.of_train(view, HASHED):
        if attachment.column in test:
            yield attachment, test[attachment.column]


def _digests(paths: list[Path]) -> list[bytes]:
    """Of as many as BYTES allow, in order."""
    out, read = [], 0
    for path in paths:
        read += path.stat().st_size
        if read > BYTES:
            break
        out.append(hashlib.blake2b(path.read_bytes(), digest_size=16).digest())
    return out


def check_look_alikes(view: View) -> Iterator[AuditFinding]:
    """Images whose difference hash is that of a train image within CLOSE bits, in test and within train."""
    for train, test in _pairs(view):
        if train.paths[0].suffix not in MEDIA_SUFFIXES:
            continue
        if importlib.util.find_spec("PIL") is None:
            text = f"look-alikes among the images of {train.column} were not looked for: pillow is not installed"
            yield finding("near_duplicate", "info", train.column, None, text)
            continue
        half = len(train.paths) // 2
        known, others, asked = (_hashes(p) for p in (train.paths[:half], train.paths[half:], test.paths))
        if min(len(known), len(others), len(asked)) < 20:
            continue
        across, within = _alike(asked, known), _alike(others, known)
        error = np.sqrt(max(within, 0.005) * (1 / len(asked) + 1 / len(others)))
        if max(across, within) < 0.01:
            continue
        severity: Severity = "warn" if across > 0.02 and across > within + 4 * error else "info"
        text = (
            f"{across:.1%} of {len(asked)} test images of {train.column} look like one of {len(known)} train images (difference "
            f"hash within {CLOSE} of 64 bits); within train {within:.1%} do"
        )
        yield finding("near_duplicate", severity, train.column, across, text)


def _hashes(paths: tuple[Path, ...]) -> Bits:
    """Difference hashes (Krawetz 2013): whether each of 8 × 8 grey cells is darker than its right neighbour. Flat or
    unreadable images are left out."""
    from PIL import Image, UnidentifiedImageError

    out, read = [], 0
    for path in paths:
        read += path.stat().st_size
        if read > BYTES:
            break
        try:
            with warnings.catch_warnings(), Image.open(path) as image:
                warnings.simplefilter("ignore")  # Pillow's opinions of a host's files are no one's concern here
                if image.width * image.height > MOST_PIXELS:
                    continue
                image.draft("L", (36, 32))
                cells = np.asarray(image.convert("L").resize((9, 8)), dtype=np.float64)
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            continue  # not an image that Pillow knows: nothing to compare
        if cells.std() > FLAT:
            bits = (cells[:, 1:] > cells[:, :-1]).ravel()
            out.append(np.packbits(bits).view(np.uint64)[0])
    return np.array(out, dtype=np.uint64)


def _alike(asked: Bits, known: Bits) -> float:
    near = [bool((np.bitwise_count(known ^ one) <= CLOSE).any()) for one in asked]
    return float(np.mean(near))


CHECKS = (check_headers, check_equal_files, check_look_alikes)
