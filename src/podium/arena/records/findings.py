"""What stands out in the source, line by line. A finding accuses nobody: a run confirms or dismisses it (`settle`).

Static checkers flagged dead code in public contests; here a finding alone never decides a verdict.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from podium.arena.records.facts import Finding, Probe, RunFacts

MODULES = {
    "socket": "network", "urllib": "network", "requests": "network", "http": "network", "ftplib": "network",
    "subprocess": "process", "multiprocessing": "process", "ctypes": "process",
}  # fmt: skip
FILE_CALLS = ("open", "read_bytes", "read_text", "load", "fromfile", "memmap", "listdir", "glob", "rglob", "walk")
MOST_SOURCE = 1 << 20  # bytes
# Which questions settle which finding; the sandbox settles the rest by construction.
SETTLED_BY: Mapping[str, tuple[str, ...]] = {
    "looks ahead": ("told one by one", "another future", "another order"),
    "second pass": ("told one by one", "another future"),
    "keeps state": ("told one by one", "another order"),
    "names validation data": ("canaries", "unseen documents", "carried documents"),
    "reads files": ("canaries", "unseen documents", "carried documents", "told one by one"),
    "branches on the seed": ("claim reproduced",),
    "waits": ("training clock", "evaluation clock"),
}
BROKEN_BY: Mapping[str, tuple[str, ...]] = {"waits": ("train_time", "eval_time"), "reads files": ("crash",)}
BARRED = {"network": "the sandbox has no network", "process": "the sandbox holds all processes, and bounds them"}


def find(sources: Mapping[str, bytes]) -> list[Finding]:
    """Findings of every Python file, in order of file and line. A file that cannot be read is one."""
    found: list[Finding] = []
    for name in sorted(name for name in sources if name.endswith(".py")):
        try:
            if len(sources[name]) > MOST_SOURCE:
                raise ValueError(f"{len(sources[name])} bytes are too long to look through")
            words = {(one.kind, one.line): one for one in _of(ast.parse(sources[name]))}
        except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
            found.append(Finding("cannot be read", getattr(problem, "lineno", None) or 0, f"{name}: {problem}"))
            continue
        there = [replace(one, words=f"{name}:{one.line} {one.words}") for one in words.values()]
        found += sorted(there, key=lambda one: one.line)
    return found


def _of(tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        yield from _imports(node)
        if isinstance(node, ast.Call):
            yield from _calls(node)
        if isinstance(node, ast.Compare) and any(_named(part, "seed") for part in ast.walk(node)):
            yield Finding("branches on the seed", node.lineno, ast.unparse(node)[:80])
        if isinstance(node, (ast.Constant, ast.Name, ast.Attribute)) and _says(
            node, ("validation", "val_docs", "valid_")
        ):
            yield Finding("names validation data", node.lineno, ast.unparse(node)[:80])
        if isinstance(node, ast.FunctionDef) and node.name == "read":
            yield from _reader(node)
        if isinstance(node, ast.ClassDef):
            yield from _keeper(node)


def _imports(node: ast.AST) -> Iterator[Finding]:
    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
    for name in names:
        kind = MODULES.get(name.partition(".")[0])
        if kind:
            yield Finding(kind, node.lineno, f"imports {name}")  # type: ignore[attr-defined]


def _calls(node: ast.Call) -> Iterator[Finding]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in FILE_CALLS:
        yield Finding("reads files", node.lineno, ast.unparse(node)[:80])
    if name == "sleep":
        yield Finding("waits", node.lineno, ast.unparse(node)[:80])
    if name in ("system", "fork", "popen", "execv"):
        yield Finding("process", node.lineno, ast.unparse(node)[:80])


def _reader(node: ast.FunctionDef) -> Iterator[Finding]:
    """In `read`: what is told used out of its place, or gone through more than once."""
    told = node.args.args[-1].arg if node.args.args else ""
    loops = 0
    for one in ast.walk(node):
        if isinstance(one, ast.Subscript) and _named(one.value, told) and _ahead(one.slice):
            yield Finding("looks ahead", one.lineno, ast.unparse(one)[:80])
        if isinstance(one, ast.For) and any(_named(part, told) for part in ast.walk(one.iter)):
            loops += 1
            if loops > 1:
                yield Finding("second pass", one.lineno, f"goes through {told} again")


def _ahead(index: ast.expr) -> bool:
    """`[i + 1]`, `[1:]`, `[::-1]`, `[-1]`: any place but the one at hand."""
    if isinstance(index, ast.Slice):
        return index.lower is not None or index.step is not None
    plus = isinstance(index, ast.BinOp) and isinstance(index.op, ast.Add)
    return plus or (isinstance(index, ast.UnaryOp) and isinstance(index.op, ast.USub))


def _keeper(node: ast.ClassDef) -> Iterator[Finding]:
    """A class whose `read` keeps something that its `start` does not set anew."""
    methods = {one.name: one for one in node.body if isinstance(one, ast.FunctionDef)}
    if "start" in methods and "read" in methods:
        kept = _kept(methods["read"]) - _kept(methods["start"])
        for name in sorted(kept):
            yield Finding("keeps state", methods["read"].lineno, f"self.{name} outlives a document")


def _kept(method: ast.FunctionDef) -> set[str]:
    found = set()
    for node in ast.walk(method):
        if isinstance(node, ast.Attribute) and _named(node.value, "self") and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.ctx, ast.Store)
            and isinstance(node.value, ast.Attribute)
        ):
            found.add(node.value.attr)
    return found


def _named(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _says(node: ast.Constant | ast.Name | ast.Attribute, words: Sequence[str]) -> bool:
    text = node.value if isinstance(node, ast.Constant) else getattr(node, "id", getattr(node, "attr", ""))
    return (
        isinstance(text, str) and len(text) < 200 and "\n" not in text and any(word in text.lower() for word in words)
    )


def settle(findings: Sequence[Finding], runs: Sequence[RunFacts], more: Sequence[Probe] = ()) -> list[Finding]:
    """Each finding with a run's word on it: confirmed where a question it bears on failed, dismissed where all held, open
    where none was put."""
    asked = [*more, *(probe for run in runs for probe in run.probes)]
    return [_settled(one, asked, runs) for one in findings]


def _settled(finding: Finding, asked: Sequence[Probe], runs: Sequence[RunFacts]) -> Finding:
    if finding.kind in BARRED:
        return replace(finding, state="dismissed", why=BARRED[finding.kind]) if runs else finding
    broke = next((run for run in runs if run.broke in BROKEN_BY.get(finding.kind, ())), None)
    if broke is not None:
        return replace(finding, state="confirmed", why=f"seed {broke.seed}: {broke.broke}, {broke.words}")
    names = SETTLED_BY.get(finding.kind, ())
    about = [probe for probe in asked if probe.name in names]
    failed = next((probe for probe in about if not probe.held), None)
    if failed is not None:
        return replace(finding, state="confirmed", why=f"{failed.name}: {failed.words}")
    if not about:
        return finding
    return replace(finding, state="dismissed", why=f"held: {', '.join(dict.fromkeys(probe.name for probe in about))}")
