"""Several labels in one cell (`scab frog_eye_leaf_spot`, `16 0`), told from labels of several words (`Iris setosa`)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import polars as pl

SEPARATORS = (" ", "|", ";", ",")
MOST_LABELS = 5000
LEAST_SHARE = 0.01  # of rows have several labels


@dataclass(frozen=True)
class LabelSets:
    """`share` of rows with several labels; `doubtful` where labels of several words would look alike."""

    labels: tuple[str, ...]
    separator: str
    share: float
    example: str
    doubtful: bool


def label_sets(column: pl.Series) -> LabelSets | None:
    """The labels that cells list, where they do: they recur in other cells, in other company, and never twice in one."""
    cells = column.drop_nulls().cast(pl.String).str.strip_chars()
    if cells.cast(pl.Float64, strict=False).null_count() == 0:
        return None
    for separator in SEPARATORS:
        found = _measure(cells, separator)
        if found is not None:
            return found
    return None


def _measure(cells: pl.Series, separator: str) -> LabelSets | None:
    counts = cells.value_counts()
    distinct = [[part.strip() for part in cell.split(separator)] for cell in counts[cells.name].to_list()]
    several = [parts for parts in distinct if len(parts) > 1]
    if not several or any(len(set(parts)) < len(parts) or "" in parts for parts in several):
        return None
    share = float((cells.str.contains(separator, literal=True)).mean() or 0.0)  # type: ignore[arg-type]
    labels = Counter(label for parts in distinct for label in parts)
    if share < LEAST_SHARE or len(labels) > MOST_LABELS or len(labels) >= 0.5 * len(cells):
        return None
    company = Counter(label for parts in several for label in parts)
    alone = {parts[0] for parts in distinct if len(parts) == 1}
    recur = sum(company[label] >= 2 or label in alone for label in company) / len(company)
    if recur < 0.8 or len(several) < 2:
        return None
    names = tuple(sorted(labels, key=_natural))
    example = separator.join(several[int(np.argmax([len(parts) for parts in several]))])
    doubtful = not (alone & set(company)) or (len(several) < len(company) and separator == " ")
    return LabelSets(names, separator, share, example[:60], doubtful)


def _natural(label: str) -> tuple[float, str]:
    try:
        return float(label), ""
    except ValueError:
        return float("inf"), label
