"""Who plays which phase, what they hand back, and what each role may read and write in the campaign folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from podium.records import Build, Deliverable, Findings, Phase, Plan, ResearchBrief, Review, Role

ROLE_OF: Mapping[Phase, Role] = {
    "retro": "reviewer",
    "research": "researcher",
    "plan": "builder",
    "review": "reviewer",
    "revise": "builder",
    "build": "builder",
    "submit": "uploader",
    "learn": "reflector",
}
"""Phases that a seat plays. The engine itself does eda, run, verify and decide: no role marks its own work."""

DELIVERABLE_OF: Mapping[Phase, type[Deliverable]] = {
    "retro": Findings,
    "research": ResearchBrief,
    "plan": Plan,
    "review": Review,
    "revise": Plan,
    "build": Build,
    "submit": Findings,
    "learn": Findings,
}


@dataclass(frozen=True)
class Scope:
    """Patterns of paths relative to the campaign folder; `*` crosses folders. What is not named is forbidden.

    Nobody's scope holds `podium.db`, answers, or the vault: figures reach a role through its brief.
    """

    reads: tuple[str, ...]
    writes: tuple[str, ...] = ()

    def may_read(self, path: str) -> bool:
        return _matches(path, (*self.reads, *self.writes))

    def may_write(self, path: str) -> bool:
        return _matches(path, self.writes)


VIEWS = ("config.json", "state.json", "results.tsv", "experiments.json", "LEARNINGS.md", "rounds/R00_eda.md")
FINDINGS = "rounds/R*_findings.md"
BRIEFS = "rounds/R*_research_brief.md"
PLANS = "rounds/R*_plan.md"
REVIEWS = "rounds/R*_review.md"
CODE = ("rounds/R*_experiment.py", "runs/*/solution.py")
RETROS = "rounds/R*_retro.md"
CHECKS = "checks/*"

SCOPES: Mapping[Role, Scope] = {
    "manager": Scope((*VIEWS, FINDINGS, RETROS)),
    "cto": Scope((*VIEWS, FINDINGS, PLANS, RETROS)),
    "researcher": Scope((*VIEWS, FINDINGS, BRIEFS), ("rounds/R*_research_raw.md", BRIEFS)),
    "builder": Scope((*VIEWS, FINDINGS, BRIEFS, REVIEWS, "rounds/R*_run.log"), (PLANS, *CODE)),
    "qa": Scope(("config.json", "rounds/R00_eda.md", PLANS), (CHECKS,)),
    "reviewer": Scope((*VIEWS, FINDINGS, BRIEFS, PLANS), (REVIEWS, RETROS)),
    "reflector": Scope((*VIEWS, BRIEFS, PLANS, REVIEWS, "rounds/R*_run.log"), (FINDINGS,)),
    "uploader": Scope((*VIEWS, FINDINGS)),
}
"""Read and written by whom. QA never sees code and the builder never sees QA's checks."""


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    """False for a path that is absolute or climbs, whatever the patterns say."""
    if path.startswith("/") or ".." in path.split("/"):
        return False
    return any(fnmatchcase(path, pattern) for pattern in patterns)
