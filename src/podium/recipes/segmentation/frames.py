"""Which of several frames the masks were drawn on: the one whose pixels tell most of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats32 = NDArray[np.float32]
AROUND = 7  # pixels a side of what a pixel is compared with


def marked(seen: Floats32, answers: NDArray[np.uint8], depth: int) -> int:
    """The frame 0..`depth` - 1 from which least squares on its bands, each less its surroundings, explain most of the masks.

    `seen` `(n, channels, h, w)`, a file's frames one after another; `answers` `(n, classes, h, w)` uint8. The middle frame
    where there is nothing in the masks.
    """
    from scipy import ndimage

    truth = answers.max(axis=1).astype(np.float64)
    truth = (truth - truth.mean()).reshape(-1)
    explained = np.zeros(depth)
    for frame in range(depth):
        bands = seen[:, frame::depth].astype(np.float64)
        detail = bands - ndimage.uniform_filter(bands, size=(1, 1, AROUND, AROUND), mode="nearest")
        x = detail.transpose(1, 0, 2, 3).reshape(detail.shape[1], -1).T
        x = np.hstack([x, x * x, np.ones((len(x), 1))])
        found = x @ np.linalg.lstsq(x, truth, rcond=None)[0]
        explained[frame] = found @ found
    return int(explained.argmax()) if truth.any() else depth // 2
