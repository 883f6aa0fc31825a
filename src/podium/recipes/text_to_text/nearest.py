"""Retrieval: the answer of the training text that is most like the row's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from podium.protocol import Context
from podium.recipes.text_to_text.model import TextModel
from podium.recipes.text_to_text.pairs import Sources

MOST = 60_000  # training texts that are kept, the first of those that are alike
BATCH = 512
WORD = re.compile(r"\w+|[^\w\s]")


class TextNearest(TextModel):
    """The nearest by cosine of TF-IDF, and its answer with the words in which the two texts differ put in their place.

    unit     what is counted: `char` n-grams or `word`s
    repair   whether single words of the neighbour's text that its answer holds unchanged are replaced by the row's
    """

    def __init__(self, features: Mapping[str, Any] | None = None, unit: str = "char", repair: bool = True) -> None:
        super().__init__(features)
        self.unit, self.repair = unit, repair

    def _fit(self, sources: Sources, answers: Sequence[str], ctx: Context) -> None:
        kept = dict(zip(reversed(sources.texts), reversed(answers), strict=True))
        self.texts, self.answers = list(kept)[::-1][:MOST], list(kept.values())[::-1][:MOST]
        shared: dict[str, Any] = {"sublinear_tf": True, "dtype": np.float32}
        self.counter = (
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), max_features=200_000, **shared)
            if self.unit == "char"
            else TfidfVectorizer(token_pattern=r"\w+|[^\w\s]", ngram_range=(1, 2), max_features=200_000, **shared)
        )
        self.matrix = self.counter.fit_transform([text or " " for text in self.texts])
        self.notes["texts"] = len(self.texts)

    def _write(self, sources: Sources, ctx: Context) -> list[str]:
        distinct = list(dict.fromkeys(sources.texts))
        found = dict(zip(distinct, self._found(distinct), strict=True))
        return [found[text] for text in sources.texts]

    def _found(self, distinct: list[str]) -> list[str]:
        out: list[str] = []
        for start in range(0, len(distinct), BATCH):
            texts = distinct[start : start + BATCH]
            alike = (self.counter.transform(texts) @ self.matrix.T).tocsr()
            for row, text in enumerate(texts):
                low, high = alike.indptr[row], alike.indptr[row + 1]
                best = alike.indices[low:high][np.lexsort((alike.indices[low:high], -alike.data[low:high]))[:1]]
                place = int(best[0]) if len(best) else 0
                out.append(self._repaired(text, self.texts[place], self.answers[place]))
        return out

    def _repaired(self, text: str, near: str, answer: str) -> str:
        mine, other = WORD.findall(text), WORD.findall(near)
        if not self.repair or len(mine) != len(other):
            return answer
        for theirs, ours in zip(other, mine, strict=True):
            if theirs != ours and other.count(theirs) == 1:
                answer = ours.join(re.split(rf"(?<!\w){re.escape(theirs)}(?!\w)", answer))
        return answer
