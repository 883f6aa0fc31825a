"""How alike experiments predict: rank correlations of their OOF predictions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from podium.metrics.correlations import average_ranks
from podium.tasks.task import Floats

MAX_ROWS = 20_000
MAX_COLUMNS = 256


def correlations(oofs: Mapping[str, Floats], *, max_rows: int = MAX_ROWS) -> dict[str, dict[str, float]]:
    """Correlation matrix, name → name → r, of `(n, k)` OOF predictions, NaN where unknown.

    Each column is ranked, so models on another scale compare, then columns are flattened and Pearson's r taken, over
    the rows both have (at most `max_rows`, evenly spaced, as columns are beyond 256). 0 where one is constant or nothing
    is common; 1 with itself.
    """
    names = list(oofs)
    if not names:
        return {}
    step = -(-len(next(iter(oofs.values()))) // max_rows)
    every = -(-next(iter(oofs.values())).shape[1] // MAX_COLUMNS)  # pictures: some pixels tell
    taken = {name: np.asarray(values[::step, ::every], dtype=np.float64) for name, values in oofs.items()}
    known = {name: ~np.isnan(values).any(axis=1) for name, values in taken.items()}
    complete = {name: _standard(taken[name]) for name in names if known[name].all()}
    matrix: dict[str, dict[str, float]] = {name: {name: 1.0} for name in names}
    for at, a in enumerate(names):
        for b in names[at + 1 :]:
            if a in complete and b in complete:
                r = float(complete[a] @ complete[b])
            else:
                both = known[a] & known[b]
                r = float(_standard(taken[a][both]) @ _standard(taken[b][both])) if both.sum() > 1 else 0.0
            matrix[a][b] = matrix[b][a] = min(1.0, max(-1.0, r))
    return {a: {b: matrix[a][b] for b in names} for a in names}


def _standard(values: Floats) -> Floats:
    """Column ranks, centred a column, flattened, of length 1; zeros where all are constant."""
    ranks = np.column_stack([average_ranks(column) for column in values.T])
    flat = (ranks - ranks.mean(axis=0)).ravel()
    length = float(np.sqrt(flat @ flat))
    return np.asarray(flat / length if length > 0 else flat, dtype=np.float64)
