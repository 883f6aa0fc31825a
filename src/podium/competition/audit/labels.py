"""Label noise: what labels disagree with a quick model's out-of-fold predictions even where it is surest, and among copies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from podium.competition.audit.quick import MOST_CLASSES, Told, out_of_fold
from podium.competition.audit.view import Floats, Ints, View, finding
from podium.records import AuditFinding

LEAST_ROWS = 300
GOOD = 0.8  # balanced accuracy of the quick model, over which its surest predictions are worth something
LEVEL = 1.8  # errors among the next surest quarter may be so many times those of the surest: noise does not care
LOUD = 0.03  # of labels at least, before it is warned of
MANY = 2_000  # rows, before it is warned of: fewer cannot tell noise from overlap


@dataclass(frozen=True)
class LabelNoise:
    """`share`, `low`, `high`: of labels that are wrong, with Wilson's 95 % interval; `suspects`: rows that confident
    learning would look at, overlap of classes included; `rows`: of all."""

    share: float
    low: float
    high: float
    suspects: int
    rows: int


def label_noise(probabilities: Floats, codes: Ints) -> LabelNoise | None:
    """An estimate from out-of-fold probabilities `(n, k)`; None where labels agree, or where classes merely overlap.

    Noise is as frequent where a model is surest as where it is nearly as sure; errors of overlap die out there. So: errors
    among the surest quarter of rows, if the next quarter's are about as many. `suspects` counts the off-diagonal of the
    confident joint (Northcutt, Jiang, Chuang 2021, "Confident Learning", as cleanlab computes it).
    """
    guess, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    classes = np.unique(codes)
    balanced = np.mean([(guess[codes == c] == c).mean() for c in classes])
    if balanced < GOOD or len(codes) < LEAST_ROWS:
        return None
    wrong = (guess != codes)[np.argsort(-sure, kind="stable")]
    quarter = len(codes) // 4
    first, second = int(wrong[:quarter].sum()), int(wrong[quarter : 2 * quarter].sum())
    low, high = wilson(first, quarter)
    if first < 5 or low < 0.005 or second > LEVEL * first + 2 * np.sqrt(first):
        return None
    return LabelNoise(first / quarter, low, high, confident_suspects(probabilities, codes), len(codes))


def confident_suspects(probabilities: Floats, codes: Ints) -> int:
    """Rows that are confidently of another class than their label: a class counts where its probability reaches the mean
    over the rows so labelled; the likeliest such class is taken."""
    k = probabilities.shape[1]
    bars = np.array([probabilities[codes == c, c].mean() if (codes == c).any() else np.inf for c in range(k)])
    reached = np.where(probabilities >= bars, probabilities, -1.0)
    likeliest = reached.argmax(axis=1)
    return int(((reached.max(axis=1) >= 0) & (likeliest != codes)).sum())


def wilson(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's interval of a share."""
    p, d = hits / n, 1 + z * z / n
    centre, half = (p + z * z / (2 * n)) / d, z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / d
    return float(max(0.0, centre - half)), float(min(1.0, centre + half))


def check_labels(view: View) -> Iterator[AuditFinding]:
    told = quick_probabilities(view)
    if told is None:
        return
    seen = label_noise(told.probabilities, told.codes)
    if seen is None:
        return
    text = (
        f"about {seen.share:.1%} of labels may be wrong ({seen.low:.1%}–{seen.high:.1%}): so many disagree with an out-of-fold "
        f"model where it is surest; confident learning suspects {seen.suspects} of {seen.rows} rows, overlap included"
    )
    yield finding("label_noise", "warn" if seen.low > LOUD and seen.rows >= MANY else "info", None, seen.share, text)


def quick_probabilities(view: View) -> Told | None:
    """Of the classes that are there; None for numbers, several labels, many classes and few rows."""
    if view.truth.codes is None or len(view.truth.codes) < LEAST_ROWS:
        return None
    classes, codes = np.unique(view.truth.codes, return_inverse=True)
    return None if len(classes) > MOST_CLASSES else out_of_fold(view, codes.astype(np.int64))


CHECKS = (check_labels,)
