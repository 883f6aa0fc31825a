"""QA's checks on every finished experiment: the engine's own kinds here, foreign ones in the sandbox like any solution."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from podium.campaign.request import context
from podium.execution.executor import RunRequest
from podium.execution.request import read_predictions, write_run
from podium.protocol import Layout
from podium.records import AuditFinding, Limits, Probed, QaCheck, to_json
from podium.referee import qa
from podium.registry.experiments import Experiment
from podium.tasks.task import Floats

if TYPE_CHECKING:
    import polars as pl

    from podium.campaign.engine import Engine

SOURCE_WALL_S = 30.0


def failures(
    engine: Engine,
    experiment: Experiment,
    raw: Floats,
    asked: tuple[QaCheck, ...],
    probed: tuple[Probed, ...] = (),
) -> list[AuditFinding]:
    """A blocking finding for each check that fails: its name and message alone, which is all a builder may see."""
    features: list[pl.DataFrame] = []

    def frame() -> pl.DataFrame:
        if not features:
            features.append(engine.dataset.frame()[engine.dataset.train[engine.store.scored]])
        return features[0]

    seen = qa.Evidence(
        raw, engine.truth, engine.fold_of, engine.competition.task_type, frame, {one.probe: one for one in probed}
    )
    found = []
    for number, check in enumerate(asked, 1):
        wrong = by_source(engine, experiment, raw, check, number) if check.kind == "source" else qa.failure(check, seen)
        if wrong is not None:
            found.append(AuditFinding("qa", "block", None, None, f"QA check {check.name!r} failed: {check.message}"))
            engine.event("qa", experiment=experiment.id, check=check.name)
    return found


def by_source(engine: Engine, experiment: Experiment, raw: Floats, check: QaCheck, number: int) -> str | None:
    """Run a check's own code in the sandbox, on features and predictions of the scored rows: no label is dealt to it.

    A check that cannot be run says nothing about the experiment: it is reported, and passes.
    """
    sha = hashlib.sha256(check.source.encode()).hexdigest()[:8]
    folder = engine.campaign / "runs" / experiment.id / f"qa_{number}_{sha}"
    path = folder / "check.py"
    folder.mkdir(parents=True, exist_ok=True)
    template = (resources.files("podium.campaign") / "qa_check.txt").read_text("utf-8")
    path.write_text(template.replace("{source}", check.source), "utf-8")
    rows = engine.dataset.train[engine.store.scored]
    if not (folder / "request.json").exists():
        _write(engine, folder, path, rows, raw)
    engine.executor.start(folder)
    exit_ = engine.executor.finished([folder], SOURCE_WALL_S + 10).get(folder)
    if exit_ is None or exit_.outcome != "done":
        why = "it did not end" if exit_ is None else exit_.message or exit_.outcome
        engine.event("warning", message=f"QA check {check.name!r} could not be run on {experiment.id}: {why}")
        return None
    failed = bool(read_predictions(folder, 1).max(initial=0.0) > 0)
    return check.message if failed else None


def _write(
    engine: Engine, folder: Path, path: Path, rows: np.ndarray[tuple[int], np.dtype[np.int64]], raw: Floats
) -> None:
    predictions = np.full((engine.dataset.n_rows, raw.shape[1]), np.nan)
    predictions[rows] = raw
    np.save(folder / "predictions_of.npy", predictions)
    request = RunRequest(
        key=f"qa-{folder.parent.name}-{folder.name}",
        kind="fit",
        solution=str(path),
        features=str(engine.dataset.features),
        limits=Limits(wall_s=SOURCE_WALL_S, memory_mb=engine.purse.memory_mb),
        threads=1,
        seed=0,
        context={**context(engine), "n_outputs": 1, "layout": to_json(Layout("dense", (1,)))},
        parents={"experiment": str(folder / "predictions_of.npy")},
        min_level="landlock",
    )
    first = rows[:1]  # a fit needs a labelled row; the check's `fit` looks at none
    write_run(folder, request, train=first, predict=rows, labels=_blank(len(first)))


def _blank(n: int) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame({"y0": np.zeros(n)})
