"""How big the encoded data will be, from facts alone: what costs and the portfolio go by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from podium.protocol import Column
from podium.recipes.tabular.group_statistics import GROUPINGS
from podium.recipes.tabular.spelling import LEAST_LEVELS, LENGTHS
from podium.records import Competition, DataFacts

ONE_HOT = 64  # most frequent levels of a category that get a column of their own in the dense view
COMBINED = 10  # numeric columns from which on steps of their sums are worth looking for early
COMBINED_ROWS = 5000
PLAIN = {"numeric": 1, "boolean": 1, "date": 8, "code": 5, "file": 80, "constant": 0}


def tree_width(facts: DataFacts, features: Mapping[str, Any]) -> int:
    """Columns of the tree view."""
    width, encoded = 1 + len(features.get("models", ())) * max(1, facts.n_outputs), 0
    for column in facts.columns:
        width += 0 if column.pixels else PLAIN.get(column.kind, 0) + (1 if column.kind == "categorical" else 0)
        if _is_spelled(column):
            width += round(column.mean_length)
        width += int(features.get("texts", 8)) + 4 if column.kind == "text" else 0
        if features.get("target") and (column.kind in ("categorical", "code") or features.get("values")):
            encoded += (1 if column.kind != "code" else 4) * len(features.get("smooth", "1"))
    if features.get("target"):
        encoded += int(features.get("pairs", 0)) * (1 + len(features.get("smooth", "1")))
    crosses = int(features.get("crosses", 0))
    combined = int(features.get("combos", 0))
    placed = int(features.get("clusters", 0)) + (max(1, facts.n_outputs - 1) + 1 if features.get("near") else 0)
    grouped = 3 * GROUPINGS * int(features.get("groups", 0))
    return width + encoded * max(1, facts.n_outputs - 1) + crosses * (crosses - 1) + combined + placed + grouped


def dense_width(facts: DataFacts, features: Mapping[str, Any]) -> int:
    """Columns of the dense view: the tree view's, with one-hot levels for codes."""
    hot, discrete = int(features.get("onehot", ONE_HOT)), int(features.get("discrete", 0))
    levels = sum(min(c.n_unique, hot) for c in facts.columns if c.kind == "categorical")
    levels += sum(c.n_unique for c in facts.columns if c.kind == "numeric" and 2 < c.n_unique <= discrete)
    return tree_width(facts, features) + levels


def n_models(facts: DataFacts) -> int:
    """Trees a round: one for each class or output. Binary classification has one output."""
    return max(1, facts.n_outputs)


def is_classification(competition: Competition) -> bool:
    return competition.task_type.endswith("classification")


def may_sum(competition: Competition) -> bool:
    """Whether columns that only train has may add up to the one target: told for sure in the fit."""
    one = competition.task_type == "regression" and len(competition.target_columns) == 1
    return one and len(competition.label_side_columns) >= 2


def has_codes(facts: DataFacts) -> bool:
    """Whether there are strings that the encoder takes apart: structured ones, or letters at places of their own."""
    return any(is_code(column) for column in facts.columns)


def is_code(column: Column) -> bool:
    return column.kind == "code" or _is_spelled(column)


def may_branch(facts: DataFacts) -> bool:
    """Whether the table has both kinds of columns that a net of two branches sees apart."""
    kinds = {column.kind for column in facts.columns}
    return bool(kinds & {"categorical", "code"}) and "numeric" in kinds


def _is_spelled(column: Column) -> bool:
    """A category of too many levels whose strings have one length: the fit takes it for letters, or finds that it is none."""
    least, most = LENGTHS
    fits = least <= column.mean_length <= most and column.mean_length == round(column.mean_length)
    return column.kind == "categorical" and column.n_unique > LEAST_LEVELS and fits


def may_combine(facts: DataFacts) -> bool:
    """Whether there are enough continuous columns and rows for steps of sums of columns to be found and to matter."""
    many = [column for column in facts.columns if column.kind == "numeric" and column.n_unique > 20]
    return len(many) >= COMBINED and facts.n_train >= COMBINED_ROWS
