"""Metrics by name: function, direction, properties. One file a family; numpy alone at run time."""

from __future__ import annotations

import difflib

from podium.errors import IntakeError
from podium.metrics import aliases, correlations, labels, ordering, probabilities, values
from podium.metrics.metric import Metric

_METRICS: dict[str, Metric] = {
    metric.name: metric
    for family in (probabilities, ordering, labels, values, correlations)
    for metric in family.METRICS
}


def names() -> list[str]:
    """Canonical names, sorted."""
    return sorted(_METRICS)


def get(name: str) -> Metric:
    """The metric of this canonical name or alias (`auc_roc`, `logloss`, `RMSLE`). Raises IntakeError where unknown."""
    canonical = _canonical(name)
    if canonical is None:
        near = difflib.get_close_matches(name.lower(), _METRICS, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else "name one of these as `metric` in config.json"
        raise IntakeError(f"metric {name!r} is not known", expected=f"one of {', '.join(names())}", remedy=hint)
    return _METRICS[canonical]


def _canonical(name: str) -> str | None:
    if name in _METRICS:
        return name
    plain = aliases.normalise(name)
    if plain.replace(" ", "_") in _METRICS:
        return plain.replace(" ", "_")
    for canonical, phrases in aliases.PHRASES.items():
        if canonical and plain in phrases:
            return canonical
    mentioned = find(name)
    return mentioned[0] if len(mentioned) == 1 else None


def find(text: str) -> list[str]:
    """Canonical names of the metrics that a text mentions, in order of first mention; [] where there are none.

    Where phrases overlap the longest wins: "root mean squared logarithmic error" is not an RMSE, "mean average
    precision" (of detection) is no average precision.
    """
    plain = aliases.normalise(text)
    spans = [
        (match.start(), match.end(), name) for pattern, name in aliases.patterns() for match in pattern.finditer(plain)
    ]
    taken: list[tuple[int, int, str]] = []
    for start, end, name in sorted(spans, key=lambda span: (span[0] - span[1], span[0])):
        if all(end <= other[0] or start >= other[1] for other in taken):
            taken.append((start, end, name))
    found = dict.fromkeys(name for _, _, name in sorted(taken) if name)
    if any(f" {word} " in f" {plain} " for word in aliases.DETECTION):
        found.pop("average_precision", None)
    return list(found)


__all__ = ["Metric", "find", "get", "names"]
