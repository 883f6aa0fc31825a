"""Checks of deliverables, before anything is recorded. Each raises BadDeliverable and names the field at fault."""

from __future__ import annotations

import ast
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from podium.campaign import ideas, pretrained
from podium.errors import BadDeliverable
from podium.recipes import catalog
from podium.records import (
    Brief,
    Build,
    Charter,
    Checks,
    ExperimentSpec,
    Findings,
    Phase,
    Plan,
    ResearchBrief,
    Review,
    Stack,
)
from podium.referee import qa
from podium.team import citations

BRIEF_WORDS = 500
CHECK_LIMIT = 20
CHECK_BYTES = 20_000
SOLUTION_BYTES = 200_000  # bounds how many labels a seat could write into a solution
PLAN_LIMIT = 8
SEED_LIMIT = 10_000


def charter(deliverable: Charter, brief: Brief) -> None:
    """Requirements that checks can cite. What the manager read is compared with intake later; it cannot be wrong here."""
    if not deliverable.requirements:
        raise BadDeliverable("requirements: expected one at least, for QA to check")
    ids = [one.id for one in deliverable.requirements]
    twice = next((id_ for id_ in ids if ids.count(id_) > 1), None)
    if twice is not None:
        raise BadDeliverable(f"requirements: {twice!r} is there twice")


def stack(deliverable: Stack, brief: Brief) -> None:
    """Libraries that this machine has."""
    from importlib.util import find_spec

    for name in deliverable.libraries:
        if not name.isidentifier() or (name not in sys.modules and find_spec(name) is None):
            raise BadDeliverable(f"libraries: {name!r} cannot be imported here; name what is installed")


def qa_checks(deliverable: Checks, brief: Brief) -> None:
    """Known kinds with fitting parameters, sources that parse, requirements that the charter has."""
    if len(deliverable.checks) > CHECK_LIMIT:
        raise BadDeliverable(f"checks: expected at most {CHECK_LIMIT}; found {len(deliverable.checks)}")
    known = {one.id for one in brief.facts.charter.requirements} if brief.facts.charter else set()
    for i, check in enumerate(deliverable.checks):
        if check.requirement and check.requirement not in known:
            raise BadDeliverable(f"checks[{i}].requirement: the charter has no {check.requirement!r}")
        if len(check.source.encode()) > CHECK_BYTES:
            raise BadDeliverable(f"checks[{i}].source: expected at most {CHECK_BYTES} bytes")
        problem = qa.problem(check)
        if problem:
            raise BadDeliverable(f"checks[{i}].{problem}")


def research(deliverable: ResearchBrief, brief: Brief) -> None:
    words = len(deliverable.brief.split())
    if words > BRIEF_WORDS:
        raise BadDeliverable(f"brief: expected at most {BRIEF_WORDS} words; found {words}")


def plan(deliverable: Plan, brief: Brief) -> None:
    """Known parents, no idea tried before, no new seed passed off as an idea, no more than the budget allows."""
    known = {experiment.id for experiment in brief.facts.experiments}
    tried = set(brief.facts.fingerprints)
    same = ideas.repeated(deliverable.experiments, brief.facts.experiments)
    if same:
        raise BadDeliverable(f"experiments[{same[0]}].hypothesis: {same[1]}")
    if len(deliverable.experiments) > PLAN_LIMIT:
        raise BadDeliverable(f"experiments: expected at most {PLAN_LIMIT}; found {len(deliverable.experiments)}")
    for i, spec in enumerate(deliverable.experiments):
        unknown = [parent for parent in spec.parents if parent not in known]
        if unknown:
            raise BadDeliverable(f"experiments[{i}].parents: no experiment {unknown[0]!r}")
        cited = citations.unknown_learnings(" ".join(f"[{source}]" for source in spec.sources), brief.facts)
        if cited:
            raise BadDeliverable(f"experiments[{i}].sources: {cited[0]}")
        _check_figures(i, spec)
        if spec.seed_offset and spec.operator != "replicate":
            raise BadDeliverable(f"experiments[{i}].seed_offset: another seed is a replicate, not a {spec.operator}")
        _check_operator(i, spec, brief)
        if spec.recipe is not None and spec.recipe.kind not in catalog.KINDS:
            known_kinds = ", ".join(catalog.KINDS)
            raise BadDeliverable(f"experiments[{i}].recipe.kind: expected {known_kinds}; found {spec.recipe.kind!r}")
        if spec.recipe is not None and spec.operator != "replicate":
            mark = catalog.fingerprint(spec.recipe)
            if mark in tried:
                raise BadDeliverable(f"experiments[{i}].recipe: tried before; change something or call it a replicate")
            tried.add(mark)


def sound(planned: Plan, brief: Brief) -> tuple[Plan, list[str]]:
    """The plan without the experiments that its check refuses beside those before them, and why it refuses each."""
    kept: list[ExperimentSpec] = []
    refused = []
    for spec in planned.experiments:
        try:
            plan(replace(planned, experiments=(*kept, spec)), brief)
        except BadDeliverable as problem:
            refused.append(f"{spec.name}: {problem}")
        else:
            kept.append(spec)
    return replace(planned, experiments=tuple(kept)), refused


def _check_operator(i: int, spec: ExperimentSpec, brief: Brief) -> None:
    """No other seed of one's own code, and nothing called a repair that repairs nothing."""
    if spec.operator == "replicate" and spec.recipe is None:
        raise BadDeliverable(
            f"experiments[{i}].operator: another seed is no idea; average seeds within one solution where that is the idea"
        )
    if spec.operator == "stack" and spec.recipe is None:
        raise BadDeliverable(
            f"experiments[{i}].operator: only recipes read what others predict; blends of all are made without being asked"
        )
    if spec.operator == "debug":
        failed = {e.id for e in brief.facts.experiments if e.status == "failed" or e.verdict == "invalid"}
        given_up = {one.experiment for one in brief.facts.reopened}  # too early, as the retro found
        if not (failed | given_up).intersection(spec.parents):
            raise BadDeliverable(
                f"experiments[{i}].operator: debug mends an experiment that failed; none of its parents did"
            )


def _check_figures(i: int, spec: ExperimentSpec) -> None:
    """Figures that the registry and the clock can work with."""
    for name, value in (("cost_s", spec.cost_s), ("expected_gain", spec.expected_gain)):
        if not (math.isfinite(value) and value >= 0):
            raise BadDeliverable(f"experiments[{i}].{name}: expected a finite number of at least 0; found {value}")
    if not 0 <= spec.seed_offset <= SEED_LIMIT:
        raise BadDeliverable(f"experiments[{i}].seed_offset: expected 0..{SEED_LIMIT}; found {spec.seed_offset}")


def review(deliverable: Review, brief: Brief) -> None:
    if deliverable.verdict == "REVISE" and all(check.passed for check in deliverable.checks):
        raise BadDeliverable("verdict: REVISE needs a check that did not pass")


def build(deliverable: Build, brief: Brief) -> None:
    """One parsable solution with `fit` and `predict` for each planned experiment."""
    want, found = len(brief.facts.plan), len(deliverable.solutions)
    if want != found:
        raise BadDeliverable(f"solutions: expected {want}, one for each planned experiment; found {found}")
    marks = set(brief.facts.fingerprints)
    for i, source in enumerate(deliverable.solutions):
        try:
            size = len(source.encode())
            if size > SOLUTION_BYTES:
                raise BadDeliverable(f"solutions[{i}]: expected at most {SOLUTION_BYTES} bytes; found {size}")
            tree = ast.parse(source)
            mark = ideas.fingerprint(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
            raise BadDeliverable(f"solutions[{i}]: not Python: {problem}") from problem
        names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        for needed in ("fit", "predict"):
            if needed not in names:
                raise BadDeliverable(f"solutions[{i}]: no function {needed!r}; a solution defines fit and predict")
        spec = brief.facts.plan[i]
        if spec.recipe is not None:
            continue  # known by its recipe
        if mark in marks:
            raise BadDeliverable(
                f"solutions[{i}]: the same solution was tried before, or is handed in twice (names, comments and seeds apart);"
                " change what the hypothesis says"
            )
        marks.add(mark)
        _check_imports(i, tree, brief)
        if why := pretrained.objection(source, brief.facts.competition.pretrained):
            raise BadDeliverable(f"solutions[{i}]: {why}")


def _check_imports(i: int, tree: ast.AST, brief: Brief) -> None:
    """Only what the stack fixed, the standard library and podium itself."""
    if brief.facts.stack is None:
        return
    allowed = {*brief.facts.stack.libraries, *sys.stdlib_module_names, "podium"}
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        alien = next((name for name in names if name.partition(".")[0] not in allowed), None)
        if alien is not None:
            known = ", ".join(brief.facts.stack.libraries)
            raise BadDeliverable(f"solutions[{i}]: imports {alien!r}, which the stack does not have; it has {known}")


def findings(deliverable: Findings, brief: Brief) -> None:
    """Figures cited as `0.865 [E007.score]` or `[blend.R03.score]` must be those of the brief's facts."""
    wrong = citations.problems(deliverable.text, brief.facts)
    wrong += citations.unknown_learnings(deliverable.text, brief.facts, deliverable.learnings)
    if wrong:
        raise BadDeliverable(f"text: {wrong[0]}")


def retro(deliverable: Findings, brief: Brief) -> None:
    """Findings, and what they re-open is an experiment that the brief shows."""
    findings(deliverable, brief)
    known = {one.id for one in brief.facts.experiments}
    unknown = next((one.experiment for one in deliverable.reopened if one.experiment not in known), None)
    if unknown is not None:
        raise BadDeliverable(f"reopened: there is no experiment {unknown!r} in the brief")


CHECK_OF: Mapping[Phase, Callable[[Any, Brief], None]] = {
    "charter": charter,
    "stack": stack,
    "retro": retro,
    "research": research,
    "plan": plan,
    "review": review,
    "revise": plan,
    "checks": qa_checks,
    "build": build,
    "submit": findings,
    "learn": findings,
}


def check(deliverable: Any, brief: Brief) -> None:
    """The check of the brief's phase. Raises BadDeliverable."""
    CHECK_OF[brief.phase](deliverable, brief)
