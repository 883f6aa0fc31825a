"""`runs/<experiment>/solution.py`: what was built, as the journal has it. An edited or lost file is put back."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from podium import whole
from podium.registry.experiments import Experiment

if TYPE_CHECKING:
    from pathlib import Path

    from podium.campaign.engine import Engine
    from podium.registry import Registry


def publish(engine: Engine, experiment: str, source: str) -> None:
    """Write the file, whole or not at all; the same text is left alone."""
    whole.write(engine.solution_path(experiment), source.encode())


def ensure(engine: Engine, experiment: Experiment) -> str:
    """The experiment's source. A run is known by its solution's hash, so a file that was edited or lost since it was
    built is restored from the journal before it is executed."""
    source = recorded(engine.registry, engine.solution_path(experiment.id), experiment)
    publish(engine, experiment.id, source)
    return source


def recorded(registry: Registry, path: Path, experiment: Experiment) -> str:
    """The source as it was built: the file at `path` where its hash is right, else what the registry has."""
    if path.is_file():
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() == experiment.solution_sha:
            return data.decode()
    handed = registry.extras.sources([experiment.id]).get(experiment.id)
    if handed is not None:
        return handed
    ids = [one.id for one in registry.experiments.of_round(experiment.round)]
    built = registry.journal.find(f"R{experiment.round:02d}_build")
    assert built is not None, f"{experiment.id} is in the registry, so its round's build is in the journal"
    solutions: list[str] = built["solutions"]
    at = ids.index(experiment.id)
    if at < len(solutions):
        return solutions[at]
    like = registry.experiments.get(experiment.spec.parents[0])  # run again, on other rows
    assert like is not None and like.solution_sha == experiment.solution_sha
    return recorded(registry, path.parents[1] / like.id / path.name, like)
