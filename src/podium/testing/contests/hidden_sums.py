"""A table whose signal is not where a tree looks: in the shape of Tabular Playground, May 2022.

Planted: a string of ten letters whose places tell, as does the number of different letters; and steps of sums of two and
three of thirty numeric columns. Boosting on the columns as they are reaches a ceiling far below what is there.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.testing.contests import Planted

NUMBERS, PLACES, LETTERS = 30, 10, 8
SUMS = (((1, 21), 2.5, 1.6), ((5, 22), 1.6, 1.4), ((0, 2, 26), 3.5, 1.6))  # columns, where the step is, how high


def make(folder: Path, seed: int = 0, train: int = 20_000, test: int = 5_000) -> Planted:
    rng = np.random.default_rng([seed, 97])
    rows = train + test
    numbers = rng.normal(size=(rows, NUMBERS)) * np.where(np.arange(NUMBERS) % 3, 1.0, 2.4)
    letters = rng.integers(0, LETTERS, size=(rows, PLACES))
    chance = 1 / (1 + np.exp(-_logits(numbers, letters)))
    target = (rng.random(rows) < chance).astype(np.int64)
    words = (letters + ord("A")).astype(np.uint32).view(f"<U{PLACES}")[:, 0]
    columns = {f"f_{at:02d}": numbers[:, at].round(6) for at in range(NUMBERS)}
    frame = pl.DataFrame({"id": np.arange(rows), **columns, "f_code": words.tolist(), "target": target})
    public = folder / "public"
    public.mkdir(parents=True)
    frame.head(train).write_csv(public / "train.csv")
    frame.tail(test).drop("target").write_csv(public / "test.csv")
    frame.tail(test).select("id", target=pl.lit(0.5)).write_csv(public / "sample_submission.csv")
    (public / "description.md").write_text(
        "# Machine states\n\nPredict the state of a machine from its settings: `target` is 0 or 1.\n\n"
        "## Metric\n\nArea under the ROC curve.\n\n## Submission\n\n`id` and the probability of `target`.\n"
    )
    answers = target[train:]
    best = _auc(answers, chance[train:])
    return Planted(
        public=public,
        score=lambda file: _score(file, frame["id"].tail(test).to_list(), answers),
        higher=True,
        naive=0.75,
        reach=round(best - 0.03, 4),
        difficulty="letters at their places, how many differ, and steps of sums of columns",
    )


def _logits(numbers: NDArray[np.float64], letters: NDArray[np.int64]) -> NDArray[np.float64]:
    """`(n,)`: steps of sums, a product, places of the code, and how many letters it has."""
    different = np.array([len(set(row)) for row in letters.tolist()], dtype=np.float64)
    told = 0.25 * (letters[:, 0] - 3.5) + 0.6 * (letters[:, 7] > 3) - 0.25 * (letters[:, 2] - 3.5)
    told = told + 0.8 * (different - different.mean()) + 0.4 * numbers[:, 7] + 0.2 * numbers[:, 8] * numbers[:, 9]
    for columns, step, height in SUMS:
        total = numbers[:, columns].sum(axis=1)
        told = told + height * np.where(total > step, 1.0, np.where(total < -step, -1.0, 0.0))
    return np.asarray(told)


def _score(file: Path, ids: list[int], answers: NDArray[np.int64]) -> float:
    frame = pl.read_csv(file)
    assert frame["id"].to_list() == ids, "ids"
    return _auc(answers, frame["target"].to_numpy())


def _auc(truth: NDArray[np.int64], scores: NDArray[np.float64]) -> float:
    """By ranks, ties at their middle (Mann and Whitney 1947)."""
    from scipy.stats import rankdata

    positive = truth == 1
    n, m = int(positive.sum()), int((~positive).sum())
    return float((rankdata(scores)[positive].sum() - n * (n + 1) / 2) / (n * m))
