"""Language modelling: a distribution over what comes next. Raw predictions: class probabilities `(n, K)`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.metrics.language import token_losses
from podium.tasks import calibration
from podium.tasks.classification import ClassificationTask
from podium.tasks.task import Floats

FLOOR = 1e-6  # of a symbol's probability: what never followed may follow
MIXED = (0.0, 1e-5, 1e-4, 1e-3, 3e-3, 0.01)  # shares given evenly to all symbols


class LanguageTask(ClassificationTask):
    """Classification whose probabilities are tempered and smoothed, since one zero costs as much as many good guesses."""

    inputs = ("text",)

    def fit_decision(self, truth: NDArray[Any], raw: Floats) -> dict[str, Any]:
        """`power` (temperature) and `smooth` (share of an even distribution); class weights where labels are asked."""
        if self.labels_wanted:
            return super().fit_decision(truth, raw)
        power = calibration.fit_power(truth, raw, token_losses, independent=False)
        sharp = calibration.sharpen(raw, power, independent=False)
        losses = [float(token_losses(truth, smoothed(sharp, share)).mean()) for share in MIXED]
        return {"power": power, "smooth": MIXED[int(np.argmin(losses))]}

    def decide(self, raw: Floats, decision: dict[str, Any]) -> NDArray[Any]:
        if self.labels_wanted:
            return super().decide(raw, decision)
        sharp = calibration.sharpen(raw, float(decision.get("power", 1.0)), independent=False)
        return smoothed(sharp, float(decision.get("smooth", 0.0)))


def smoothed(probabilities: Floats, share: float) -> Floats:
    """Mixed with an even distribution over the classes; never below `FLOOR` before rows are brought to 1 again."""
    mixed = np.maximum((1.0 - share) * probabilities + share / probabilities.shape[1], FLOOR)
    return np.asarray(mixed / mixed.sum(axis=1, keepdims=True), dtype=np.float64)
