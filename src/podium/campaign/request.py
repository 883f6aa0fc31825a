"""A run's folder: what a solution is given, and the content address it is known by."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from podium.campaign import prepared, pretrained, solutions, stacked
from podium.campaign.budget import UNTIMED_WALL_S
from podium.campaign.device import Device, device_of
from podium.campaign.environment import environment
from podium.campaign.external.enlarged import Enlarged, shas, tables
from podium.execution.executor import RunRequest
from podium.execution.request import write_run
from podium.protocol import Column
from podium.records import Limits, RunKind, to_json
from podium.registry.experiments import Experiment

if TYPE_CHECKING:
    from podium.campaign.engine import Engine


DECOY = "answers.npy"  # beside a probe's rows: what no solution may find


@dataclass(frozen=True)
class Variant:
    """What a run is dealt otherwise than its experiment's own runs are: by probes, and where new rows are served.

    `labels_of`: rows whose labels the training rows are given instead of their own."""

    salt: str  # which variant, by what: part of the run's key
    labels_of: NDArray[np.int64] | None = None
    own_file: bool = False  # the features are a file of the variant's own; `groups` and `times` are aligned with it
    groups: Path | None = None
    times: Path | None = None
    decoy: NDArray[Any] | None = None  # answers planted in the run's folder
    wall_s: float | None = None  # at most so long, where time is limited


@dataclass(frozen=True)
class Part:
    """One run of an experiment: which rows it is fitted on and which it predicts (row numbers of the feature file)."""

    name: str  # prepare, fold_1 …, holdout_1 …, refit
    kind: RunKind
    train: NDArray[np.int64]
    predict: NDArray[np.int64]
    features: Path
    model: Path | None = None
    prepared_sha: str = ""  # hash of the prepared features, where the solution makes its own
    variant: Variant | None = None
    shared: str = ""  # of `prepare`: what is equal where its features are
    enlarged: Enlarged | None = None  # rows from elsewhere, among those it is fitted on


def run_key(engine: Engine, experiment: Experiment, part: Part) -> str:
    """The content address: equal keys give equal predictions, on any machine with this environment."""
    own = {
        "experiment": experiment.id,  # two may hold one solution: each has runs of its own
        "solution": experiment.solution_sha,
        "allowance": experiment.allowance_s,
    }
    return _hashed(_address(engine, experiment, part) | own)


def shared_key(engine: Engine, experiment: Experiment, part: Part, source: str) -> str:
    """The address of what `prepare` makes: equal keys give equal features, whichever experiment's they are."""
    return _hashed(_address(engine, experiment, part) | {"program": prepared.digest(source)})


def _hashed(address: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(address, sort_keys=True).encode()).hexdigest()[:32]


def _address(engine: Engine, experiment: Experiment, part: Part) -> dict[str, Any]:
    rows = hashlib.sha256(part.train.tobytes() + b"|" + part.predict.tobytes()).hexdigest()
    device = device_of(engine, experiment)
    address: dict[str, Any] = {
        "data": engine.dataset.splits_hash,
        "features": part.features.stem,
        "prepared": part.prepared_sha,
        "kind": part.kind,
        "rows": rows,
        "seed": experiment.seed,
        "threads": engine.purse.threads_on(device),
        "device": device,
        "environment": environment(),
        "model": part.name if part.model else "",  # which fold's: its other inputs are the experiment's own
    }
    beside = shas(engine, experiment)
    if beside:
        address["external"] = beside
    learned = pretrained.shas(engine, experiment)
    if learned:
        address["weights"] = learned
    if part.variant is not None:
        dealt = b"" if part.variant.labels_of is None else part.variant.labels_of.tobytes()
        address["variant"] = [part.name, part.variant.salt, hashlib.sha256(dealt).hexdigest()]
    return address


def context(
    engine: Engine, device: Device = "cpu", gpu: int | None = None, more: Iterable[Column] = ()
) -> dict[str, Any]:
    """The JSON-able part of what a solution may know. `gpu`: which of several its run may see; `more`: columns beside the
    table's."""
    competition = engine.competition
    return {
        "task_type": competition.task_type,
        "metric": competition.metric,
        "n_outputs": engine.task.n_outputs(),
        "schema": [to_json(column) for column in (*engine.dataset.columns, *more)],
        "classes": list(competition.classes),
        "layout": to_json(engine.task.layout()),
        "device": device,
        "timed": engine.purse.timed,
        **({} if gpu is None else {"gpu": gpu}),
    }


def is_free(engine: Engine, experiment: Experiment, key: str, folder: Path) -> bool:
    """Whether this run may use the folder: nobody has, or its request is this very one (of a crash, to be adopted).

    Another key lies there after a library was upgraded, another path after the campaign's folder was moved."""
    try:
        request = json.loads((folder / "request.json").read_text())
    except FileNotFoundError:
        return True
    except ValueError:
        return False
    return bool(request["key"] == key and request["solution"] == str(engine.solution_path(experiment.id)))


def _wall_s(engine: Engine, experiment: Experiment, part: Part) -> float:
    """What a fold is allowed; `prepare` stands for all folds, so it may take as long as they do one after another."""
    allowed = experiment.allowance_s or UNTIMED_WALL_S
    if part.kind == "prepare":
        allowed *= math.ceil(engine.n_folds / engine.purse.at_a_time(device_of(engine, experiment)))
    limit = part.variant.wall_s if part.variant else None
    return allowed if limit is None else min(allowed, limit)


def write_request(
    engine: Engine, experiment: Experiment, part: Part, key: str, folder: Path, gpu: int | None = None
) -> None:
    """Fill the run's folder; request.json last. Writing it again gives the same files."""
    solutions.ensure(engine, experiment)
    device = device_of(engine, experiment)
    data, variant = engine.dataset, part.variant or Variant("")
    groups, times = (variant.groups, variant.times) if variant.own_file else (data.groups, data.times)
    if part.enlarged is not None:
        groups = part.enlarged.groups
    request = RunRequest(
        key=key,
        kind=part.kind,
        solution=str(engine.solution_path(experiment.id)),
        features=str(part.features),
        limits=Limits(wall_s=_wall_s(engine, experiment, part), memory_mb=engine.purse.memory_mb),
        threads=engine.purse.threads_on(device),
        seed=experiment.seed,
        context=context(engine, device, gpu, stacked.columns(engine, experiment)),
        files=str(data.files.resolve()) if data.files else None,  # as the executor mounts them
        model=str(part.model) if part.model else None,
        # where folds look forward a run holds back what comes last, not whole groups: test goes on with the same ones
        groups=str(groups) if groups and not engine.competition.looks_forward else None,
        times=str(times) if times else None,
        tables={name: str(path) for name, path in data.tables.items()} | tables(engine, experiment),
        weights=pretrained.folders(engine, experiment),
        min_level="process" if experiment.builtin else "landlock",
    )
    if variant.decoy is not None:
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / DECOY, variant.decoy)
    of = part.train if variant.labels_of is None else variant.labels_of
    label_frame = engine.label_frame if part.enlarged is None else partial(part.enlarged.label_frame, engine)
    labels = label_frame(of) if part.kind == "fit" else None
    write_run(folder, request, train=part.train, predict=part.predict, labels=labels)
