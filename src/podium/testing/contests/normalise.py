"""Written tokens to be said aloud, sentence by sentence.

Planted: some tokens are read by what stands beside them (`St.` before or after a name, `1/2` as a part or as a day), and
most numbers of test are in no row of train.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from podium.testing.contests import Planted

ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
]
ONES += ["seventeen", "eighteen", "nineteen"]
TENS = ["_", "_", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
DAYS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"]
NAMES = ["Mary", "Paul", "Peter", "Anna", "Jude", "John", "Ives", "Olaf"]
PLAIN = [
    "the",
    "road",
    "goes",
    "past",
    "old",
    "mills",
    "and",
    "over",
    "quiet",
    "fields",
    "until",
    "evening",
    "comes",
    "with",
    "rain",
    "behind",
    "every",
    "hill",
]
SENTENCES = (300, 120)  # of train, of test
SEEN = 0.3  # of the numbers below a thousand, those that train may hold


def make(folder: Path, seed: int = 0) -> Planted:
    """Train, test and a sample submission in `folder/public`, answers in `folder/private`."""
    rng = np.random.default_rng(seed)
    public, private = folder / "public", folder / "private"
    for path in (public, private):
        path.mkdir(parents=True, exist_ok=True)
    seen = rng.random(1000) < SEEN
    train = _table(rng, SENTENCES[0], np.flatnonzero(seen))
    test = _table(rng, SENTENCES[1], np.arange(1000))
    train.write_csv(public / "train.csv")
    test.drop("after").write_csv(public / "test.csv")
    keys = pl.concat_str(["sentence_id", "token_id"], separator="_").alias("id")
    test.select(keys, pl.col("before").alias("after")).write_csv(public / "sample_submission.csv")
    test.select(keys, "after").write_csv(private / "answers.csv")
    (public / "description.md").write_text(ABOUT, "utf-8")
    answers = test["after"].to_list()
    return Planted(
        public, lambda sheet: _accuracy(answers, sheet), higher=True, naive=_naive(train, test), reach=0.97,
        difficulty="tokens that only their neighbours explain, and numbers that train never shows",
    )  # fmt: skip


def said(number: int) -> str:
    """0..999 in English."""
    if number < 20:
        return ONES[number]
    if number < 100:
        return " ".join(filter(None, (TENS[number // 10], ONES[number % 10] if number % 10 else "")))
    rest = number % 100
    return " ".join(filter(None, (ONES[number // 100], "hundred", said(rest) if rest else "")))


def _table(
    rng: np.random.Generator, sentences: int, numbers: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> pl.DataFrame:
    rows = []
    for sentence in range(sentences):
        pairs: list[tuple[str, str]] = []
        for _ in range(int(rng.integers(2, 5))):
            pairs += [(word, word) for word in rng.choice(PLAIN, int(rng.integers(1, 4))).tolist()]
            pairs += _hard(rng, int(rng.choice(numbers)))
        rows += [(sentence, token, before, after) for token, (before, after) in enumerate([*pairs, (".", ".")])]
    return pl.DataFrame(rows, schema=["sentence_id", "token_id", "before", "after"], orient="row")


def _hard(rng: np.random.Generator, number: int) -> list[tuple[str, str]]:
    name = str(rng.choice(NAMES))
    month, day = int(rng.integers(0, 4)), int(rng.integers(0, 4))
    kind = int(rng.integers(0, 6))
    if kind == 0:
        return [("St.", "saint"), (name, name)]
    if kind == 1:
        return [(name, name), ("St.", "street")]
    if kind == 2:
        return [("on", "on"), (f"{month + 1}/{day + 2}", f"{MONTHS[month]} {DAYS[day + 1]}")]
    if kind == 3:
        return [("about", "about"), (f"{month + 1}/{day + 2}", f"{said(month + 1)} over {said(day + 2)}")]
    if kind == 4:
        return [(f"${number}", f"{said(number)} dollars")]
    return [(str(number), said(number))]


def _naive(train: pl.DataFrame, test: pl.DataFrame) -> float:
    """The commonest answer of a token, whatever stands beside it; what was never seen is copied."""
    known = {
        before: group["after"].mode().sort()[0] for (before,), group in train.group_by(["before"], maintain_order=True)
    }
    answers = [known.get(before, before) for before in test["before"].to_list()]
    return float(np.mean([a == b for a, b in zip(answers, test["after"].to_list(), strict=True)]))


def _accuracy(answers: list[str], sheet: Path) -> float:
    given = pl.read_csv(sheet, infer_schema=False)["after"].fill_null("").to_list()
    return float(np.mean([a == b for a, b in zip(answers, given, strict=True)]))


ABOUT = """# Reading aloud

## Description

Text normalization: convert written expressions into spoken forms, token by token. `before` is the token as written, `after`
as it is said.

## Evaluation

Submissions are evaluated on prediction accuracy (the total percent of correct tokens).

## Submission File

`id` is the sentence_id and the token_id joined by an underscore.
"""
