"""Several labels of long documents. Planted: the words that tell stand at a document's end, behind tens of thousands of
characters that tell nothing: who reads the beginnings alone learns nothing.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.testing.contests import Planted

TRAIN, TEST = 120, 80
LENGTH = 50_000  # characters of a long document, about
LONG = 0.12  # share of the documents that are long
TOPICS = ("law", "ships", "weather", "music")
TELLING = 6  # words at the end for each label that holds


def make(folder: Path, seed: int = 0) -> Planted:
    rng = np.random.default_rng([seed, 82])
    common, telling = _words(rng, 400), {topic: _words(rng, 12) for topic in TOPICS}
    labels = (rng.random((TRAIN + TEST, len(TOPICS))) < 0.35).astype(np.int64)
    texts = [_document(rng, common, telling, row) for row in labels]
    public = folder / "public"
    public.mkdir(parents=True)
    named = {topic: labels[:, at] for at, topic in enumerate(TOPICS)}
    frame = pl.DataFrame({"id": [f"d{at}" for at in range(TRAIN + TEST)], "document": texts, **named})
    frame.head(TRAIN).write_csv(public / "train.csv")
    frame.tail(TEST).select("id", "document").write_csv(public / "test.csv")
    frame.tail(TEST).select("id", *(pl.lit(0.5).alias(topic) for topic in TOPICS)).write_csv(
        public / "sample_submission.csv"
    )
    (public / "description.md").write_text(
        "# What is it about?\n\nPredict which subjects each document speaks of: several, one or none.\n\n## Metric\n\n"
        "Mean column-wise ROC AUC.\n\n## Submission\n\n`id` and a probability for each of law, ships, weather and music.\n"
    )
    answers = labels[TRAIN:]
    return Planted(
        public=public,
        score=lambda file: _score(file, frame["id"].tail(TEST).to_list(), answers),
        higher=True,
        naive=0.5,
        reach=0.9,
        difficulty="the words that tell stand at the end of documents of 50,000 characters",
    )


def _words(rng: np.random.Generator, count: int) -> list[str]:
    letters = np.array(list("abcdefghijklmnoprstuvy"))
    return ["".join(rng.choice(letters, int(rng.integers(4, 9)))) for _ in range(count)]


def _document(
    rng: np.random.Generator, common: list[str], telling: dict[str, list[str]], row: NDArray[np.int64]
) -> str:
    length = LENGTH if rng.random() < LONG else LENGTH // 25
    said = [common[i] for i in rng.integers(len(common), size=length // 7)]
    end = [common[i] for i in rng.integers(len(common), size=60)]
    for topic, holds in zip(TOPICS, row, strict=True):
        end += [telling[topic][i] for i in rng.integers(12, size=TELLING * int(holds))]
    return " ".join([*said, *(end[i] for i in rng.permutation(len(end)))])


def _score(file: Path, ids: list[str], answers: NDArray[np.int64]) -> float:
    """Mean of the labels' ROC AUC."""
    frame = pl.read_csv(file)
    assert frame["id"].to_list() == ids, "ids"
    return float(np.mean([_auc(answers[:, at], frame[topic].to_numpy()) for at, topic in enumerate(TOPICS)]))


def _auc(truth: NDArray[np.int64], scores: NDArray[np.float64]) -> float:
    above, below = scores[truth == 1][:, None], scores[truth == 0][None, :]
    return float(((above > below) + 0.5 * (above == below)).mean())
