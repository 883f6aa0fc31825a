"""Language modelling: a row is a place in the running text. What goes before is the feature, what follows the target.

Rows lie so close that their contexts cover the text, and each tells its place (label-side), so that `fit` can put the
text together again. Folds look forward, as test does: each validates a stretch of the text's end, at places so far apart
that no context holds the answer to another, and the rest of the stretch comes later in the clock than what is scored.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium import alphabet
from podium.competition import features
from podium.competition.dealt import Dealt, bar, no_bars
from podium.competition.encoding import decode
from podium.competition.kinds.language import PLACE
from podium.competition.source import Source
from podium.competition.table import read_bytes, read_table
from podium.competition.units.unit import Units
from podium.errors import IntakeError
from podium.records import Competition

MOST_ROWS, LEAST_ROWS = 120_000, 2_000  # a quarter of a context apart, within these
MOST_TEXT = 64_000_000  # characters of the text that are dealt, the latest: what lies before is left out
MOST_CELLS = 128_000_000  # characters in all contexts together
SCORED = 4_000  # places a fold is scored at, at most
ENOUGH_SCORED, LEAST_SCORED = (
    400,
    50,
)  # places a fold, their contexts apart: stretches are wider for the first, and only
# where even the second cannot be had do contexts overlap
STRETCH, WIDEST = 0.08, 0.2  # of the text that a fold validates
LEAST_TEXT = 2_000  # symbols

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Laid:
    """Rows as places among the text's symbols, fold of each (-1: trained on only) and stretch (-1: before the first)."""

    at: Ints
    fold_of: NDArray[np.int8]
    stretch: Ints


def make(competition: Competition, data: Path, seed: int) -> Units:
    """Rows over the text, test's contexts. Raises IntakeError: classes that the text does not know, too short a text."""
    text = decode(competition.train_file, read_bytes(data, competition.train_file))[0][-MOST_TEXT:]
    source = _asked(competition, data)
    name = context_column(source.test)
    if name is None:
        raise IntakeError(
            "test has no column of contexts", expected="what goes before each answer",
            found=", ".join(source.test.columns[:8]), remedy="check `test_file` in config.json",
        )  # fmt: skip
    read = alphabet.read(competition.classes, text)
    if read is None:
        raise IntakeError(
            "the classes of the answer do not spell the text",
            expected="characters, their code points (c10), or words",
            found=", ".join(competition.classes[:8]),
            remedy="check `train_file` and `classes` in config.json",
        )
    codes, places = read.codes(text)
    if len(codes) < LEAST_TEXT:
        raise IntakeError(
            f"{competition.train_file} has {len(codes)} symbols", expected=f"{LEAST_TEXT} at least",
            remedy="check `train_file` in config.json",
        )  # fmt: skip
    lengths = source.test[name].str.len_chars().fill_null(0).to_numpy().astype(np.int64)
    laid = lay(len(codes), codes >= 0, places, int(lengths.max(initial=1)), competition.cv_folds)
    reach = _reaches(laid, places, lengths, seed)
    train = pl.DataFrame(
        {
            name: [text[max(0, end - of) : end] for end, of in zip(places[laid.at].tolist(), reach.tolist(), strict=True)],
            competition.target_columns[0]: [competition.classes[code] for code in codes[laid.at].tolist()],
            PLACE: places[laid.at],
        }
    )  # fmt: skip
    test = source.test.select(c for c in source.test.columns if c in (name, competition.id_column))
    clock = _clock(laid, len(codes))
    whole = np.concatenate([clock, np.full(test.height, clock.max() + 1.0)])
    return Units(Source(train, test, source.sample, ()), clock=whole, dealt=_dealt(laid, clock, competition.cv_folds))


def context_column(test: pl.DataFrame) -> str | None:
    """The column of test that holds what goes before: the longest texts."""
    texts = [c for c in test.columns if test[c].dtype == pl.String]
    return max(texts, key=lambda c: float(test[c].str.len_chars().mean() or 0), default=None)  # type: ignore[arg-type]


def _asked(competition: Competition, data: Path) -> Source:
    """Test and sample, rows in the sample's order."""
    test = read_table(data, competition.test_file, all_text=True).frame
    sample = read_table(data, competition.sample_file, all_text=True).frame if competition.sample_file else None
    blank = [c for c in test.columns if c != competition.id_column]
    test = test.with_columns(pl.col(blank).fill_null(""))
    return features.in_sample_order(Source(test, test, sample, ()), competition)


def lay(n: int, known: NDArray[np.bool_], places: Ints, length: int, folds: int) -> Laid:
    """Rows over n symbols: scored places in the last `folds` stretches, and others so close that contexts cover all.

    `known` `(n,)`: symbols that are classes. `places` `(n,)`: of each symbol's first character. `length` of test's
    contexts in characters.
    """
    most = max(1_000, min(MOST_ROWS, MOST_CELLS // max(length, 1)))
    apart = max(1, round(length * n / max(int(places[-1]), 1))) + 1  # symbols of a context, and the answer
    stride = max(1, min(apart // 4, n // LEAST_ROWS), -(-n // most))
    window = int(np.clip(ENOUGH_SCORED * apart, STRETCH * n, WIDEST * n))
    edges = n - window * np.arange(folds, -1, -1)
    step = max(int(np.clip(window // LEAST_SCORED, 1, apart)), -(-window // SCORED))
    fold_of = np.full(n, -1, dtype=np.int8)
    for fold in range(folds):
        fold_of[edges[fold] + min(apart, window // 2) : edges[fold + 1] : step] = fold
    chosen = np.zeros(n, dtype=bool)
    chosen[stride - 1 :: stride] = True
    chosen[-1] = True
    at = np.flatnonzero((chosen | (fold_of >= 0)) & known)
    return Laid(at, fold_of[at], np.searchsorted(edges, at, side="right") - 1)


def _reaches(laid: Laid, places: Ints, lengths: Ints, seed: int) -> Ints:
    """Characters of context a row: of scored rows as test's are, of others enough to reach well into the one before."""
    longest = int(lengths.max(initial=1))
    gaps = np.diff(places[laid.at], prepend=0)
    reach = np.maximum(longest, 2 * gaps)
    scored = laid.fold_of >= 0
    # a scored row's context may be shorter, so the row after reaches over it
    reach[1:] = np.maximum(reach[1:], np.where(scored[:-1], 2 * gaps[1:] + gaps[:-1], 0))
    reach[scored] = np.maximum(np.random.default_rng([seed, 9]).choice(lengths, int(scored.sum())), 1)
    return np.asarray(reach, dtype=np.int64)


def _clock(laid: Laid, n: int) -> NDArray[np.float64]:
    """When a row may be seen: by place, but of a stretch what is scored comes first. So a fold's file, which ends with
    its last row, holds no context that tells an answer."""
    return np.asarray(laid.at + n * (2.0 * (laid.stretch + 1) + (laid.fold_of < 0)), dtype=np.float64)


def _dealt(laid: Laid, clock: NDArray[np.float64], folds: int) -> Dealt:
    barred = no_bars(len(laid.at))
    for fold in range(folds):
        bar(barred, fold, (laid.stretch >= fold) & (laid.fold_of != fold))
    return Dealt(np.zeros(len(laid.at), dtype=bool), laid.fold_of, barred, clock)


__all__ = ["PLACE", "Laid", "context_column", "lay", "make"]
