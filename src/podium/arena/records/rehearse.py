"""For a contestant: the referee's own training, scoring and first question, and what they measure as logs and claim."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from podium.arena.records.contest import Contest
from podium.arena.records.facts import RunFacts
from podium.arena.records.stage import Stage
from podium.arena.records.submission import CLAIM, ENTRY, LOGS, README, Submission
from podium.arena.records.trial import Trial
from podium.errors import Refused, UserError

DIGITS = 6


def rehearse(
    contest: Contest, stage: Stage, folder: Path, seeds: Sequence[int], about: dict[str, Any]
) -> list[RunFacts]:
    """Write logs/seed_N.txt and submission.json. `about`: author, name, date, track, builds_on, where they are not there already.

    Raises UserError where there is no train.py, Refused where a run breaks or fails a question: a claim would be in vain.
    """
    if not (folder / ENTRY).is_file():
        raise UserError(
            f"{folder} has no {ENTRY}",
            expected="train(data, seed, deadline) and load(artifact)",
            remedy="see docs/records.md",
        )
    files = {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
    submission = Submission({name: content for name, content in files.items() if "__pycache__" not in name})
    trial = Trial(contest, stage, submission.code, 0)
    runs = [trial.run("claimed", seed, probed="told one by one") for seed in seeds]
    if not (folder / README).exists():
        (folder / README).write_text(f"# {about.get('name', folder.name)}\n", "utf-8")
    results = [_write_log(folder, run, submission.code_sha256) for run in runs]
    for run in runs:
        if run.reasons:
            words = run.words or "; ".join(probe.words for probe in run.probes if not probe.held)
            raise Refused(f"seed {run.seed} would be invalid ({', '.join(run.reasons)}): {words}\n{run.log}")
    size = sum(map(len, submission.code.values())) + max(run.artifact_bytes for run in runs)
    claim = {**_told(files), **about, "bpb": round(sum(one["val_bpb"] for one in results) / len(results), DIGITS)}
    claim |= {"bytes": size, "seeds": list(seeds), "results": results}
    (folder / CLAIM).write_text(json.dumps(claim, indent=1) + "\n", "utf-8")
    return runs


def describe(folder: Path, author: str, name: str) -> dict[str, Any]:
    """What a claim must say besides figures: as given, else as submission.json says already, else plain defaults."""
    path = folder / CLAIM
    told = _told({CLAIM: path.read_bytes()} if path.is_file() else {})
    about: dict[str, Any] = {"author": "unknown", "name": folder.name, "track": "record", "builds_on": []}
    about["date"] = datetime.now(UTC).date().isoformat()
    about |= {key: value for key, value in told.items() if key in about}
    return about | ({"author": author} if author else {}) | ({"name": name} if name else {})


def figures(run: RunFacts) -> dict[str, Any]:
    """A run's figures as logs and claims state them."""
    return {
        "seed": run.seed,
        "val_bpb": round(run.bpb or 0.0, DIGITS),
        "val_bytes": run.bytes,
        "train_s": round(run.clocks.artifact_s, DIGITS),
        "eval_s": round(run.clocks.evaluation_s, DIGITS),
        "artifact_bytes": run.artifact_bytes,
    }


def log_text(stated: dict[str, Any], code_sha256: str, printed: str = "") -> str:
    """A log: what the program printed, then the figures, one a line."""
    lines = [f"code_sha256: {code_sha256}", *(f"{name}: {value}" for name, value in stated.items())]
    return "\n".join([*(f"| {line}" for line in printed.splitlines()), *lines, ""])


def _write_log(folder: Path, run: RunFacts, code_sha256: str) -> dict[str, Any]:
    stated = figures(run)
    name = f"{LOGS}seed_{run.seed}.txt"
    (folder / LOGS).mkdir(exist_ok=True)
    (folder / name).write_text(log_text(stated, code_sha256, run.log), "utf-8")
    return {**stated, "log": name}


def _told(files: dict[str, bytes]) -> dict[str, Any]:
    """What submission.json says already of author, name and the like."""
    try:
        told = json.loads(files.get(CLAIM, b"{}"))
    except ValueError as problem:
        raise UserError(f"{CLAIM} is no JSON ({problem})", remedy="mend or remove it") from problem
    return told if isinstance(told, dict) else {}
