"""How much each n-gram speaks for each output: naive-Bayes log counts, or smoothed mean targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from podium.recipes.tabular.target import Target

Floats = NDArray[np.float64]
Kind = Literal["multinomial", "complement", "mean"]


@dataclass
class Tally:
    """What the weights are made of: `positive` `(k, n-grams)` sums of the labels over the texts that hold each n-gram,
    and `total` `(n-grams,)`, how many texts do."""

    positive: Floats
    total: Floats

    def __sub__(self, other: Tally) -> Tally:
        return Tally(self.positive - other.positive, self.total - other.total)


def tally(presence: sp.csr_matrix, labels: Floats, weight: Floats) -> Tally:
    """`labels` `(n, k)`: one-hot classes, 0/1 outputs, or centred values."""
    labels = np.column_stack([labels, np.ones(len(labels))]) * weight[:, None]
    sums = np.asarray(presence.T @ labels.astype(np.float32), dtype=np.float64).T
    return Tally(sums[:-1], sums[-1])


def kind_of(target: Target, complement: bool = False) -> Kind:
    if not target.is_classification:
        return "mean"
    return "complement" if complement or target.loss == "binary" else "multinomial"


def weights(counts: Tally, kind: Kind, alpha: float) -> NDArray[np.float32]:
    """`(k, n-grams)`. A text's evidence is the sum over its n-grams: `presence @ weights.T`.

    multinomial  log of an n-gram's share of a class (naive Bayes), less the mean over classes, which changes nothing
    complement   log-count ratio of class and rest: Wang & Manning 2012, "Baselines and bigrams"
    mean         mean centred value of the texts that hold the n-gram, shrunk by `10 * alpha` texts
    """
    if kind == "mean":
        shrunk: Floats = counts.positive / (counts.total + 10 * alpha)
        return shrunk.astype(np.float32)
    share = _log_share(counts.positive, alpha)
    if kind == "complement":
        ratio: Floats = share - _log_share(counts.total - counts.positive, alpha)
        return ratio.astype(np.float32)
    centred: Floats = share - share.mean(axis=0)
    return centred.astype(np.float32)


def _log_share(counts: Floats, alpha: float) -> Floats:
    smoothed = np.maximum(counts, 0) + alpha
    return np.asarray(np.log(smoothed) - np.log(smoothed.sum(axis=1, keepdims=True)))
