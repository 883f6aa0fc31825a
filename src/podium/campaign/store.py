"""Saved predictions as arrays: the only thing scores, gates and blends are ever computed from."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from podium import ensemble
from podium.competition.dataset import Dataset
from podium.errors import InvalidPredictions
from podium.registry import Registry
from podium.registry.runs import RunRow
from podium.tasks.task import Floats, Task

MEMORY_BYTES = 96 << 20


def imported_path(campaign: Path, id_: str, what: str) -> Path:
    """Where a member of the untrusted pool lies. `what`: oof (aligned with `dataset.train`) or holdout (test, vault)."""
    return campaign / "imported" / f"{id_}_{what}.npy"


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_predictions(path: Path, dtype: str = "float64") -> Floats:
    """The array of an .npy file that foreign code wrote, of this type. Raises InvalidPredictions on anything else.

    Memory-mapped first: a header that claims more rows than the file has would else be allocated before it is refused.
    """
    try:
        mapped = np.lib.format.open_memmap(path, mode="r")
    except (ValueError, OSError, OverflowError, TypeError, EOFError) as problem:
        raise InvalidPredictions(f"{path.name} cannot be read: {problem}") from problem
    if mapped.dtype != np.dtype(dtype) or mapped.ndim > 2:
        raise InvalidPredictions(f"{path.name}: expected {dtype} (n, k); found {mapped.dtype} {mapped.shape}")
    return np.array(mapped)


class PredictionStore:
    """OOF, vault and test predictions of experiments, checked against the registry's hashes as they are read."""

    def __init__(self, campaign: Path, registry: Registry, dataset: Dataset, task: Task) -> None:
        self._campaign, self._registry, self._dataset, self._task = campaign, registry, dataset, task
        self.scored = np.flatnonzero(dataset.fold_of >= 0)  # positions in `dataset.train` that a fold predicts
        self.fold_of = dataset.fold_of[self.scored]
        whole = None if dataset.groups is None else np.load(dataset.groups)
        self.groups = None if whole is None else whole[dataset.train[self.scored]]  # sampling units of the scored rows
        self._dtype = task.layout().dtype
        self._cache: OrderedDict[tuple[str, str], Floats] = OrderedDict()

    def of_run(self, run: RunRow, n_rows: int) -> Floats:
        """`(n_rows, k)`. Raises InvalidPredictions where the file is not what the registry recorded, or not valid."""
        path = self._campaign / run.folder / "predictions.npy"
        if not path.is_file() or file_sha256(path) != run.exit.files.get("predictions.npy"):
            raise InvalidPredictions(f"{path} is not the file that was recorded: it is gone, or its sha256 differs")
        return self._task.check(read_predictions(path, self._dtype), n_rows)

    def oof(self, experiment: str) -> Floats:
        """`(n_scored, k)`, NaN for rows of folds that were not run."""
        return self._cached(experiment, "oof")

    def holdout(self, experiment: str) -> Floats:
        """`(n_test + n_vault, k)`: test rows first, in submission order; the fold models' mixture (or the refit's)."""
        return self._cached(experiment, "holdout")

    def fold_rows(self, fold: int) -> NDArray[np.int64]:
        """Positions, among the scored rows, of one fold (0-based)."""
        return np.flatnonzero(self.fold_of == fold)

    def _cached(self, experiment: str, what: str) -> Floats:
        key = (experiment, what)
        if key not in self._cache:
            imported = self._load_imported(experiment, what)
            load = self._load_oof if what == "oof" else self._load_holdout
            self._cache[key] = load(experiment) if imported is None else imported
            while sum(a.nbytes for a in self._cache.values()) > MEMORY_BYTES and len(self._cache) > 1:
                self._cache.popitem(last=False)
        self._cache.move_to_end(key)
        return self._cache[key]

    def _load_imported(self, id_: str, what: str) -> Floats | None:
        """Predictions of the untrusted pool; None where the id is an experiment's."""
        member = self._registry.imported.get(id_)
        if member is None:
            return None
        path = imported_path(self._campaign, id_, what)
        sha = member.oof_sha if what == "oof" else member.holdout_sha
        if not path.is_file() or file_sha256(path) != sha:
            raise InvalidPredictions(f"{path} is not the file that was imported: it is gone, or its sha256 differs")
        values = read_predictions(path, self._dtype)
        return values[self.scored] if what == "oof" else values

    def _load_oof(self, experiment: str) -> Floats:
        values = np.full((len(self.scored), self._task.n_outputs()), np.nan, dtype=self._dtype)
        for run in self._registry.runs.of(experiment):
            if run.kind == "fit" and run.part.startswith("fold_"):
                rows = self.fold_rows(int(run.part.removeprefix("fold_")) - 1)
                values[rows] = self.of_run(run, len(rows))
        return values

    def _load_holdout(self, experiment: str) -> Floats:
        n_rows = len(self._dataset.test) + len(self._dataset.vault)
        parts = [run for run in self._registry.runs.of(experiment) if run.part.startswith(("holdout_", "refit"))]
        if not parts:
            raise InvalidPredictions(f"{experiment} has no test predictions yet")
        return ensemble.evenly(self._task, [self.of_run(run, n_rows) for run in parts])
