"""How submissions are scored: a metric that Podium knows, the user's own metric.py, or a stated proxy for a score whose
formula nobody published ("points")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.competition.answer import Question
from podium.competition.asked_metric import find_metric
from podium.competition.config import stated_metric
from podium.competition.quantile_answers import levels_of_columns
from podium.competition.source import Source
from podium.competition.target import Target
from podium.errors import IntakeError
from podium.metrics import Metric, custom, find, get
from podium.records import Direction, Evidence

UNNAMED = "the score"


@dataclass(frozen=True)
class Scoring:
    """`metric` is what a campaign optimises; `proxy_for` names the score it stands in for, "" where it is the score."""

    metric: Metric
    evidence: Evidence
    proxy_for: str = ""
    proxy_direction: Direction | None = None

    @property
    def title(self) -> str:
        """What people are told of the metric: "" where its canonical name says it."""
        if self.proxy_for:
            return f"{self.metric.name}, a proxy for {self.proxy_for}"
        return self.metric.title if custom.is_users(self.metric.name) else ""


def find_scoring(
    config: dict[str, Any], text: str, source: Source | None = None, target: Target | None = None, *,
    task_type: str = "", kind: str = "", levels: tuple[float, ...] = (),
) -> Scoring:  # fmt: skip
    """The metric, or the stated proxy. `task_type`, `kind` (of submission) and `levels` (of the quantiles that it asks)
    where they are known before the metric.

    Raises IntakeError: no metric, several, an unknown one without a proxy, a proxy for one that is known, a direction
    that contradicts the metric or that nobody stated.
    """
    if not config.get("metric_proxy"):
        levels = levels or levels_of_columns(target.steps if target is not None else ())
        return Scoring(*find_metric(config, text, task_type, kind, levels))
    score = _unknown_score(config, text)
    direction: Direction | None = config.get("metric_direction")
    if direction is None:
        raise IntakeError(
            f"which way {score!r} is better is unknown",
            expected="metric_direction beside metric_proxy",
            remedy="set metric_direction to higher or lower in config.json",
        )
    asked = stated_metric(config)
    auto = not asked
    if auto and (source is None or target is None):
        raise IntakeError(
            f"no proxy is known by itself for {task_type.replace('_', ' ')}", remedy="name one as metric_proxy"
        )
    name = _default(source, target, config) if auto and source is not None and target is not None else asked
    known = {"metric": name}  # its own direction, not the score's
    metric, _ = find_metric(known, text, task_type, kind)
    how = "chosen by the kind of target" if auto else "config.json or a flag says so"
    why = f"a stated proxy for {score!r}, whose formula is unknown ({how}); calibrated as scores come back"
    return Scoring(metric, Evidence(metric.name, why, 0.5), score, direction)


def _unknown_score(config: dict[str, Any], text: str) -> str:
    """The name of the score that `metric_proxy` stands in for. Raises IntakeError where the score is known."""
    named = str(config.get("metric", "")).strip()
    if not named:
        found = find(text)
        if len(found) == 1:
            raise IntakeError(
                f"metric_proxy is for a score that nobody can compute, and the description names {get(found[0]).title}",
                remedy="drop metric_proxy, or name the score as `metric`",
            )
        return UNNAMED
    try:
        known = get(named)
    except IntakeError:
        return named
    raise IntakeError(
        f"metric_proxy is for a score that nobody can compute, and {known.title} is known",
        remedy="drop metric_proxy from config.json",
    )


def _default(source: Source, target: Target, config: dict[str, Any]) -> str:
    """A proper score for probabilities, accuracy where labels are asked, RMSE for numbers, QWK for grades."""
    asked = str(config.get("task_type", "")).lower()
    if "ordinal" in asked:
        return "qwk"
    labels = source.train[target.columns[0]]
    numbers = labels.cast(pl.String).cast(pl.Float64, strict=False)
    numeric = numbers.null_count() == 0
    if "regression" in asked or (numeric and "classification" not in asked and labels.n_unique() > 20):
        return "rmse"
    sample = source.sample
    if len(target.columns) > 1 or target.classes or sample is None or target.columns[0] not in sample.columns:
        return "log_loss"
    cells = set(sample[target.columns[0]].cast(pl.String).unique().to_list())
    spelled = cells <= set(labels.cast(pl.String).unique().to_list())  # 0.5 is no label; 0 may be one
    return "accuracy" if spelled else "log_loss"


def check_users_metric(scoring: Scoring, source: Source, target: Target, question: Question) -> None:
    """Try a user's metric.py on the labels before a campaign rests on it. Raises IntakeError: it fails, or its DIRECTION
    contradicts it."""
    metric, classes = scoring.metric, question.classes
    if not custom.is_users(metric.name):
        return
    frame = source.train.select(target.columns).cast(pl.String)
    if not classes:
        values = frame.cast(pl.Float64).to_numpy()
        custom.check_direction(metric, values[:, 0] if values.shape[1] == 1 else values)
        return
    place = {label: code for code, label in enumerate(classes)}
    codes = frame.to_series().replace_strict(place, default=0, return_dtype=pl.Int64).to_numpy()
    custom.check_direction(metric, codes, _perfect(metric, codes, len(place)))


def _perfect(metric: Metric, codes: NDArray[np.int64], n_classes: int) -> NDArray[Any]:
    """Perfect predictions as the metric is given them: codes for labels, else certain probabilities."""
    if metric.needs == "label":
        return codes
    if n_classes == 2:
        return codes.astype(np.float64).reshape(-1, 1)
    return np.asarray(np.eye(n_classes)[codes], dtype=np.float64)
