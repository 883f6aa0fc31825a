"""A solution's canonical form: its syntax tree without what makes no idea. Two that share it are one solution.

Left out: comments, docstrings, annotations, seeds, names of the author's choice (imports, helpers, arguments, locals), the order
of keywords and of a literal's keys, imports' order, names that nothing uses, `pass`, what is printed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

CONTRACT = ("fit", "predict", "prepare")
SEED = re.compile(r"(^|_)(seeds?|random_?state|rng)\d*$", re.I)  # names of variables, attributes and keywords
KEYS = re.compile(r"((bagging|feature_fraction|data|data_random|drop|extra|objective|random)_)?seed|random_state")
SEEDERS = ("default_rng", "RandomState", "SeedSequence", "seed", "manual_seed", "set_seed", "Random")
NAMES = re.compile(r"\b(id|arg|name)='[^']*'")  # in a dumped tree
Scope = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def canonical(source: str) -> str:
    """Text that equal solutions share. Raises SyntaxError, ValueError, RecursionError on what is no Python."""
    tree = ast.parse(source)
    tree = _Bare().visit(tree)
    while _drop_unused(tree):
        pass
    imported = _Imports()
    tree = imported.visit(tree)
    tree.body.sort(key=lambda node: (isinstance(node, Scope), NAMES.sub("", ast.dump(node))))  # wherever helpers stand
    tree = _Renamed(imported.names).visit(tree)
    return ast.dump(tree)


class _Bare(ast.NodeTransformer):
    """Docstrings, annotations, prints and `pass` dropped; seeds set to one value; keywords and literals' keys in order."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        call = node.value
        printed = isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "print"
        return None if printed or isinstance(call, ast.Constant) else self.generic_visit(node)

    def visit_Pass(self, node: ast.Pass) -> None:
        return None

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return None
        return self.visit_Assign(ast.Assign([node.target], node.value))

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        if any(map(_is_seed, node.targets)):
            node.value = ast.Constant(0)
        return self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        if _is_seed(node.target):
            return ast.Assign([node.target], ast.Constant(0))
        return self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        return ast.Constant(0) if _is_seed(node.left) or _is_seed(node.right) else self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        return ast.Constant(0) if _is_seed(node) and isinstance(node.ctx, ast.Load) else self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if _called(node) in SEEDERS:
            node.args = [ast.Constant(0)]
        self.generic_visit(node)
        if all(keyword.arg for keyword in node.keywords):
            node.keywords.sort(key=lambda keyword: keyword.arg or "")
        return node

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        if node.arg and SEED.search(node.arg):
            return ast.keyword(arg="seed", value=ast.Constant(0))
        return self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        for i, key in enumerate(node.keys):
            if isinstance(key, ast.Constant) and isinstance(key.value, str) and KEYS.fullmatch(key.value):
                node.values[i] = ast.Constant(0)
        self.generic_visit(node)
        if all(isinstance(key, ast.Constant) for key in node.keys):
            pairs = sorted(zip(node.keys, node.values, strict=True), key=lambda pair: ast.dump(pair[0] or pair[1]))
            node.keys, node.values = [key for key, _ in pairs], [value for _, value in pairs]
        return node


class _Imports(ast.NodeTransformer):
    """Imports dropped; `names` says what each imported name stands for."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            top = alias.name.partition(".")[0]
            self.names[alias.asname or top] = alias.name if alias.asname else top
        return

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self.names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        return


class _Renamed(ast.NodeTransformer):
    """Imported names by what they stand for; the author's own numbered as they appear, those of a function in it."""

    def __init__(self, imported: Mapping[str, str]) -> None:
        self._names = dict(imported)

    def visit_Module(self, node: ast.Module) -> ast.AST:
        defined = (name for one in node.body for name in _defined(one))
        self._add("global", (name for name in defined if name not in CONTRACT))
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = self._names.get(node.name, node.name)
        return self._inside(node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return self._inside(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.name = self._names.get(node.name, node.name)
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg = self._names.get(node.arg, node.arg)
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._names.get(node.id, node.id)
        return node

    def _inside(self, node: ast.FunctionDef | ast.Lambda) -> ast.AST:
        outer = self._names
        self._names = dict(outer)
        self._add("local", _bound_in(node))
        self.generic_visit(node)
        self._names = outer
        return node

    def _add(self, what: str, names: Iterable[str]) -> None:
        depth = sum(value.startswith(what) for value in self._names.values()) if what == "local" else 0
        self._names.update({name: f"{what}{depth + i}" for i, name in enumerate(dict.fromkeys(names))})


def _drop_unused(tree: ast.Module) -> bool:
    """Drop imports, helpers, constants and locals that nothing reads; whether any was there."""
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store)}
    found = False
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list):
                kept = [one for one in body if not _is_idle(one, read)]
                found = found or len(kept) < len(body)
                setattr(node, name, kept)
    return found


def _is_idle(node: ast.stmt, read: set[str]) -> bool:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        node.names = [one for one in node.names if (one.asname or one.name.partition(".")[0]) in read]
        return not node.names
    if isinstance(node, ast.FunctionDef):
        return node.name not in read and node.name not in CONTRACT
    if isinstance(node, ast.Assign) and isinstance(node.value, (ast.Constant, ast.Name)):
        targets = [target for target in node.targets if isinstance(target, ast.Name)]
        return len(targets) == len(node.targets) and not any(target.id in read for target in targets)
    return False


def _defined(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        yield node.name
    elif not isinstance(node, Scope):
        yield from _stored(node)


def _bound_in(node: ast.FunctionDef | ast.Lambda) -> Iterator[str]:
    """Arguments, then what is assigned, in order of appearance."""
    for one in ast.walk(node.args):
        if isinstance(one, ast.arg):
            yield one.arg
    yield from _stored(node)


def _stored(node: ast.AST) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            yield one.id


def _is_seed(node: ast.expr) -> bool:
    """A variable or attribute called a seed, or a mapping's entry under a key that libraries use for one."""
    if isinstance(node, ast.Subscript):
        key = node.slice
        return isinstance(key, ast.Constant) and isinstance(key.value, str) and KEYS.fullmatch(key.value) is not None
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name not in SEEDERS and SEED.search(name) is not None


def _called(node: ast.Call) -> str:
    """The last part of the called name."""
    return getattr(node.func, "attr", "") or getattr(node.func, "id", "")
