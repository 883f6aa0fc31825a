"""Metrics by name: function, direction, properties. One file a family; numpy alone at run time.

A name is fixed (`rmse`), has a parameter (`map@5`, `fbeta@2`, `pinball@0.1,0.9`), is composed (`mean:qwk`,
`sum:0.5*auc+0.5*average_precision`, see `composition`) or is the path of a user's own `metric.py` (see `custom`).
Where a score's formula is unknown, `proxy` says which metrics may stand in for it and how well they track it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from pathlib import Path

from podium.errors import IntakeError
from podium.metrics import (
    aliases,
    boxes,
    composition,
    correlations,
    custom,
    distributions,
    forecasts,
    labels,
    language,
    masks,
    ordering,
    probabilities,
    rankings,
    texts,
    values,
    writing,
)
from podium.metrics.metric import Metric

_METRICS: dict[str, Metric] = {
    metric.name: metric
    for family in (
        probabilities, ordering, labels, values, correlations, distributions, forecasts, language, rankings, texts, masks, boxes,
        writing,
    )
    for metric in family.METRICS
}  # fmt: skip
_FAMILIES: dict[str, Callable[[str], Metric]] = {
    **labels.FAMILIES, **distributions.FAMILIES, **forecasts.FAMILIES, **rankings.FAMILIES,
}  # fmt: skip
_EXAMPLES = {"crps": "crps@0:599", **{name: f"{name}@0.1,0.5,0.9" for name in ("pinball", "spl", "wspl")}}
_built: dict[str, Metric] = {}


def names() -> list[str]:
    """Canonical names without a parameter, sorted."""
    return sorted(_METRICS)


def families() -> list[str]:
    """An example of each kind of name that takes a parameter: `map@5`, `fbeta@2`, …, sorted."""
    return sorted(_EXAMPLES.get(name, f"{name}@2" if "beta" in name else f"{name}@5") for name in _FAMILIES)


def get(name: str) -> Metric:
    """The metric of this canonical name, alias (`auc_roc`, `logloss`, `F2`), composition or file.

    Raises IntakeError where it is unknown, lacks its parameter, or the file is at fault.
    """
    plain = name.strip()
    if plain in _METRICS:
        return _METRICS[plain]
    if plain.lower().endswith(".py"):
        return custom.load(Path(plain))
    if custom.is_users(plain):
        return custom.get(plain)
    if plain not in _built:
        _built[plain] = _find_one(plain)
    return _built[plain]


def _find_one(name: str) -> Metric:
    composed = composition.build(name, get)
    if composed is not None:
        return composed
    head, _, parameter = re.sub(r"_at_(?=\d+$)", "@", name.lower().replace(" ", "")).partition("@")
    if head in _FAMILIES and parameter:
        return _FAMILIES[head](parameter)
    if head in _METRICS and parameter:
        raise IntakeError(
            f"metric {name!r}: {head} takes no parameter", found=parameter, remedy="correct `metric` in config.json"
        )
    canonical = _canonical(name)
    if canonical is not None:
        return get(canonical)
    if head in _FAMILIES:
        example = next(one for one in families() if one.startswith(f"{head}@"))
        raise IntakeError(
            f"metric {name!r} lacks its parameter",
            expected=f"as in {example}",
            remedy="complete `metric` in config.json",
        )
    near = difflib.get_close_matches(name.lower(), [*_METRICS, *families()], n=3, cutoff=0.5)
    hint = (
        f"did you mean {' or '.join(near)}?"
        if near
        else "name one of these as `metric` in config.json, or a metric.py; where nobody published its formula, add metric_proxy"
    )
    plain = ", ".join(one for one in names() if _METRICS[one].needs in composition.ARRAYS)
    raise IntakeError(
        f"metric {name[:60]!r} is not known",
        expected=f"one of {plain}, or as in map@5, fbeta@2, mean:rmse",
        remedy=hint,
    )


def _canonical(name: str) -> str | None:
    plain = aliases.normalise(name)
    if plain.replace(" ", "_") in _METRICS:
        return plain.replace(" ", "_")
    for canonical, phrases in aliases.PHRASES.items():
        if canonical and plain in phrases:
            return canonical
    mentioned = find(name)
    return mentioned[0] if len(mentioned) == 1 else None


def _is_pooled(name: str) -> bool:
    """Over all rows of a table, rather than a mean over users, images, texts or series."""
    metric = _METRICS.get(name)
    return metric is not None and metric.needs in composition.ARRAYS and metric.task_types != forecasts.TASKS


def find(text: str) -> list[str]:
    """Canonical names of the metrics that a text mentions, in order of first mention; [] where there are none.

    Where phrases overlap the longest wins: "root mean squared logarithmic error" is not an RMSE, "mean average
    precision" (of detection) is no average precision. A variant that is not ours (weighted, balanced, normalised …)
    is no mention of the plain metric.
    """
    plain = aliases.normalise(text)
    covered = bytearray(len(plain))
    taken: list[tuple[int, int, str]] = []
    for start, end, name in sorted(aliases.mentions(plain), key=lambda span: (span[0] - span[1], span[0])):
        if 1 not in covered[start:end]:
            covered[start:end] = b"\1" * (end - start)
            taken.append((start, end, name))
    variants = {name for start, end, name in taken if aliases.is_variant(plain, start, end, _is_pooled(name))}
    known = dict.fromkeys(name for _, _, name in sorted(taken) if name not in variants)
    return list(dict.fromkeys(name for name in (aliases.in_context(name, plain) for name in known) if name))


__all__ = ["Metric", "families", "find", "get", "names"]
