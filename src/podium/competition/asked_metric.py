"""Which metric a competition scores by: what the config names, else what the description says, for the kind of task."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from podium.competition.description import metric_text
from podium.competition.quantile_answers import loss_of
from podium.errors import Ambiguous, IntakeError
from podium.metrics import Metric, families, find, get, names
from podium.records import Evidence

NEEDS: dict[str, tuple[str, ...]] = {
    "object_detection": ("boxes",),
    "segmentation": ("masks",),
    "image_to_image": ("value",),
    "recommendation": ("ranking",),
    "ranking": ("ranking",),
    "forecasting": ("value", "quantiles", "distribution", "samples"),
    "span_extraction": ("text",),
    "text_generation": ("text",),
}
ALSO: dict[str, tuple[str, ...]] = {
    "recommendation": ("f1_samples",),
    "ranking": ("auc", "average_precision", "spearman"),
    "language_modelling": ("bits_per_character", "bits_per_byte", "perplexity", "log_loss", "accuracy"),
    "text_generation": ("accuracy",),
}
USUAL = ("auc", "log_loss", "accuracy", "f1", "f1_macro", "qwk", "mcc", "average_precision", "rmse", "mae", "rmsle", "r2",
         "mape", "smape", "pearson", "spearman", "map@5", "ndcg@10")  # fmt: skip
_WORDS = {"segmentation": " of segmentation masks", "object_detection": " of bounding boxes"}
Fits = Callable[[Metric], bool]


def scores(metric: Metric, task_type: str, submission_kind: str = "") -> bool:
    """Whether this metric can score that kind of task."""
    if task_type in NEEDS or task_type in ALSO:
        return metric.needs in NEEDS.get(task_type, ()) or metric.name in ALSO.get(task_type, ())
    if submission_kind == "ranking":
        return metric.needs == "ranking"
    if submission_kind == "distribution":
        return metric.needs in ("distribution", "quantiles", "samples")
    return task_type in metric.task_types or (task_type == "ordinal_regression" and metric.name == "qwk")


def find_metric(
    config: dict[str, Any], text: str, task_type: str = "", kind: str = "", levels: tuple[float, ...] = ()
) -> tuple[Metric, Evidence]:
    """The metric the config names, else the one the description scores by. Where the kind of task is known already, only
    metrics that score it count; where the submission asks for quantiles, the loss of quantiles is at its `levels`.

    Raises IntakeError: none, several, unknown, one of another kind of task, or a direction that contradicts it.
    """

    def fits(metric: Metric) -> bool:
        return not task_type or scores(metric, task_type, kind)

    if config.get("metric"):
        plain = "" if "@" in str(config["metric"]) else loss_of(str(config["metric"]), levels)
        metric, evidence = get(plain or config["metric"]), Evidence("", "config.json or a flag says so", 1.0)
        if not fits(metric):
            raise _other_kind(metric, task_type, fits)
    else:
        metric, evidence = _of_quantiles(text, levels) or _from_text(text, task_type, fits)
    asked = config.get("metric_direction")
    if asked and asked != metric.direction:
        raise IntakeError(
            f"metric_direction {asked!r} contradicts {metric.title}",
            expected=f"{metric.direction!r}, or no metric_direction",
            found=f"metric {metric.name!r}",
            remedy="correct one of them in config.json",
        )
    return metric, Evidence(metric.name, evidence.why, evidence.confidence)


def _from_text(text: str, task_type: str, fits: Fits) -> tuple[Metric, Evidence]:
    """The narrowest passage that names exactly one metric decides: a scoring sentence, the metric's section, the whole."""
    several: list[str] = []
    for passage, confidence in passages(text):
        named = find(passage + _WORDS.get(task_type, ""))
        found = [name for name in named if fits(get(name))]
        if len(found) == 1:
            quote = " ".join(passage.split())
            return get(found[0]), Evidence(found[0], f"the description says: {quote[:160]}", confidence)
        several = several or found or named
    if len(several) == 1:
        raise _other_kind(get(several[0]), task_type, fits)
    if several:
        raise Ambiguous(
            "the description names several metrics",
            key="metric",
            choices={name: get(name).title for name in several},
            remedy="choose with `--metric NAME`, or `metric` in config.json",
        )
    raise _unknown(text, task_type, fits)


def _of_quantiles(text: str, levels: tuple[float, ...]) -> tuple[Metric, Evidence] | None:
    """The loss of quantiles that the description names, at the levels that the sample submission has; None without either."""
    for passage, confidence in passages(text) if levels else ():
        if name := loss_of(passage, levels):
            why = (
                f"the sample submission asks for quantiles, and the description says: {' '.join(passage.split())[:120]}"
            )
            return get(name), Evidence(name, why, confidence)
    return None


def passages(text: str) -> list[tuple[str, float]]:
    """Passages of a description that may name its metric, the most telling first, with the confidence each deserves."""
    section = metric_text(text)
    scoring = r"evaluat\w+ (on|by|using|with|via|against)|scored? (on|by|using|with|via)|metric is|judged (on|by)"
    stated = r"\b(metric|scoring|evaluation|scored by)\W{0,4}:"
    return [
        *[(s, 0.97) for s in _sentences(section)[:1]],
        *[(s, 0.95) for s in _sentences(section) if re.search(r"evaluat|scored|metric|measured|judged", s, re.I)],
        (section, 0.95),
        *[(s, 0.85) for s in _sentences(text) if re.search(scoring, s, re.I)],
        *[(line, 0.85) for line in text.splitlines() if re.search(stated, line, re.I)],
        (text, 0.6),
    ]


def _sentences(text: str) -> list[str]:
    return [s for s in re.split(r"(?<=[.!?:])\s+(?=[A-Z*$\\])|\n\s*\n", text) if s.strip()]


def _other_kind(metric: Metric, task_type: str, fits: Fits) -> IntakeError:
    return IntakeError(
        f"{metric.title} does not score {task_type.replace('_', ' ')}",
        expected="a metric such as " + ", ".join(_fitting(fits)[:6]) if _fitting(fits) else "another metric",
        found=f"metric {metric.name!r}",
        remedy="correct `metric` or `task_type` in config.json",
    )


def _fitting(fits: Fits) -> list[str]:
    return [name for name in [*names(), *families()] if fits(get(name))]


def _unknown(text: str, task_type: str, fits: Fits) -> IntakeError:
    what = "the description names no metric that Podium knows" if text else "there is no description and no config.json"
    quote = " ".join(metric_text(text).split())[:100]
    if task_type:
        choices = {name: get(name).title for name in _fitting(fits)}
        return Ambiguous(
            f"the metric of this {task_type.replace('_', ' ')} is unknown: {what}",
            key="metric", choices=choices, remedy="choose with `--metric NAME`, or `metric` in config.json",
        )  # fmt: skip
    return Ambiguous(
        f"the metric is unknown: {what}",
        key="metric",
        choices={name: get(name).title for name in USUAL},
        usual=True,
        found=f"{quote!r}" if quote else "",
        remedy="name it with `--metric NAME`, or `metric` in config.json; where nobody published its formula, state a "
        "metric_proxy",
    )
