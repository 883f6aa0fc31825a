"""Texts inside tables: TF-IDF of words, reduced by a truncated SVD (latent semantic analysis)."""

from __future__ import annotations

import numpy as np

from podium.recipes.tabular.blocks import Block
from podium.recipes.tabular.derive import Derived
from podium.recipes.tabular.target import Floats

MAX_TERMS = 20000


class Texts(Block):
    """`width` components for each text column with words that recur in the training rows."""

    def __init__(self, width: int) -> None:
        self.width = width

    def fit(self, table: Derived, labels: Floats) -> None:
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import TfidfVectorizer

        self.models, self.names = {}, []
        for name, series in table.texts.items():
            words = TfidfVectorizer(max_features=MAX_TERMS, sublinear_tf=True, token_pattern=r"(?u)\w+")
            words.set_params(min_df=3 if len(series) > 100 else 1)
            strings = series.to_list()
            if not _has_terms(words, strings):
                continue
            terms = words.fit_transform(strings)
            width = min(self.width, terms.shape[1] - 1)
            if width < 1:
                continue
            svd = TruncatedSVD(width, n_iter=3, random_state=0).fit(terms)
            self.models[name] = (words, svd)
            self.names += [f"{name}.svd{k}" for k in range(width)]

    def transform(self, table: Derived) -> Floats:
        parts: list[Floats] = [np.empty((table.n, 0))]
        for name, (words, svd) in self.models.items():
            parts.append(svd.transform(words.transform(table.texts[name].to_list())))
        return np.concatenate(parts, axis=1)


def _has_terms(words: object, strings: list[str]) -> bool:
    """Whether any word would survive `min_df`: the vectorizer raises where none does."""
    least: int = words.min_df  # type: ignore[attr-defined]
    analyse = words.build_analyzer()  # type: ignore[attr-defined]
    seen: dict[str, int] = {}
    for text in strings:
        for term in set(analyse(text)):
            seen[term] = seen.get(term, 0) + 1
            if seen[term] >= least:
                return True
    return False
