"""The files that people and agents read: written from the registry after each phase, and never read back as state.

state.json results.tsv experiments.json LEARNINGS.md KAGGLE_API.md   the campaign
checks/R{NN}.json                                         QA's checks, for QA alone
rounds/R{NN}_*                                            the current round, the round's best experiment included
runs/<experiment>/config.json result.json                 the current round's experiments
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium import ensemble, tasks, whole
from podium.campaign.submission import allowance
from podium.platforms.choose import address_of
from podium.records import Competition, Learning, from_json, to_json, worth
from podium.registry import Registry
from podium.registry.experiments import Experiment
from podium.registry.runs import RunRow
from podium.registry.submissions import SubmissionRow
from podium.tasks.task import Task

SCHEMA_VERSION = 1
TSV_HEADER = ("round", "script", "cv_score", "lb", "status", "submitted", "timestamp", "description")
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


def write_views(campaign: Path, registry: Registry) -> None:
    """Write all views of the present state; of earlier rounds nothing is touched but their line in the tables."""
    where: Mapping[str, Any] = registry.setting("state") or {}
    round_ = int(where.get("round") or 0)
    (campaign / "rounds").mkdir(exist_ok=True)
    whole.write(campaign / "state.json", _json(_state(registry, where)))
    whole.write(campaign / "results.tsv", _results(registry))
    whole.write(campaign / "experiments.json", _experiments(registry))
    whole.write(campaign / "LEARNINGS.md", _learnings(registry.learnings()))
    whole.write(campaign / "KAGGLE_API.md", _kaggle_api(campaign, registry))
    _write_round(campaign, registry, round_)


def _kaggle_api(campaign: Path, registry: Registry) -> str:
    """How to upload what the campaign wrote, for people and agents; what they may call where it plays on Kaggle itself."""
    address = address_of(str(registry.setting("source")))
    if address is not None and address.kind == "kaggle":
        from podium.platforms.kaggle.guide import guide_text

        return guide_text(address.at)
    competition: Mapping[str, Any] = registry.setting("competition") or {}
    standing = registry.submissions.standing()
    template = (resources.files("podium.campaign") / "kaggle_api.md").read_text("utf-8")
    return template.format(
        slug=competition.get("competition", "SLUG"),
        quota=competition.get("max_submissions_per_day") or "not known here",
        tag=standing.tag if standing else "TAG",
        campaign=campaign,
    )


# ---------------------------------------------------------------- the campaign


def _state(registry: Registry, where: Mapping[str, Any]) -> dict[str, Any]:
    competition: Mapping[str, Any] = registry.setting("competition") or {}
    champion, blend = registry.experiments.champion(), registry.blends.best(_higher_is_better(registry))
    best = registry.experiments.get(champion) if champion else None
    submissions = registry.submissions.all()
    zone = (competition.get("brought") or {}).get("submission_time_zone", "UTC")
    return {
        "schema_version": SCHEMA_VERSION,
        "competition": competition.get("competition"),
        "metric": competition.get("metric"),
        "metric_direction": competition.get("metric_direction"),
        "round": where.get("round"),
        "phase": where.get("phase"),
        "paused": bool(where.get("paused")),
        "finished": where.get("finished"),
        "experiments": registry.experiments.count(),
        "champion": champion,
        "best_experiment_score": None if best is None else best.score,
        "best_cv_score": None if blend is None else blend.score,
        "best_cv_stderr": None if blend is None else blend.stderr,
        "best_lb_score": _best_public(submissions, _score_direction(competition) == "higher"),
        "blend_weights": {} if blend is None else dict(blend.weights),
        "submissions_today": allowance.made_today(registry, time.time(), zone),
        "cv_lb_history": [[s.round, s.expected, s.public_score] for s in submissions][-50:],
    }


def _score_direction(competition: Mapping[str, Any]) -> Any:
    """Which way the platform's score is better: the unknown score's own where a proxy stands in for it."""
    return competition.get("proxy_direction") or competition.get("metric_direction")


def _best_public(submissions: list[SubmissionRow], higher: bool) -> float | None:
    scores = [s.public_score for s in submissions if s.public_score is not None]
    return (max(scores) if higher else min(scores)) if scores else None


def _results(registry: Registry) -> str:
    """One row a round that has experiments or a blend, in AutoKaggle's columns."""
    blends = {row["round"]: row["score"] for row in registry.database.rows("SELECT round, score FROM blends")}
    ordered = sorted(registry.submissions.all(), key=lambda row: row.purpose == "best")  # which speaks for its round
    submissions = {row.round: row for row in ordered}
    counts = registry.database.rows(
        "SELECT e.round AS round, count(*) AS n, sum(status IN ('queued', 'running')) AS open, "
        "sum(verdict IN ('pooled', 'champion')) AS pooled, sum(verdict = 'champion') AS champion, "
        "sum(status = 'killed') AS killed, sum(status = 'failed') AS failed, "
        "group_concat(json_extract(spec, '$.name'), '; ') AS names, "
        "(SELECT max(at) FROM steps AS s WHERE s.round = e.round) AS at "
        "FROM experiments AS e GROUP BY e.round ORDER BY e.round"
    )
    lines = ["\t".join(TSV_HEADER)]
    for row in counts:
        sent = submissions.get(row["round"])
        cells = (
            row["round"],
            f"rounds/R{row['round']:02d}_experiment.py",
            _figure(blends.get(row["round"])),
            _figure(None if sent is None else sent.public_score),
            _round_status(row),
            "no" if sent is None else sent.state,
            "" if row["at"] is None else datetime.fromtimestamp(row["at"], UTC).isoformat(timespec="seconds"),
            f"{row['n']} experiments, {row['pooled'] or 0} pooled, {row['killed']} killed, {row['failed']} failed: "
            f"{row['names']}",
        )
        lines.append("\t".join(_cell(cell) for cell in cells))
    return "\n".join(lines) + "\n"


def _round_status(row: Any) -> str:
    if row["open"]:
        return "running"
    if row["champion"]:
        return "champion"
    if row["pooled"]:
        return "pooled"
    return "failed" if row["failed"] == row["n"] else "killed" if row["killed"] else "invalid"


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _cell(value: object) -> str:
    return " ".join(str(value).split())[:500]  # neither tab nor newline: a name may come from a seat


def _experiments(registry: Registry) -> str:
    """All experiments as JSON. SQLite writes each line, so that a long campaign stays cheap."""
    blend = registry.blends.best(_higher_is_better(registry))
    rows = registry.database.rows(
        "SELECT json_object('id', id, 'round', round, 'name', json_extract(spec, '$.name'), "
        "'family', json_extract(spec, '$.family'), 'operator', json_extract(spec, '$.operator'), "
        "'hypothesis', json_extract(spec, '$.hypothesis'), 'parents', json(json_extract(spec, '$.parents')), "
        "'status', status, 'verdict', verdict, 'score', score, 'stderr', stderr, 'fold_scores', json(fold_scores), "
        "'seed', seed, 'message', message) AS line FROM experiments ORDER BY rowid"
    )
    head = {
        "schema_version": SCHEMA_VERSION,
        "families": registry.experiments.families(),
        "champion": registry.experiments.champion(),
        "blend": {} if blend is None else {"round": blend.round, "score": blend.score, "weights": dict(blend.weights)},
    }
    opening = json.dumps(head, ensure_ascii=False).removesuffix("}")
    return opening + ', "experiments": [\n' + ",\n".join(row["line"] for row in rows) + "\n]}\n"


def _learnings(learnings: tuple[Learning, ...]) -> str:
    lines = ["# Learnings", ""]
    for learning in learnings:
        against = f", contradicted {learning.contradicted}×" if learning.contradicted else ""
        lines.append(
            f"- **{_cell(learning.rule)}** ({learning.id}; applies to {_cell(learning.applies_to)}; "
            f"support {learning.support}{against})  \n  Evidence: {_cell(learning.evidence)}"
        )
    return "\n".join(lines if learnings else [*lines, "None yet."]) + "\n"


# ---------------------------------------------------------------- the round


def _write_round(campaign: Path, registry: Registry, round_: int) -> None:
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
            whole.write(campaign / "checks" / f"R{round_:02d}.json", _json(result))
    experiments = registry.experiments.of_round(round_)
    for experiment in experiments:
        _write_experiment(campaign, registry, experiment)
    best = best_of(experiments, _higher_is_better(registry))
    if best is not None:
        _write_best(campaign, registry, prefix, best)
    _link_submission(campaign, registry, prefix, round_)


def _higher_is_better(registry: Registry) -> bool:
    competition: Mapping[str, Any] = registry.setting("competition") or {}
    return bool(competition.get("metric_direction", "higher") == "higher")


def best_of(experiments: list[Experiment], higher_is_better: bool) -> Experiment | None:
    """The round's best: valid ones first, then any with a score, then whatever got furthest."""

    def rank(experiment: Experiment) -> tuple[bool, bool, float]:
        valid = experiment.verdict in ("pooled", "champion")
        finished = experiment.status == "done"
        return valid, finished, worth(experiment.merit, experiment.score, higher_is_better=higher_is_better)

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
    whole.write(folder / "config.json", _json(config))
    whole.write(folder / "result.json", _json(result))


def _write_best(campaign: Path, registry: Registry, prefix: Path, best: Experiment) -> None:
    """Script, log and predictions of the round's best; the log's first line says of which, and of how many runs."""
    script = campaign / "runs" / best.id / "solution.py"
    if script.is_file():
        whole.write(prefix.with_name(f"{prefix.name}_experiment.py"), script.read_bytes())
    runs = [run for run in registry.runs.of(best.id) if not run.part.startswith("probe")]
    log = prefix.with_name(f"{prefix.name}_run.log")
    head = f"# {best.id}: {_cell(best.spec.name)}; {len(runs)} finished runs\n"
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


def _json(values: Any) -> str:
    return json.dumps(to_json(values), indent=1, ensure_ascii=False) + "\n"
