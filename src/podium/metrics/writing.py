"""Metrics of texts by edits and letters: word and character error rate, chrF. Truth and prediction are `shapes.Text`."""

from __future__ import annotations

from collections import Counter

import numpy as np

from podium.metrics.metric import Floats, Metric
from podium.metrics.shapes import Text, check_units
from podium.metrics.texts import edit_distances

TASKS = ("text_generation", "span_extraction")
CHRF_ORDER, CHRF_BETA = 6, 2.0
FIRST = 0xE000  # code points of words: the private area and on, clear of surrogates


def character_error_rate(truth: Text, prediction: Text, weight: Floats | None = None) -> float:
    """Edits of characters over characters of the truth, both summed over all rows."""
    return _rate(edit_distances(truth, prediction)[:, 0], [len(text) for text in truth.values], weight)


def word_error_rate(truth: Text, prediction: Text, weight: Floats | None = None) -> float:
    """Edits of words over words of the truth, both summed over all rows; words are parted by blanks."""
    check_units(truth, prediction)
    known: dict[str, str] = {}
    spelled = [
        Text(
            tuple(
                "".join(known.setdefault(word, chr(FIRST + len(known))) for word in text.split())
                for text in side.values
            )
        )
        for side in (truth, prediction)
    ]
    return _rate(edit_distances(*spelled)[:, 0], [len(text.split()) for text in truth.values], weight)


def _rate(edits: Floats, sizes: list[int], weight: Floats | None) -> float:
    """Nothing asked and nothing given is 0; something given where nothing was asked counts as one symbol asked."""
    weights = np.ones(len(edits)) if weight is None else weight
    total = float(weights @ np.asarray(sizes, dtype=np.float64))
    return float(weights @ edits) / (total if total > 0 else 1.0)


def chrf(truth: Text, prediction: Text, weight: Floats | None = None) -> float:
    """Corpus chrF2 in 0..1: mean over n = 1..6 of the F score (beta 2) of character n-grams, blanks left out (Popović 2015).

    As sacrebleu reckons it: counts summed over the rows, orders that neither side has left out.
    """
    check_units(truth, prediction)
    weights = np.ones(len(truth)) if weight is None else weight
    counts = np.zeros((CHRF_ORDER, 3))  # shared, of the truth, of the prediction
    for wanted, given, share in zip(truth.values, prediction.values, weights, strict=True):
        a, b = "".join(wanted.split()), "".join(given.split())
        for n in range(1, CHRF_ORDER + 1):
            of_a, of_b = (Counter(text[at : at + n] for at in range(len(text) - n + 1)) for text in (a, b))
            counts[n - 1] += share * np.array([(of_a & of_b).total(), of_a.total(), of_b.total()])
    shared, asked, said = counts[(counts[:, 1] > 0) & (counts[:, 2] > 0)].T
    if not len(shared):
        return float(not counts.any())
    precision, recall = shared / said, shared / asked
    both = CHRF_BETA**2 * precision + recall
    return float(np.mean((1 + CHRF_BETA**2) * precision * recall / np.where(both > 0, both, 1.0)))


METRICS = (
    Metric("wer", "word error rate", word_error_rate, "lower", "text", "value", (0.0, float("inf")), 0.0, TASKS),
    Metric(
        "cer", "character error rate", character_error_rate, "lower", "text", "value", (0.0, float("inf")), 0.0, TASKS
    ),
    Metric("chrf", "chrF", chrf, "higher", "text", "value", (0.0, 1.0), 1.0, TASKS),
)
