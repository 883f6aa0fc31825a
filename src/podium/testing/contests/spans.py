"""Phrases that tell a mood, to be found in short messages.

Planted: which phrase is meant depends on the mood column (for calm messages it is all of the text), and answers were marked
in a copy of the text without surplus blanks: each blank too many shifts an answer by one character to the left.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from podium.testing.contests import Planted

GLAD = ["so happy", "really love", "great fun", "best day", "very nice", "awesome", "thank you", "feeling good"]
SAD = ["so sorry", "really hate", "awful mess", "worst day", "very sick", "boring", "miss you", "feeling bad"]
FILLER = [
    "today",
    "we",
    "went",
    "out",
    "and",
    "then",
    "i",
    "saw",
    "that",
    "film",
    "with",
    "them",
    "again",
    "before",
    "work",
    "while",
    "it",
    "was",
    "late",
    "in",
    "town",
]
MOODS = ("glad", "sad", "calm")
ROWS = (700, 200)
SURPLUS = 0.25  # of the gaps between words, those that are wider by one or two blanks


def make(folder: Path, seed: int = 0) -> Planted:
    """Train, test and a sample submission in `folder/public`, answers in `folder/private`."""
    rng = np.random.default_rng(seed)
    public, private = folder / "public", folder / "private"
    for path in (public, private):
        path.mkdir(parents=True, exist_ok=True)
    tables = [_table(rng, n, name) for n, name in zip(ROWS, ("a", "b"), strict=True)]
    tables[0].write_csv(public / "train.csv")
    tables[1].drop("phrase").write_csv(public / "test.csv")
    tables[1].select("id", pl.lit("").alias("phrase")).write_csv(public / "sample_submission.csv")
    tables[1].select("id", "phrase").write_csv(private / "answers.csv")
    (public / "description.md").write_text(ABOUT, "utf-8")
    answers = tables[1]["phrase"].to_list()
    naive = float(np.mean([jaccard(a, t) for a, t in zip(answers, tables[1]["text"].to_list(), strict=True)]))
    return Planted(
        public, lambda sheet: _scored(answers, sheet), higher=True, naive=naive, reach=0.82,
        difficulty="the mood decides which phrase is meant, and surplus blanks shift the answers",
    )  # fmt: skip


def jaccard(a: str, b: str) -> float:
    """|A and B| / |A or B| of the sets of lower-cased words."""
    first, second = set(a.lower().split()), set(b.lower().split())
    return len(first & second) / len(first | second) if first | second else 1.0


def _table(rng: np.random.Generator, n: int, name: str) -> pl.DataFrame:
    rows = [_row(rng, f"{name}{at:04d}") for at in range(n)]
    return pl.DataFrame(rows, schema=["id", "text", "mood", "phrase"], orient="row")


def _row(rng: np.random.Generator, key: str) -> tuple[str, str, str, str]:
    mood, glad, sad = str(rng.choice(MOODS)), str(rng.choice(GLAD)), str(rng.choice(SAD))
    pieces = [glad, sad] if rng.random() < 0.5 else [sad, glad]
    words: list[str] = []
    for piece in pieces:
        words += rng.choice(FILLER, int(rng.integers(1, 5))).tolist() + piece.split()
    words += rng.choice(FILLER, int(rng.integers(1, 4))).tolist()
    gaps = np.where(rng.random(len(words) - 1) < SURPLUS, rng.integers(2, 4, len(words) - 1), 1)
    text = words[0] + "".join(" " * int(gap) + word for gap, word in zip(gaps, words[1:], strict=True))
    if mood == "calm":
        return key, text, mood, text
    phrase = glad if mood == "glad" else sad
    first = next(at for at in range(len(words)) if " ".join(words[at:]).startswith(phrase))
    size = len(phrase.split())
    begin = len(words[0]) + sum(int(g) + len(w) for g, w in zip(gaps[:first], words[1 : first + 1], strict=True))
    begin -= len(words[first])
    inner = sum(int(gap) for gap in gaps[first : first + size - 1])
    end = begin + sum(map(len, words[first : first + size])) + inner
    shift = int((gaps[:first] - 1).sum())
    return key, text, mood, text[begin - shift : end - shift].strip()


def _scored(answers: list[str], sheet: Path) -> float:
    given = pl.read_csv(sheet, infer_schema=False)["phrase"].fill_null("").to_list()
    return float(np.mean([jaccard(a, b) for a, b in zip(answers, given, strict=True)]))


ABOUT = """# What tells the mood?

## Description

Extract the words of `text` that tell the `mood` of the message. `phrase` is a piece of the text.

## Evaluation

The metric in this competition is the word-level Jaccard score: the mean over rows of |A∩B|/|A∪B| of words.
"""
