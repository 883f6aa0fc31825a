"""Gradient boosting on what texts come to: evidence of n-grams, style, similarities, the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import lightgbm as lgb
import numpy as np

from podium.protocol import Context, Rows
from podium.recipes.tabular.lightgbm_model import deadline
from podium.recipes.tabular.model import split_positions
from podium.recipes.text.model import Floats
from podium.recipes.text.stack import NbStack


class TextBoost(NbStack):
    """LightGBM on the columns of `NbStack`, with style and similarities of texts, stopped early on held-back rows.

    rounds, patience  at most so many trees; stop after so many without gain
    """

    def __init__(
        self,
        features: Mapping[str, Any] | None = None,
        alphas: tuple[float, ...] = (0.03, 0.3),
        complement: bool = False,
        rounds: int = 400,
        patience: int = 25,
        learning_rate: float = 0.06,
        num_leaves: int = 15,
        min_data_in_leaf: int = 30,
        feature_fraction: float = 0.4,
        lambda_l2: float = 5.0,
        folds: int = 5,
    ) -> None:
        super().__init__({"style": True, **(features or {})}, alphas, complement, folds=folds)
        self.rounds, self.patience = rounds, patience
        self.params = {
            "learning_rate": learning_rate,
            "num_leaves": num_leaves,
            "min_data_in_leaf": min_data_in_leaf,
            "feature_fraction": feature_fraction,
            "lambda_l2": lambda_l2,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "max_bin": 63,
            "verbose": -1,
        }

    def _fit_top(self, columns: Floats, labels: Floats, train: Rows, ctx: Context) -> None:
        most, held = split_positions(train, ctx, 0.1)
        answers = [labels.argmax(axis=1)] if self.target.loss == "multiclass" else list(labels.T)
        self.boosters = []
        for done, answer in enumerate(answers):
            keep_s = ctx.time_left() * (1 - 1 / (len(answers) - done)) if ctx.deadline is not None else 0.0
            self.boosters.append(self._boost(columns, answer, train.weight, most, held, ctx, keep_s))
        self.notes["best_iteration"] = [booster.current_iteration() for booster in self.boosters]

    def _boost(
        self, columns: Floats, answer: Any, weight: Floats, most: Any, held: Any, ctx: Context, keep_s: float
    ) -> lgb.Booster:
        """Ends with `keep_s` left, for the outputs to come."""
        objective = {"multiclass": "multiclass", "binary": "binary", "l2": "regression", "l1": "regression_l1"}
        params = {
            **self.params,
            "objective": objective[self.target.loss],
            "num_threads": ctx.cores,
            "seed": ctx.seed,
            "deterministic": True,
            "force_col_wise": True,
        }
        if self.target.loss == "multiclass":
            params["num_class"] = self.target.n_classes
        data = lgb.Dataset(columns[most].astype(np.float32), answer[most], weight=weight[most], params=params)
        watched = lgb.Dataset(columns[held].astype(np.float32), answer[held], weight=weight[held], reference=data)
        stop = [lgb.early_stopping(self.patience, verbose=False)]
        stop += [deadline(ctx, keep_s)] if ctx.deadline is not None else []
        booster = lgb.train(params, data, self.rounds, valid_sets=[watched], callbacks=stop)
        return lgb.Booster(model_str=booster.model_to_string(num_iteration=booster.best_iteration))

    def _predict_top(self, columns: Floats) -> Floats:
        parts = [np.asarray(booster.predict(columns.astype(np.float32), num_threads=1)) for booster in self.boosters]
        return parts[0] if parts[0].ndim == 2 else np.column_stack(parts)
