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

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NEIGHBOURS = 12
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
    """Features of each file, `(n,)` each; NaN where a file does not tell."""
    rows = [describe(read_geometry(path.read_text("utf-8", errors="replace"))) for path in paths]
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
    kinds = [str(kind) for kind in np.unique(geometry.species)]
    distance, neighbour = _neighbours(geometry)
    if not distance.shape[1]:
        return out
    nearest, around = distance[:, 0], geometry.species[neighbour]
    shell = distance <= SHELL * nearest[:, None]
    out |= _summary("nearest", nearest) | _summary("shell", shell.sum(axis=1).astype(np.float64))
    out |= _summary("reach", np.nanmean(distance, axis=1)) | _summary("bond", (distance * shell).sum(1) / shell.sum(1))
    for a in kinds:
        here = geometry.species == a
        out[f"share.{a}"] = float(here.mean())
        out |= _summary(f"{a}.bond", ((distance * shell).sum(1) / shell.sum(1))[here])
        for b in kinds:
            match = (around[here] == b) & np.isfinite(distance[here])
            closest = np.where(match, distance[here], np.inf).min(axis=1)
            if np.isfinite(closest).any():
                out |= _summary(f"{a}-{b}", closest[np.isfinite(closest)])
            out[f"{a}-{b}.shell"] = float((match & shell[here]).sum(axis=1).mean())
    return out


def _neighbours(geometry: Geometry) -> tuple[Floats, NDArray[np.intp]]:
    """Distances and indexes `(n, k)` of each atom's nearest neighbours, periodic images included, nearest first."""
    from scipy.spatial import cKDTree

    n = len(geometry.places)
    shifts = np.zeros((1, 3)) if geometry.cell is None else SHIFTS @ geometry.cell
    images = (geometry.places[None, :, :] + shifts[:, None, :]).reshape(-1, 3)
    width = min(NEIGHBOURS + 1, len(images))
    distance, index = cKDTree(images).query(geometry.places, k=width)
    distance, index = distance.reshape(n, -1), index.reshape(n, -1)
    return distance[:, 1:], index[:, 1:] % n  # the first is the atom itself


def _summary(name: str, values: Floats) -> dict[str, float]:
    return {
        f"{name}.mean": float(values.mean()),
        f"{name}.min": float(values.min()),
        f"{name}.max": float(values.max()),
        f"{name}.std": float(values.std()),
    }
