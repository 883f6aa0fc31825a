"""QA's checks of an experiment's saved predictions: the engine's own kinds, each with the figures it failed by.

A check is data (`QaCheck`): the role that writes it never sees a solution, and the builder never sees it. The kind
"source" is code, and is run in the sandbox by the campaign; here it is only looked at.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from podium.records import Probed, QaCheck
from podium.referee.probes.association import correlation
from podium.tasks.task import Floats

if TYPE_CHECKING:
    import polars as pl

LEAST_MONOTONE = 200  # rows below which a rank correlation says too little
PRIOR_SIGMAS = 8.0  # a mean prediction further from the training prior than this is no sampling noise
PRIOR_SLACK = 0.1  # of a class, whatever the sample: calibration may shift, labels may not be read wrongly


@dataclass(frozen=True)
class Evidence:
    """What a check looks at, aligned by row: OOF predictions `(n, k)`, truth, folds; `frame` reads the features."""

    raw: Floats
    truth: NDArray[Any]
    fold_of: NDArray[np.int8]
    task_type: str
    frame: Callable[[], pl.DataFrame]
    probed: Mapping[str, Probed] = field(default_factory=dict)  # what the engine's own probes came to


def failure(check: QaCheck, seen: Evidence) -> str | None:
    """What is wrong, in figures; None where the check passes. Raises KeyError for the kind "source"."""
    known: NDArray[np.bool_] = np.asarray(~np.isnan(seen.raw).any(axis=1))
    if not known.any():
        return "no row has a prediction"
    if check.kind in PROBED:
        return _probe_failure(PROBED[check.kind], seen)
    return _KINDS[check.kind](seen, known, check.params)


def _probe_failure(probe: str, seen: Evidence) -> str | None:
    """What QA asks for must hold: a probe's warning is a failure here. One that was not made says nothing."""
    found = seen.probed.get(probe)
    return found.message if found is not None and found.outcome in ("failed", "warned") else None


def problem(check: QaCheck) -> str | None:
    """What is wrong with the check itself: its kind, its parameters, its source; None where it can be run."""
    if not check.name.strip() or not check.message.strip():
        return "name and message: expected some text"
    if check.kind == "source":
        return _source_problem(check.source)
    if check.kind not in KINDS:
        return f"kind: expected {', '.join(KINDS)}; found {check.kind!r}"
    wanted = PARAMS[check.kind]
    alien = sorted(set(check.params) - set(wanted))
    if alien:
        return f"params: {check.kind} takes {', '.join(wanted) or 'none'}; found {alien[0]!r}"
    wrong = next((k for k, v in check.params.items() if not isinstance(v, wanted[k]) or isinstance(v, bool)), None)
    if wrong:
        return f"params.{wrong}: found {check.params[wrong]!r}"
    return _symmetry_problem(check.params) if check.kind == "symmetry" else None


def _symmetry_problem(params: Mapping[str, Any]) -> str | None:
    left, right = params.get("left", ()), params.get("right", ())
    if not left or len(left) != len(right) or not all(isinstance(name, str) for name in (*left, *right)):
        return "params: symmetry takes left and right, as many columns each"
    expected = params.get("expect", "same")
    return None if expected in EXPECTED else f"params.expect: expected {', '.join(EXPECTED)}; found {expected!r}"


def _source_problem(source: str) -> str | None:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as wrong:
        return f"source: not Python: {wrong}"
    names = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if "check" not in names or len(names["check"].args.args) != 2:
        return "source: expected a function check(frame, predictions)"
    return None


# ---------------------------------------------------------------- the kinds


def _finite(seen: Evidence, known: NDArray[np.bool_], params: Mapping[str, Any]) -> str | None:
    return None if np.isfinite(seen.raw[known]).all() else "some predictions are infinite"


def _within(seen: Evidence, known: NDArray[np.bool_], params: Mapping[str, Any]) -> str | None:
    """`low` ≤ prediction ≤ `high`, each where it is given."""
    values = seen.raw[known]
    low, high = float(params.get("low", -np.inf)), float(params.get("high", np.inf))
    out = (values < low) | (values > high)
    if not out.any():
        return None
    return f"{int(out.any(axis=1).sum())} rows lie outside {low:g}..{high:g}, like {values[out][0]:g}"


def _probabilities(seen: Evidence, known: NDArray[np.bool_], params: Mapping[str, Any]) -> str | None:
    values = seen.raw[known]
    if ((values < 0) | (values > 1)).any():
        return f"values from {values.min():g} to {values.max():g} are no probabilities"
    exclusive = values.shape[1] > 1 and seen.task_type == "multiclass_classification"
    off = np.abs(values.sum(axis=1) - 1).max() if exclusive else 0.0
    return f"a row sums to 1 {off:+.3g}" if off > 1e-3 else None


def _varies(seen: Evidence, known: NDArray[np.bool_], params: Mapping[str, Any]) -> str | None:
    """At least `values` different predictions (default 2)."""
    found, least = len(np.unique(seen.raw[known], axis=0)), int(params.get("values", 2))
    return (
        None if found >= min(least, int(known.sum())) else f"{found} different predictions, expected {least} at least"
    )


def _prior(seen: Evidence, known: NDArray[np.bool_], params: Mapping[str, Any]) -> str | None:
    """Mean predicted probability near the share of each class among the same rows."""
    values, truth = seen.raw[known], seen.truth[known]
    if seen.task_type == "multiclass_classification":
        share = np.bincount(truth.astype(np.int64), minlength=values.shape[1])[: values.shape[1]] / len(truth)
    else:
        share = truth.reshape(len(truth), -1).mean(axis=0)
    if share.shape != values.shape[1:]:
        return None
    slack = float(params.get("slack", PRIOR_SLACK)) + PRIOR_SIGMAS * np.sqrt(share * (1 - share) / len(truth))
    off = np.abs(values.mean(axis=0) - share) - slack
    worst = int(off.argmax())
    if off[worst] <= 0:
        return None
    return f"class {worst}: mean prediction {values[:, worst].mean():.3f}, share of rows {share[worst]:.3f}"


def _numbers(seen: Evidence) -> NDArray[Any]:
    """Truth as `(n, k)`, also where it carries more than numbers: points of series with their scales."""
    return np.asarray(getattr(seen.truth, "values", seen.truth)).reshape(len(seen.truth), -1)


def _plausible(seen: Evidence, known: NDArray[np.bool_], params: Mapping[str, Any]) -> str | None:
    """Values within the labels' range, widened by `times` (default 1) of its width on either side."""
    values, truth = seen.raw[known], _numbers(seen)
    low, high = truth.min(axis=0), truth.max(axis=0)
    slack = float(params.get("times", 1.0)) * (high - low)
    out = ((values < low - slack) | (values > high + slack)).any(axis=1) if values.shape[1] == len(low) else np.zeros(0)
    return f"{int(out.sum())} rows lie far outside the labels' range" if out.any() else None


def _not_copied(seen: Evidence, known: NDArray[np.bool_], params: Mapping[str, Any]) -> str | None:
    """Continuous labels are not met exactly: who meets them has seen them."""
    truth = _numbers(seen)[known]
    if truth.dtype.kind != "f" or seen.raw.shape[1] != truth.shape[1] or len(np.unique(truth)) < 0.5 * len(truth):
        return None
    met = (np.abs(seen.raw[known] - truth) <= 1e-12 * np.abs(truth)).all(axis=1).mean()
    return f"{met:.1%} of predictions equal the label to the last digit" if met > 0.01 else None


def _monotone(seen: Evidence, known: NDArray[np.bool_], params: Mapping[str, Any]) -> str | None:
    """Spearman correlation of `column` with the first output has the sign of `direction` (1 or -1), or is weak."""
    frame, column = seen.frame(), str(params.get("column"))
    if column not in frame.columns or not frame[column].dtype.is_numeric():
        return f"there is no numeric column {column!r}"
    values = frame[column].to_numpy().astype(np.float64)
    rows = known & np.isfinite(values)
    if rows.sum() < LEAST_MONOTONE:
        return None
    found = correlation(values[rows], seen.raw[rows, -1])
    wrong = found * float(params.get("direction", 1)) < -2 / np.sqrt(rows.sum())
    return f"predictions and {column} rank with {found:+.3f}" if wrong else None


_KINDS: Mapping[str, Callable[[Evidence, NDArray[np.bool_], Mapping[str, Any]], str | None]] = {
    "finite": _finite,
    "within": _within,
    "probabilities": _probabilities,
    "varies": _varies,
    "prior": _prior,
    "plausible": _plausible,
    "not_copied": _not_copied,
    "monotone": _monotone,
}
PARAMS: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    "finite": {},
    "within": {"low": (int, float), "high": (int, float)},
    "probabilities": {},
    "varies": {"values": (int,)},
    "prior": {"slack": (int, float)},
    "plausible": {"times": (int, float)},
    "not_copied": {},
    "monotone": {"column": (str,), "direction": (int, float)},
    "deterministic": {},
    "row_order": {},
    "alone": {},
    "no_future": {},
    "unseen": {},
    "missing": {},
    "symmetry": {"left": (list, tuple), "right": (list, tuple), "expect": (str,)},
}
EXPECTED = ("same", "opposite", "first_two")  # of predictions, when the sides of each pair are exchanged
PROBED = {  # kind → the engine's probe that answers it, on every experiment
    "deterministic": "twice",
    "row_order": "order",
    "alone": "alone",
    "no_future": "future",
    "unseen": "unseen",
    "missing": "missing",
    "symmetry": "symmetry",
}
KINDS = (*_KINDS, *PROBED, "source")
