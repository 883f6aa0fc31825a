"""mljar-supervised's AutoML in its Compete mode, whose time limit is a whole number of seconds."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from supervised.automl import AutoML  # type: ignore[import-not-found]

from peers.adapters.contestant import Problem, main

METRICS = {  # ours: mljar's
    "auc": "auc", "log_loss": "logloss", "accuracy": "accuracy", "f1": "f1", "average_precision": "average_precision",
    "rmse": "rmse", "mse": "mse", "mae": "mae", "r2": "r2", "mape": "mape", "pearson": "pearson", "spearman": "spearman",
    "qwk": "rmse",
}  # fmt: skip


def learn(problem: Problem) -> NDArray[Any]:
    kind = "regression" if problem.as_numbers else f"{problem.kind}_classification"
    metric = METRICS.get(problem.metric, "auto")
    if problem.kind == "multiclass" and metric == "auc":
        metric = "logloss"  # it knows no area under several curves
    automl = AutoML(
        results_path=str(problem.scratch),
        mode="Compete",
        ml_task=kind,
        eval_metric=metric,
        total_time_limit=max(int(problem.seconds - 4.0 - 0.08 * problem.seconds), 1),
        n_jobs=problem.cores,
        random_state=1234 + problem.seed,
        explain_level=0,
    )
    automl.fit(problem.train, problem.y)
    if problem.as_numbers:
        return np.asarray(automl.predict(problem.test))
    if problem.wants == "label":
        return np.asarray(automl.predict(problem.test)).astype(int)
    found = automl.predict_all(problem.test)
    columns = [f"prediction_{code}" for code in range(problem.n_classes)]
    return np.column_stack([found[name] if name in found.columns else np.zeros(len(found)) for name in columns])


if __name__ == "__main__":
    sys.exit(main(learn))
