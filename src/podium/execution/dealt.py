"""From descriptors to what a solution sees: `Rows` and `Context`. Runs confined, before any foreign code."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Column, Context, Layout, Rows

if TYPE_CHECKING:
    import polars as pl

SIDE = "side:"  # prefix of label-side columns in labels.arrow


class Deal:
    """What one run was dealt. Reading closes the descriptors: no file of the engine's stays open for a solution."""

    def __init__(self, job: Mapping[str, Any], fds: Mapping[str, int], scratch: Path) -> None:
        self.job, self._fds, self.scratch = job, dict(fds), scratch
        self.source = self._table("features")
        rows = self._arrays("rows")
        self._train = rows.get("train", np.empty(0, dtype=np.int64))
        self._predict = rows.get("predict", np.empty(0, dtype=np.int64))
        self._groups: NDArray[np.int64] | None = self._array("groups")
        self._times: NDArray[np.float64] | None = self._array("times")
        self._labels = self._table("labels") if "labels" in self._fds else None
        self._parents = {name: self._array(f"parent:{name}") for name in self._named("parent:")}
        self.layout = layout_of(job["context"])

    def train(self) -> Rows:
        """The labelled rows of a fit, truth as the protocol has it. Raises ValueError where labels and rows disagree."""
        labels = self._labels
        if labels is None:
            raise ValueError("a fit without labels.arrow")
        if labels.height != len(self._train):
            raise ValueError(f"labels.arrow has {labels.height} rows, rows.npz {len(self._train)} train rows")
        side = {name: name.removeprefix(SIDE) for name in labels.columns if name.startswith(SIDE)}
        weight = labels["weight"].to_numpy().astype(np.float64) if "weight" in labels.columns else None
        beside = labels.select(list(side)).rename(side) if side else None
        origin = labels["origin"].to_numpy().astype(np.str_) if "origin" in labels.columns else "real"
        return self._rows(self._train, y=truth_of(labels, self.layout), weight=weight, labels=beside, origin=origin)

    def predict(self) -> Rows:
        """The rows to predict, without labels."""
        return self._rows(self._predict)

    def every(self) -> Rows:
        """All rows of the feature file, without labels."""
        return self._rows(np.arange(self.source.height, dtype=np.int64))

    def unlabelled(self) -> Rows:
        """All rows that are not trained on."""
        mask = np.ones(self.source.height, dtype=bool)
        mask[self._train] = False
        return self._rows(np.flatnonzero(mask))

    def context(self, unlabelled: bool) -> Context:
        """The context of the request; `unlabelled` only where the solution declares that it reads them."""
        given = self.job["context"]
        return Context(
            seed=self.job["seed"],
            cores=self.job["threads"],
            task_type=given["task_type"],
            metric=given["metric"],
            n_outputs=given["n_outputs"],
            schema=tuple(Column(**column) for column in given["schema"]),
            device=given.get("device", "cpu"),
            classes=tuple(given.get("classes", ())),
            layout=self.layout,
            deadline=self.job["deadline"],
            parents={name: array for name, array in self._parents.items() if array is not None},
            tables={name: Path(f"/proc/self/fd/{self._fds[f'table:{name}']}") for name in self._named("table:")},
            weights={name: Path(path) for name, path in self.job.get("weights", {}).items()},
            scratch=self.scratch,
            unlabelled=self.unlabelled() if unlabelled else None,
        )

    def _rows(self, ids: NDArray[np.int64], **labelled: Any) -> Rows:
        files = self.job["files"]
        groups = None if self._groups is None else self._groups[ids]
        times = None if self._times is None else self._times[ids]
        return Rows(self.source, ids, groups=groups, times=times, files=Path(files) if files else None, **labelled)

    def _named(self, prefix: str) -> list[str]:
        return [name.removeprefix(prefix) for name in self._fds if name.startswith(prefix)]

    def _table(self, name: str) -> pl.DataFrame:
        import polars

        with os.fdopen(self._fds.pop(name), "rb") as file:
            return polars.read_ipc(file)

    def _arrays(self, name: str) -> dict[str, NDArray[np.int64]]:
        if name not in self._fds:
            return {}
        with os.fdopen(self._fds.pop(name), "rb") as file, np.load(file, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}

    def _array(self, name: str) -> NDArray[Any] | None:
        if name not in self._fds:
            return None
        with os.fdopen(self._fds.pop(name), "rb") as file:
            array: NDArray[Any] = np.load(file, allow_pickle=False)
            return array


def layout_of(given: Mapping[str, Any]) -> Layout:
    """The layout in a request's context; one number a column where it names none."""
    stated = given.get("layout")
    if stated is None:
        return Layout("dense", (int(given["n_outputs"]),))
    return Layout(stated["kind"], tuple(stated["shape"]), stated["dtype"])


def truth_of(labels: pl.DataFrame, layout: Layout) -> NDArray[Any]:
    """`(n,)` int64 codes or float64 values; `(n, k)` float64 for several targets; `(n,)` objects for other answers."""
    names = [f"y{i}" for i in range(labels.width) if f"y{i}" in labels.columns]
    if not names:
        raise ValueError(f"labels.arrow has no column y0; it has {', '.join(labels.columns)}")
    if len(names) > 1:
        return labels.select(names).to_numpy().astype(np.float64)
    answers = labels[names[0]]
    import polars

    if not (answers.dtype.is_numeric() or answers.dtype == polars.Boolean):
        return _objects(answers, layout)
    values = answers.to_numpy()
    return values.astype(np.int64 if values.dtype.kind in "iub" else np.float64)


def _objects(answers: pl.Series, layout: Layout) -> NDArray[Any]:
    """One object a row: bytes, a text, an array of items, or of boxes `(m, 5)`."""
    held = np.empty(len(answers), dtype=object)
    for row, value in enumerate(answers):
        if isinstance(value, (bytes, str)):
            held[row] = value
        elif layout.kind == "boxes":
            held[row] = np.asarray(value, dtype=np.float64).reshape(-1, 5)
        else:
            held[row] = np.asarray(value, dtype=np.int64)
    return held
