"""The playbook's conditions: what must be true of a competition for an entry to apply, and the evidence that it is.

<kind> columns          a feature column of that kind: numeric, categorical, text, date, code, boolean, file
audit <check>           the audit warned: drift, imbalance, duplicate, leak, missing, structure …
metric=<name>           also `task=<type>`; alternatives with |: metric=rmse|mae
<measure> <op> <number> a measure of `MEASURES`, with <, <=, >, >=
always, plateau         the blend's gains stay under the noise floor
forward                 folds look forward: nothing later than a fold may be seen
ceiling                 boosting has stopped gaining, whichever library and settings
not <condition>
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

from podium.protocol import ColumnKind
from podium.records import Facts
from podium.team.builtin import history


def _share(facts: Facts, kind: str) -> float:
    """Share of the columns that vary which are of this kind."""
    varying = [c for c in facts.data.columns if c.kind != "constant"]
    return sum(c.kind == kind for c in varying) / max(1, len(varying))


def _codes(facts: Facts) -> int:
    """Columns whose strings the encoder takes apart."""
    from podium.recipes.tabular.shape import is_code  # brings polars

    return sum(is_code(c) for c in facts.data.columns)


COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
MEASURES: dict[str, Callable[[Facts], float]] = {
    "n_train": lambda facts: facts.data.n_train,
    "n_test": lambda facts: facts.data.n_test,
    "test_share": lambda facts: facts.data.n_test / max(1, facts.data.n_train),
    "n_columns": lambda facts: len(facts.data.columns),
    "n_numeric": lambda facts: sum(c.kind == "numeric" for c in facts.data.columns),
    "n_outputs": lambda facts: facts.data.n_outputs,
    "n_groups": lambda facts: facts.data.n_groups,
    "target_cardinality": lambda facts: facts.data.target_cardinality,
    "target_skew": lambda facts: abs(facts.data.target_skew),
    "target_min": lambda facts: facts.data.target_min,
    "levels": lambda facts: max((c.n_unique for c in facts.data.columns if c.kind == "categorical"), default=0),
    "missing": lambda facts: max((c.missing for c in facts.data.columns), default=0.0),
    "n_codes": _codes,
    "text_share": lambda facts: _share(facts, "text"),
    "text_length": lambda facts: max((c.mean_length for c in facts.data.columns if c.kind == "text"), default=0.0),
}
COMPARISON = re.compile(r"(\w+)\s*(<=|>=|<|>)\s*(-?\d+(?:\.\d+)?)")
EQUALITY = re.compile(r"(metric|task)=([\w|]+)")


@dataclass(frozen=True)
class Condition:
    """`holds` gives citations (`column:Cabin`, `n_train=891`) where the condition is true, None where it is not."""

    text: str
    holds: Callable[[Facts], tuple[str, ...] | None]


def parse(text: str) -> Condition:
    """Raises ValueError naming the condition that the grammar above does not know."""
    text = " ".join(text.split())
    if text.startswith("not "):
        inner = parse(text[4:])
        return Condition(text, lambda facts: (text,) if inner.holds(facts) is None else None)
    if text == "always":
        return Condition(text, lambda facts: ())
    if text == "plateau":
        return Condition(text, lambda facts: ("plateau",) if history.plateau(facts) else None)
    if text == "forward":
        return Condition(text, lambda facts: ("forward",) if facts.competition.looks_forward else None)
    if text == "ceiling":
        return Condition(text, _ceiling)
    if text.startswith("audit "):
        return Condition(text, lambda facts: _audit(facts, text[6:]))
    if text.endswith(" columns") and text[:-8] in get_args(ColumnKind):
        return Condition(text, lambda facts: _columns(facts, text[:-8]))
    if match := EQUALITY.fullmatch(text):
        return _equality(text, match[1], match[2].split("|"))
    if (match := COMPARISON.fullmatch(text)) and match[1] in MEASURES:
        return _comparison(text, match[1], match[2], float(match[3]))
    raise ValueError(f"condition {text!r}: expected one of the forms that podium.team.builtin.conditions documents")


def _audit(facts: Facts, check: str) -> tuple[str, ...] | None:
    found = [
        f"audit:{a.check}" + (f":{a.column}" if a.column else "")
        for a in facts.audit
        if _warns(a.severity, a.check, check)
    ]
    return tuple(found[:3]) or None


def _ceiling(facts: Facts) -> tuple[str, ...] | None:
    top = history.ceiling(facts)
    return None if top is None else (top.id,)


def _warns(severity: str, found: str, wanted: str) -> bool:
    return found == wanted and severity != "info"


def _columns(facts: Facts, kind: str) -> tuple[str, ...] | None:
    return tuple(f"column:{c.name}" for c in facts.data.columns if c.kind == kind)[:3] or None


def _equality(text: str, key: str, wanted: list[str]) -> Condition:
    def holds(facts: Facts) -> tuple[str, ...] | None:
        found = facts.competition.metric if key == "metric" else facts.competition.task_type
        return (f"{key}={found}",) if found in wanted else None

    return Condition(text, holds)


def _comparison(text: str, measure: str, sign: str, bound: float) -> Condition:
    def holds(facts: Facts) -> tuple[str, ...] | None:
        found = MEASURES[measure](facts)
        return (f"{measure}={found:.4g}",) if COMPARE[sign](found, bound) else None

    return Condition(text, holds)
