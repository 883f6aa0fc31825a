"""Models that count: contexts of all orders backed off, alone or mixed with words by weights learned on held-back text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context, Dense, Rows
from podium.recipes.lm import mixer
from podium.recipes.lm.backoff import Backoff
from podium.recipes.lm.corpus import Codes, Corpus, contexts_of, cut_out, rebuild, stacked, text_column

MOST_SYMBOLS = 6_000_000  # of the text that are counted, the latest
REACH = 64  # symbols of a context that are read
HELD = 0.08  # of the answers that weights are learned on
CELLS = 1_500_000  # places times symbols that weights are learned on, at most
CHUNK = 4_000_000  # cells that are predicted at a time
BLOCKS = 6  # the held-back text lies in so many pieces


class KneserNey:
    """Interpolated modified Kneser-Ney n-grams. params: order."""

    def __init__(self, features: Mapping[str, Any] | None = None, **params: Any) -> None:
        self.params: dict[str, Any] = {"order": 6, "words": False, "mixed": False, "iterations": 40, **params}
        self.notes: dict[str, Any] = {}

    def fit(self, train: Rows, ctx: Context) -> Self:
        self.column = text_column(ctx)
        corpus = rebuild(train, self.column, ctx)
        self.vocabulary = corpus.vocabulary
        self.codes: Codes = corpus.codes[-MOST_SYMBOLS:]
        self.answers = corpus.answers - (len(corpus.codes) - len(self.codes))
        self.answers = self.answers[self.answers >= 0]
        short = Corpus(corpus.vocabulary, self.codes, self.answers)
        self.weights = self._learned(short, ctx) if self.params["mixed"] else self._plain()
        self.notes |= {"symbols": len(self.codes), "answers": len(self.answers)}
        self.tables: Backoff | None = self._counted(self.answers)
        return self

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        if self.tables is None:  # not kept in a file: counted again
            self.tables = self._counted(self.answers)
        contexts = contexts_of(rows, self.column)
        v = self.vocabulary.n_classes
        out, chunk = np.empty((len(contexts), v)), max(1, CHUNK // (v * (len(self.weights) + 1)))
        for low in range(0, len(contexts), chunk):
            evidence = self.tables.evidence(*stacked(contexts[low : low + chunk], self.vocabulary, REACH))
            out[low : low + chunk] = np.exp(mixer.mixed(self.weights, evidence))
        return Dense(out / out.sum(axis=1, keepdims=True))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "tables": None}

    def _counted(self, answers: NDArray[np.int64]) -> Backoff:
        return Backoff(self.codes, answers, self.vocabulary, int(self.params["order"]), bool(self.params["words"]))

    def _plain(self) -> mixer.Weights:
        words = self.params["words"] and self.vocabulary.alphabet.unit == "character"
        return mixer.start(int(self.params["order"]), len(mixer_words()) if words else 0)

    def _learned(self, corpus: Corpus, ctx: Context) -> mixer.Weights:
        """Weights from text that is not counted: pieces all over, since what is said changes along a text."""
        held = _held(len(corpus.answers))
        places = corpus.answers[held]
        most = max(200, CELLS // self.vocabulary.n_classes)
        places = places[:: max(1, len(places) // most)][:most]
        evidence = self._counted(corpus.answers[~held]).evidence(*cut_out(corpus.codes, places, REACH))
        left = ctx.time_left()
        iterations = int(self.params["iterations"]) if left > 10 else 5
        first = self._plain()
        found = mixer.fit(evidence, corpus.codes[places], first, iterations)
        self.notes["held_back"] = len(places)
        return found


class MixedGrams(KneserNey):
    """Orders and words mixed by learned weights. params: order, words, iterations."""

    def __init__(self, features: Mapping[str, Any] | None = None, **params: Any) -> None:
        super().__init__(features, **{"order": 12, "words": True, "mixed": True, **params})


def mixer_words() -> tuple[str, ...]:
    from podium.recipes.lm.contexts import WORDS

    return WORDS


def _held(n: int) -> NDArray[np.bool_]:
    held = np.zeros(n, dtype=bool)
    size = max(1, int(HELD * n / BLOCKS))
    for block in range(BLOCKS):
        low = int((block + 0.5) * n / BLOCKS)
        held[low : low + size] = True
    return held
