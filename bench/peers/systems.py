"""Who takes part: Podium in this interpreter, each peer in an environment of its own with an adapter that it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from podium.errors import UserError

PODIUM = "podium"


@dataclass(frozen=True)
class System:
    """`module` is the adapter, `python -m MODULE asked.json` in the environment; Podium has neither."""

    name: str
    title: str
    environment: str = ""
    module: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


AUTOGLUON, FLAML, MLJAR = "autogluon", "flaml", "mljar"
# As each project says to install it; pip's default index. `torch<2.14` is what makes pip take the CPU build.
REQUIREMENTS: dict[str, tuple[str, ...]] = {
    AUTOGLUON: ("autogluon.tabular[lightgbm,catboost,xgboost,fastai]>=1.6,<1.7", "torch<2.14"),
    FLAML: ("flaml[automl]>=2.7,<2.8",),
    MLJAR: ("mljar-supervised>=1.3,<1.4",),
}


def _autogluon(short: str, preset: str) -> System:
    module = "peers.adapters.autogluon_tabular"
    return System(f"autogluon-{short}", f"AutoGluon {preset}", AUTOGLUON, module, {"preset": preset})


SYSTEMS = (
    System(PODIUM, "Podium"),
    _autogluon("best", "best_quality"),
    _autogluon("good", "good_quality"),
    _autogluon("medium", "medium_quality"),
    System("flaml", "FLAML", FLAML, "peers.adapters.flaml_automl"),
    System("mljar", "mljar Compete", MLJAR, "peers.adapters.mljar_automl"),
)


def named(names: str) -> list[System]:
    """`podium,flaml` → systems, in the table's order. Raises UserError for a name that none has."""
    known = {system.name: system for system in SYSTEMS}
    asked = [name for name in names.split(",") if name]
    for name in asked:
        if name not in known:
            raise UserError(f"no system {name!r}", expected=", ".join(known), remedy="name some of these in --systems")
    return [system for name, system in known.items() if name in asked or not asked]
