"""Training tables larger than memory: one row in k, drawn evenly, streamed from disk; test is always read whole.

k is chosen once, at intake, and recorded with the competition: every later read draws the same rows.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from podium.competition import memory

ROOM = 0.5  # of the free memory that the sample may take, test and the team's runs beside it
MOST = 1024  # a table of which not even one row in so many fits is refused
_KNUTH, _WORD, _HALF = 2654435761, 1 << 32, 1 << 16  # Knuth's multiplicative hash: no period of the data meets it


def one_in(path: Path, kind: str) -> int:
    """k, a power of two; 1 where the table fits, or is of a kind that cannot be streamed (then reading it refuses)."""
    if not path.is_file() or path.stat().st_size < memory.SMALL:
        return 1
    if kind in ("parquet", "pq"):
        need = memory.need_of_parquet(path)
    elif kind in ("csv", "tsv", "tab", "txt", "dat", "data"):
        need = memory.need_of_text(
            path, pl.read_csv(path, n_rows=1000, infer_schema_length=1000, truncate_ragged_lines=True)
        )
    else:
        return 1
    free = memory.free_bytes()
    k = 1
    while need / k > (free if k == 1 else ROOM * free) and k < MOST:
        k *= 2
    return k


def drawn(lazy: pl.LazyFrame, k: int) -> pl.DataFrame:
    """One row in k of a table on disk, in its order, in as much memory as the sample takes."""
    mixed = pl.col("#row").cast(pl.UInt64) * _KNUTH % _WORD // _HALF
    return lazy.with_row_index("#row").filter(mixed % k == 0).drop("#row").collect(engine="streaming")


def notice(ref: str, k: int) -> str:
    return f"{ref} does not fit in memory: one row in {k} is read, drawn evenly; test is read whole"
