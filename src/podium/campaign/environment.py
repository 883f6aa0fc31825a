"""What a prediction may depend on beside solution and data: versions, as one hash for keys and in words for people."""

from __future__ import annotations

import functools
import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata

from podium.recipes.processor import multiplies_short
from podium.records import from_json
from podium.registry import Registry

LIBRARIES = (
    "numpy", "scipy", "scikit-learn", "polars", "lightgbm", "xgboost-cpu", "xgboost", "catboost", "torch", "tabm",
    "rtdl-num-embeddings", "timm", "pillow", "statsforecast", "podium",
)  # fmt: skip
KEY = "environments"


@dataclass(frozen=True)
class Environment:
    """`hash` is part of every run's key; `versions` are what it is the hash of, and Python and the machine's kind."""

    hash: str
    versions: Mapping[str, str]


@functools.cache
def _libraries() -> Mapping[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


@functools.cache
def environment() -> str:
    """Versions of everything that may change a prediction, as one hash."""
    return hashlib.sha256(json.dumps(_libraries(), sort_keys=True).encode()).hexdigest()[:16]


def here() -> Environment:
    machine = f"{platform.system()} {platform.machine()}" + (", bfloat16" if multiplies_short() else "")
    return Environment(environment(), {**_libraries(), "python": platform.python_version(), "machine": machine})


def note(registry: Registry) -> None:
    """Keep where this engine runs, unless the last one ran in the same."""
    known = recorded(registry)
    if not known or known[-1] != here():
        registry.set(KEY, [*known, here()])


def recorded(registry: Registry) -> tuple[Environment, ...]:
    """Where the campaign's engines ran, oldest first; empty for campaigns that kept no such record."""
    return tuple(from_json(Environment, one) for one in registry.setting(KEY) or [])
