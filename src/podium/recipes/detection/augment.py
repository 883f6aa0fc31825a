"""Other views of a training image: mirrored, scaled, shifted, cut out, in other colours; its boxes go with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SEEN = 0.35  # of a box's area that a view must show, or the box is gone
LEAST = 2.0  # pixels of a side, or the box is gone


@dataclass(frozen=True)
class Jitter:
    """`zoom`: scale between 1/zoom and zoom, `shift`: of the canvas' side, `colour`: of a channel's range; `upside`: also
    mirrored upside down, as scenes seen from above may be."""

    zoom: float = 1.3
    shift: float = 0.1
    colour: float = 0.15
    upside: bool = False


@dataclass(frozen=True)
class View:
    """Source pixel = `scale` (x, y; negative: mirrored) x (view's pixel - view's middle) + `centre`."""

    scale: tuple[float, float]
    centre: tuple[float, float]
    size: tuple[int, int]  # height, width


def view(
    rng: np.random.Generator, jitter: Jitter, canvas: tuple[int, int], size: tuple[int, int], boxes: Floats
) -> View:
    """A random view of `size` of a canvas (height, width): of all of it, or, where it is smaller, often of a box."""
    zoom, stretch = np.exp(rng.uniform(-1, 1) * np.log(jitter.zoom)), np.exp(rng.uniform(-0.1, 0.1))
    scale = (zoom * stretch * rng.choice([-1, 1]), zoom / stretch * (rng.choice([-1, 1]) if jitter.upside else 1))
    target = boxes[rng.integers(len(boxes))] if len(boxes) and rng.random() < 0.5 else None
    centre = []
    for axis in (1, 0):  # x, then y
        room = (canvas[axis] - size[axis]) / 2
        middle = canvas[axis] / 2 + rng.uniform(-1, 1) * (room + jitter.shift * size[axis])
        if room > 0 and target is not None:
            low = 1 if axis == 1 else 2
            middle = (target[low] + target[low + 2]) / 2 + rng.uniform(-0.4, 0.4) * size[axis]
        centre.append(float(middle))
    return View((float(scale[0]), float(scale[1])), (centre[0], centre[1]), size)


def seen(boxes: Floats, of: View) -> Floats:
    """Boxes `(m, 5)` in the view's pixels, cut to it; those hardly seen are left out."""
    out = np.array(boxes, dtype=np.float64)
    for axis, low in ((0, 1), (1, 2)):
        middle = of.size[1 - axis] / 2
        ends = (boxes[:, [low, low + 2]] - of.centre[axis]) / of.scale[axis] + middle
        out[:, low], out[:, low + 2] = ends.min(axis=1), ends.max(axis=1)
    area = (out[:, 3] - out[:, 1]) * (out[:, 4] - out[:, 2])
    out[:, 1:5:2] = out[:, 1:5:2].clip(0, of.size[1])
    out[:, 2:5:2] = out[:, 2:5:2].clip(0, of.size[0])
    width, height = out[:, 3] - out[:, 1], out[:, 4] - out[:, 2]
    return out[(width * height > SEEN * area) & (width >= LEAST) & (height >= LEAST)]
