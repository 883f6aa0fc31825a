"""Whether people come back to what they had: learnt from the rows that are labelled, never assumed."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from podium.recipes.recommend.log import Ints, Log, profile
from podium.recipes.recommend.sources import Scores

RARE = 0.02  # of relevant items: below, what a user had is left out
STRENGTHS = (0.1, 0.3, 1.0, 3.0)
HALF = 20.0  # events by which a user's own past fades by 2
SAMPLE, FIRST = 2_000, 12  # rows that the strength is chosen on, and the places that count


def share(log: Log, following: list[Ints], n_items: int) -> float:
    """Of the relevant items, those that the user had had before; users without a history left out."""
    before, after = log.matrix(n_items), _matrix(following, n_items)
    total = float(after[log.sizes > 0].sum())
    return float(before.multiply(after).sum()) / total if total else 0.0


def apply(scores: Scores, log: Log, strength: float) -> Scores:
    """Scores with a user's own items left out (strength below 0), or lifted by how often and lately they were had."""
    if not len(log.items):
        return scores
    if strength < 0:
        had = log.matrix(scores.shape[1]).tocoo()
        scores[had.row, had.col] = -np.inf
        return scores
    own = profile(log, scores.shape[1], HALF, 0.0)
    top = np.maximum(scores.max(axis=1, keepdims=True), 1e-9)
    most = np.maximum(own.max(axis=1).toarray(), 1e-9)
    lifted = own.multiply(strength / most).toarray()
    return np.asarray(scores / top + lifted, dtype=np.float32)


def choose(scores: Scores, log: Log, following: list[Ints]) -> float:
    """The strength with most hits high up the lists; -1 where none beats leaving them out."""
    wanted = _matrix(following, scores.shape[1])
    tried = {strength: _hits(apply(scores.copy(), log, strength), wanted) for strength in (-1.0, 0.0, *STRENGTHS)}
    return max(tried, key=lambda strength: tried[strength])


def _hits(scores: Scores, wanted: sp.csr_matrix) -> float:
    first = min(FIRST, scores.shape[1])
    top = np.argsort(-scores, axis=1, kind="stable")[:, :first]
    hit = np.take_along_axis(wanted.toarray(), top, axis=1)
    return float((hit / np.log2(np.arange(first) + 2)).sum())


def _matrix(following: list[Ints], n_items: int) -> sp.csr_matrix:
    sizes = [len(one) for one in following]
    flat = np.concatenate(following) if following else np.zeros(0, dtype=np.int64)
    owner = np.repeat(np.arange(len(following)), sizes)
    return sp.csr_matrix((np.ones(len(flat), dtype=np.float32), (owner, flat)), shape=(len(following), n_items))
