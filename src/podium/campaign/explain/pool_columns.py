"""Which columns the pool's solutions use: of built-in recipes by what they encode, of code by its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from podium.protocol import Column
from podium.records import Recipe

if TYPE_CHECKING:
    from pathlib import Path

    from podium.registry.experiments import Experiment

LEAVERS = ("drop", "exclude")  # methods whose arguments are what is left out


def unused_columns(schema: Sequence[Column], pool: Iterable[frozenset[str]]) -> tuple[str, ...]:
    """Columns with something in them that no solution of the pool uses, in the table's order; none for an empty pool."""
    used = list(pool)
    seen = frozenset[str]().union(*used) if used else frozenset(column.name for column in schema)
    return tuple(column.name for column in schema if column.kind != "constant" and column.name not in seen)


def used_by(experiment: Experiment, campaign: Path, schema: Sequence[Column]) -> frozenset[str]:
    """What an experiment's solution uses. Code that cannot be read is taken to use everything."""
    if experiment.spec.recipe is not None and experiment.builtin:
        return of_recipe(experiment.spec.recipe, schema)
    names = [column.name for column in schema]
    try:
        source = (campaign / "runs" / experiment.id / "solution.py").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return frozenset(names)
    return of_source(source, names)


def of_recipe(recipe: Recipe, schema: Sequence[Column]) -> frozenset[str]:
    """A column of which only a length enters is not used."""
    if recipe.kind == "text":
        texts = [c.name for c in schema if c.kind == "text"] or [
            c.name for c in schema if c.kind in ("categorical", "code")
        ]
        chosen = list(recipe.features.get("columns") or texts)
        beside = recipe.params.get("table") or recipe.model in ("nb_stack", "text_boost")
        others = [c.name for c in schema if c.name not in texts and c.kind != "file"] if beside else []
        return frozenset([*chosen, *others])
    options = recipe.features
    left_out = {
        "text": options.get("texts", 8) == 0,
        "date": options.get("dates", True) is False,
        "code": options.get("codes", True) is False,
        "file": options.get("files", True) is False,
        "constant": True,
    }
    return frozenset(c.name for c in schema if not left_out.get(c.kind, False))


def of_source(source: str, columns: Sequence[str]) -> frozenset[str]:
    """Names in the code. Where it takes whole frames, everything but what it drops by name."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset(columns)
    calls = [
        (node.func.attr, node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    dropped = frozenset[str]().union(*(_strings(call) for name, call in calls if name in LEAVERS))
    named = (_strings(tree) & frozenset(columns)) - dropped
    whole = any(name == "frame" and not call.args and not call.keywords for name, call in calls)
    narrows = any(name == "select" for name, _ in calls)
    recipes = any(
        isinstance(node, ast.ImportFrom) and (node.module or "").startswith("podium.recipes") for node in ast.walk(tree)
    )
    takes_all = recipes or not named or (whole and not narrows)
    return frozenset(columns) - dropped if takes_all else named


def _strings(tree: ast.AST) -> frozenset[str]:
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return frozenset(value for value in constants if isinstance(value, str))
