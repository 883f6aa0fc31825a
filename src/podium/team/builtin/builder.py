"""The builder: each planned recipe as a `solution.py` that a person or an LLM can read and edit."""

from __future__ import annotations

from podium.errors import SeatError
from podium.records import Brief, Build, ExperimentSpec
from podium.team.builtin.stock import SourceOf


def build(brief: Brief, source_of: SourceOf) -> Build:
    """One solution for each spec of `facts.plan`, in plan order. Raises SeatError for a spec without a recipe."""
    return Build(tuple(_solution(spec, source_of) for spec in brief.facts.plan))


def _solution(spec: ExperimentSpec, source_of: SourceOf) -> str:
    if spec.recipe is None:
        raise SeatError(
            f"experiment {spec.name!r}: expected a recipe, found none; "
            "the built-in builder writes solutions from recipes alone: give the build phase to a seat that codes"
        )
    try:
        return source_of(spec.recipe, spec.name, spec.hypothesis)
    except ValueError as problem:
        raise SeatError(f"experiment {spec.name!r}: {problem}") from problem
