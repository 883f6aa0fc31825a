"""Next characters of an invented language. Planted: the word that ends a sentence agrees with the one that opened it,
more than ten characters before, over words that tell nothing: who looks at a few characters alone must guess it.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.testing.contests import Planted

Floats = NDArray[np.float64]
SENTENCES, HIDDEN = 4_000, 700
CONTEXT = 40
STEP = 11  # between places of test: no divisor of a sentence
OPENERS = ("bado", "keli", "mopu", "sira", "tuve", "lona", "fegi", "rimo")
CLOSERS = ("ask", "eld", "irn", "omp", "urt", "yth", "awl", "esk")
NEAR = 4  # characters that who ignores the difficulty looks at
SHARE = 0.6  # of what agreement is worth, that must be found


def make(folder: Path, seed: int = 0) -> Planted:
    rng = np.random.default_rng([seed, 81])
    fillers = _fillers(rng)
    train = "".join(_sentence(rng, fillers) for _ in range(SENTENCES))
    rest = "".join(_sentence(rng, fillers) for _ in range(HIDDEN))
    letters = sorted(set(train))
    places = np.arange(CONTEXT, len(rest), STEP)
    contexts, answers = [rest[p - CONTEXT : p] for p in places], [rest[p] for p in places]
    order = rng.permutation(len(places))
    contexts, answers = [contexts[i] for i in order], [answers[i] for i in order]
    _publish(folder / "public", train, contexts, letters)
    told = {f"c{ord(letter)}": [int(answer == letter) for answer in answers] for letter in letters}
    (folder / "private").mkdir()
    pl.DataFrame({"id": range(len(answers)), **told}).write_csv(folder / "private" / "answers.csv")
    naive = _bits(_guessed(train, contexts, letters), answers, letters)
    gain = _agreeing(contexts, answers) * math.log2(len(CLOSERS)) / len(answers)
    return Planted(
        public=folder / "public",
        score=lambda file: _score(file, answers, letters),
        higher=False,
        naive=naive,
        reach=naive - SHARE * gain,
        difficulty="the last word of a sentence agrees with its first, more than ten characters before",
    )


def _fillers(rng: np.random.Generator) -> list[str]:
    vowels, consonants = list("aeiou"), list("bdgklmnprstv")
    return ["".join(rng.choice(kind) for kind in (consonants, vowels, consonants, vowels)) for _ in range(24)]


def _sentence(rng: np.random.Generator, fillers: list[str]) -> str:
    kind = int(rng.integers(len(OPENERS)))
    between = [fillers[int(i)] for i in rng.integers(len(fillers), size=int(rng.integers(2, 4)))]
    return " ".join([OPENERS[kind], *between, CLOSERS[kind]]) + ".\n"


def _publish(public: Path, train: str, contexts: list[str], letters: list[str]) -> None:
    public.mkdir(parents=True)
    (public / "train.txt").write_text(train)
    ids = pl.Series("id", range(len(contexts)))
    pl.DataFrame([ids, pl.Series("context", contexts)]).write_csv(public / "test.csv")
    even = {f"c{ord(letter)}": [1 / len(letters)] * len(contexts) for letter in letters}
    pl.DataFrame({"id": ids, **even}).write_csv(public / "sample_submission.csv")
    (public / "description.md").write_text(
        "# Next letter\n\ntrain.txt is a text in an invented language. Each row of test.csv is a context of 40 characters "
        "from another text in it; predict the character that follows.\n\n## Metric\n\nbits per character: the mean of "
        "-log2 of the probability given to the true next character.\n\n## Submission\n\n`id` and one column of "
        "probabilities per character, named c<code point>.\n"
    )


def _guessed(train: str, contexts: list[str], letters: list[str]) -> Floats:
    """What the last characters tell, as many of at most `NEAR` as were seen in train: `(n, letters)`."""
    code = {letter: at for at, letter in enumerate(letters)}
    tables: list[dict[str, Floats]] = [{} for _ in range(NEAR + 1)]
    for at in range(NEAR, len(train)):
        for order, table in enumerate(tables):
            table.setdefault(train[at - order : at], np.full(len(letters), 0.02))[code[train[at]]] += 1
    found = []
    for context in contexts:
        seen = next(order for order in range(NEAR, -1, -1) if context[len(context) - order :] in tables[order])
        found.append(tables[seen][context[len(context) - seen :]])
    counts = np.stack(found)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def _agreeing(contexts: list[str], answers: list[str]) -> int:
    """How many answers begin a sentence's last word."""
    openings = {word[0] for word in CLOSERS}
    return sum(before.endswith(" ") and after in openings for before, after in zip(contexts, answers, strict=True))


def _bits(probabilities: Floats, answers: list[str], letters: list[str]) -> float:
    chosen = probabilities[np.arange(len(answers)), [letters.index(answer) for answer in answers]]
    return float(-np.log2(np.clip(chosen, 1e-9, 1)).mean())


def _score(file: Path, answers: list[str], letters: list[str]) -> float:
    frame = pl.read_csv(file)
    assert frame["id"].to_list() == list(range(len(answers))), "ids"
    found = frame.select(f"c{ord(letter)}" for letter in letters).to_numpy()
    assert np.allclose(found.sum(axis=1), 1, atol=1e-4), "rows of probabilities sum to 1"
    return _bits(found, answers, letters)
