"""Features that a solution's `prepare` makes of all rows, measured once for all experiments that would measure the same.

Twenty experiments on images differ in `fit` and share `prepare`. What `prepare` can reach of its solution is its program;
equal programs on equal data with an equal seed give equal features, so the file of the first serves the others.
"""

from __future__ import annotations

import ast
import hashlib
from typing import TYPE_CHECKING

from podium.registry.runs import RunRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from podium.campaign.engine import Engine

OURS = "podium."  # modules whose import does nothing beside
LOOKS_AROUND = {"globals", "vars", "exec", "eval", "__import__", "getattr", "open", "sys", "inspect", "importlib"}
PLACE = "prepared {}"  # in the registry: which run made the features of a key


def has_prepare(source: str) -> bool:
    """Whether the solution defines `prepare`, told from its syntax: the engine never runs it to find out."""
    return any(_is_prepare(node) for node in ast.parse(source).body)


def program(source: str) -> str:
    """What `prepare` can reach: itself, the functions and constants that it names, and every statement that may do more.

    The whole source where it may look for names in ways that syntax does not show.
    """
    tree = ast.parse(source)
    if LOOKS_AROUND & set(_names(tree)):
        return source
    body = [node for node in tree.body if not _is_words(node) and not _is_main(node)]
    kept = [node for node in body if _is_prepare(node) or not set(_bound(node))]
    while True:
        reached = {name for node in kept if not isinstance(node, ast.ImportFrom) for name in _names(node)}
        wider = [node for node in body if node in kept or reached & set(_bound(node))]
        if len(wider) == len(kept):
            return "\n".join(_told(node, reached) for node in kept)
        kept = wider


def shared(engine: Engine, key: str) -> RunRow | None:
    """The finished run that made the features of this key, whichever experiment's it was."""
    made = engine.registry.setting(PLACE.format(key)) if key else None
    return None if made is None else engine.registry.runs.find(made)


def share(engine: Engine, key: str, row: RunRow) -> None:
    """Remember what made the features of this key, for the experiments to come."""
    if key and shared(engine, key) is None:
        engine.registry.set(PLACE.format(key), row.key)


def digest(source: str) -> str:
    return hashlib.sha256(program(source).encode()).hexdigest()


def _is_prepare(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "prepare"


def _is_words(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_main(node: ast.stmt) -> bool:
    """`if __name__ == "__main__":`, which no run enters."""
    return isinstance(node, ast.If) and ast.unparse(node.test).replace('"', "'") == "__name__ == '__main__'"


def _bound(node: ast.stmt) -> Iterator[str]:
    """Names that the statement does no more than bind; none where it may do anything else, so that it is kept."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.decorator_list:
        yield node.name
    elif isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith(OURS):
        yield from (alias.asname or alias.name for alias in node.names)
    elif isinstance(node, ast.Assign) and _is_literal(node.value):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _names(node: ast.AST) -> Iterator[str]:
    """Every name that is read or called, and every attribute."""
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            yield one.id
        elif isinstance(one, ast.Attribute):
            yield one.attr
        elif isinstance(one, (ast.Import, ast.ImportFrom)):
            yield from (alias.name.partition(".")[0] for alias in one.names)


def _told(node: ast.stmt, reached: set[str]) -> str:
    """The statement's text; of an import of ours the names that are reached alone."""
    if isinstance(node, ast.ImportFrom) and set(_bound(node)):
        kept = [alias for alias in node.names if (alias.asname or alias.name) in reached]
        return ast.unparse(ast.ImportFrom(node.module, kept, node.level))
    return ast.unparse(node)
