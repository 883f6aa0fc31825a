"""Views of images and masks: flips and rotations, shifts and zooms, brightness. `(b, c, h, w)` float32, masks with them."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

FLIPS = {"none": ((),), "h": ((), (3,)), "hv": ((), (3,), (2,), (2, 3))}


def views(flips: str, square: bool) -> list[tuple[tuple[int, ...], int]]:
    """(axes mirrored, quarter turns) of each view of an image: `none`, `h`, `hv`, or `d4` with rotations."""
    if flips != "d4":
        return [(axes, 0) for axes in FLIPS[flips]]
    return [(axes, turns) for axes in FLIPS["h"] for turns in ((0, 1, 2, 3) if square else (0, 2))]


def seen(x: torch.Tensor, view: tuple[tuple[int, ...], int]) -> torch.Tensor:
    axes, turns = view
    turned = torch.rot90(x, turns, (2, 3)) if turns else x
    return turned.flip(axes) if axes else turned


def unseen(x: torch.Tensor, view: tuple[tuple[int, ...], int]) -> torch.Tensor:
    """`seen` undone."""
    axes, turns = view
    back = x.flip(axes) if axes else x
    return torch.rot90(back, -turns, (2, 3)) if turns else back


def varied(
    x: torch.Tensor, y: torch.Tensor, rng: np.random.Generator, flips: str, zoom: float, shade: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """One random view of each image of a batch. `zoom`: largest relative change of scale and twice that of place; `shade`:
    of contrast and brightness, in standard deviations of the pixels."""
    known = views(flips, x.shape[2] == x.shape[3])
    chosen = rng.integers(len(known), size=len(x))
    x = torch.cat([seen(x[at : at + 1], known[view]) for at, view in enumerate(chosen)])
    y = torch.cat([seen(y[at : at + 1], known[view]) for at, view in enumerate(chosen)])
    if zoom:
        scale = 1.0 + zoom * rng.uniform(-1.0, 1.0, size=(len(x), 1))
        theta = np.zeros((len(x), 2, 3), dtype=np.float32)
        theta[:, 0, 0], theta[:, 1, 1] = scale[:, 0], (scale * (1 + 0.3 * zoom * rng.uniform(-1, 1, (len(x), 1))))[:, 0]
        theta[:, :, 2] = 0.5 * zoom * rng.uniform(-1.0, 1.0, size=(len(x), 2))
        grid = F.affine_grid(torch.from_numpy(theta), list(x.shape), align_corners=False)
        x = F.grid_sample(x, grid, padding_mode="reflection", align_corners=False)
        y = F.grid_sample(y, grid, padding_mode="reflection", align_corners=False)
    if shade:
        change = torch.from_numpy(rng.normal(0.0, shade, size=(2, len(x), 1, 1, 1)).astype(np.float32))
        x = x * (1.0 + 0.5 * change[0]) + change[1]
    return x, y
