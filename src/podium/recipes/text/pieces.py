"""Rows of pieces as the padded tensors that an encoder reads. torch is imported inside functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

PAD = 0


def tensors(
    pieces: Sequence[Sequence[int]], second: Sequence[int] = ()
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(pieces, kinds, there), `(n, longest)` each. `second`: where the second text of each row begins, if rows have two."""
    import torch

    long = max(map(len, pieces), default=1)
    found, there = np.full((len(pieces), long), PAD, np.int64), np.zeros((len(pieces), long), bool)
    kinds = np.zeros((len(pieces), long), np.int64)
    for row, numbers in enumerate(pieces):
        found[row, : len(numbers)] = numbers
        there[row, : len(numbers)] = True
        if second:
            kinds[row, second[row] : len(numbers)] = 1
    return torch.from_numpy(found), torch.from_numpy(kinds), torch.from_numpy(there)
