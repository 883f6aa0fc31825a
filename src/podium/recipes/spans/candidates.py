"""Spans worth looking at, and what a ranker is told of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from podium.recipes.spans.passages import Passages

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BATCH_CELLS = 4_000_000  # spans that are weighed at a time
TOP = 12  # spans kept by each of the two orders
ENDS_SENTENCE = (".", "!", "?", "…", ",", ";", ":")


@dataclass(frozen=True)
class Candidates:
    """Spans of words: `row`, `first`, `last` `(s,)`, sorted by row."""

    row: Ints
    first: Ints
    last: Ints


def found(passages: Passages, odds: Floats, longest: int) -> Candidates:
    """The spans of at most `longest` words with the highest expected overlap, those with the likeliest ends, all words."""
    sizes, parts = passages.sizes, []
    order = np.argsort(sizes, kind="stable")
    order = order[sizes[order] > 0]
    start = 0
    while start < len(order):
        size = int(sizes[order[start]])
        pairs = _pairs(size, longest)
        ahead = order[start : start + max(1, BATCH_CELLS // len(pairs))]
        rows = ahead[: int(np.searchsorted(sizes[ahead], size, "right"))]  # texts of one length at a time
        parts.append(_best(passages, odds, rows, size, pairs))
        start += len(rows)
    if not parts:
        return Candidates(*(np.zeros(0, dtype=np.int64) for _ in range(3)))
    row, first, last = (np.concatenate([part[at] for part in parts]) for at in range(3))
    sort = np.lexsort((last, first, row))
    return Candidates(row[sort], first[sort], last[sort])


def _pairs(size: int, longest: int) -> Ints:
    """(first, last) of all spans of at most so many words, and of the whole, `(s, 2)`."""
    lengths = np.minimum(longest, size - np.arange(size))
    first = np.repeat(np.arange(size), lengths)
    last = first + np.arange(len(first)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    if size > longest:
        first, last = np.insert(first, longest, 0), np.insert(last, longest, size - 1)
    return np.stack([first, last], axis=1).astype(np.int64)


def _best(passages: Passages, odds: Floats, rows: Ints, size: int, pairs: Ints) -> tuple[Ints, Ints, Ints]:
    at = passages.offsets[rows][:, None] + np.arange(size)[None, :]
    p = 1 / (1 + np.exp(-odds[at, 0]))
    sums = np.concatenate([np.zeros((len(rows), 1)), np.cumsum(p, axis=1)], axis=1)
    first, last = pairs[:, 0], pairs[:, 1]
    within = sums[:, last + 1] - sums[:, first]
    overlap = within / ((last - first + 1) + sums[:, -1:] - within)
    ends = odds[at, 1][:, first] + odds[at, 2][:, last]
    chosen = np.zeros(overlap.shape, dtype=bool)
    chosen[:, (first == 0) & (last == size - 1)] = True
    top = min(TOP, len(pairs))
    for merit in (overlap, ends):
        np.put_along_axis(chosen, np.argpartition(-merit, top - 1, axis=1)[:, :top], True, axis=1)
    row, pair = np.nonzero(chosen)
    return rows[row], first[pair], last[pair]


def described(passages: Passages, odds: Floats, spans: Candidates) -> NDArray[np.float32]:
    """Features `(s, 25)` of spans: log odds inside, outside and at the ends, sizes, places, punctuation, condition."""
    low, size = passages.offsets[spans.row], passages.sizes[spans.row]
    a, b = low + spans.first, low + spans.last
    n = spans.last - spans.first + 1
    within = 1 / (1 + np.exp(-odds[:, 0]))
    sums = {name: np.concatenate([[0.0], np.cumsum(values)]) for name, values in (
        ("odds", odds[:, 0]), ("p", within), ("up", np.maximum(odds[:, 0], 0.0)), ("down", np.minimum(odds[:, 0], 0.0)),
    )}  # fmt: skip
    inside = {name: values[b + 1] - values[a] for name, values in sums.items()}
    of_row = {name: values[low + size] - values[low] for name, values in sums.items()}
    begins, ends = (odds[:, q] - _logsumexp(odds[:, q], passages)[passages.row] for q in (1, 2))
    before, after = np.maximum(a - 1, low), np.minimum(b + 1, low + size - 1)
    opens, closes = spans.first == 0, spans.last + 1 == size
    stop = np.array([word[-1] in ENDS_SENTENCE for word in passages.words], dtype=bool)
    highest = np.maximum.reduceat(odds[:, 0], low[np.flatnonzero(np.diff(spans.row, prepend=-1))]) if len(a) else a
    columns = [
        inside["odds"] / n, inside["odds"], inside["up"], inside["down"], of_row["up"] - inside["up"],
        inside["p"] / (n + of_row["p"] - inside["p"]), inside["p"], of_row["p"], of_row["p"] / size,
        begins[a], ends[b], begins[a] + ends[b], odds[a, 0], odds[b, 0],
        np.where(opens, -20.0, odds[before, 0]), np.where(closes, -20.0, odds[after, 0]),
        n, size, n / size, spans.first, size - 1 - spans.last, opens | stop[before], closes | stop[b],
        passages.condition[spans.row],
        highest[np.cumsum(np.diff(spans.row, prepend=-1) > 0) - 1] if len(a) else a,
    ]  # fmt: skip
    return np.stack(columns, axis=1).astype(np.float32)


def _logsumexp(values: Floats, passages: Passages) -> Floats:
    """Of each text's words, `(n,)`."""
    raised = np.bincount(passages.row, weights=np.exp(np.clip(values, -30, 30)), minlength=len(passages))
    return np.asarray(np.log(np.maximum(raised, 1e-30)))
