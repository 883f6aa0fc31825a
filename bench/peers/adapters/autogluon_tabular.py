"""AutoGluon's TabularPredictor with one of its presets."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from autogluon.tabular import TabularPredictor  # type: ignore[import-not-found]
from numpy.typing import NDArray

from peers.adapters.contestant import Problem, main

METRICS = {  # ours: AutoGluon's; what is missing is learned by its default for the kind
    "auc": "roc_auc", "log_loss": "log_loss", "accuracy": "accuracy", "balanced_accuracy": "balanced_accuracy",
    "f1": "f1", "f1_macro": "f1_macro", "f1_micro": "f1_micro", "f1_weighted": "f1_weighted", "mcc": "mcc",
    "average_precision": "average_precision", "qwk": "quadratic_kappa", "rmse": "root_mean_squared_error",
    "mse": "mean_squared_error", "mae": "mean_absolute_error", "medae": "median_absolute_error", "r2": "r2",
    "mape": "mean_absolute_percentage_error", "smape": "symmetric_mean_absolute_percentage_error",
    "pearson": "pearsonr", "spearman": "spearmanr",
}  # fmt: skip


def learn(problem: Problem) -> NDArray[Any]:
    predictor = _fitted(problem)
    if problem.kind in ("regression", "ordinal") or problem.wants == "label":
        return np.asarray(predictor.predict(problem.test))
    found = predictor.predict_proba(problem.test, as_pandas=True)
    return np.column_stack(
        [found[code] if code in found.columns else np.zeros(len(found)) for code in range(problem.n_classes)]
    )


def _fitted(problem: Problem) -> Any:
    """Fitted in what is left less a reserve for predicting, and because it ends a little late.

    Its dynamic stacking first tries itself on a part of the time; where no model fits into that part, `fit` raises
    "Learner is already fit": then once more without it, as a user would do.
    """
    end = time.monotonic() + problem.seconds - 4.0 - 0.05 * problem.seconds
    try:
        return _fit(problem, problem.scratch / "first", end - time.monotonic())
    except (AssertionError, RuntimeError) as problem_of_its:
        print(f"once more without dynamic stacking: {problem_of_its}", flush=True)
    return _fit(problem, problem.scratch / "second", max(end - time.monotonic(), 5.0), dynamic_stacking=False)


def _fit(problem: Problem, folder: Path, seconds: float, **more: Any) -> Any:
    kind = "multiclass" if problem.kind == "ordinal" else problem.kind
    metric = METRICS.get(problem.metric)
    if metric == "roc_auc" and kind == "multiclass":
        metric = "roc_auc_ovr_macro"
    predictor = TabularPredictor(
        label="podium_target", problem_type=kind, eval_metric=metric, path=str(folder), verbosity=2
    )
    return predictor.fit(
        problem.train.assign(podium_target=problem.y),
        presets=problem.options["preset"],
        time_limit=seconds,
        num_cpus=problem.cores,
        num_gpus=0,
        fit_strategy="sequential",
        **more,
    )


if __name__ == "__main__":
    sys.exit(main(learn))
