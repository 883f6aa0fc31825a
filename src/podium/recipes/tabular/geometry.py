"""Crystals and molecules in `.xyz` files as numbers: cell, composition, distances to the nearest neighbours.

Two dialects are read: `lattice_vector x y z` / `atom x y z El` (FHI-aims), and plain XYZ (`El x y z` after a count and
a comment, which may hold `Lattice="…"`). A file in neither dialect gives missing values.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NEIGHBOURS = 12
CROWDED = 40  # atoms in a cell
SHELL = 1.3  # a neighbour belongs to the first shell up to this multiple of the nearest distance
SHIFTS = np.array(list(itertools.product((-1, 0, 1), repeat=3)), dtype=np.float64)
NUMBER = re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$")
LATTICE = re.compile(r'Lattice="([^"]+)"')


@dataclass(frozen=True)
class Geometry:
    """`cell` rows are lattice vectors, None for a molecule; `places` `(n, 3)`; `species` n element symbols."""

    cell: Floats | None
    places: Floats
    species: NDArray[np.str_]


def read_geometries(paths: Sequence[Path]) -> dict[str, Floats]:
    """Features of each file, `(n,)` each; NaN where a file does not tell, or is not there."""
    rows = [
        describe(read_geometry(path.read_text("utf-8", errors="replace")) if path.is_file() else None) for path in paths
    ]
    names = sorted({name for row in rows for name in row})
    return {name: np.array([row.get(name, np.nan) for row in rows]) for name in names}


def read_geometry(text: str) -> Geometry | None:
    """None where the text holds no atoms in a dialect we read."""
    cell, places, species = [], [], []
    declared = LATTICE.search(text)
    for line in text.splitlines():
        words = line.split()
        if len(words) == 4 and words[0] == "lattice_vector":
            cell.append(words[1:4])
        elif len(words) == 5 and words[0] == "atom":
            places.append(words[1:4])
            species.append(words[4])
        elif len(words) >= 4 and words[0].isalpha() and all(NUMBER.match(word) for word in words[1:4]):
            places.append(words[1:4])
            species.append(words[0])
    if not places:
        return None
    if declared and len(declared.group(1).split()) == 9:
        cell = list(np.array(declared.group(1).split()).reshape(3, 3))
    box = np.array(cell, dtype=np.float64) if len(cell) == 3 else None
    return Geometry(box, np.array(places, dtype=np.float64), np.array(species))


def describe(geometry: Geometry | None) -> dict[str, float]:
    """Cell volume, composition, and for each pair of species nearest distances and neighbours in the first shell."""
    if geometry is None:
        return {}
    n, out = len(geometry.species), {"atoms": float(len(geometry.species))}
    if geometry.cell is not None:
        out["volume"] = abs(float(np.linalg.det(geometry.cell)))
        out["volume_per_atom"] = out["volume"] / n
    distance, neighbour = _neighbours(geometry)
    if not distance.shape[1]:
        return out
    kinds, code = np.unique(geometry.species, return_inverse=True)
    nearest, around = distance[:, 0], code[neighbour]
    shell = distance <= SHELL * nearest[:, None]
    bond = (distance * shell).sum(axis=1) / shell.sum(axis=1)
    groups = {"nearest": nearest, "shell": shell.sum(axis=1), "reach": distance.mean(axis=1), "bond": bond}
    for b, other in enumerate(kinds):
        match = around == b
        closest = np.where(match, distance, np.inf).min(axis=1)
        count = (match & shell).sum(axis=1)
        for a, kind in enumerate(kinds):
            here = code == a
            groups[f"{kind}-{other}"] = closest[here & (closest < np.inf)]
            out[f"{kind}-{other}.shell"] = float(count[here].mean())
    for a, kind in enumerate(kinds):
        out[f"share.{kind}"] = float((code == a).mean())
        groups[f"{kind}.bond"] = bond[code == a]
    return out | _summaries(groups)


def _neighbours(geometry: Geometry) -> tuple[Floats, NDArray[np.intp]]:
    """Distances and indexes `(n, k)` of each atom's nearest neighbours, periodic images included, nearest first."""
    from scipy.spatial import cKDTree

    n = len(geometry.places)
    images, home = _images(geometry)
    width = min(NEIGHBOURS + 1, len(images))
    distance, index = cKDTree(images).query(geometry.places, k=width)
    distance, index = distance.reshape(n, -1), index.reshape(n, -1)
    return distance[:, 1:], home[index[:, 1:]]  # the first is the atom itself


def _images(geometry: Geometry) -> tuple[Floats, NDArray[np.intp]]:
    """Places of the atoms and of those periodic images that can be neighbours, and which atom each one is."""
    n, cell = len(geometry.places), geometry.cell
    if cell is None:
        return geometry.places, np.arange(n)
    images = (geometry.places[None, :, :] + (SHIFTS @ cell)[:, None, :]).reshape(-1, 3)
    home = np.tile(np.arange(n), len(SHIFTS))
    if n >= CROWDED:  # half a cell around holds far more than the neighbours asked for
        middle = geometry.places.mean(axis=0)
        inside = np.abs((images - middle) @ np.linalg.inv(cell)).max(axis=1) <= 1.0
        return images[inside], home[inside]
    return images, home


def _summaries(groups: dict[str, NDArray[Any]]) -> dict[str, float]:
    """Mean, least, greatest and standard deviation of each group that is not empty."""
    groups = {name: values for name, values in groups.items() if len(values)}
    sizes = np.array([len(values) for values in groups.values()])
    joined = np.concatenate(list(groups.values())).astype(np.float64)
    at = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    mean = np.add.reduceat(joined, at) / sizes
    spread = np.sqrt(np.add.reduceat((joined - np.repeat(mean, sizes)) ** 2, at) / sizes)
    figures = {
        "mean": mean,
        "min": np.minimum.reduceat(joined, at),
        "max": np.maximum.reduceat(joined, at),
        "std": spread,
    }
    return {
        f"{name}.{key}": float(v) for key, values in figures.items() for name, v in zip(groups, values, strict=True)
    }
