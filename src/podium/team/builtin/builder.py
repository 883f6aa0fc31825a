"""The builder: each planned recipe as a `solution.py` that a person or an LLM can read and edit."""

from __future__ import annotations

from importlib import resources

from podium.errors import SeatError
from podium.records import Brief, Build, ExperimentSpec
from podium.team.builtin.stock import SourceOf


def build(brief: Brief, source_of: SourceOf) -> Build:
    """One solution for each spec of `facts.plan`, in plan order. Raises SeatError for a recipe without a source.

    A spec without a recipe was planned by a seat that codes, and that could not: its solution fails by saying so, so that
    the campaign goes on and the record is true.
    """
    return Build(tuple(_solution(brief, number, spec, source_of) for number, spec in enumerate(brief.facts.plan, 1)))


def _solution(brief: Brief, number: int, spec: ExperimentSpec, source_of: SourceOf) -> str:
    if spec.recipe is None:
        text = resources.files("podium.team.builtin").joinpath("unwritten.txt").read_text(encoding="utf-8")
        return text.format(why=f"{brief.id}, experiment {number} ({spec.name}): its builder handed in no solution")
    try:
        return source_of(spec.recipe, spec.name, spec.hypothesis)
    except ValueError as problem:
        raise SeatError(f"experiment {spec.name!r}: {problem}") from problem
