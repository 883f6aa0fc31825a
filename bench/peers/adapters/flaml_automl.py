"""FLAML's AutoML."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from flaml import AutoML  # type: ignore[import-not-found]
from numpy.typing import NDArray

from peers.adapters.contestant import Problem, main

METRICS = {  # ours: FLAML's. Pearson is learned as r2, as nearest; kappa of ordered classes as rmse of their codes, rounded
    "auc": "roc_auc", "log_loss": "log_loss", "accuracy": "accuracy", "balanced_accuracy": "accuracy", "f1": "f1",
    "f1_macro": "macro_f1", "f1_micro": "micro_f1", "average_precision": "ap", "rmse": "rmse", "mse": "mse",
    "mae": "mae", "r2": "r2", "mape": "mape", "pearson": "r2", "spearman": "r2", "qwk": "rmse",
}  # fmt: skip


def learn(problem: Problem) -> NDArray[Any]:
    metric = METRICS.get(problem.metric, "auto")
    if metric == "roc_auc" and problem.kind == "multiclass":
        metric = "roc_auc_ovr"
    automl = AutoML()
    automl.fit(
        problem.train,
        problem.y,
        task="regression" if problem.as_numbers else "classification",
        metric=metric,
        time_budget=problem.seconds - 3.0 - 0.05 * problem.seconds,  # it predicts afterwards
        n_jobs=problem.cores,
        seed=problem.seed,
        verbose=1,
    )
    if problem.as_numbers or problem.wants == "label":
        return np.asarray(automl.predict(problem.test))
    found = automl.predict_proba(problem.test)
    whole = np.zeros((len(problem.test), problem.n_classes))
    whole[:, np.asarray(automl.classes_, dtype=int)] = found
    return whole


if __name__ == "__main__":
    sys.exit(main(learn))
