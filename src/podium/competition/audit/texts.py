"""Texts that nearly equal a text of train: MinHash of their words (Broder 1997), in bands."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition.audit.view import Severity, View, finding
from podium.records import AuditFinding

HASHES, BAND = 48, 3  # a pair of Jaccard 0.8 shares a band with probability 0.9999, one of 0.3 with 0.35
ALIKE = 0.75  # share of words in common (Jaccard) that makes a near copy
WORDS = 6  # different words that a text must have
TEXT_ROWS = 5_000  # a side
CHARACTERS = 600  # of a text that are read
MOST_COLUMNS = 3
Sketch = NDArray[np.uint64]


def check_texts(view: View) -> Iterator[AuditFinding]:
    for column in view.of_kind("text")[:MOST_COLUMNS]:
        train, test = (side[column.name].drop_nulls() for side in (view.train, view.test))
        half = min(TEXT_ROWS, len(train) // 2)
        if half < 50 or len(test) < 20:
            continue
        known, others, asked = train.slice(0, half), train.slice(half, half), test.head(TEXT_ROWS)
        sketches = [_sketches(texts) for texts in (known, others, asked)]
        if any(len(s) < 20 for s in sketches):
            continue
        across, within = _share(sketches[2], sketches[0]), _share(sketches[1], sketches[0])
        if max(across, within) < 0.01:
            continue
        error = np.sqrt(max(within, 0.002) * (1 / len(sketches[1]) + 1 / len(sketches[2])))
        severity: Severity = "warn" if across > 0.02 and across > within + 4 * error else "info"
        text = (
            f"{across:.1%} of test's {column.name} share at least {ALIKE:.0%} of their words with one of {half:,} train rows; "
            f"within train {within:.1%} do"
        )
        yield finding("near_duplicate", severity, column.name, across, text)


def _sketches(texts: pl.Series) -> Sketch:
    """`(n, HASHES)`: for each text of WORDS different words or more, the least hash of its words under each function."""
    frame = pl.DataFrame({"row": np.arange(len(texts)), "text": texts.str.slice(0, CHARACTERS).str.to_lowercase()})
    words = (
        frame.with_columns(pl.col("text").str.extract_all(r"\w+").list.unique(maintain_order=True))
        .filter(pl.col("text").list.len() >= WORDS)
        .explode("text")
    )
    if not words.height:
        return np.empty((0, HASHES), dtype=np.uint64)
    starts = np.flatnonzero(np.diff(words["row"].to_numpy(), prepend=-1))
    hashes = words["text"].hash(seed=0).to_numpy()
    rng = np.random.default_rng(0)
    odd = rng.integers(1, 2**63, HASHES, dtype=np.uint64) | np.uint64(1)
    mask = rng.integers(1, 2**63, HASHES, dtype=np.uint64)
    out = np.empty((len(starts), HASHES), dtype=np.uint64)
    for at in range(HASHES):  # multiply and shift: the high bits mix well
        mixed = ((hashes ^ mask[at]) * odd[at]) >> np.uint64(20)
        out[:, at] = np.minimum.reduceat(mixed, starts)
    return out


def _share(asked: Sketch, known: Sketch) -> float:
    """Share of `asked` with a near copy among `known`: they share a band, and their sketches agree."""
    best = np.zeros(len(asked))
    for start in range(0, HASHES, BAND):
        keys = [_band(s[:, start : start + BAND]) for s in (known, asked)]
        order = np.argsort(keys[0], kind="stable")
        at = np.minimum(np.searchsorted(keys[0], keys[1], sorter=order), len(order) - 1)
        partner = order[at]
        meets = np.flatnonzero(keys[0][partner] == keys[1])
        best[meets] = np.maximum(best[meets], (asked[meets] == known[partner[meets]]).mean(axis=1))
    return float((best >= ALIKE).mean())


def _band(part: Sketch) -> Sketch:
    key = part[:, 0].copy()
    for column in part.T[1:]:
        key = (key * np.uint64(0x9E3779B97F4A7C15)) ^ column
    return key


CHECKS = (check_texts,)
