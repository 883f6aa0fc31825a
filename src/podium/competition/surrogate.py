"""What the search goes by where the metric moves in steps.

Accuracy of a few thousand rows cannot tell good models apart: its noise is as large as what separates them. The loss that
such models are trained by can, and models chosen by it did better by the metric on rows not seen (`bench/surrogate.py`;
docs/experiments.md). Estimates, submissions and reports stay in the metric's own unit.
"""

from __future__ import annotations

from podium.metrics import Metric, custom

OF_TASKS = {
    "binary_classification": "log_loss",
    "multiclass_classification": "log_loss",
    "multilabel_classification": "log_loss",
    "ordinal_regression": "mse",
}


def surrogate(metric: Metric, task_type: str, submission_kind: str) -> str:
    """The canonical name of a proper score of the same predictions where labels are scored; "" where the metric itself is
    smooth, or a user's own, which may mean anything."""
    if custom.is_users(metric.name) or submission_kind not in ("label", "probability", "value"):
        return ""
    return OF_TASKS.get(task_type, "") if "label" in (metric.needs, submission_kind) else ""
