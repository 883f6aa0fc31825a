"""From a probability for each character to one span: whole words first, then the characters at its two ends.

The words are those that maximise the expected overlap over the expected union, q(in) / (|span| + q(all) - q(in)), with q a
word's probability: the expected Jaccard index of two sets, to first order (as for soft Dice and IoU: Nowozin 2014).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.tasks.passages import Ints, bounds, words

Floats = NDArray[np.floating[Any]]
CUT = 0.5  # a character at an end belongs to the span from this share of the span's mean probability
BATCH = 4096  # rows


def choose(raw: Floats, decision: Mapping[str, Any]) -> list[str]:
    """`raw` `(n, 2 * longest)`: code points and probabilities. `decision`: power (of the odds), whole (mean probability
    from which all words are taken), ragged (whether ends may lie within words)."""
    found: list[str] = []
    for start in range(0, len(raw), BATCH):
        found += _chosen(raw[start : start + BATCH], decision)
    return found


def _chosen(raw: Floats, decision: Mapping[str, Any]) -> list[str]:
    half = raw.shape[1] // 2
    codes, p = raw[:, :half], np.clip(raw[:, half:].astype(np.float64), 0.0, 1.0)
    word_of, counts = words(codes)
    most = max(1, int(counts.max(initial=1)))
    of_word = _means(p, word_of, most)
    first, last = best_run(_sharpened(of_word, float(decision.get("power", 1.0))), counts)
    whole = of_word.sum(axis=1) >= float(decision.get("whole", 2.0)) * np.maximum(counts, 1)
    first, last = np.where(whole, 0, first), np.where(whole, np.maximum(counts - 1, 0), last)
    starts, ends = bounds(word_of, most)
    rows = np.arange(len(raw))
    begin, end = starts[rows, first], ends[rows, last]
    if decision.get("ragged"):
        begin, end = _ragged(p, starts, ends, first, last, counts)
    return [
        "".join(map(chr, codes[row, a:b].astype(np.int64).tolist())).strip()
        for row, (a, b) in enumerate(zip(begin.tolist(), end.tolist(), strict=True))
    ]


def _means(p: Floats, word_of: Ints, most: int) -> Floats:
    """Mean probability of each word's characters, `(n, most)`."""
    row, at = np.nonzero(word_of >= 0)
    flat = row * most + word_of[row, at]
    sums = np.bincount(flat, weights=p[row, at], minlength=len(p) * most)
    sizes = np.bincount(flat, minlength=len(p) * most)
    return np.asarray(sums / np.maximum(sizes, 1)).reshape(len(p), most)


def _sharpened(p: Floats, power: float) -> Floats:
    if power == 1.0:
        return p
    up, down = p**power, (1.0 - p) ** power
    return np.asarray(up / np.maximum(up + down, 1e-12))


def best_run(q: Floats, counts: Ints) -> tuple[Ints, Ints]:
    """First and last word of the run of highest expected Jaccard index; of runs that are alike, the shortest, then first.

    No run of a size has more than all words' probability over that size, so long passages are soon through."""
    n, most = q.shape
    sums = np.concatenate([np.zeros((n, 1)), np.cumsum(q, axis=1)], axis=1)
    total = sums[:, -1:]
    best, first, length = np.full(n, -1.0), np.zeros(n, dtype=np.int64), np.ones(n, dtype=np.int64)
    open_ = np.arange(n)  # rows whose best run may be of this size or longer
    for size in range(1, most + 1):
        open_ = open_[(counts[open_] >= size) & (total[open_, 0] > best[open_] * size)]
        if not len(open_):
            break
        within = sums[open_, size:] - sums[open_, :-size]
        merit = within / (size + total[open_] - within)
        merit[np.arange(most - size + 1)[None, :] + size > counts[open_, None]] = -1.0
        at = np.argmax(merit, axis=1)
        top = merit[np.arange(len(open_)), at]
        better = top > best[open_] + 1e-12
        rows = open_[better]
        best[rows], first[rows], length[rows] = top[better], at[better], size
    return first, first + length - 1


def _ragged(p: Floats, starts: Ints, ends: Ints, first: Ints, last: Ints, counts: Ints) -> tuple[Ints, Ints]:
    """The ends moved to where the probability falls below `CUT` of the span's mean, within the words beside them."""
    rows, at = np.arange(len(p)), np.arange(p.shape[1])[None, :]
    begin, end = starts[rows, first], ends[rows, last]
    inside = (at >= begin[:, None]) & (at < end[:, None])
    mean = (p * inside).sum(axis=1) / np.maximum(inside.sum(axis=1), 1)
    low = p < CUT * mean[:, None]
    from_, upto = starts[rows, np.maximum(first - 1, 0)], ends[rows, first]
    left = low & (at >= from_[:, None]) & (at < upto[:, None])
    moved = np.where(left.any(axis=1), p.shape[1] - np.argmax(left[:, ::-1], axis=1), from_)
    begin = np.where(moved < upto, moved, begin)
    from_, upto = starts[rows, last], ends[rows, np.minimum(last + 1, np.maximum(counts - 1, 0))]
    right = low & (at >= from_[:, None]) & (at < upto[:, None])
    moved = np.where(right.any(axis=1), np.argmax(right, axis=1), upto)
    end = np.where(moved > from_, moved, end)
    crossed = end <= begin  # of one word whose characters rise and fall, nothing would be left: it is kept whole
    return np.where(crossed, starts[rows, first], begin), np.where(crossed, ends[rows, last], end)
