"""Factors of users and items: alternating least squares, and pairwise ranking by gradient descent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from podium.recipes.recommend.least_squares import Singles, solve
from podium.recipes.recommend.log import Log, profile
from podium.recipes.recommend.sources import Scores, Source

BATCH = 256
NEARLY, EXACTLY = 1e-3, 1e-5  # residuals of a round's solutions, from where the last round ended, and of what is asked
SPARE = 3.0  # rounds' time that is left for what comes after


def in_time(rounds: int, until: float | None) -> Iterator[int]:
    """0, 1, … below `rounds`, as long as another round and the spare ones end before `until`; one at least."""
    begun = time.monotonic()
    for done in range(rounds):
        now = time.monotonic()
        if done and until is not None and now + (1.0 + SPARE) * (now - begun) / done > until:
            return
        yield done


class Als(Source):
    """Implicit-feedback matrix factorisation (Hu, Koren and Volinsky 2008). New histories are folded in: their factors
    are solved against the items', so no user need have been there."""

    def __init__(
        self, factors: int = 64, penalty: float = 0.05, alpha: float = 10.0, rounds: int = 12, half: float = 0.0,
        liked: float = 1.0,
    ) -> None:  # fmt: skip
        self.factors, self.penalty, self.alpha, self.rounds = factors, penalty, alpha, rounds
        self.half, self.liked = half, liked

    def fit(self, log: Log, n_items: int, seed: int = 0, until: float | None = None) -> Self:
        self.n_items = n_items
        matrix = _sorted(profile(log, n_items, 0.0, self.liked))
        turned = _sorted(matrix.T.tocsr())
        rng = np.random.default_rng(seed)
        self.of_items = rng.normal(0, 0.1, (n_items, self.factors)).astype(np.float32)
        of_users: Singles | None = None
        for done in in_time(self.rounds, until):
            of_users = self._solve(matrix, self.of_items, of_users, NEARLY)
            self.of_items = self._solve(turned, of_users, self.of_items if done else None, NEARLY)
        return self

    def _solve(
        self, matrix: sp.csr_matrix, other: Singles, start: Singles | None = None, tolerance: float = EXACTLY
    ) -> Singles:
        """Rows without an event come out as zeros."""
        penalty = self.penalty * max(1.0, matrix.shape[1] ** 0.5)
        return solve(matrix, other, penalty, self.alpha, start, tolerance=tolerance)

    def scores(self, log: Log) -> Scores:
        asked = self._solve(_sorted(profile(log, self.n_items, self.half, self.liked)), self.of_items)
        return np.asarray(asked @ self.of_items.T, dtype=np.float32)


def _sorted(matrix: sp.csr_matrix) -> sp.csr_matrix:
    """Columns in order: sums of short numbers then come out alike."""
    matrix.sort_indices()
    return matrix


class Bpr(Source):
    """Bayesian personalised ranking (Rendle et al. 2009), a user being the mean of what they met (as in FISM: Kabbur et
    al. 2013), so that new histories need no factors of their own."""

    def __init__(
        self, factors: int = 48, epochs: int = 15, rate: float = 0.05, penalty: float = 1e-4, half: float = 20.0
    ) -> None:
        self.factors, self.epochs, self.rate, self.penalty, self.half = factors, epochs, rate, penalty, half

    def fit(self, log: Log, n_items: int, seed: int = 0, until: float | None = None) -> Self:
        rng = np.random.default_rng(seed)
        self.n_items = n_items
        self.inner, self.outer = (rng.normal(0, 0.1, (n_items, self.factors)) for _ in range(2))
        self.bias = np.zeros(n_items)
        users = self._means(log)
        owner, items = log.owner, log.items
        steps: Any = [np.full_like(self.inner, 1e-2), np.full_like(self.outer, 1e-2), np.full(n_items, 1e-2)]
        for _ in in_time(self.epochs, until):
            order = rng.permutation(len(items))
            for low in range(0, len(order), BATCH):
                at = order[low : low + BATCH]
                self._step(users[owner[at]], items[at], rng.integers(0, n_items, len(at)), steps)
        return self

    def _means(self, log: Log) -> sp.csr_matrix:
        weights = profile(log, self.n_items, self.half, 1.0)
        total = np.maximum(np.asarray(weights.sum(axis=1)).ravel(), 1e-9)
        return (sp.diags(1.0 / total) @ weights).tocsr()

    def _step(self, means: sp.csr_matrix, met: NDArray[Any], other: NDArray[Any], steps: Any) -> None:
        """One batch of Adagrad; what is met is taken out of its own user's mean, or it would explain itself."""
        own = np.asarray(means[np.arange(len(met)), met]).reshape(-1, 1)
        of_users = means @ self.inner - own * self.inner[met]
        gap = self.outer[met] - self.outer[other]
        margin = (of_users * gap).sum(axis=1) + self.bias[met] - self.bias[other]
        push = 1.0 / (1.0 + np.exp(np.clip(margin, -30, 30)))
        inner = means.T @ (push[:, None] * gap)
        for place, sign in ((met, 1.0), (other, -1.0)):
            self._add(self.outer, steps[1], place, sign * push[:, None] * of_users)
            self._add(self.bias, steps[2], place, sign * push)
        touched = np.unique(means.indices)
        self._add(self.inner, steps[0], touched, np.asarray(inner[touched]))

    def _add(self, table: NDArray[Any], steps: NDArray[Any], at: NDArray[Any], gradient: NDArray[Any]) -> None:
        gradient = gradient - self.penalty * table[at]
        np.add.at(steps, at, gradient**2)
        np.add.at(table, at, self.rate * gradient / np.sqrt(steps[at]))

    def scores(self, log: Log) -> Scores:
        return np.asarray(self._means(log) @ self.inner @ self.outer.T + self.bias, dtype=np.float32)
