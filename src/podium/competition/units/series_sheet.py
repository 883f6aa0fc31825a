"""What a sample submission asks, a row a point whatever quantiles of it are asked."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from podium.competition.quantile_answers import joined_rows, levels_of_columns, levels_of_ids
from podium.metrics import get
from podium.records import Competition


@dataclass(frozen=True)
class Asked:
    """`names` `(n,)`: what each row asks for: a series, or a series and its step. `keys` `(n,)`: what it is called in the
    submission, several rows as one text where each is a quantile. `steps`: columns of steps; () where a row is one point."""

    names: pl.Series
    keys: pl.Series
    steps: tuple[str, ...]

    def called(self, names: pl.Series) -> pl.Series:
        """The keys of rows of these names, in their order; the names themselves where they are others."""
        if self.names is self.keys or set(names.to_list()) != set(self.names.to_list()):
            return names
        known = dict(zip(self.names.to_list(), self.keys.to_list(), strict=True))
        return pl.Series(names.name, [known[name] for name in names.to_list()], dtype=pl.String)


def asked_of(competition: Competition, ids: pl.Series, columns: list[str]) -> Asked:
    """From the ids of a sample submission, and its columns of answers."""
    steps = tuple(columns) if len(columns) > 1 else ()
    quantiles = get(competition.metric).levels
    if not quantiles or levels_of_columns(columns) or (len(columns) == len(quantiles) > 1):
        return Asked(ids, ids, () if quantiles else steps)
    stems, levels = levels_of_ids(ids)
    if not levels:
        return Asked(ids, ids, steps)
    rows = joined_rows(ids, stems)
    return Asked(rows["stem"].alias(ids.name), rows["rows"].alias(ids.name), steps)
