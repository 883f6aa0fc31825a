"""What is tried: recipes, planned experiments, how their runs end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from podium.records.words import Operator


@dataclass(frozen=True)
class Recipe:
    """What the built-in builder turns into a `solution.py`: a model on features, with parameters.

    `kind` is a recipes package (tabular, text); `model` a family known to its catalog (lightgbm, extra_trees, …).
    """

    kind: str
    model: str
    features: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ExperimentSpec:
    """One planned experiment. Seats that write code themselves leave `recipe` None."""

    name: str  # short, human, e.g. "LightGBM, slow and deep"
    hypothesis: str
    operator: Operator
    family: str  # for coverage and diversity: usually the model's name
    parents: tuple[str, ...] = ()
    expected_gain: float = 0.0  # of the blend, in the unit of the noise floor, >= 0
    cost_s: float = 0.0  # estimate, all folds, one core
    kill_rule: str = "stop when solo and blend gain cannot be positive after the first fold"
    recipe: Recipe | None = None
    seed_offset: int = 0  # replicates only
    sources: tuple[str, ...] = ()  # learnings, papers, notebooks, experiments this idea came from


@dataclass(frozen=True)
class Limits:
    """What one run may use. The supervisor enforces all of it."""

    wall_s: float
    memory_mb: int
    processes: int = 64
    disk_mb: int = 2048
    tmp_mb: int = 1024


@dataclass(frozen=True)
class RunExit:
    """How a run ended, as its supervisor wrote it to `exit.json`. Only `done` is ever cached as a result.

    `outcome`: done; error (the solution raised or broke the protocol); timeout, memory, disk, processes (a limit);
    lost (sandbox or supervisor died: try again); cancelled.
    """

    outcome: Literal["done", "error", "timeout", "memory", "disk", "processes", "lost", "cancelled"]
    wall_s: float
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    start_s: float = 0.0  # request read → solution's code entered
    sandbox_level: str = "process"
    message: str = ""  # last line of the error, for people and for the debug operator
    files: Mapping[str, str] = field(default_factory=dict)  # name → sha256, e.g. predictions.npy, model.pkl
    notes: Mapping[str, Any] = field(default_factory=dict)  # recorded facts: best_iteration, …
