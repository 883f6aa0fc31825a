"""Engines for the zoo: a campaign that has not begun, and experiments of given solutions at it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from podium.campaign.engine import Engine
from podium.campaign.runner import Runner
from podium.campaign.tracks import Track, fold_track
from podium.cli import compose
from podium.records import ExperimentSpec
from podium.registry.experiments import Experiment
from podium.testing.inline_executor import InlineExecutor


def inline(campaign: Path) -> Engine:
    """Trusted solutions in this very process."""
    engine = compose.make_engine(campaign, warm=False)
    engine.executor.close()
    engine.executor = InlineExecutor()
    return engine


def experiment(engine: Engine, text: str, *, builtin: bool = True) -> Experiment | None:
    """An experiment of this solution with all its folds run; None where it failed."""
    one = added(engine, text, builtin=builtin)
    track = play(engine, one)
    return engine.registry.experiments.get(one.id) if track.status == "done" else None


def added(
    engine: Engine, text: str, *, builtin: bool = False, parents: tuple[str, ...] = (), wall_s: float | None = None
) -> Experiment:
    """`wall_s`: what each of its runs may take."""
    id_ = f"E{engine.registry.experiments.count() + 1:03d}"
    path = engine.solution_path(id_)
    path.parent.mkdir(parents=True)
    path.write_text(text)
    sha = hashlib.sha256(text.encode()).hexdigest()
    spec = ExperimentSpec(id_, "because", "draft", "by_hand", parents=parents)
    row = Experiment(id_, 1, spec, 7, f"f{id_}", sha, builtin, static_cost_s=0.1, allowance_s=wall_s)
    engine.registry.experiments.add(row)
    found = engine.registry.experiments.get(id_)
    assert found is not None
    return found


def play(engine: Engine, one: Experiment) -> Track:
    """Run all folds; the registry says how it ended."""
    track = fold_track(engine, one)
    Runner(engine).play([track])
    engine.registry.experiments.set_status(one.id, track.status, track.message)
    return track
