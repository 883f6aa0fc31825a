"""CatBoost (Prokhorenkova et al. 2018): ordered boosting of symmetric trees, ordered target statistics of categories."""

from __future__ import annotations

from typing import Any, ClassVar

import catboost
import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context
from podium.recipes.tabular.boosted import Boosted, Labelled
from podium.recipes.tabular.encoder import Encoder
from podium.recipes.tabular.matrix import Matrix
from podium.recipes.tabular.model import MARGIN_S
from podium.recipes.tabular.target import Floats, Target

MANY_LEVELS = 20_000  # its statistics of levels are made for many: each keeps its own
LOSSES = {"binary": "Logloss", "multiclass": "MultiClass", "l2": "RMSE", "l1": "MAE"}


class CatBoost(Boosted):
    """`params` are CatBoost's own names: learning_rate, depth, l2_leaf_reg, random_strength, boosting_type, …"""

    weighs: ClassVar[bool] = False  # its statistics of categories do not

    def _encoder(self) -> Encoder:
        return Encoder(view=self.view, **{"levels": MANY_LEVELS, **self.features})

    def _boost(
        self, data: Labelled, held: Labelled, rounds: int, target: Target, ctx: Context, keep_s: float
    ) -> tuple[Any, int]:
        model = catboost.CatBoost(
            {
                "loss_function": LOSSES[target.loss],
                "iterations": rounds,
                "random_seed": ctx.seed,
                "thread_count": ctx.cores,
                "allow_writing_files": False,
                "logging_level": "Silent",
                **({"classes_count": target.n_classes} if target.n_classes else {}),
                **self.params,
            }
        )
        pool = _pool(data.values, data.categorical, data.label, data.weight)
        watched = _pool(held.values, held.categorical, held.label, held.weight) if len(held) else None
        callbacks = [_Deadline(ctx, keep_s)] if ctx.deadline is not None else None
        stopping = {"early_stopping_rounds": self.patience, "use_best_model": True} if watched is not None else {}
        model.fit(pool, eval_set=watched, callbacks=callbacks, **stopping)
        return model, int(model.tree_count_)

    def _boosted(self, matrix: Matrix, ctx: Context) -> list[Floats]:
        kind = {"binary": "Probability", "multiclass": "Probability"}.get(self.target.loss, "RawFormulaVal")
        pool = _pool(matrix.values, matrix.categorical)
        parts = [np.asarray(m.predict(pool, prediction_type=kind, thread_count=ctx.cores)) for m in self.boosters]
        return [part[:, 1] for part in parts] if self.target.loss == "binary" else parts


class _Deadline:
    def __init__(self, ctx: Context, keep_s: float) -> None:
        self.ctx, self.keep_s = ctx, keep_s

    def after_iteration(self, info: Any) -> bool:
        """False ends training."""
        return self.ctx.time_left() > self.keep_s + MARGIN_S


def _pool(values: NDArray[np.float32], categorical: list[int], label: Any = None, weight: Any = None) -> Any:
    """Codes as byte strings beside the numbers: CatBoost's own column format, without an object array of all values."""
    codes = np.nan_to_num(values[:, categorical], nan=-1).astype(np.int32)
    numeric = np.delete(values, categorical, axis=1)
    columns = catboost.FeaturesData(
        num_feature_data=np.ascontiguousarray(numeric) if numeric.shape[1] else None,
        cat_feature_data=codes.astype("S").astype(object) if len(categorical) else None,
    )
    return catboost.Pool(columns, label=label, weight=weight)
