"""A made-up competition for tests of the built-in team: a small catalog, scores by hash, a simulated campaign."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from podium.protocol import Column
from podium.records import (
    AuditFinding,
    BlendFact,
    Brief,
    Budget,
    Competition,
    DataFacts,
    ExperimentFact,
    ExperimentSpec,
    Facts,
    Findings,
    Hardware,
    Phase,
    Plan,
    Recipe,
    ResearchBrief,
    Review,
    Role,
    dumps,
)
from podium.team.builtin import BuiltinSeat
from podium.team.builtin.learnings import SEEDED
from podium.team.roles import ROLE_OF

QUALITY = {
    "linear": 0.80,
    "knn": 0.79,
    "extra_trees": 0.83,
    "mlp": 0.84,
    "lightgbm": 0.86,
    "xgboost": 0.858,
    "catboost": 0.861,
}
SECONDS = {"linear": 0.1, "knn": 0.3, "extra_trees": 0.5, "mlp": 1.5, "lightgbm": 0.6, "xgboost": 0.8, "catboost": 3.0}
OPTIONS = ("target", "sums", "values")


class FakeCatalog:
    """Seven families; cost grows with `rounds`; a mutation moves `leaves`, `rounds` or a feature option."""

    def families(self, facts: DataFacts, competition: Competition) -> tuple[str, ...]:
        return tuple(QUALITY)

    def portfolio(self, facts: DataFacts, competition: Competition, hardware: Hardware) -> tuple[Recipe, ...]:
        return tuple(recipe(family) for family in QUALITY)

    def neighbours(self, old: Recipe, rng: random.Random, facts: DataFacts, competition: Competition) -> Recipe:
        if rng.random() < 0.4:
            option = rng.choice(OPTIONS)
            return replace(old, features={**old.features, option: not old.features.get(option, False)})
        return replace(old, params={**old.params, "leaves": rng.choice([7, 15, 31, 63, 127, 255])})

    def crossover(self, a: Recipe, b: Recipe, rng: random.Random) -> Recipe:
        return replace(a, features=dict(b.features))

    def second_level(self, models: Sequence[str], facts: DataFacts, competition: Competition) -> Recipe | None:
        return None

    def heeds(self, recipe: Recipe, option: str) -> bool:
        return True

    def cost_s(self, recipe: Recipe, facts: DataFacts, rows: int) -> float:
        rows = min(rows, int(recipe.features.get("sample", rows)))
        return SECONDS[recipe.model] * rows / 8000 * float(recipe.params.get("rounds", 400)) / 400

    def as_made(self, recipe: Recipe, others: Iterable[Recipe]) -> Recipe:
        return recipe

    def fingerprint(self, recipe: Recipe) -> str:
        return hashlib.sha256(dumps(recipe).encode()).hexdigest()[:16]


def recipe(family: str, features: dict[str, Any] | None = None, **params: Any) -> Recipe:
    return Recipe("tabular", family, features or {}, {"rounds": 400, "leaves": 31, **params})


def competition(**changes: Any) -> Competition:
    plain = Competition(
        competition="made-up",
        data_dir="data",
        task_type="binary_classification",
        metric="auc",
        metric_direction="higher",
        target_columns=("y",),
        id_column="id",
        submission_columns=("id", "y"),
        submission_kind="probability",
        classes=("0", "1"),
    )
    return replace(plain, **changes)


def data(**changes: Any) -> DataFacts:
    columns = (
        *(Column(f"x{k}", "numeric", n_unique=500) for k in range(6)),
        Column("city", "categorical", n_unique=40),
        Column("cabin", "code", n_unique=900),
    )
    plain = DataFacts(10000, 0, 4000, 5, columns, n_outputs=1, target_cardinality=2)
    return replace(plain, **changes)


def experiment(
    id: str, family: str = "lightgbm", score: float | None = 0.86, round: int = 1, **changes: Any
) -> ExperimentFact:
    plain = ExperimentFact(
        id=id,
        round=round,
        name=family,
        family=family,
        operator="draft",
        hypothesis="",
        parents=(),
        status="done",
        verdict="pooled",
        score=score,
        stderr=0.003,
        fold_scores=(),
        cost_s=2.0,
        expected_gain=0.0,
        recipe=recipe(family, leaves=int(id[1:]) + 100),
    )
    return replace(plain, **changes)


def facts(**changes: Any) -> Facts:
    experiments = changes.get("experiments", ())
    plain = Facts(
        competition=competition(),
        data=data(),
        audit=(AuditFinding("imbalance", "warn", None, 0.1, "10% of rows are positive"),),
        hardware=Hardware(2, 4000),
        budget=Budget(100.0, 120.0, None, 2, 1),
        round=1,
        seed=0,
        experiments=(),
        n_experiments=len(experiments),
        families=dict(Counter(e.family for e in experiments)),
        champion=None,
        noise_floor=0.001,
        correlations={},
        blends=(),
        learnings=SEEDED,
    )
    return replace(plain, **changes)


def brief(phase: Phase, known: Facts | None = None) -> Brief:
    known = known or facts()
    role: Role = ROLE_OF.get(phase, "manager")
    return Brief(f"R{known.round:02d}_{phase}", known.round, phase, role, "campaign", known)


def spec(family: str = "lightgbm", **changes: Any) -> ExperimentSpec:
    plain = ExperimentSpec(family, "because", "draft", family, expected_gain=0.001, cost_s=3.0, recipe=recipe(family))
    return replace(plain, **changes)


@dataclass
class Simulation:
    """A campaign without runs: recipes get scores by hash, blends gain from breadth, time passes by estimate."""

    time_s: float | None = 120.0
    experiments: int | None = None
    speed: float = 1.0  # how much slower than estimated the machine is
    seed: int = 0
    kill: float = 0.1
    n_train: int = 10000
    seat: BuiltinSeat = field(
        default_factory=lambda: BuiltinSeat(catalog=FakeCatalog(), source_of=lambda r, t, h: dumps(r))
    )
    done: list[ExperimentFact] = field(default_factory=list)
    blends: list[BlendFact] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    findings: list[Findings] = field(default_factory=list)
    spent_s: float = 0.0

    def play(self, rounds: int) -> Simulation:
        for number in range(1, rounds + 1):
            if not self.round(number):
                break
        return self

    def round(self, number: int) -> bool:
        """False once the plan is empty."""
        known = self.facts(number)
        research = self.deliver("research", known)
        assert isinstance(research, ResearchBrief)
        known = replace(known, hypotheses=research.hypotheses)
        plan = self.deliver("plan", known)
        assert isinstance(plan, Plan)
        review = self.deliver("review", replace(known, plan=plan.experiments))
        assert isinstance(review, Review)
        self.reviews.append(review)
        if review.verdict == "REVISE":
            plan = self.deliver("revise", replace(known, plan=plan.experiments, review=review))
            assert isinstance(plan, Plan)
        self.plans.append(plan)
        if not plan.experiments:
            return False
        self.deliver("build", replace(known, plan=plan.experiments))
        for planned in plan.experiments:
            self.run(planned, number)
        self.blend(number)
        self.spent_s += 1.0 + self.speed * sum(s.cost_s for s in plan.experiments) / 2
        findings = self.deliver("learn", self.facts(number))
        assert isinstance(findings, Findings)
        self.findings.append(findings)
        return True

    def deliver(self, phase: Phase, known: Facts) -> Any:
        return self.seat.play(brief(phase, known)).deliverable

    def run(self, planned: ExperimentSpec, number: int) -> None:
        assert planned.recipe is not None
        luck = random.Random(dumps(planned.recipe) + str(planned.seed_offset))
        score = (
            QUALITY[planned.recipe.model] + luck.gauss(0, 0.002) + 0.003 * bool(planned.recipe.features.get("target"))
        )
        killed = planned.operator == "improve" and luck.random() < self.kill
        self.done.append(
            ExperimentFact(
                id=f"E{len(self.done) + 1:03d}",
                round=number,
                name=planned.name,
                family=planned.family,
                operator=planned.operator,
                hypothesis=planned.hypothesis,
                parents=planned.parents,
                status="killed" if killed else "done",
                verdict=None if killed else "pooled",
                score=score,
                stderr=0.003,
                fold_scores=(score,),
                cost_s=planned.cost_s * self.speed,
                expected_gain=planned.expected_gain,
                recipe=planned.recipe,
            )
        )

    def blend(self, number: int) -> None:
        """The best of each family within 0.03, weighted by score; each adds a little."""
        best: dict[str, ExperimentFact] = {}
        for e in sorted((e for e in self.done if e.status == "done"), key=lambda e: -(e.score or 0)):
            best.setdefault(e.family, e)
        members = [e for e in best.values() if (e.score or 0) > 0.83]
        members = members or list(best.values())[:1]
        total = sum((e.score or 0) - 0.7 for e in members)
        weights = {e.id: ((e.score or 0) - 0.7) / total for e in members}
        top = max(e.score or 0 for e in members)
        self.blends.append(BlendFact(number, top + 0.002 * (len(members) - 1), 0.003, weights))

    def facts(self, number: int) -> Facts:
        weights = self.blends[-1].weights if self.blends else {}
        known = tuple(replace(e, blend_weight=weights.get(e.id, 0.0)) for e in self.done)
        valid = [e for e in known if e.status == "done"]
        left = None if self.time_s is None else max(0.0, self.time_s - self.spent_s)
        count = None if self.experiments is None else self.experiments - len(known)
        catalog = self.seat.catalog
        return facts(
            data=data(n_train=self.n_train),
            round=number,
            seed=self.seed,
            experiments=known,
            champion=max(valid, key=lambda e: e.score or 0).id if valid else None,
            noise_floor=0.001 if valid else 0.0,
            budget=Budget(left, self.time_s, count, 2, 1, self.speed if self.time_s and known else 1.0),
            fingerprints=tuple(catalog.fingerprint(e.recipe) for e in known if e.recipe),
            blends=tuple(self.blends[-20:]),
        )
