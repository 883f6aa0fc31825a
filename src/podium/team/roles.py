"""Who plays which phase, what they hand back, and what each role may read and write in the campaign folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

from podium.records import (
    Build,
    Charter,
    Checks,
    Deliverable,
    Facts,
    Findings,
    Phase,
    Plan,
    ResearchBrief,
    Review,
    Role,
    Stack,
)

ROLE_OF: Mapping[Phase, Role] = {
    "charter": "manager",
    "stack": "cto",
    "retro": "reviewer",
    "research": "researcher",
    "plan": "builder",
    "review": "reviewer",
    "revise": "builder",
    "checks": "qa",
    "build": "builder",
    "submit": "uploader",
    "learn": "reflector",
}
"""Phases that a seat plays. The engine itself does eda, run, verify and decide: no role marks its own work."""

DELIVERABLE_OF: Mapping[Phase, type[Deliverable]] = {
    "charter": Charter,
    "stack": Stack,
    "retro": Findings,
    "research": ResearchBrief,
    "plan": Plan,
    "review": Review,
    "revise": Plan,
    "checks": Checks,
    "build": Build,
    "submit": Findings,
    "learn": Findings,
}


Field = Literal[
    "audit", "experiments", "families", "champion", "correlations", "blends", "learnings", "fingerprints", "notes",
    "hypotheses", "plan", "review", "charter", "stack", "suggestions", "reopened",
    "explained", "recalled",
]  # fmt: skip
"""The parts of a brief's facts that not everyone is shown. Competition, data, hardware, budget and round are everyone's."""


@dataclass(frozen=True)
class Scope:
    """Patterns of paths relative to the campaign folder, `*` crosses folders; and the facts that a brief shows.

    What is not named is forbidden. Nobody's scope holds `podium.db`, answers, or the vault: figures reach a role
    through its brief. `recipes`: whether planned and tried experiments are shown with what their solutions are made of.
    """

    reads: tuple[str, ...]
    writes: tuple[str, ...] = ()
    facts: tuple[Field, ...] = ()
    recipes: bool = True

    def may_read(self, path: str) -> bool:
        return _matches(path, (*self.reads, *self.writes))

    def may_write(self, path: str) -> bool:
        return _matches(path, self.writes)

    def shown(self, facts: Facts) -> Facts:
        """The facts as this role sees them: what it is not shown is empty."""
        hidden: dict[str, Any] = {name: EMPTY.get(name) for name in get_args(Field) if name not in self.facts}
        facts = replace(facts, **hidden)
        if self.recipes:
            return facts
        return replace(
            facts,
            plan=tuple(replace(spec, recipe=None) for spec in facts.plan),
            experiments=tuple(replace(one, recipe=None) for one in facts.experiments),
        )


EMPTY: Mapping[str, Any] = {  # a fact that is not shown; the others are None
    **dict.fromkeys(("audit", "experiments", "blends", "learnings", "fingerprints", "notes", "hypotheses"), ()),
    **dict.fromkeys(("plan", "suggestions", "reopened", "explained", "recalled"), ()),
    "families": {},
    "correlations": {},
}
VIEWS = ("config.json", "state.json", "results.tsv", "experiments.json", "LEARNINGS.md", "rounds/R00_eda.md")
TERMS = ("rounds/R00_charter.md", "rounds/R00_stack.md")
KAGGLE = "KAGGLE_API.md"
KNOWLEDGE = "knowledge/*"  # notes that the user gave the team
FINDINGS = "rounds/R*_findings.md"
BRIEFS = "rounds/R*_research_brief.md"
PLANS = "rounds/R*_plan.md"
REVIEWS = "rounds/R*_review.md"
LOGS = "rounds/R*_run.log"
CODE = ("rounds/R*_experiment.py", "runs/*/solution.py")
RETROS = "rounds/R*_retro.md"
CHECKS = "checks/*"

RESULTS: tuple[Field, ...] = (
    "experiments",
    "families",
    "champion",
    "correlations",
    "blends",
    "fingerprints",
    "reopened",
    "explained",
)
GIVEN: tuple[Field, ...] = ("audit", "learnings", "recalled", "notes", "charter")

SCOPES: Mapping[Role, Scope] = {
    "manager": Scope((*VIEWS, KNOWLEDGE, FINDINGS, RETROS), TERMS[:1], (*GIVEN, *RESULTS)),
    "cto": Scope((*VIEWS, *TERMS, FINDINGS, PLANS, RETROS), TERMS[1:], (*GIVEN, "stack")),
    "researcher": Scope(
        (*VIEWS, *TERMS, KAGGLE, KNOWLEDGE, FINDINGS, RETROS),
        ("rounds/R*_research_raw.md", BRIEFS),
        (*GIVEN, *RESULTS, "stack"),
    ),
    "builder": Scope(
        (*VIEWS, *TERMS, KNOWLEDGE, FINDINGS, BRIEFS, REVIEWS, LOGS),
        (PLANS, *CODE),
        (*GIVEN, *RESULTS, "stack", "hypotheses", "plan", "review", "suggestions"),
    ),
    "qa": Scope(
        ("config.json", "rounds/R00_eda.md", TERMS[0], PLANS), (CHECKS,), ("audit", "charter", "plan"), recipes=False
    ),
    "reviewer": Scope(
        (*VIEWS, *TERMS, KNOWLEDGE, FINDINGS, BRIEFS, PLANS),
        (REVIEWS, RETROS),
        (*GIVEN, *RESULTS, "stack", "hypotheses", "plan", "review"),
    ),
    "reflector": Scope(
        (*VIEWS, *TERMS, BRIEFS, PLANS, REVIEWS, LOGS, RETROS), (FINDINGS,), (*GIVEN, *RESULTS, "plan", "review")
    ),
    "uploader": Scope((*VIEWS, KAGGLE, FINDINGS), (), ("charter", *RESULTS)),
}
"""Read and written by whom, in files and in facts. QA never sees code or results, the builder never sees QA's checks,
only the uploader may ask for a submission, and the manager writes terms and nothing else."""


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    """False for a path that is absolute or climbs, whatever the patterns say."""
    if path.startswith("/") or ".." in path.split("/"):
        return False
    return any(fnmatchcase(path, pattern) for pattern in patterns)
