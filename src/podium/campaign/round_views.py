"""The views of one round: what its phases delivered, and of its best experiment script, log and predictions."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium import ensemble, tasks, whole
from podium.records import Competition, from_json, to_json, worth
from podium.registry import Registry
from podium.registry.experiments import Experiment
from podium.registry.runs import RunRow
from podium.tasks.task import Task

SCHEMA_VERSION = 1
LOG_BYTES = 1_000_000
TEXTS = {  # phase → field of its journalled deliverable → file of the round
    "eda": {"text": "eda.md"},
    "charter": {"text": "charter.md"},
    "stack": {"text": "stack.md"},
    "research": {"raw": "research_raw.md", "brief": "research_brief.md"},
    "plan": {"text": "plan.md"},
    "review": {"text": "review.md"},
    "revise": {"text": "plan.md"},  # a revised plan takes the plan's place
    "learn": {"text": "findings.md"},
    "retro": {"text": "retro.md"},
}


def write_round(campaign: Path, registry: Registry, round_: int) -> None:
    """What its phases delivered, its experiments, the best of these, and its submission."""
    prefix = campaign / "rounds" / f"R{round_:02d}"
    for phase, result in registry.journal.steps(round_).items():
        for field, name in TEXTS.get(phase, {}).items():
            text = result.get(field) if isinstance(result, dict) else None
            if isinstance(text, str) and text:
                whole.write(prefix.with_name(f"{prefix.name}_{name}"), text if text.endswith("\n") else text + "\n")
        if phase == "eda" and isinstance(result, dict):
            for name, svg in (result.get("plots") or {}).items():
                whole.write(prefix.with_name(f"{prefix.name}_{name}.svg"), svg)
        if phase == "checks":  # a folder of its own: no builder may read it
            (campaign / "checks").mkdir(exist_ok=True)
            whole.write(campaign / "checks" / f"R{round_:02d}.json", as_json(result))
    experiments = registry.experiments.of_round(round_)
    for experiment in experiments:
        _write_experiment(campaign, registry, experiment)
    best = best_of(experiments, higher_is_better(registry))
    if best is not None:
        _write_best(campaign, registry, prefix, best)
    _link_submission(campaign, registry, prefix, round_)


def best_of(experiments: list[Experiment], higher_is_better: bool) -> Experiment | None:
    """The round's best: valid ones first, then any with a score, then whatever got furthest."""

    def rank(experiment: Experiment) -> tuple[bool, bool, float]:
        finished = experiment.status == "done"
        return experiment.valid, finished, worth(experiment.merit, experiment.score, higher_is_better=higher_is_better)

    return max(experiments, key=rank, default=None)


def _write_experiment(campaign: Path, registry: Registry, experiment: Experiment) -> None:
    folder = campaign / "runs" / experiment.id
    if not folder.is_dir():
        return  # planned, not built yet
    config = {
        "schema_version": SCHEMA_VERSION,
        "id": experiment.id,
        "round": experiment.round,
        "seed": experiment.seed,
        "solution_sha256": experiment.solution_sha,
        "spec": to_json(experiment.spec),
    }
    result = {
        "schema_version": SCHEMA_VERSION,
        "id": experiment.id,
        "status": experiment.status,
        "verdict": experiment.verdict,
        "score": experiment.score,
        "stderr": experiment.stderr,
        "merit": experiment.merit,
        "fold_scores": list(experiment.fold_scores),
        "gate": registry.experiments.gate(experiment.id),
        "alarms": registry.experiments.alarms(experiment.id),
        "notes": registry.runs.notes(experiment.id),
        "message": experiment.message,
    }
    whole.write(folder / "config.json", as_json(config))
    whole.write(folder / "result.json", as_json(result))


def _write_best(campaign: Path, registry: Registry, prefix: Path, best: Experiment) -> None:
    """Script, log and predictions of the round's best; the log's first line says of which, and of how many runs."""
    script = campaign / "runs" / best.id / "solution.py"
    if script.is_file():
        whole.write(prefix.with_name(f"{prefix.name}_experiment.py"), script.read_bytes())
    runs = [run for run in registry.runs.of(best.id) if not run.part.startswith("probe")]
    log = prefix.with_name(f"{prefix.name}_run.log")
    head = f"# {best.id}: {cell(best.spec.name)}; {len(runs)} finished runs\n"
    if not runs and not best.message:
        return
    if log.is_file() and _first_line(log) == head:
        return  # the same experiment with the same runs: its predictions are those already here
    oof, test = oof_predictions(campaign, runs), test_predictions(campaign, registry, runs)
    for name, values in (("oof.npy", oof), ("test.npy", test)):
        if values is not None:
            whole.write(prefix.with_name(f"{prefix.name}_{name}"), _npy(values))
    whole.write(log, head + _log(campaign, runs, best.message))


def _first_line(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.readline()


def _log(campaign: Path, runs: list[RunRow], message: str) -> str:
    """The logs of its runs, each cut to its share of a megabyte."""
    parts = []
    for run in runs:
        path = campaign / run.folder / "log.txt"
        if path.is_file():
            with path.open("rb") as file:
                text = file.read(LOG_BYTES // len(runs)).decode("utf-8", "replace")
            parts.append(f"== {run.part}: {run.exit.outcome} in {run.exit.wall_s:.1f} s ==\n{text.rstrip()}\n")
    if message:
        parts.append(f"== {message}\n")
    return "".join(parts)


def _link_submission(campaign: Path, registry: Registry, prefix: Path, round_: int) -> None:
    """The round's newest submission, as a hard link where the file system has them: a sent file is never edited."""
    sent = [s for s in registry.submissions.all() if s.round == round_ and s.purpose == "best"]
    target = prefix.with_name(f"{prefix.name}_submission.csv")
    source = campaign / sent[-1].file if sent else target
    if not source.is_file() or source == target or (target.exists() and source.samefile(target)):
        return
    whole.write(target, source.read_bytes())


def oof_predictions(campaign: Path, runs: list[RunRow]) -> NDArray[np.float64] | None:
    """Raw OOF predictions `(n_train, k)` of an experiment's finished folds, NaN elsewhere; None where there are none."""
    splits = campaign / "data" / "splits.npz"
    folds = [run for run in runs if run.kind == "fit" and run.part.startswith("fold_")]
    if not folds or not splits.is_file():
        return None
    with np.load(splits) as arrays:
        fold_of = arrays["fold_of"]
    values: NDArray[np.float64] | None = None
    for run in folds:
        rows = np.flatnonzero(fold_of == int(run.part.removeprefix("fold_")) - 1)
        found = _saved(campaign, run, len(rows))
        if found is None:
            continue
        if values is None:
            values = np.full((len(fold_of), found.shape[1]), np.nan)
        values[rows] = found
    return values


def test_predictions(campaign: Path, registry: Registry, runs: list[RunRow]) -> NDArray[np.float64] | None:
    """Raw test predictions `(n_test, k)` in submission order, of the fold models evenly; None before there are any."""
    data: Mapping[str, Any] = registry.setting("data") or {}
    n_test, n_all = int(data.get("n_test", 0)), int(data.get("n_test", 0)) + int(data.get("n_vault", 0))
    parts = [_saved(campaign, run, n_all) for run in runs if run.part.startswith(("holdout_", "refit"))]
    found = [part[:n_test] for part in parts if part is not None]
    return ensemble.evenly(_task(campaign, registry), found) if found else None


def _task(campaign: Path, registry: Registry) -> Task:
    """What the predictions mean: boxes, rankings and texts have no mean."""
    task = tasks.for_competition(from_json(Competition, registry.setting("competition")))
    task.measure(campaign / "data")
    return task


def _saved(campaign: Path, run: RunRow, n_rows: int) -> NDArray[np.float64] | None:
    """A run's predictions `(n_rows, k)`; None where the file has gone or is not of that many rows."""
    path = campaign / run.folder / "predictions.npy"
    if not path.is_file():
        return None
    values = np.asarray(np.load(path, allow_pickle=False), dtype=np.float64)
    return values.reshape(n_rows, -1) if len(values) == n_rows else None


def _npy(values: NDArray[np.float64]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def higher_is_better(registry: Registry) -> bool:
    """By the competition's metric."""
    competition: Mapping[str, Any] = registry.setting("competition") or {}
    return bool(competition.get("metric_direction", "higher") == "higher")


def as_json(values: Any) -> str:
    """Any record, as people read it."""
    return json.dumps(to_json(values), indent=1, ensure_ascii=False) + "\n"


def cell(value: object) -> str:
    """A text without tab or newline, for it may come from a seat."""
    return " ".join(str(value).split())[:500]
