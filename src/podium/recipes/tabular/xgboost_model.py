"""XGBoost (Chen & Guestrin 2016): histogram boosting with second-order leaves; categories come encoded."""

from __future__ import annotations

from typing import Any

import numpy as np
import xgboost

from podium.protocol import Context
from podium.recipes.tabular.boosted import Boosted, Labelled
from podium.recipes.tabular.matrix import Matrix
from podium.recipes.tabular.model import MARGIN_S
from podium.recipes.tabular.target import Floats, Target

OBJECTIVES = {
    "binary": "binary:logistic",
    "multiclass": "multi:softprob",
    "l2": "reg:squarederror",
    "l1": "reg:absoluteerror",
}
METRICS = {"binary": "logloss", "multiclass": "mlogloss", "l2": "rmse", "l1": "mae"}


class XGBoost(Boosted):
    """`params` are XGBoost's own names: eta, max_depth, min_child_weight, subsample, colsample_bytree, lambda, …"""

    def _boost(
        self, data: Labelled, held: Labelled, rounds: int, target: Target, ctx: Context, keep_s: float
    ) -> tuple[Any, int]:
        params = {
            "objective": OBJECTIVES[target.loss],
            "eval_metric": METRICS[target.loss],
            "tree_method": "hist",
            "nthread": ctx.cores,
            "seed": ctx.seed,
            "verbosity": 0,
            **({"num_class": target.n_classes} if target.n_classes else {}),
            **self.params,
        }
        kinds = ["c" if k in set(data.categorical) else "float" for k in range(data.values.shape[1])]
        train = xgboost.QuantileDMatrix(
            data.values,
            data.label,
            weight=data.weight,
            feature_types=kinds,
            enable_categorical=True,
            nthread=ctx.cores,
            max_bin=params.get("max_bin", 256),
        )
        callbacks, watched = list[Any](), []
        if len(held):
            watched = [(_frame(held.values, kinds, ctx, held.label, held.weight), "held")]
            callbacks.append(xgboost.callback.EarlyStopping(rounds=self.patience, save_best=True))
        if ctx.deadline is not None:  # last: whoever ends boosting keeps those behind it from seeing that round
            callbacks.append(_Deadline(ctx, keep_s))
        booster = xgboost.train(
            params, train, num_boost_round=rounds, evals=watched, callbacks=callbacks, verbose_eval=False
        )
        return (booster, kinds), booster.num_boosted_rounds()

    def _boosted(self, matrix: Matrix, ctx: Context) -> list[Floats]:
        parts = []
        for booster, kinds in self.boosters:
            booster.set_param({"nthread": ctx.cores})
            parts.append(np.asarray(booster.predict(_frame(matrix.values, kinds, ctx)), dtype=np.float64))
        return parts


class _Deadline(xgboost.callback.TrainingCallback):
    def __init__(self, ctx: Context, keep_s: float) -> None:
        super().__init__()
        self.ctx, self.keep_s = ctx, keep_s

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        return self.ctx.time_left() < self.keep_s + MARGIN_S


def _frame(values: Any, kinds: list[str], ctx: Context, label: Any = None, weight: Any = None) -> Any:
    return xgboost.DMatrix(
        values, label, weight=weight, feature_types=kinds, enable_categorical=True, nthread=ctx.cores
    )
