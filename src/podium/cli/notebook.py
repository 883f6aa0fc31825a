"""The Python interface: `podium.run` for scripts and notebooks, `podium.check` for a single solution file."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from podium.cli import compose, making
from podium.cli.duration import seconds
from podium.errors import CampaignError
from podium.records import BlendFact
from podium.registry import Registry
from podium.registry.lock import EngineLock

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Campaign:
    """A campaign's folder, for reading and predicting. Nothing here changes what was decided."""

    folder: Path

    @property
    def experiments(self) -> pl.DataFrame:
        """One row an experiment, oldest first: id, round, name, family, operator, status, verdict, score, stderr."""
        import polars as pl

        registry = Registry.open(self.folder)
        rows = [
            {
                "id": e.id,
                "round": e.round,
                "name": e.spec.name,
                "family": e.spec.family,
                "operator": e.spec.operator,
                "status": e.status,
                "verdict": e.verdict,
                "score": e.score,
                "stderr": e.stderr,
                "message": e.message,
            }
            for e in registry.experiments.all()
        ]
        registry.close()
        kinds = {"round": pl.Int64, "score": pl.Float64, "stderr": pl.Float64}
        names = ["id", "round", "name", "family", "operator", "status", "verdict", "score", "stderr", "message"]
        return pl.DataFrame(rows, schema={name: kinds.get(name, pl.String) for name in names})

    @property
    def blend(self) -> BlendFact | None:
        """The newest blend: weights, nested score and its standard error; None before there is one."""
        registry = Registry.open(self.folder)
        row = registry.blends.last()
        registry.close()
        return (
            None
            if row is None
            else BlendFact(row.round, row.score, row.stderr, row.weights, row.vault_score, row.merit)
        )

    @property
    def submission(self) -> Path | None:
        path = self.folder / "submission.csv"
        return path if path.exists() else None

    def predict(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Decisions of the best blend for new rows, one column a target (or a class), in the rows' order.

        Raises IntakeError when a feature column is missing, EngineBusy while the campaign is being played, NoSubmission
        where it has no blend.
        """
        from podium.campaign import serve

        lock = EngineLock(self.folder)
        lock.acquire()
        try:
            engine = compose.make_engine(self.folder)
            try:
                return serve.predict(engine, frame)
            finally:
                engine.executor.close()
                engine.registry.close()
        finally:
            lock.release()


def run(
    path: str | Path,
    time: str | float | None = None,
    *,
    experiments: int | None = None,
    campaign: str | Path | None = None,
    seed: int | None = None,
    threads: int | None = None,
    team: Mapping[str, str] | None = None,
    **overrides: str,
) -> Campaign:
    """Start or resume a campaign and play it to its end. `time`: seconds or "90s", "10m", "2h"; `overrides`: keys of
    config.json, e.g. `metric="auc"`. Raises UserError, EngineBusy, NoSubmission."""
    started = _now()
    folder = making.open_or_create(
        str(path),
        campaign=None if campaign is None else Path(campaign),
        time_s=seconds(time) if isinstance(time, str) else time,
        experiments=experiments,
        seed=seed,
        threads=threads,
        team=team,
        overrides=overrides,
    )
    compose.run(folder, started=started)
    return Campaign(folder)


def open_campaign(folder: str | Path) -> Campaign:
    """A campaign that exists. Raises CampaignError where there is none."""
    Registry.open(Path(folder)).close()
    return Campaign(Path(folder))


def check(solution: str | Path, *, campaign: str | Path | None = None) -> float:
    """Run one solution file over the campaign's folds, in this process and without a sandbox, and print its OOF score.

    For people editing a solution by hand: nothing is recorded. `campaign` defaults to the one the file lies in.
    """
    from podium import referee
    from podium.campaign import inspect_solution

    path = Path(solution).resolve()
    folder = Path(campaign) if campaign else next((p for p in path.parents if (p / Registry.FILE).is_file()), None)
    if folder is None:
        raise CampaignError(f"{path} is not inside a campaign", remedy="pass campaign=DIR")
    spec = importlib.util.spec_from_file_location("solution", path)
    assert spec is not None and spec.loader is not None, f"{path} cannot be imported"
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    task, truth, raw, fold_of = inspect_solution.out_of_fold(folder, module)
    scored = referee.rescore(task, truth, raw, fold_of)
    print(f"{path.name}: OOF {task.metric.name} {scored.score:.6f} ± {scored.stderr:.6f}")
    return scored.score


def _now() -> float:
    return time.monotonic()
