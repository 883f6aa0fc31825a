"""Metrics of strings: word Jaccard, Levenshtein distance, exact match, BLEU. Truth and prediction are `shapes.Text`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from podium.metrics.metric import Floats, Metric, decomposed
from podium.metrics.shapes import Ints, Text, check_units, offsets_of

TASKS = ("text_generation", "span_extraction")
BLEU_ORDER = 4
CELLS = 1 << 17  # of one step of the edit-distance table: what stays in a core's cache


def word_jaccards(truth: Text, prediction: Text) -> Floats:
    """|A and B| / |A or B| of the sets of lower-cased words, `(n, 1)`; two texts without words are alike: 1.

    The definition of Kaggle's tweet-sentiment-extraction.
    """
    check_units(truth, prediction)
    merits = np.empty(len(truth))
    for at, (wanted, given) in enumerate(zip(truth.values, prediction.values, strict=True)):
        if wanted == given:
            merits[at] = 1.0
            continue
        a, b = set(wanted.lower().split()), set(given.lower().split())
        shared = len(a & b)
        union = len(a) + len(b) - shared
        merits[at] = shared / union if union else 1.0
    return merits[:, None]


def exact_matches(truth: Text, prediction: Text) -> Floats:
    """1 where the strings are the same, character by character, `(n, 1)`."""
    check_units(truth, prediction)
    same = [a == b for a, b in zip(truth.values, prediction.values, strict=True)]
    return np.asarray(same, dtype=np.float64)[:, None]


def edit_distances(truth: Text, prediction: Text) -> Floats:
    """Least number of inserted, deleted and replaced characters (code points), `(n, 1)` (Levenshtein 1966)."""
    check_units(truth, prediction)
    pairs = zip(truth.values, prediction.values, strict=True)
    differ = np.flatnonzero([a != b for a, b in pairs])
    distances = np.zeros(len(truth))
    if len(differ):
        a, b = ([text.values[i] for i in differ] for text in (truth, prediction))
        distances[differ] = _distances(a, b)
    return distances[:, None]


def _distances(a: Sequence[str], b: Sequence[str]) -> Floats:
    """Wagner and Fischer's table for many pairs at a time: pairs of like lengths together, one pair a column."""
    codes_a, sizes_a = _code_points(a)
    codes_b, sizes_b = _code_points(b)
    offsets_a, offsets_b = offsets_of(sizes_a), offsets_of(sizes_b)
    order = np.lexsort((sizes_a, sizes_b))
    found = np.zeros(len(a))
    start = 0
    while start < len(order):
        width = max(int(sizes_b[order[start]]), 1)
        batch = order[start : start + max(CELLS // width, 1)]
        start += len(batch)
        table = [_padded(c, o[batch], s[batch]) for c, o, s in zip(
            (codes_a, codes_b), (offsets_a, offsets_b), (sizes_a, sizes_b), strict=True
        )]  # fmt: skip
        found[batch] = _table(table[0], table[1], sizes_a[batch], sizes_b[batch])
    return found


def _code_points(texts: Sequence[str]) -> tuple[NDArray[np.uint32], Ints]:
    joined = "".join(texts).encode("utf-32-le", "surrogatepass")
    return np.frombuffer(joined, dtype=np.uint32), np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))


def _padded(codes: NDArray[np.uint32], starts: Ints, sizes: Ints) -> NDArray[np.uint32]:
    """`(longest, batch)`; what is beyond an end is arbitrary and never read into a result."""
    at = starts[None, :] + np.arange(int(sizes.max(initial=0)))[:, None]
    if not len(codes):
        return np.zeros(at.shape, dtype=np.uint32)
    padded: NDArray[np.uint32] = codes[np.minimum(at, len(codes) - 1)]
    return padded


def _table(a: NDArray[np.uint32], b: NDArray[np.uint32], sizes_a: Ints, sizes_b: Ints) -> Ints:
    """Row i of the table is the distance of a[:i] to every b[:j]; kept less j, so that insertions are a running minimum."""
    kind = np.int16 if len(a) + len(b) < 30_000 else np.int32
    pairs = np.arange(len(sizes_a))
    row = np.zeros((len(b) + 1, len(pairs)), dtype=kind)  # distance - j: of the empty string, 0
    result = sizes_b.copy()
    for i in range(len(a)):
        # in units less j: a deletion adds 1, a replacement 0 where the characters differ, -1 where they agree
        best = np.minimum(row[1:] + kind(1), row[:-1] - (b == a[i]))
        row[0] = i + 1
        row[1:] = best
        np.minimum.accumulate(row, axis=0, out=row)
        done = sizes_a == i + 1
        if done.any():
            result[done] = row[sizes_b[done], pairs[done]] + sizes_b[done]
    return result


def bleu(truth: Text, prediction: Text, weight: Floats | None = None) -> float:
    """Corpus BLEU-4 of words parted by blanks, one reference each, without smoothing, in 0..1 (Papineni et al. 2002).

    Geometric mean of the clipped n-gram precisions, n = 1..4, times the brevity penalty exp(1 - r/c) where c < r.
    """
    check_units(truth, prediction)
    weights = np.ones(len(truth)) if weight is None else weight
    ids, units, split = _words(truth, prediction)
    lengths = [float(weights[units[side]].sum()) for side in (slice(None, split), slice(split, None))]
    if lengths[1] == 0:
        return float(lengths[0] == 0)
    logs = []
    gram, valid = ids, np.ones(len(ids), dtype=np.bool_)
    for order in range(1, BLEU_ORDER + 1):
        if order > 1:
            gram, valid = _longer(gram, valid, ids, units, split, order)
        matched, total = _clipped(gram, valid, units, split, weights)
        if matched == 0:
            return 0.0
        logs.append(np.log(matched / total))
    penalty = min(0.0, 1.0 - lengths[0] / lengths[1])
    return float(np.exp(penalty + np.mean(logs)))


def _words(truth: Text, prediction: Text) -> tuple[Ints, Ints, int]:
    """Word numbers and units of truth's words, then prediction's; and how many are truth's."""
    values = truth.values + prediction.values
    words = " ".join(values).split()  # one list: millions of small ones would keep the garbage collector busy
    known = {word: number for number, word in enumerate(dict.fromkeys(words))}
    ids = np.fromiter(map(known.__getitem__, words), dtype=np.int64, count=len(words))
    sizes = np.fromiter((len(text.split()) for text in values), dtype=np.int64, count=len(values))
    units = np.repeat(np.tile(np.arange(len(truth)), 2), sizes)
    return ids, units, int(sizes[: len(truth)].sum())


def _longer(
    gram: Ints, valid: NDArray[np.bool_], ids: Ints, units: Ints, split: int, order: int
) -> tuple[Ints, NDArray[np.bool_]]:
    """Numbers of the n-grams that start at each word, from those of n - 1 words; valid where they end in their text."""
    step = order - 1
    here = np.arange(len(ids))
    last = np.minimum(here + step, len(ids) - 1)
    inside = (here + step < len(ids)) & (units[last] == units) & ((here < split) == (last < split))
    words = int(ids.max()) + 1
    if (int(gram.max()) + 1) * words * (int(units.max()) + 1) >= 2**62:  # a text and its n-gram must fit one integer
        _, numbers = np.unique(gram, return_inverse=True)
        gram = numbers.astype(np.int64)
    return gram * words + ids[last], valid & inside


def _clipped(gram: Ints, valid: NDArray[np.bool_], units: Ints, split: int, weights: Floats) -> tuple[float, float]:
    """Predicted n-grams that the reference holds, each at most as often as there; and all predicted n-grams."""
    span = int(gram.max(initial=0)) + 1
    keys = units * span + gram
    wanted, wanted_counts = np.unique(keys[:split][valid[:split]], return_counts=True)
    given, given_counts = np.unique(keys[split:][valid[split:]], return_counts=True)
    total = float(weights[given // span] @ given_counts)
    if not len(wanted):
        return 0.0, total
    at = np.minimum(np.searchsorted(wanted, given), len(wanted) - 1)
    shared = np.where(wanted[at] == given, np.minimum(wanted_counts[at], given_counts), 0)
    return float(weights[given // span] @ shared), total


METRICS = (
    Metric(
        "word_jaccard", "word-level Jaccard", decomposed(word_jaccards), "higher", "text", "value",
        (0.0, 1.0), 1.0, TASKS, per_row=word_jaccards,
    ),
    Metric(
        "exact_match", "exact match score", decomposed(exact_matches), "higher", "text", "value",
        (0.0, 1.0), 1.0, TASKS, per_row=exact_matches,
    ),
    Metric(
        "levenshtein", "Levenshtein distance", decomposed(edit_distances), "lower", "text", "value",
        (0.0, float("inf")), 0.0, TASKS, per_row=edit_distances,
    ),
    Metric("bleu", "BLEU", bleu, "higher", "text", "value", (0.0, 1.0), 1.0, TASKS),
)  # fmt: skip
