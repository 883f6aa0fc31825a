"""Mixing spans: probabilities of the same characters are averaged; whoever read another text is not heard in that row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from podium.tasks.task import Floats


def averaged(members: Sequence[Floats], weights: Sequence[float]) -> Floats:
    """Members `(n, 2 * longest)`: code points, then probabilities. A row's text is the one that weighs most."""
    half = members[0].shape[1] // 2
    codes = [member[:, :half] for member in members]
    share = np.array([np.full(len(members[0]), weight) for weight in weights])
    weight_of = np.array(
        [sum(w * (mine == other).all(axis=1) for other, w in zip(codes, weights, strict=True)) for mine in codes]
    )
    leader = np.argmax(np.round(weight_of, 9), axis=0)
    rows = np.arange(len(leader))
    text = np.stack(codes)[leader, rows]
    for place, mine in enumerate(codes):
        share[place] *= (mine == text).all(axis=1)
    share /= share.sum(axis=0)
    mixed = np.empty_like(members[0])
    mixed[:, :half] = text
    mixed[:, half:] = sum(
        part[:, None].astype(mixed.dtype) * member[:, half:] for part, member in zip(share, members, strict=True)
    )
    return mixed
