"""Word evidence, then a ranking of spans: the two-step extractor that needs no pretrained network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import lightgbm as lgb
import numpy as np

from podium.protocol import Context
from podium.recipes.spans import candidates
from podium.recipes.spans.candidates import Candidates
from podium.recipes.spans.evidence import Evidence
from podium.recipes.spans.marks import Marks
from podium.recipes.spans.model import Floats, SpanModel, Weighted
from podium.recipes.spans.passages import MOST_WORDS, Passages

CONDITION = 23  # the column of `candidates.described` that holds a code


class SpanRanker(SpanModel):
    """Candidate spans scored by boosted trees, trained towards their overlap with the answer.

    C            inverse regularisation of the word evidence
    folds        inner folds that keep the evidence of training words out of fold
    rounds, learning_rate, num_leaves, min_data_in_leaf    of the trees
    sharpness    how much of a row's probability goes to its best spans: weights are exp(sharpness * predicted overlap)
    """

    most_words = MOST_WORDS

    def __init__(
        self, features: Mapping[str, Any] | None = None, C: float = 0.1, folds: int = 4, rounds: int = 250,
        learning_rate: float = 0.06, num_leaves: int = 31, min_data_in_leaf: int = 100, sharpness: float = 20.0,
    ) -> None:  # fmt: skip
        super().__init__(features)
        self.evidence = Evidence(C, folds)
        self.rounds, self.sharpness = rounds, sharpness
        self.params: dict[str, Any] = {
            "learning_rate": learning_rate, "num_leaves": num_leaves, "min_data_in_leaf": min_data_in_leaf,
        }  # fmt: skip

    def _fit(self, passages: Passages, marks: Marks, ctx: Context) -> None:
        odds = self.evidence.fit(passages, marks, ctx)
        self.longest = int(np.quantile(marks.last - marks.first + 1, 0.98)) + 2
        spans = candidates.found(passages, odds, self.longest)
        features = candidates.described(passages, odds, spans)
        target = marks.overlap(spans.first, spans.last, spans.row)
        settings = {
            **self.params, "objective": "cross_entropy", "num_threads": ctx.cores, "seed": ctx.seed, "verbosity": -1,
            "deterministic": True, "force_row_wise": True, "bagging_freq": 1, "bagging_fraction": 0.7,
            "feature_fraction": 0.7, "min_data_in_leaf": min(self.params["min_data_in_leaf"], max(1, len(target) // 20)),
        }  # fmt: skip
        data = lgb.Dataset(features, target, categorical_feature=[CONDITION], free_raw_data=True)
        booster = lgb.train(settings, data, self.rounds, callbacks=[_until(ctx)])
        self.trees = booster.model_to_string()
        best = np.zeros(len(passages))
        np.maximum.at(best, spans.row, target)
        self.notes |= {"spans": len(target), "reachable": round(float(best.mean()), 4), "trees": booster.num_trees()}

    def _spans(self, passages: Passages, ctx: Context) -> Weighted:
        odds = self.evidence.transform(passages)
        spans = candidates.found(passages, odds, self.longest)
        if not len(spans.row):
            return Weighted(spans.row, spans.first, spans.last, np.zeros(0))
        features = candidates.described(passages, odds, spans)
        booster = lgb.Booster(model_str=self.trees)
        return weighed(spans, np.asarray(booster.predict(features, num_threads=ctx.cores)), self.sharpness)


def weighed(spans: Candidates, merit: Floats, sharpness: float) -> Weighted:
    """Softmax of the spans' merits within their rows; weights below a hundredth of a row's best are dropped."""
    best = np.full(int(spans.row.max()) + 1, -np.inf)
    np.maximum.at(best, spans.row, merit)
    raised = np.exp(sharpness * (merit - best[spans.row]))
    raised[raised < 0.01] = 0.0
    total = np.bincount(spans.row, weights=raised)
    kept = raised > 0
    return Weighted(spans.row[kept], spans.first[kept], spans.last[kept], (raised / total[spans.row])[kept])


def _until(ctx: Context) -> Any:
    """Ends boosting where half of the time left when it began is spent."""
    left = ctx.time_left()

    def callback(env: Any) -> None:
        if ctx.time_left() < 0.4 * left:
            raise lgb.callback.EarlyStopException(env.iteration, [])

    return callback
