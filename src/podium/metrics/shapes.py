"""What truth and predictions look like where one row of numbers a unit will not do: one frozen data class a family.

Every shape is a sequence of units (users, images, documents, series' points): `len(x)` counts them and `x[selector]`
takes some by a boolean mask or by positions, so folds, jackknives and bootstraps treat them as they treat arrays.
Ragged shapes are flat arrays with `offsets` `(n + 1,)`: unit i holds `flat[offsets[i]:offsets[i + 1]]`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.errors import InvalidPredictions

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def offsets_of(sizes: Iterable[int]) -> Ints:
    """`(n + 1,)` from the sizes of n units."""
    return np.concatenate(([0], np.cumsum(np.fromiter(sizes, dtype=np.int64)))).astype(np.int64)


def ragged_positions(offsets: Ints, chosen: Ints) -> Ints:
    """Positions in the flat array of the chosen units' elements, unit after unit."""
    sizes = offsets[chosen + 1] - offsets[chosen]
    starts = np.repeat(offsets[chosen] - np.concatenate(([0], np.cumsum(sizes)[:-1])), sizes)
    return np.asarray(starts + np.arange(int(sizes.sum())), dtype=np.int64)


def unit_positions(selector: Any, count: int) -> Ints:
    """A boolean mask, positions or a slice as positions `(m,)` int64."""
    return np.asarray(np.arange(count, dtype=np.int64)[selector], dtype=np.int64)


def check_units(truth: Any, prediction: Any) -> None:
    """Raises InvalidPredictions where truth and prediction do not cover the same number of units."""
    if len(truth) != len(prediction):
        raise InvalidPredictions(f"expected predictions of {len(truth)} units; found {len(prediction)}")


def concatenated(parts: Sequence[Any]) -> Any:
    """The units of several arrays, or of several shapes of one kind, one after another. Raises ValueError: none."""
    if not parts:
        raise ValueError("nothing to concatenate")
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    return parts[0].joined(parts)


def same(a: Any, b: Any) -> bool:
    """Whether two arrays or shapes are equal, element by element."""
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return np.array_equal(a, b)
    if dataclasses.is_dataclass(a) and type(a) is type(b):
        return all(same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    return bool(a == b)


@dataclass(frozen=True, eq=False)
class Ranking:
    """A list of items a unit. As prediction: best first. As truth: the relevant items, in any order.

    `items` flat `(m,)`, int64 codes or strings; `offsets` `(n + 1,)`; `gains` `(m,)`: relevance >= 0 of truth's items,
    None where all are 1.
    """

    items: NDArray[Any]
    offsets: Ints
    gains: Floats | None = None

    @classmethod
    def from_lists(cls, lists: Sequence[Sequence[Any]], gains: Sequence[Sequence[float]] | None = None) -> Ranking:
        """One list of items a unit (all ints, or all strings)."""
        flat = np.asarray([item for one in lists for item in one])
        items = flat.astype(np.int64) if not len(flat) else flat
        weights = None if gains is None else np.asarray([g for one in gains for g in one], dtype=np.float64)
        return cls(items, offsets_of(map(len, lists)), weights)

    @classmethod
    def from_strings(cls, texts: Sequence[str]) -> Ranking:
        """Items separated by blanks, as submissions hold them; the items are strings."""
        return cls.from_lists([text.split() for text in texts])

    @property
    def sizes(self) -> Ints:
        return np.diff(self.offsets)

    @property
    def unit(self) -> Ints:
        """The unit of each item, `(m,)`."""
        return np.repeat(np.arange(len(self)), self.sizes)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, selector: Any) -> Ranking:
        chosen = unit_positions(selector, len(self))
        at = ragged_positions(self.offsets, chosen)
        gains = None if self.gains is None else self.gains[at]
        return Ranking(self.items[at], offsets_of(self.sizes[chosen]), gains)

    @classmethod
    def joined(cls, parts: Sequence[Ranking]) -> Ranking:
        gains = (
            None
            if any(p.gains is None for p in parts)
            else np.concatenate([p.gains for p in parts if p.gains is not None])
        )
        sizes = np.concatenate([p.sizes for p in parts])
        return cls(np.concatenate([p.items for p in parts]), offsets_of(sizes), gains)

    def head(self, k: int) -> Ranking:
        """The first k items of every unit."""
        rank = np.arange(len(self.items)) - np.repeat(self.offsets[:-1], self.sizes)
        keep = rank < k
        gains = None if self.gains is None else self.gains[keep]
        return Ranking(self.items[keep], offsets_of(np.minimum(self.sizes, k)), gains)


@dataclass(frozen=True, eq=False)
class Text:
    """One string a unit."""

    values: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, selector: Any) -> Text:
        return Text(tuple(self.values[i] for i in unit_positions(selector, len(self))))

    @classmethod
    def joined(cls, parts: Sequence[Text]) -> Text:
        return cls(tuple(value for part in parts for value in part.values))


@dataclass(frozen=True, eq=False)
class Masks:
    """`planes` binary masks an image (one a class), of any size. `pixels` flat bool, image after image, plane after
    plane, each row by row (C order); `shapes` `(n, 2)`: height and width."""

    pixels: NDArray[np.bool_]
    shapes: Ints
    planes: int = 1

    @classmethod
    def from_array(cls, masks: NDArray[Any]) -> Masks:
        """From `(n, h, w)`; above 0 is the object."""
        n, height, width = masks.shape
        return cls((masks > 0).reshape(-1), np.tile(np.array([height, width], dtype=np.int64), (n, 1)))

    @classmethod
    def from_rle(cls, runs: Sequence[str], shapes: NDArray[Any]) -> Masks:
        """From Kaggle's run lengths: "start length …", 1-based, down the columns first. "" and "-1" are empty masks.

        `shapes` `(n, 2)`, or `(2,)` where all are alike. Raises InvalidPredictions: odd counts, not integers, outside
        the image, overlapping or unsorted runs.
        """
        sizes = np.broadcast_to(np.asarray(shapes, dtype=np.int64), (len(runs), 2))
        masks = [_decode(run, int(h), int(w)) for run, (h, w) in zip(runs, sizes, strict=True)]
        return cls(np.concatenate(masks) if masks else np.zeros(0, dtype=np.bool_), np.array(sizes))

    @property
    def offsets(self) -> Ints:
        """Where each image's pixels begin, all its planes together, `(n + 1,)`."""
        return offsets_of(self.planes * self.shapes.prod(axis=1))

    def to_rle(self) -> list[str]:
        """Kaggle's run lengths, `from_rle`'s inverse; those of an image's planes one after another."""
        parts = np.split(self.pixels, self.offsets[1:-1]) if len(self) else []
        images = (part.reshape(self.planes, h, w) for part, (h, w) in zip(parts, self.shapes, strict=True))
        return [_encode(plane) for image in images for plane in image]

    def __len__(self) -> int:
        return len(self.shapes)

    def __getitem__(self, selector: Any) -> Masks:
        chosen = unit_positions(selector, len(self))
        if self.alike:
            return Masks(self.pixels.reshape(len(self), -1)[chosen].reshape(-1), self.shapes[chosen], self.planes)
        return Masks(self.pixels[ragged_positions(self.offsets, chosen)], self.shapes[chosen], self.planes)

    @property
    def alike(self) -> bool:
        """Whether all images have one size."""
        return len(self) > 0 and bool((self.shapes == self.shapes[0]).all())

    @classmethod
    def joined(cls, parts: Sequence[Masks]) -> Masks:
        pixels, shapes = np.concatenate([p.pixels for p in parts]), np.concatenate([p.shapes for p in parts])
        return Masks(pixels, shapes, parts[0].planes)


def check_runs(run: str, height: int, width: int) -> tuple[Ints, Ints]:
    """(starts from 0, lengths) of run lengths; none for an empty mask. Raises InvalidPredictions as `Masks.from_rle`."""
    plain = run.strip()
    if plain in ("", "-1", "nan"):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    try:
        numbers = np.array(plain.split(), dtype=np.int64)
    except ValueError:
        raise InvalidPredictions(f"run lengths are integers; found {plain[:40]!r}") from None
    if len(numbers) % 2:
        raise InvalidPredictions(f"run lengths are pairs of start and length; found {len(numbers)} numbers")
    starts, lengths = numbers[::2] - 1, numbers[1::2]
    ends = starts + lengths
    if (starts < 0).any() or (lengths <= 0).any() or (ends > height * width).any() or (starts[1:] < ends[:-1]).any():
        raise InvalidPredictions(
            f"runs are ascending, without overlap, within {height} x {width} pixels; found {plain[:40]!r}"
        )
    return starts, lengths


def _decode(run: str, height: int, width: int) -> NDArray[np.bool_]:
    starts, lengths = check_runs(run, height, width)
    ends = starts + lengths
    steps = np.zeros(height * width + 1, dtype=np.int8)
    np.add.at(steps, starts, 1)
    np.add.at(steps, ends, -1)
    down_first = np.cumsum(steps[:-1], dtype=np.int8) > 0
    return np.ascontiguousarray(down_first.reshape(width, height).T).reshape(-1)


def _encode(mask: NDArray[np.bool_]) -> str:
    padded = np.concatenate(([False], mask.T.reshape(-1), [False]))
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    starts, ends = edges[::2], edges[1::2]
    return " ".join(map(str, np.column_stack([starts + 1, ends - starts]).reshape(-1)))


@dataclass(frozen=True, eq=False)
class Boxes:
    """Boxes of n images, any number an image. `image` `(m,)`: 0..n-1; `label` `(m,)` class codes;
    `corners` `(m, 4)`: xmin, ymin, xmax, ymax in pixels; `confidence` `(m,)`, ones for truth."""

    image: Ints
    label: Ints
    corners: Floats
    confidence: Floats
    n_images: int

    @classmethod
    def of(cls, image: Any, label: Any, corners: Any, n_images: int, confidence: Any = None) -> Boxes:
        """From anything array-like. Raises InvalidPredictions: shapes that disagree, not finite, an unknown image."""
        where = np.asarray(image, dtype=np.int64).reshape(-1)
        box = np.asarray(corners, dtype=np.float64).reshape(-1, 4)
        sure = np.ones(len(where)) if confidence is None else np.asarray(confidence, dtype=np.float64).reshape(-1)
        kind = np.asarray(label, dtype=np.int64).reshape(-1)
        if not len(where) == len(kind) == len(box) == len(sure):
            raise InvalidPredictions(
                f"expected one image, label, box and confidence a box; found {len(where)}, {len(kind)}, {len(box)}, {len(sure)}"
            )
        if not (np.isfinite(box).all() and np.isfinite(sure).all()):
            raise InvalidPredictions("boxes and confidences are finite numbers; found NaN or infinity")
        if len(where) and not 0 <= where.min() <= where.max() < n_images:
            raise InvalidPredictions(f"images are numbered 0 to {n_images - 1}; found {where.min()} to {where.max()}")
        return cls(where, kind, box, sure, n_images)

    def __len__(self) -> int:
        return self.n_images

    def __getitem__(self, selector: Any) -> Boxes:
        chosen = unit_positions(selector, len(self))
        order = np.argsort(self.image, kind="stable")
        at = order[ragged_positions(offsets_of(np.bincount(self.image, minlength=len(self))), chosen)]
        sizes = np.bincount(self.image, minlength=len(self))[chosen]
        image = np.repeat(np.arange(len(chosen), dtype=np.int64), sizes)
        return Boxes(image, self.label[at], self.corners[at], self.confidence[at], len(chosen))

    @classmethod
    def joined(cls, parts: Sequence[Boxes]) -> Boxes:
        first = np.cumsum([0, *(p.n_images for p in parts[:-1])])
        return cls(
            np.concatenate([p.image + at for p, at in zip(parts, first, strict=True)]),
            np.concatenate([p.label for p in parts]), np.concatenate([p.corners for p in parts]),
            np.concatenate([p.confidence for p in parts]), sum(p.n_images for p in parts),
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Series:
    """Truth of a forecast, one unit a point. All `(n,)`: `values`; `series`: code of the series; `scale`: its
    in-sample scale, the same at each of its points (`forecasts.naive_scale`); `weight`: of the point or its series."""

    values: Floats
    series: Ints
    scale: Floats
    weight: Floats

    @classmethod
    def of(cls, values: Any, series: Any = None, scale: Any = None, weight: Any = None) -> Series:
        """What is left out: one series, scales and weights of 1."""
        y = np.asarray(values, dtype=np.float64).reshape(-1)
        ones = np.ones(len(y))
        return cls(
            y,
            np.zeros(len(y), dtype=np.int64) if series is None else np.asarray(series, dtype=np.int64).reshape(-1),
            ones if scale is None else np.asarray(scale, dtype=np.float64).reshape(-1),
            ones if weight is None else np.asarray(weight, dtype=np.float64).reshape(-1),
        )

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, selector: Any) -> Series:
        at = unit_positions(selector, len(self))
        return Series(self.values[at], self.series[at], self.scale[at], self.weight[at])

    @classmethod
    def joined(cls, parts: Sequence[Series]) -> Series:
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in dataclasses.fields(cls)))


@dataclass(frozen=True, eq=False)
class Tokens:
    """Truth of language modelling, one unit a token: `codes` `(n,)` into the vocabulary, `sizes` `(n,)`: its bytes."""

    codes: Ints
    sizes: Ints

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, selector: Any) -> Tokens:
        at = unit_positions(selector, len(self))
        return Tokens(self.codes[at], self.sizes[at])

    @classmethod
    def joined(cls, parts: Sequence[Tokens]) -> Tokens:
        return cls(np.concatenate([p.codes for p in parts]), np.concatenate([p.sizes for p in parts]))
