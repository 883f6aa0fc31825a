"""Checks of deliverables, before anything is recorded. Each raises BadDeliverable and names the field at fault."""

from __future__ import annotations

import ast
import math

from podium.errors import BadDeliverable
from podium.recipes import catalog
from podium.records import Brief, Build, ExperimentSpec, Findings, Plan, ResearchBrief, Review
from podium.team import citations

BRIEF_WORDS = 500
SOLUTION_BYTES = 200_000  # bounds how many labels a seat could write into a solution
PLAN_LIMIT = 8
SEED_LIMIT = 10_000


def research(deliverable: ResearchBrief, brief: Brief) -> None:
    words = len(deliverable.brief.split())
    if words > BRIEF_WORDS:
        raise BadDeliverable(f"brief: expected at most {BRIEF_WORDS} words; found {words}")


def plan(deliverable: Plan, brief: Brief) -> None:
    """Known parents, no idea tried before, no new seed passed off as an idea, no more than the budget allows."""
    known = {experiment.id for experiment in brief.facts.experiments}
    tried = set(brief.facts.fingerprints)
    if len(deliverable.experiments) > PLAN_LIMIT:
        raise BadDeliverable(f"experiments: expected at most {PLAN_LIMIT}; found {len(deliverable.experiments)}")
    for i, spec in enumerate(deliverable.experiments):
        unknown = [parent for parent in spec.parents if parent not in known]
        if unknown:
            raise BadDeliverable(f"experiments[{i}].parents: no experiment {unknown[0]!r}")
        _check_figures(i, spec)
        if spec.seed_offset and spec.operator != "replicate":
            raise BadDeliverable(f"experiments[{i}].seed_offset: another seed is a replicate, not a {spec.operator}")
        if spec.recipe is not None and spec.recipe.kind not in catalog.KINDS:
            known_kinds = ", ".join(catalog.KINDS)
            raise BadDeliverable(f"experiments[{i}].recipe.kind: expected {known_kinds}; found {spec.recipe.kind!r}")
        if spec.recipe is not None and spec.operator != "replicate":
            mark = catalog.fingerprint(spec.recipe)
            if mark in tried:
                raise BadDeliverable(f"experiments[{i}].recipe: tried before; change something or call it a replicate")
            tried.add(mark)


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
    for i, source in enumerate(deliverable.solutions):
        try:
            size = len(source.encode())
            if size > SOLUTION_BYTES:
                raise BadDeliverable(f"solutions[{i}]: expected at most {SOLUTION_BYTES} bytes; found {size}")
            tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
            raise BadDeliverable(f"solutions[{i}]: not Python: {problem}") from problem
        names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        for needed in ("fit", "predict"):
            if needed not in names:
                raise BadDeliverable(f"solutions[{i}]: no function {needed!r}; a solution defines fit and predict")


def findings(deliverable: Findings, brief: Brief) -> None:
    """Figures cited as `0.865 [E007.score]` or `[blend.R03.score]` must be those of the brief's facts."""
    wrong = citations.problems(deliverable.text, brief.facts)
    if wrong:
        raise BadDeliverable(f"text: {wrong[0]}")
