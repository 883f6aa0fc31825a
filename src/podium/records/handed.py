"""What roles hand back: one record for each phase's deliverable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from podium.records.tried import ExperimentSpec, Recipe
from podium.records.words import Operator


@dataclass(frozen=True)
class Requirement:
    """Something that every valid result of this competition satisfies; QA's checks cite it by id."""

    id: str  # Q1, Q2 …
    text: str


@dataclass(frozen=True)
class Charter:
    """What the team is to do, written once by the manager, who implements nothing.

    `reading`: config.json's keys as the manager reads the description. The engine compares it with what intake fixed; a
    disagreement is shown and changes nothing.
    """

    text: str  # markdown
    requirements: tuple[Requirement, ...]
    reading: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stack:
    """What solutions may be built with on this machine, fixed once by the cto from the measured hardware."""

    libraries: tuple[str, ...]  # import names beside the standard library and podium
    text: str  # markdown


@dataclass(frozen=True)
class QaCheck:
    """One check of an experiment's predictions, written without seeing any solution.

    `kind`: one of the engine's own (`podium.referee.qa.KINDS`) with its `params`, or "source": a Python file with
    `check(frame, predictions)` (polars features of the scored rows; float64 `(n, k)`), run in the sandbox, that raises
    AssertionError. A builder is told `name` and `message`, and nothing else.
    """

    name: str
    message: str  # what is expected, for the builder
    kind: str
    requirement: str = ""  # id of the charter's requirement
    params: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True)
class Checks:
    checks: tuple[QaCheck, ...]
    text: str  # markdown


@dataclass(frozen=True)
class Suggestion:
    """What the search policy would have a builder do next: an operator on parents, with a cue of how far to go.

    `complexity` grows with depth: minimal, moderate, advanced. `siblings` are ideas tried beside it, to differ from;
    `failures` what its ancestors failed with; `target` the component whose ablation mattered most.
    """

    operator: Operator
    parents: tuple[str, ...]
    why: str
    complexity: Literal["minimal", "moderate", "advanced"] = "moderate"
    siblings: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    target: str = ""


@dataclass(frozen=True)
class Usage:
    """What a seat spent on one brief. The loop charges it."""

    wall_s: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float | None = 0.0  # None: unknown, which is not zero


@dataclass(frozen=True)
class Hypothesis:
    id: str
    text: str
    family: str
    expected_gain: float
    why: str  # cites audit findings, experiments, learnings or playbook entries
    sources: tuple[str, ...] = ()
    recipe: Recipe | None = None


@dataclass(frozen=True)
class ExternalSource:
    """Data from elsewhere that the researcher would have. Nothing is fetched until the user approves it."""

    url: str  # https, of one table, or of an archive of pictures with their labels
    what: str  # which rows and columns it holds
    why: str  # what it should help
    licence: str  # as the source states it; unknown where it states none


@dataclass(frozen=True)
class ResearchBrief:
    hypotheses: tuple[Hypothesis, ...]
    brief: str  # markdown, new findings only, under 500 words
    raw: str  # markdown, never fed back whole
    external: tuple[ExternalSource, ...] = ()


@dataclass(frozen=True)
class Plan:
    experiments: tuple[ExperimentSpec, ...]
    text: str  # markdown


@dataclass(frozen=True)
class Check:
    """One of the six checks of a review, with the figure it rests on."""

    name: Literal[
        "tunnel_vision", "forgotten_learnings", "narrow_search", "weak_ensemble", "missing_bold_moves", "poor_return"
    ]
    passed: bool
    figure: float | None
    message: str


@dataclass(frozen=True)
class Review:
    verdict: Literal["APPROVED", "REVISE"]
    reason: str
    checks: tuple[Check, ...]
    text: str  # markdown


@dataclass(frozen=True)
class Build:
    """One `solution.py` for each planned experiment, in plan order."""

    solutions: tuple[str, ...]


@dataclass(frozen=True)
class Learning:
    """A rule with its evidence, carried from campaign to campaign."""

    id: str
    rule: str
    evidence: str
    applies_to: str = "any"
    support: int = 1
    contradicted: int = 0


@dataclass(frozen=True)
class Reopened:
    """An experiment that was given up too early, and how to try it again. `recipe` None: as its builder sees fit."""

    experiment: str
    why: str
    recipe: Recipe | None = None


@dataclass(frozen=True)
class Recalled:
    """A recipe that carried the blend on other data like these. `weight`: how much, the likeness counted in, for their
    order; `source`: of which data."""

    recipe: Recipe
    weight: float
    source: str


@dataclass(frozen=True)
class Findings:
    """What was learned. Figures cited as `[E007.score]` must exist in the registry; the engine checks."""

    text: str  # markdown
    learnings: tuple[Learning, ...] = ()
    submit: bool = False  # the uploader's wish; the engine decides and sends
    reopened: tuple[Reopened, ...] = ()  # a retro's: what was given up too early


Deliverable = Charter | Stack | Checks | ResearchBrief | Plan | Review | Build | Findings


@dataclass(frozen=True)
class Reply:
    deliverable: Deliverable
    usage: Usage = Usage()
