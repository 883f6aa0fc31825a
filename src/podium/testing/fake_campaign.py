"""A campaign folder that looks lived in, made without an engine: for tests of what people see."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Column
from podium.records import (
    AuditFinding,
    Check,
    Competition,
    DataFacts,
    Evidence,
    ExperimentSpec,
    Findings,
    Hardware,
    Hypothesis,
    Learning,
    Operator,
    Plan,
    Recipe,
    ResearchBrief,
    Review,
    RunExit,
    RunKind,
    Status,
    Usage,
    Verdict,
)
from podium.registry import Registry
from podium.registry.blends import BlendRow
from podium.registry.experiments import Experiment
from podium.registry.runs import RunRow
from podium.registry.submissions import SubmissionRow

Floats = NDArray[np.float64]
N_TRAIN, N_TEST, N_FOLDS = 400, 160, 5
FAMILIES = ("lightgbm", "extra_trees", "linear", "catboost", "xgboost", "knn", "mlp", "tfidf_linear")
OPERATORS: tuple[Operator, ...] = ("draft", "improve", "crossover", "replicate", "ablate")


@dataclass(frozen=True)
class FakeCampaign:
    """What to make. `hostile` is put into every text that can come from data or from a solution."""

    rounds: int = 5  # finished rounds, round 0 not counted
    per_round: int = 3
    under_way: bool = True  # one more round with a running and a queued experiment
    hostile: str = ""
    files: bool = True  # runs/<experiment>/ with logs and predictions
    finished: str | None = None  # state.finished
    time_s: float | None = 600.0
    experiments: int | None = None
    seed: int = 0
    competition: str = "harbour-arrivals"
    _spread: float = field(default=0.004, repr=False)

    def build(self, campaign: Path) -> Registry:
        """Write the folder and return the registry of the engine that wrote it (close it yourself)."""
        campaign.mkdir(parents=True, exist_ok=True)
        registry = Registry.create(campaign)
        self._settings(registry)
        self._round_zero(registry)
        (campaign / "data").mkdir(exist_ok=True)
        fold_of = (np.arange(N_TRAIN) % N_FOLDS).astype(np.int8)
        np.savez(campaign / "data" / "splits.npz", train=np.arange(N_TRAIN), fold_of=fold_of)
        rng = np.random.default_rng(self.seed)
        truth = rng.integers(0, 2, N_TRAIN).astype(float)
        for number in range(1, self.rounds + 1):
            with registry.database.write():
                self._round(registry, campaign, number, rng, truth)
        if self.under_way:
            with registry.database.write():
                self._round_under_way(registry, self.rounds + 1)
        self._finish(registry)
        return registry

    def _settings(self, registry: Registry) -> None:
        registry.set("competition", self._competition())
        registry.set("data", data_facts())
        registry.set("hardware", Hardware(2, 7800, (), "bubblewrap"))
        registry.set(
            "options",
            {
                "time_s": self.time_s,
                "experiments": self.experiments,
                "seed": self.seed,
                "threads": 2,
                "team": {},
                "executor": "local",
            },
        )
        registry.set("baseline", {"class shares": 0.503, "most frequent class": 0.497})
        registry.set_audit(self._audit())

    def _competition(self) -> Competition:
        evidence = {
            "task_type": Evidence("binary_classification", "the target has 2 values: late, on time", 0.99),
            "target_columns": Evidence("late" + self.hostile, "in train.csv and the sample, not in test.csv", 0.98),
            "metric": Evidence("roc_auc", 'description.md: "scored by the area under the ROC curve"', 0.95),
            "group_column": Evidence("vessel", "no vessel of test.csv occurs in train.csv (0 of 61)", 0.9),
            "cv_strategy": Evidence("grouped", "test vessels are new, so folds keep vessels whole", 0.9),
            "id_column": Evidence("call_id", "unique in both files, first column of the sample", 0.99),
        }
        return Competition(
            competition=self.competition,
            data_dir="public",
            task_type="binary_classification",
            metric="roc_auc",
            metric_direction="higher",
            target_columns=("late" + self.hostile,),
            id_column="call_id",
            submission_columns=("call_id", "late"),
            submission_kind="probability",
            classes=("0", "1"),
            train_file="train.csv",
            test_file="test.csv",
            sample_file="sample_submission.csv",
            group_column="vessel",
            cv_strategy="grouped",
            description="Predict whether a ship's call at the harbour will be late." + self.hostile,
            evidence=evidence,
        )

    def _audit(self) -> tuple[AuditFinding, ...]:
        return (
            AuditFinding("leak", "block", "actual_delay", 0.998, "actual_delay alone gives AUC 0.998; left out"),
            AuditFinding("drift", "warn", "month", 0.71, "train and test differ in month (adversarial AUC 0.71)"),
            AuditFinding("missing", "info", "draught" + self.hostile, 0.22, "22 % missing" + self.hostile),
        )

    def _round_zero(self, registry: Registry) -> None:
        text = "# EDA\n\n400 labelled rows, 160 test rows, 12 features, 61 vessels." + self.hostile
        registry.journal.step(0, "eda", Findings, lambda: Findings(text))
        registry.events.add(1.1, 0, "phase", {"phase": "eda"})

    def _round(self, registry: Registry, campaign: Path, number: int, rng: np.random.Generator, truth: Floats) -> None:
        ids = [self._add(registry, number, position) for position in range(self.per_round)]
        self._deliverables(registry, number, ids)
        for position, id_ in enumerate(ids):
            serial = (number - 1) * self.per_round + position
            self._run(registry, campaign, number, id_, serial, rng, truth)
        self._blend(registry, campaign, number)
        registry.ledger.charge_usage(number, "research", Usage(wall_s=0.3))

    def _add(self, registry: Registry, number: int, position: int) -> str:
        serial = (number - 1) * self.per_round + position + 1
        id_, family = f"E{serial:03d}", FAMILIES[(serial - 1) % len(FAMILIES)]
        spec = ExperimentSpec(
            name=f"{family.replace('_', ' ')}, variant {serial}{self.hostile}",
            hypothesis=f"{family} sees structure that the pool lacks{self.hostile}",
            operator=OPERATORS[(serial - 1) % len(OPERATORS)],
            family=family,
            parents=(f"E{serial - 2:03d}",) if serial > 3 else (),
            expected_gain=0.002,
            cost_s=3.0,
            recipe=Recipe("tabular", family),
        )
        registry.experiments.add(
            Experiment(id_, number, spec, serial, f"fp{serial}", f"sha{serial}", True, 3.0, message="")
        )
        return id_

    def _deliverables(self, registry: Registry, number: int, ids: list[str]) -> None:
        hypotheses = (Hypothesis("H1", "boosting with counts", "lightgbm", 0.002, "the audit's drift finding"),)
        raw = f"raw notes of round {number}{self.hostile}"
        specs = tuple(e.spec for e in registry.experiments.of_round(number))
        checks = (Check("tunnel_vision", True, 0.3, "3 families in the last 3 rounds"),)
        journal = registry.journal
        journal.step(
            number,
            "research",
            ResearchBrief,
            lambda: ResearchBrief(hypotheses, f"## Brief {number}{self.hostile}", raw),
        )
        journal.step(number, "plan", Plan, lambda: Plan(specs, f"## Plan {number}\n\n" + ", ".join(ids)))
        journal.step(
            number,
            "review",
            Review,
            lambda: Review("APPROVED", "six checks pass", checks, f"## Review {number}\n\nAPPROVED"),
        )
        learning = Learning(f"L{number:03d}", f"grouped folds are noisy{self.hostile}", f"[{ids[0]}.score]", "grouped")
        journal.step(
            number, "learn", Findings, lambda: Findings(f"## Findings {number}{self.hostile}", (learning,), True)
        )
        registry.add_learning(learning, number)
        for phase in ("research", "plan", "review", "build", "run"):
            registry.events.add(number * 40.0, number, "phase", {"phase": phase})

    def _run(
        self,
        registry: Registry,
        campaign: Path,
        number: int,
        id_: str,
        serial: int,
        rng: np.random.Generator,
        truth: Floats,
    ) -> None:
        status, message = self._fate(serial)
        folds = {"done": N_FOLDS, "killed": 1, "failed": 0}[status]
        at = number * 40.0 + serial % self.per_round * 10.0
        for fold in range(1, folds + 1):
            here = truth[np.arange(N_TRAIN) % N_FOLDS == fold - 1]
            self._one_run(registry, campaign, id_, "fit", f"fold_{fold}", rng, here)
            registry.events.add(
                at + fold, number, "run_finished", {"experiment": id_, "part": f"fold_{fold}", "outcome": "done"}
            )
        if status == "failed":
            self._failed_run(registry, campaign, id_, message)
        registry.experiments.set_status(id_, status, message)
        if folds:
            score = 0.79 + 0.02 * (1 - 0.9 ** (serial + 1)) + float(rng.normal(0, self._spread))
            scores = tuple(score + float(rng.normal(0, 0.006)) for _ in range(folds))
            registry.experiments.set_score(id_, float(np.mean(scores)), 0.0031, scores)
        if status == "killed":
            registry.experiments.add_gate(id_, 2, {"continue_": False, "reason": message})
            registry.events.add(at + 2, number, "gate", {"experiment": id_, "continue_": False, "reason": message})
        if status == "done":
            self._verdict(registry, campaign, number, id_, serial, rng, truth)

    def _fate(self, serial: int) -> tuple[Status, str]:
        if serial % 7 == 4:
            return "killed", "after fold 2: solo gain at most -0.0040, blend gain at most -0.0002" + self.hostile
        if serial % 11 == 6:
            return "failed", "ValueError: Input X contains NaN." + self.hostile
        return "done", ""

    def _verdict(
        self,
        registry: Registry,
        campaign: Path,
        number: int,
        id_: str,
        serial: int,
        rng: np.random.Generator,
        truth: Floats,
    ) -> None:
        experiments = registry.experiments
        champion = experiments.champion()
        mine = experiments.get(id_)
        best = experiments.get(champion) if champion else None
        better = best is None or (mine is not None and (mine.score or 0) > (best.score or 0))
        verdict: Verdict = "champion" if better else "invalid" if serial % 13 == 9 else "pooled"
        paired = {"versus": champion, "gain": 0.0021, "stderr": 0.0009}
        alarms = (
            [{"name": "leak", "message": "shuffled labels still predict" + self.hostile}]
            if verdict == "invalid"
            else []
        )
        experiments.set_verdict(id_, verdict, paired, alarms)
        for fold in range(1, N_FOLDS + 1):
            self._one_run(registry, campaign, id_, "predict", f"holdout_{fold}", rng, np.zeros(N_TEST))
        payload = {"experiment": id_, "verdict": verdict, "score": mine.score if mine else None, "stderr": 0.0031}
        registry.events.add(number * 40.0 + 30, number, "verdict", payload)

    def _one_run(
        self,
        registry: Registry,
        campaign: Path,
        id_: str,
        kind: RunKind,
        part: str,
        rng: np.random.Generator,
        truth: Floats,
    ) -> None:
        relative = f"runs/{id_}/{part}"
        if self.files:
            folder = campaign / relative
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "log.txt").write_text(f"{part}: best iteration {rng.integers(100, 900)}{self.hostile}\n")
            values = np.clip(truth * 0.4 + rng.normal(0.3, 0.2, len(truth)), 0, 1)
            np.save(folder / "predictions.npy", values[:, None])
            (folder.parent / "solution.py").write_text(f'"""{id_}"""\n\n\ndef fit(train, ctx): ...\n')
        exit_ = RunExit("done", 1.2, cpu_s=2.0, peak_mb=210.0, start_s=0.08, sandbox_level="bubblewrap")
        key = f"{id_}-{part}"
        registry.runs.open_attempt(key, id_, relative, 1.0)
        registry.runs.add(RunRow(key, id_, kind, part, relative, exit_))
        registry.ledger.charge(0, id_, "cpu_s", 2.0)

    def _failed_run(self, registry: Registry, campaign: Path, id_: str, message: str) -> None:
        relative = f"runs/{id_}/fold_1"
        if self.files:
            (campaign / relative).mkdir(parents=True, exist_ok=True)
            (campaign / relative / "log.txt").write_text(message + "\n")
        registry.runs.open_attempt(f"{id_}-fold_1", id_, relative, 1.0)
        registry.runs.close_attempt(relative, RunExit("error", 0.7, cpu_s=0.9, message=message))

    def _blend(self, registry: Registry, campaign: Path, number: int) -> None:
        pool = registry.experiments.pool()
        top = sorted(pool, key=lambda e: e.score or 0, reverse=True)[:4]
        share = np.array([0.4, 0.3, 0.2, 0.1][: len(top)])
        weights = {e.id: float(w) for e, w in zip(top, share / share.sum(), strict=True)}
        score = (top[0].score or 0) + 0.0015
        vault = score - 0.002 if number % 2 else None
        registry.blends.add(BlendRow(number, weights, "rank", score, 0.0028, vault, {"method": "greedy"}))
        payload = {"score": score, "stderr": 0.0028, "weights": weights, "vault_score": vault}
        registry.events.add(number * 40.0 + 34, number, "blend", payload)
        file = f"rounds/R{number:02d}_submission.csv"
        if self.files:
            (campaign / "rounds").mkdir(exist_ok=True)
            text = "call_id,late\n" + "".join(f"{i},0.5\n" for i in range(N_TEST))
            (campaign / file).write_text(text)
            (campaign / "submission.csv").write_text(text)
        registry.submissions.intend(SubmissionRow(f"t{number}", number, file, f"h{number}", "intent", score, 0.0028))
        registry.submissions.settle(f"t{number}", "confirmed", f"r{number}")
        if number == 1:
            registry.submissions.set_scores("t1", 0.7921, None)
        registry.events.add(
            number * 40.0 + 36, number, "submission", {"file": file, "state": "confirmed", "expected": score}
        )

    def _round_under_way(self, registry: Registry, number: int) -> None:
        ids = [self._add(registry, number, position) for position in range(2)]
        registry.experiments.set_status(ids[0], "running")
        exit_ = RunExit("done", 1.2, cpu_s=2.0, sandbox_level="bubblewrap")
        for fold in (1, 2):
            registry.runs.open_attempt(f"{ids[0]}-fold_{fold}", ids[0], f"runs/{ids[0]}/fold_{fold}", 1.0)
            registry.runs.add(
                RunRow(f"{ids[0]}-fold_{fold}", ids[0], "fit", f"fold_{fold}", f"runs/{ids[0]}/fold_{fold}", exit_)
            )
        registry.runs.open_attempt(f"{ids[0]}-fold_3", ids[0], f"runs/{ids[0]}/fold_3", 1.0)
        registry.events.add(number * 40.0, number, "run_started", {"experiment": ids[0], "part": "fold_3"})
        registry.events.add(number * 40.0, number, "warning", {"text": "test.csv has 3 unseen ports" + self.hostile})

    def _finish(self, registry: Registry) -> None:
        last = self.rounds + (1 if self.under_way else 0)
        phase = "run" if self.under_way else "learn"
        registry.set("state", {"phase": phase, "round": last, "paused": False, "finished": self.finished})
        registry.set("alive_s", 40.0 * last + 12.5)


def data_facts() -> DataFacts:
    """The size and shape the fake campaign claims."""
    columns = (Column("draught", "numeric", 180, 0.22), Column("port", "categorical", 17), Column("eta", "date", 390))
    return DataFacts(N_TRAIN, 0, N_TEST, N_FOLDS, columns, 1, 2, n_groups=61)
