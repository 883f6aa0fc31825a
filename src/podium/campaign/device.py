"""Which device an experiment's runs are given: a GPU where its solution names torch and there is one, else the CPU."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Literal

from podium.campaign import solutions
from podium.execution.worker import declares

if TYPE_CHECKING:
    from collections.abc import Collection

    from podium.campaign.engine import Engine
    from podium.registry.experiments import Experiment

Device = Literal["cpu", "cuda"]
TRAINED_BY = "torch"


def device_of(engine: Engine, experiment: Experiment) -> Device:
    """Of every run of the experiment: part of their keys. Without a GPU no solution is looked at."""
    return device_for(engine, solutions.ensure(engine, experiment)) if engine.purse.gpus else "cpu"


def device_for(engine: Engine, source: str) -> Device:
    """Of a solution that is not an experiment yet."""
    return "cuda" if engine.purse.gpus and _trained_on_gpus(source) else "cpu"


@functools.lru_cache(maxsize=64)
def _trained_on_gpus(source: str) -> bool:
    return declares(source, TRAINED_BY, "requires")


def free_gpu(engine: Engine, taken: Collection[int]) -> int | None:
    """The first GPU that no run of this engine has; None where all are taken. One run at a time each: memory is not shared
    fairly there, and a run that finds it full dies."""
    return next((number for number in range(engine.purse.gpus) if number not in taken), None)
