"""Ideas tried before, recognised through what does not make an idea: names, comments, docstrings, seeds."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Sequence

from podium.records import ExperimentFact, ExperimentSpec

SEED = re.compile(r"(^|_)(seed|random_state|rng)(_|$)", re.I)
SAME_WORDS = 0.9  # Jaccard index of two hypotheses' words from which they say the same
FEW_WORDS = 5  # a shorter hypothesis says too little to be compared by its words


def fingerprint(source: str) -> str:
    """16 hex digits that two solutions share when they differ in names of locals, comments, docstrings or seeds alone.

    Raises SyntaxError, ValueError, RecursionError on what is no Python.
    """
    tree = _Plain().visit(ast.parse(source))
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]


class _Plain(ast.NodeTransformer):
    """Docstrings dropped, seeds set to one value, local names numbered in order of appearance within a function."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def visit_Module(self, node: ast.Module) -> ast.AST:
        node.body = _without_docstring(node.body)
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        outer, self._names = self._names, {}
        node.body = _without_docstring(node.body)
        stored = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        self._names = {name: f"local{i}" for i, name in enumerate(dict.fromkeys(stored)) if not SEED.search(name)}
        self.generic_visit(node)
        self._names = outer
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = "seed" if SEED.search(node.id) else self._names.get(node.id, node.id)
        return node

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        if node.arg and SEED.search(node.arg):
            return ast.keyword(arg="seed", value=ast.Constant(0))
        return self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        for i, key in enumerate(node.keys):
            if isinstance(key, ast.Constant) and isinstance(key.value, str) and SEED.search(key.value):
                node.values[i] = ast.Constant(0)
        return self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        if any(isinstance(target, ast.Name) and SEED.search(target.id) for target in node.targets):
            node.value = ast.Constant(0)
        return self.generic_visit(node)


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return body[1:]
    return body


def repeated(specs: Sequence[ExperimentSpec], tried: Sequence[ExperimentFact]) -> tuple[int, str] | None:
    """(position, why) of the first planned experiment whose hypothesis was tried with this family and these parents.

    Experiments with a recipe are told apart by their recipe, replicates repeat on purpose, and what failed may be tried
    again to mend it.
    """
    for i, spec in enumerate(specs):
        if spec.recipe is not None or spec.operator in ("replicate", "debug"):
            continue
        for other in tried:
            there = other.family == spec.family and set(other.parents) == set(spec.parents) and other.status != "failed"
            if there and alike(spec.hypothesis, other.hypothesis) >= SAME_WORDS:
                return i, f"{other.id} tried this already; say what differs, or plan something else"
    return None


def alike(one: str, other: str) -> float:
    """Jaccard index of the words of two texts, 0..1; 1 for short texts only where they are equal."""
    words = [set(re.findall(r"[a-z0-9.]+", text.lower())) for text in (one, other)]
    if min(len(w) for w in words) < FEW_WORDS:
        return float(words[0] == words[1])
    return len(words[0] & words[1]) / len(words[0] | words[1])
