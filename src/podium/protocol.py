"""What a solution sees: `Rows`, `Context` and typed predictions. This page is the whole contract.

A solution is a Python file with two functions, and may have a third:

    def fit(train: Rows, ctx: Context) -> Model: ...
    def predict(model: Model, rows: Rows, ctx: Context) -> Predictions: ...
    def prepare(rows: Rows, ctx: Context) -> polars.DataFrame: ...   # optional; features of all rows, no labels

The engine decides which rows are labelled, which are predicted, and when. `Model` is any object that pickles.
Its docstring is its header: lines `requires: name` name packages; `weights: name` asks for pretrained weights, which
are then a folder, `ctx.weights[name]`; `reads: unlabelled` declares that `fit` uses rows without labels
(`ctx.unlabelled`), which is refused where the test set is hidden.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

Origin = Literal["real", "pseudo", "external"]
ColumnKind = Literal["numeric", "categorical", "text", "date", "code", "boolean", "file", "list", "constant"]
LayoutKind = Literal["dense", "masks", "images", "boxes", "ranking", "spans", "text"]


@dataclass(frozen=True)
class Column:
    """One feature column as intake understood it.

    `kind`: numeric, categorical (few values), text (words), date, code (structured string such as `F/731/S` or
    `0013_01`), boolean, file (path of a file beside the table), list (several values: what a user did), constant.
    """

    name: str
    kind: ColumnKind
    n_unique: int = 0
    missing: float = 0.0  # share of rows, 0..1
    mean_length: float = 0.0  # mean characters, strings only
    pixels: int = 0  # file columns of images: median of their longer side; 0: no images, or nothing here reads them


@dataclass(frozen=True)
class Layout:
    """What the numbers of one row's predictions mean: an array of `shape`, flattened (C order) into `Dense.values`.

    dense `(k,)`: class probabilities at the training prior, or values. masks `(classes, height, width)`: probabilities of
    each pixel, on a grid laid over the whole image. images `(channels, height, width)`: values 0..1, top left where the
    image is smaller. boxes `(most, 6)`: class code, xmin, ymin, xmax, ymax (pixels of the image as its file has it),
    confidence; most confident first, rows of zeros after the last. ranking `(most, 2)`: item code, score; best first,
    -1 and 0 after the last. spans `(2, longest)`: code points of the row's text, and the probability that each of its
    characters belongs to the answer; 0 after the last. text `(longest,)`: code points, 0 after the last.
    `podium.packing` makes and reads all but the first.
    """

    kind: LayoutKind
    shape: tuple[int, ...]
    dtype: Literal["float64", "float32", "float16"] = "float64"  # in which predictions are kept

    @property
    def width(self) -> int:
        return math.prod(self.shape)


class Rows:
    """Some rows of the competition, in the order the engine dealt them.

    `ids` are blinded: an int64 array of positions in the feature file, never the competition's own ids.
    `y` is None unless the rows are labelled for this run. Shapes: classification codes `(n,)` int64; regression `(n,)`
    float64; several targets `(n, k)` float64. Where an answer is no number, `(n,)` of objects: a mask or an image as
    bytes (`podium.pixels.decode`), boxes `(m, 5)` float64 (class code and corners), items `(m,)` int64, a text.
    `weight` is `(n,)` float64, ones unless the engine says otherwise. `origin` is `(n,)` words: real, or external for
    training rows from elsewhere, which are never predicted or scored.
    """

    def __init__(
        self,
        source: pl.DataFrame,
        ids: NDArray[np.int64],
        *,
        y: NDArray[Any] | None = None,
        labels: pl.DataFrame | None = None,
        weight: NDArray[np.float64] | None = None,
        groups: NDArray[np.int64] | None = None,
        times: NDArray[np.float64] | None = None,
        origin: NDArray[np.str_] | Origin = "real",
        files: Path | None = None,
    ) -> None:
        self._source, self._labels, self._files = source, labels, files
        self.ids, self.y = ids, y
        self.origin = np.full(len(ids), origin) if isinstance(origin, str) else origin
        self.weight = np.ones(len(ids)) if weight is None else weight
        self.groups, self.times = groups, times

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def columns(self) -> list[str]:
        return self._source.columns

    def frame(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """The features of these rows, `(n, columns)`, in the dealt order; gathered from the one feature file."""
        source = self._source if columns is None else self._source.select(list(columns))
        return source[self.ids]

    def labels(self) -> pl.DataFrame:
        """Label-side columns that only training rows have (besides the target); empty where there are none."""
        if self._labels is None:
            raise ValueError("these rows are not labelled: labels() is for the rows dealt to fit")
        return self._labels

    def paths(self, column: str) -> list[Path]:
        """Paths of the files that a `file` column names, read-only inside the sandbox."""
        if self._files is None:
            raise ValueError(f"column {column!r} has no files in this competition")
        return [self._files / str(name) for name in self.frame([column])[column].to_list()]

    def take(self, positions: NDArray[np.intp]) -> Rows:
        """The rows at these positions (0-based, within these rows), labels and weights included."""

        def at(array: NDArray[Any] | None) -> NDArray[Any] | None:
            return None if array is None else array[positions]

        return Rows(
            self._source,
            self.ids[positions],
            y=at(self.y),
            labels=None if self._labels is None else self._labels[positions],
            weight=self.weight[positions],
            groups=at(self.groups),
            times=at(self.times),
            origin=self.origin[positions],
            files=self._files,
        )


@dataclass(frozen=True)
class Context:
    """What a solution may know beside its rows. Nothing here depends on a label it must not see."""

    seed: int
    cores: int
    task_type: str  # config.json's word: binary_classification, multiclass_classification, regression, …
    metric: str
    n_outputs: int  # width of the predictions expected back: `layout.width`
    schema: tuple[Column, ...]
    device: str = "cpu"
    deadline: float | None = None  # time.monotonic() value at which the run is stopped; None where time must not decide
    parents: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)  # OOF that a check of QA looks at
    tables: Mapping[str, Path] = field(default_factory=dict)  # Arrow files to join
    weights: Mapping[str, Path] = field(default_factory=dict)  # folders of pretrained weights, by name
    scratch: Path = Path()
    unlabelled: Rows | None = None  # only for a solution that declares `reads: unlabelled`
    classes: tuple[str, ...] = ()  # names of the class codes, where there are any
    layout: Layout = Layout("dense", (1,))

    def time_left(self) -> float:
        """Seconds until the run is stopped; infinity where decisions must not depend on time."""
        return float("inf") if self.deadline is None else self.deadline - time.monotonic()

    def inner_split(self, rows: Rows, share: float = 0.1) -> tuple[Rows, Rows]:
        """Cut (most, held-back) from training rows, e.g. for early stopping; whole groups, latest times, else random.

        Stratified by `y` where it is integer codes with at least two rows each. Rows from elsewhere are not held back.
        """
        n, rng = len(rows), np.random.default_rng(self.seed)
        want = max(1, round(n * share))
        if rows.times is not None:
            order = np.argsort(rows.times, kind="stable")
            held = order[n - want :]
        elif rows.groups is not None:
            held = _whole_groups(rows.groups, want, rng)
        elif rows.y is not None and rows.y.ndim == 1 and rows.y.dtype.kind in "iu":
            key = np.lexsort((rng.random(n), rows.y))  # one class after another, random within
            stride = max(2, round(1 / share))
            held = key[int(rng.integers(min(stride, n))) :: stride]
        else:
            held = rng.permutation(n)[:want]
        mask = np.zeros(n, dtype=bool)
        mask[held] = True
        own = mask & (rows.origin != "external")
        mask = own if own.any() else mask
        return rows.take(np.flatnonzero(~mask)), rows.take(np.flatnonzero(mask))


def _whole_groups(groups: NDArray[Any], want: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Positions of about so many rows, drawn as whole groups; one that alone is twice as many is left out where others are.
    Single rows where all are of one group."""
    names, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if len(names) < 2:
        return np.asarray(rng.permutation(len(groups))[:want])
    order = rng.permutation(len(names))
    fitting = order[sizes[order] <= 2 * want]
    fitting = fitting if len(fitting) else np.array([sizes.argmin()])
    cut = int(np.searchsorted(np.cumsum(sizes[fitting]), want)) + 1
    return np.flatnonzero(np.isin(group, fitting[: min(cut, len(names) - 1)]))


@dataclass(frozen=True)
class Dense:
    """Numbers for each row, `(n, k)` or `(n, *ctx.layout.shape)`: what they mean is `ctx.layout`'s."""

    values: NDArray[Any]


Predictions = Dense
