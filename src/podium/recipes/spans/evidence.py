"""What the words around a word say: sparse indicators, hashed, and a logistic model of them for each question.

The questions: does the answer hold this word, begin with it, end with it. Every indicator is there twice, once for itself
and once with the row's condition, because what tells a good mood does not tell a bad one.
"""

from __future__ import annotations

import re
import time

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from podium.protocol import Context
from podium.recipes.spans.marks import Marks
from podium.recipes.spans.passages import Passages

Floats = NDArray[np.float64]
Codes = NDArray[np.uint64]
BITS = 20
QUESTIONS = 3  # in, begins, ends
REACH = 2  # words to each side
CORE = re.compile(r"^\W+|\W+$")
LONGER = re.compile(r"(.)\1{2,}")
TOLERANCE = 0.1
PASSES = 40
CERTAIN = 12.0
TRIAL = 8000  # words
SHARE = 0.4  # of the time left


def core(word: str) -> str:
    """Lower-cased, without punctuation at its ends, letters that are drawn out shortened: `Sooo!!` → `soo`."""
    plain = word.lower()
    return LONGER.sub(r"\1\1", CORE.sub("", plain) or plain)


def indicators(passages: Passages) -> sp.csr_matrix:
    """`(m, 2^BITS)` of a few dozen ones a word; each word's depend on its own text alone."""
    columns = _columns(passages)
    condition = passages.condition[passages.row].astype(np.uint64)
    m, k, beside = len(condition), 2 * len(columns) + 1, _mixed(condition, np.uint64(911))
    ids = np.empty((m, k), dtype=np.int32)
    for salt, column in enumerate(columns):
        code = _mixed(column, np.uint64(salt))
        ids[:, salt] = code >> np.uint64(64 - BITS)
        ids[:, len(columns) + salt] = _mixed(code ^ beside, np.uint64(77)) >> np.uint64(64 - BITS)
    ids[:, -1] = _mixed(condition, np.uint64(501)) >> np.uint64(64 - BITS)
    data = np.ones(m * k, dtype=np.float32)
    return sp.csr_matrix((data, ids.reshape(-1), np.arange(0, m * k + 1, k)), shape=(m, 1 << BITS))


def _columns(passages: Passages) -> list[Codes]:
    whole, bare, head, tail, shape, asked = _parts(passages)
    bare_at = {step: _beside(bare, passages, step) for step in range(-REACH, REACH + 1)}
    shape_at = {step: _beside(shape, passages, step) for step in (-1, 1)}
    size, place = passages.sizes[passages.row], passages.place
    left, right = np.minimum(place, 6), np.minimum(size - 1 - place, 6)
    asked_beside = sum(_beside(asked, passages, step).astype(np.int64) % 2 for step in (-2, -1, 1, 2))
    counted = [
        left * 10 + right, np.minimum(size, 40) // 2, np.minimum(place * 10 // np.maximum(size, 1), 9), asked,
        np.asarray(asked_beside),
    ]  # fmt: skip
    words = [bare_at[step] for step in bare_at]
    pairs = [_mixed(bare_at[-1], np.uint64(3)) ^ bare, _mixed(bare, np.uint64(3)) ^ bare_at[1]]
    return [whole, head, tail, shape, *shape_at.values(), *words, *pairs, *(c.astype(np.uint64) for c in counted)]


def word_codes(passages: Passages) -> tuple[Codes, NDArray[np.int64]]:
    """64-bit codes of each word's core, head, tail and shape `(m, 4)`, and whether the other texts hold it `(m,)`."""
    _, bare, head, tail, shape, asked = _parts(passages)
    mixed = [_mixed(codes, np.uint64(salt)) for salt, codes in enumerate((bare, head, tail, shape))]
    return np.stack(mixed, axis=1), asked.astype(np.int64)


def _parts(passages: Passages) -> list[Codes]:
    """Codes of each word as it is, bare, its head, its tail, its shape, and whether the other texts hold it: `(m,)` each."""
    distinct = {word: number for number, word in enumerate(dict.fromkeys(passages.words))}
    of = np.fromiter((distinct[word] for word in passages.words), np.int64, len(passages.words))
    cores = [core(word) for word in distinct]
    spelled = (
        [word.lower() for word in distinct], cores, [c[:4] for c in cores], [c[-3:] for c in cores],
        [_shape(word) for word in distinct],
    )  # fmt: skip
    return [*(_strings(values)[of] for values in spelled), _asked(passages, cores, of)]


def _asked(passages: Passages, cores: list[str], of: NDArray[np.int64]) -> Codes:
    """Whether a word is also in the row's other texts, `(m,)`."""
    if not any(passages.beside):
        return np.zeros(len(of), dtype=np.uint64)
    found = [cores[word] in passages.beside[row] for word, row in zip(of.tolist(), passages.row.tolist(), strict=True)]
    return np.array(found, dtype=np.uint64)


def _shape(word: str) -> str:
    """Kinds of characters at both ends, capitals, digits: what marks the bounds of phrases."""
    first = "a" if word[0].isalnum() else word[0]
    last = "a" if word[-1].isalnum() else word[-1]
    upper = "U" if word.isupper() and len(word) > 1 else "u" if word[0].isupper() else ""
    return f"{first}{last}{upper}{'9' if any(c.isdigit() for c in word) else ''}"


def _strings(values: list[str]) -> Codes:
    """A 64-bit code of each string that is the same in every process (FNV-1a)."""
    codes = np.empty(len(values), dtype=np.uint64)
    for at, value in enumerate(values):
        code = 0xCBF29CE484222325
        for byte in value.encode("utf-8", "surrogatepass"):
            code = ((code ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
        codes[at] = code
    return codes


def _beside(codes: Codes, passages: Passages, step: int) -> Codes:
    """The code of the word so many places on in the same text; 0 beyond its ends."""
    at = np.arange(len(codes)) + step
    row = passages.row
    there = (at >= 0) & (at < len(codes))
    there[there] &= row[at[there]] == row[there]
    out = np.zeros(len(codes), dtype=np.uint64)
    out[there] = codes[at[there]]
    return out


def _mixed(codes: Codes, salt: np.uint64) -> Codes:
    """A round of splitmix64."""
    with np.errstate(over="ignore"):
        x = codes + (salt + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(x ^ (x >> np.uint64(31)))


class Evidence:
    """Logistic models of the three questions, by inner folds of whole texts: their own rows' log odds are out of fold, and
    other rows get the mean of all."""

    def __init__(self, C: float, folds: int) -> None:
        self.C, self.folds = C, folds

    def fit(self, passages: Passages, marks: Marks, ctx: Context) -> Floats:
        """Log odds `(m, 3)` of the training words, each from models that did not see its text."""
        matrix, row, place = indicators(passages), passages.row, passages.place
        labels = np.stack([marks.inside(passages), place == marks.first[row], place == marks.last[row]], axis=1)
        fold = np.random.default_rng(ctx.seed).permutation(len(passages)) % self.folds
        odds = np.zeros((len(row), QUESTIONS))
        self.slopes, self.intercepts, self.fitted = np.zeros((QUESTIONS, 1 << BITS), np.float32), np.zeros(QUESTIONS), 0
        share = self._affordable(matrix, labels[:, 0], ctx)
        drawn = np.random.default_rng([ctx.seed, 1]).random(len(passages)) < share
        for number in range(self.folds):
            held = fold[row] == number
            learned = ~held & drawn[row]
            slopes, intercepts = self._fit(matrix[learned], labels[learned], ctx.seed)
            odds[held] = matrix[held] @ slopes.T + intercepts
            self.slopes += slopes / self.folds
            self.intercepts += intercepts / self.folds
        return odds

    def _affordable(self, matrix: sp.csr_matrix, label: NDArray[np.bool_], ctx: Context) -> float:
        """The share of texts that all fits have time for, from the time of one on few words; 1 without a deadline."""
        left = ctx.time_left()
        if np.isinf(left):
            return 1.0
        began = time.monotonic()
        self._fit(matrix[:TRIAL], label[:TRIAL, None], ctx.seed)
        a_word = (time.monotonic() - began) / min(TRIAL, len(label))
        needed = a_word * len(label) * QUESTIONS * (self.folds - 1)
        return min(1.0, SHARE * left / needed)

    def transform(self, passages: Passages) -> Floats:
        return np.asarray(indicators(passages) @ self.slopes.T + self.intercepts, dtype=np.float64)

    def _fit(self, matrix: sp.csr_matrix, labels: NDArray[np.bool_], seed: int) -> tuple[NDArray[np.float32], Floats]:
        n = labels.shape[1]
        slopes, intercepts = np.zeros((n, matrix.shape[1]), np.float32), np.zeros(n)
        for question, label in enumerate(labels.T):
            if label.all() or not label.any():
                intercepts[question] = CERTAIN if label.all() else -CERTAIN
                continue
            model = LogisticRegression(
                C=self.C, solver="liblinear", dual=True, tol=TOLERANCE, max_iter=PASSES, random_state=seed
            )
            model.fit(matrix, label)
            slopes[question], intercepts[question] = model.coef_[0], float(np.ravel(model.intercept_)[0])
        return slopes, intercepts
