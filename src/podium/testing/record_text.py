"""A small language of its own, drawn from a seed: documents that can be learnt and that nobody has seen before."""

from __future__ import annotations

import numpy as np

ONSETS = ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr", "pl")
VOWELS = ("a", "e", "i", "o", "u", "ai", "ou")
N_WORDS, N_TOPICS, N_NAMES = 240, 6, 2
NAMED = 0.12  # of the words of a document are its names


def documents(n: int, seed: int, length: int = 120) -> list[bytes]:
    """`n` different documents of `length` bytes: words by Zipf's law within a topic, and a few names of its own, said again and
    again; sentences with a capital and a full stop."""
    rng = np.random.default_rng(seed)
    words = list(dict.fromkeys(_word(rng) for _ in range(2 * N_WORDS)))[:N_WORDS]
    shares = [rng.permutation(1.0 / np.arange(1, len(words) + 1)) for _ in range(N_TOPICS)]
    found: dict[bytes, None] = {}
    while len(found) < n:
        share = shares[rng.integers(N_TOPICS)]
        names = [_word(rng) + _word(rng) for _ in range(N_NAMES)]
        drawn = rng.choice(words, size=length // 3, p=share / share.sum())
        said = [str(rng.choice(names)) if rng.random() < NAMED else str(word) for word in drawn]
        found[_sentences(said, rng)[:length].encode()] = None
    return list(found)


def _word(rng: np.random.Generator) -> str:
    return "".join(str(rng.choice(ONSETS)) + str(rng.choice(VOWELS)) for _ in range(rng.integers(1, 4)))


def _sentences(words: list[str], rng: np.random.Generator) -> str:
    text = ""
    while words:
        size = int(rng.integers(4, 9))
        text += " ".join(words[:size]).capitalize() + ". "
        words = words[size:]
    return text
