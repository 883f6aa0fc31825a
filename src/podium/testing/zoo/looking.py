"""What Podium says of a competition before and with its first strong experiment: which defences stood up."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from podium.campaign import decide
from podium.campaign.engine import Engine
from podium.cli import making
from podium.competition import audit
from podium.records import Recipe
from podium.testing.zoo.engines import experiment, inline

if TYPE_CHECKING:
    from podium.records import AuditFinding

SPLITS = {"grouped": "group", "stratified_grouped": "group", "forward": "time", "purged": "time", "last_n": "time"}
STRONG = Recipe(
    "tabular", "lightgbm", {}, {"rounds": 120, "learning_rate": 0.1, "num_leaves": 15, "min_data_in_leaf": 5}
)


@dataclass(frozen=True)
class Look:
    """`defences`: in the words of `Planted.caught`; `blocks`, `warnings`: findings of that gravity, a line each."""

    defences: frozenset[str]
    blocks: tuple[str, ...]
    warnings: tuple[str, ...]


def look(folder: Path, campaign: Path, *, deep: bool = True) -> Look:
    """Intake, the dealt data and the audit; with `deep` a boosting's first fold too, and the referee's alarms on it."""
    making.open_or_create(str(folder), campaign=campaign, experiments=1, memory=False)
    engine = inline(campaign)
    try:
        found = list(audit(engine.competition, engine.dataset, 0))
        words = {f"audit: {one.check}" for one in found if one.severity != "info"} | _by_construction(
            engine, folder, found
        )
        if deep:
            alarms = _played(engine)
            words |= {f"alarm: {one.check.removeprefix('probe_')}" for one in alarms if one.severity != "info"}
            found += alarms
    finally:
        engine.registry.close()
    told = {
        gravity: tuple(f"{f.check}: {f.message}" for f in found if f.severity == gravity)
        for gravity in ("block", "warn")
    }
    return Look(frozenset(words), told["block"], told["warn"])


def _by_construction(engine: Engine, folder: Path, found: list[AuditFinding]) -> set[str]:
    """What the fault cannot do, since of how rows and columns are dealt."""
    data, asked = engine.dataset, engine.competition
    words = set()
    names = {column.name for column in data.columns}
    places = data.positions(data.train)
    ordered = abs(float(np.corrcoef(places, np.arange(len(places)))[0, 1]))
    if asked.id_column not in names and (ordered < 0.2 or asked.looks_forward):
        words.add("impossible: ids and row order are blinded")
    if asked.label_side_columns and not names & set(asked.label_side_columns):
        words.add("impossible: dealt with the labels alone")
    if asked.cv_strategy in SPLITS:
        words.add(f"split: {SPLITS[asked.cv_strategy]}")
    read = {asked.train_file, asked.test_file}
    strays = {path.name for kind in ("*.csv", "*.json") for path in folder.glob(kind)} - read - {asked.sample_file}
    if strays and data.files is None and not data.tables:
        words.add("impossible: no solution is given this file")
    return words


def _played(engine: Engine) -> list[AuditFinding]:
    """The referee's word on a boosting: alarms and cheap probes."""
    from podium.recipes import source

    one = experiment(engine, source.solution(STRONG, "a boosting", "what the columns tell"))
    return [] if one is None else list(decide.verify(engine, [one])[0].alarms)
