"""A submission against ALS, EASE and item-kNN with their usual settings, on the same public data, by NDCG@k.

    python bench/recommenders.py FOLDER SUBMISSION ANSWERS [--k 10]

FOLDER: the competition's public folder. ANSWERS: a CSV of the sample's columns, relevant items separated by blanks. ALS is
`implicit`'s (`pip install 'implicit>=0.7.3,<0.8'`; as it comes, and with 64 factors, regularisation 0.05, alpha 10), EASE
(Steck 2019) has lambda 250 and 500, item-kNN is cosine over 100 neighbours with shrinkage 20. None recommends what a user had.
Prints each score, and the paired bootstrap (10,000 draws of users) of the submission against the best of them.
"""

from __future__ import annotations

import argparse
import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from podium.competition.intake import intake
from podium.competition.units.events import ITEM, USER, Events, read_events
from podium.metrics import get
from podium.metrics.shapes import Ranking

DRAWS = 10_000
Scores = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("folder", "submission", "answers"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--k", type=int, default=10)
    given = parser.parse_args()
    competition = intake(given.folder)
    events = read_events(competition, given.folder)
    key = competition.submission_columns[0]
    truth = lists_of(given.answers, key, events)
    merit = get(f"ndcg@{given.k}").per_row
    assert merit is not None
    ours = merit(truth, lists_of(given.submission, key, events))[:, 0]
    print(f"{'submission':28s} {ours.mean():.4f}")
    best = None
    for name, scores in peers(events):
        theirs = merit(truth, top(scores, events, given.k))[:, 0]
        print(f"{name:28s} {theirs.mean():.4f}", flush=True)
        best = theirs if best is None or theirs.mean() > best.mean() else best
    assert best is not None
    gains = ours - best
    draws = np.random.default_rng(0).integers(0, len(gains), (DRAWS, len(gains)))
    low, high = np.quantile(gains[draws].mean(axis=1), [0.025, 0.975])
    print(f"ahead of the best by {gains.mean():+.4f}, 95 % of paired bootstraps {low:+.4f} to {high:+.4f}")


def lists_of(path: Path, key: str, events: Events) -> Ranking:
    """The lists of a file, in the order in which users are asked."""
    frame = pl.read_csv(path, infer_schema=False)
    answer = next(c for c in frame.columns if c != key)
    asked = events.asked.select(pl.col("name").alias(key)).join(frame, on=key, how="left", maintain_order="left")
    return Ranking.from_strings(asked[answer].fill_null("").to_list())


def peers(events: Events) -> Iterator[tuple[str, Scores]]:
    """(name, scores of all items for all users known)."""
    learnt = events.learnt
    where = (np.ones(learnt.height), (learnt[USER].to_numpy(), learnt[ITEM].to_numpy()))
    matrix = sp.csr_matrix(where, shape=(events.n_users, len(events.items)))
    matrix.data[:] = 1.0
    yield "item-kNN 100, shrink 20", neighbours(matrix, 100, 20.0)
    for penalty in (250.0, 500.0):
        yield f"EASE {penalty:g}", ease(matrix, penalty)
    for name, settings in (
        ("ALS of implicit, as it comes", {}),
        ("ALS of implicit, 64", {"factors": 64, "regularization": 0.05, "alpha": 10.0}),
    ):
        yield name, als(matrix, settings)


def neighbours(matrix: sp.csr_matrix, most: int, shrink: float) -> Scores:
    gram = (matrix.T @ matrix).toarray()
    norms = np.sqrt(np.diag(gram))
    alike = gram / (norms[:, None] * norms[None, :] + shrink)
    np.fill_diagonal(alike, 0.0)
    alike[alike < np.partition(alike, -most, axis=1)[:, -most][:, None]] = 0.0
    return np.asarray(matrix @ alike)


def ease(matrix: sp.csr_matrix, penalty: float) -> Scores:
    """The ridge regression of items on each other, solved over users where they are fewer."""
    dense = matrix.toarray()
    gram = dense @ dense.T + penalty * np.eye(len(dense))
    solved = np.linalg.solve(gram, dense)
    diagonal = (1.0 - (dense * solved).sum(axis=0)) / penalty
    return np.asarray(dense - (dense - (dense @ dense.T) @ solved) / penalty / diagonal)


def als(matrix: sp.csr_matrix, settings: dict[str, Any]) -> Scores:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    model = importlib.import_module("implicit.als").AlternatingLeastSquares(random_state=0, use_gpu=False, **settings)
    model.fit(matrix.astype(np.float32), show_progress=False)
    return np.asarray(model.user_factors @ model.item_factors.T, dtype=np.float64)


def top(scores: Scores, events: Events, k: int) -> Ranking:
    learnt = events.learnt
    scores[learnt[USER].to_numpy(), learnt[ITEM].to_numpy()] = -np.inf
    best = np.argsort(-scores[events.asked[USER].to_numpy()], axis=1, kind="stable")[:, :k]
    names = events.items.to_numpy()
    return Ranking.from_lists([names[row].tolist() for row in best])


if __name__ == "__main__":
    main()
