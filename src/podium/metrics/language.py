"""Metrics of language models: bits per character, bits per byte, perplexity. All follow from the log loss of each token.

Truth: codes `(n,)`, or `shapes.Tokens` with the bytes of each token. Prediction: probabilities `(n, K)` over the
vocabulary; for `Tokens` also `(n,)`: the probability given to the true token, where a whole table would be too large.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.metrics.metric import Floats, Metric, decomposed, mean
from podium.metrics.probabilities import EPSILON, log_losses
from podium.metrics.shapes import Tokens

TASKS = ("language_modelling", "multiclass_classification")
MOST = -math.log(EPSILON)


def token_losses(truth: Any, prediction: NDArray[Any]) -> Floats:
    """-ln of the probability given to each true token, `(n, 1)`; probabilities are clipped as in the log loss."""
    if isinstance(truth, Tokens) and prediction.ndim == 1:
        given = np.clip(np.asarray(prediction, dtype=np.float64), EPSILON, 1.0 - EPSILON)
        return np.asarray(-np.log(given)[:, None], dtype=np.float64)
    return log_losses(truth.codes if isinstance(truth, Tokens) else truth, prediction)


def token_bits(truth: Any, prediction: NDArray[Any]) -> Floats:
    return token_losses(truth, prediction) / math.log(2.0)


def bits_per_byte(truth: Any, prediction: NDArray[Any], weight: Floats | None = None) -> float:
    """Bits of all tokens over the bytes of all tokens; where truth is plain codes each token is one byte."""
    sizes = truth.sizes if isinstance(truth, Tokens) else np.ones(len(truth))
    weights = np.ones(len(truth)) if weight is None else weight
    return float(weights @ token_bits(truth, prediction)[:, 0] / (weights @ sizes))


def perplexity(truth: Any, prediction: NDArray[Any], weight: Floats | None = None) -> float:
    """exp of the mean log loss of a token (Jelinek et al. 1977)."""
    return float(np.exp(mean(token_losses(truth, prediction), weight).mean()))


METRICS = (
    Metric(
        "bits_per_character", "bits per character", decomposed(token_bits), "lower", "probability", "logit",
        (0.0, MOST / math.log(2.0)), 0.0, TASKS, per_row=token_bits,
    ),
    Metric(
        "bits_per_byte", "bits per byte", bits_per_byte, "lower", "probability", "logit",
        (0.0, MOST / math.log(2.0)), 0.0, TASKS,
    ),
    Metric(
        "perplexity", "perplexity", perplexity, "lower", "probability", "logit",
        (1.0, 1.0 / EPSILON), 1.0, TASKS,
    ),
)  # fmt: skip
