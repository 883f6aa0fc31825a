"""What roles are told: experiments, blends, budgets, all of it as one record of facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from podium.records.asked import AuditFinding, Competition, DataFacts, Hardware
from podium.records.handed import (
    Charter,
    ExternalSource,
    Hypothesis,
    Learning,
    Recalled,
    Reopened,
    Review,
    Stack,
    Suggestion,
)
from podium.records.tried import ExperimentSpec, Recipe
from podium.records.words import Operator, Phase, Role, Status, Verdict
from podium.records.worth import worth


@dataclass(frozen=True)
class ExperimentFact:
    """An experiment as a role sees it: figures from the registry, never from text."""

    id: str
    round: int
    name: str
    family: str
    operator: Operator
    hypothesis: str
    parents: tuple[str, ...]
    status: Status
    verdict: Verdict | None
    score: float | None  # on all folds it has
    stderr: float | None
    fold_scores: tuple[float | None, ...]  # None where the metric is undefined on a fold's rows
    cost_s: float  # CPU seconds measured over its runs; the static estimate where time must not decide
    expected_gain: float
    recipe: Recipe | None
    correlation: float | None = None  # of its OOF with the champion's
    blend_weight: float = 0.0
    notes: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""  # why it failed or was killed
    twin: str | None = None  # what a gate found it to repeat
    merit: float | None = (
        None  # by `competition.surrogate`, more is better; None where there is none and the score judges
    )


@dataclass(frozen=True)
class BlendFact:
    round: int
    score: float  # nested estimate
    stderr: float
    weights: Mapping[str, float]
    vault_score: float | None = None
    merit: float | None = None  # of the nested predictions, as an experiment's


@dataclass(frozen=True)
class Budget:
    """What is left. `time_left_s` is None where experiments are counted instead; `experiments_left` likewise."""

    time_left_s: float | None
    time_total_s: float | None
    experiments_left: int | None
    slots: int  # runs at a time
    threads: int  # threads a run
    speed: float = 1.0  # measured / estimated cost so far; always 1.0 where experiments are counted
    paces: Mapping[str, float] = field(default_factory=dict)  # family → the same of its experiments, over `speed`


@dataclass(frozen=True)
class Explained:
    """One line of why the blend errs, by the referee. `text` quotes names and values of the data; `columns` it speaks of."""

    kind: str  # slice, units, unused, left, metric, confidence, disagreement, labels, boxes
    columns: tuple[str, ...]
    figure: float | None
    text: str


@dataclass(frozen=True)
class Facts:
    """Everything a brief says in figures. Flat as rounds pile up: at most the best 40 and the newest 20 experiments."""

    competition: Competition
    data: DataFacts
    audit: tuple[AuditFinding, ...]
    hardware: Hardware
    budget: Budget
    round: int
    seed: int
    experiments: tuple[ExperimentFact, ...]
    n_experiments: int
    families: Mapping[str, int]  # family → experiments tried
    champion: str | None
    noise_floor: (
        float  # standard error of the champion's paired difference to its neighbours, in what judges; 0 before one
    )
    correlations: Mapping[str, Mapping[str, float]]  # pool × pool, OOF
    blends: tuple[BlendFact, ...]  # newest last, at most 20
    learnings: tuple[Learning, ...]
    fingerprints: tuple[str, ...] = ()  # hashes of recipes already tried, so that no idea is tried twice
    notes: tuple[str, ...] = ()  # from people, by `podium note`
    hypotheses: tuple[Hypothesis, ...] = ()  # this round's research
    plan: tuple[ExperimentSpec, ...] = ()  # this round's plan, once there is one
    review: Review | None = None  # this round's review, once there is one
    charter: Charter | None = None
    stack: Stack | None = None
    suggestions: tuple[Suggestion, ...] = ()  # of the search policy, for a builder that plans
    reopened: tuple[Reopened, ...] = ()  # by the newest retro
    explained: tuple[Explained, ...] = ()  # why the blend errs, as last looked at; at most a dozen lines
    external: tuple[str, ...] = ()  # what solutions have from elsewhere, and whether its rows pay
    recalled: tuple[Recalled, ...] = ()  # what carried blends on like data, the best first
    sources: tuple[ExternalSource, ...] = ()  # known to the engine, not proposed yet: of the user's catalogue, of links

    def worth(self, one: ExperimentFact | BlendFact) -> float:
        """What an experiment or a blend is compared by, more is better; minus infinity without a score."""
        return worth(one.merit, one.score, higher_is_better=self.competition.metric_direction == "higher")


@dataclass(frozen=True)
class Brief:
    """What a seat is given. `facts` are the figures; paths are relative to the campaign folder."""

    id: str  # e.g. R03_plan
    round: int
    phase: Phase
    role: Role
    campaign: str
    facts: Facts
    reads: tuple[str, ...] = ()
