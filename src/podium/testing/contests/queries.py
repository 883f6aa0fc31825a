"""Ranking: candidates of queries with graded relevance.

Planted: what makes a candidate relevant is how it compares within its query. Each query has a level of its own, which shifts
two features of all its candidates and lifts the grades of some: no feature tells relevance as it is.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from podium.metrics import get
from podium.metrics.graded import Graded, of_rows
from podium.testing.contests import Planted

QUERIES, EACH, ASKED = 160, 12, 60
NAIVE, REACH = 0.725, 0.745  # the best feature as it is; the order within queries learnt

DESCRIPTION = """# Queries

Order the documents of each query by relevance.

## Target

`relevance`

## Metric

**NDCG@5** - mean over queries.

## Submission

`id,relevance`: a score for each document, higher first.
"""


def make(folder: Path, seed: int = 0) -> Planted:
    """A contest of queries in `folder`."""
    rng = np.random.default_rng([seed, 809])
    public = folder / "public"
    public.mkdir(parents=True, exist_ok=True)
    n = (QUERIES + ASKED) * EACH
    query = np.repeat(np.arange(QUERIES + ASKED), EACH)
    level = rng.normal(0, 3.0, QUERIES + ASKED)[query]
    match, fresh, length = rng.normal(size=(3, n))
    worth = 1.2 * match + 0.8 * np.tanh(2 * fresh) - 0.6 * match * (length > 0) + 0.4 * rng.normal(size=n)
    grade = np.digitize(worth, [1.0, 1.4, 2.2]) * (rng.random(n) > 0.05)
    grade = np.where(level > 2, np.minimum(grade + 1, 3), grade)
    frame = pl.DataFrame({
        "id": rng.permutation(90_000)[:n] + 10_000, "query_id": query + 500, "match": match - level, "fresh": fresh,
        "length": length, "popularity": level + rng.normal(size=n), "relevance": grade,
    }).with_columns(pl.col("match", "fresh", "length", "popularity").round(4))  # fmt: skip
    train, test = frame.filter(pl.col("query_id") < 500 + QUERIES), frame.filter(pl.col("query_id") >= 500 + QUERIES)
    train.write_csv(public / "train.csv")
    test.drop("relevance").write_csv(public / "test.csv")
    test.select("id", pl.lit(0.0).alias("relevance")).write_csv(public / "sample_submission.csv")
    (public / "description.md").write_text(DESCRIPTION)
    test.write_csv(folder / "answers.csv")
    return Planted(
        public, partial(_score, folder / "answers.csv"), True, NAIVE, REACH, "relevance is relative to the query"
    )


def _score(answers: Path, submission: Path) -> float:
    told = pl.read_csv(answers)
    given = pl.read_csv(submission).rename({"relevance": "given"})
    both = told.join(given, on="id", how="left")
    truth = Graded(both["relevance"].to_numpy().astype(np.float64), both["query_id"].to_numpy())
    return of_rows(get("ndcg@5"))(truth, both["given"].to_numpy())
