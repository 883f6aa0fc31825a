"""Whether a table fits in memory, told before it is read: what it will need, by its first rows, and what is free."""

from __future__ import annotations

import contextlib
from pathlib import Path

import polars as pl

from podium.errors import IntakeError

MULTIPLE = (
    2.5  # peak of reading : size in memory, measured by bench/intake.py; a run that fits on the rows needs as much
)
SMALL = 64 << 20  # bytes on disk that are not worth asking
_GROUPS = (  # limit, usage, what of the usage is file cache and can be let go
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        "/sys/fs/cgroup/memory/memory.stat",
    ),
)


def refuse_text(ref: str, path: Path, first: pl.DataFrame, one_in: int = 1) -> None:
    """Raises IntakeError where one row in `one_in` of a text table of rows like `first` cannot be held."""
    size = path.stat().st_size
    if size >= SMALL and first.height:
        rows = size / _written(path, first.height)
        _refuse(ref, need_of_text(path, first) / one_in, rows / one_in, first.width)


def need_of_text(path: Path, first: pl.DataFrame) -> float:
    """Bytes that reading a text table takes, whose first rows are `first`."""
    if not first.height:
        return 0.0
    return MULTIPLE * first.estimated_size() / first.height * path.stat().st_size / _written(path, first.height)


def _written(path: Path, rows: int) -> float:
    """Mean bytes of the first lines."""
    with path.open("rb") as file:
        lines = [line for _, line in zip(range(rows + 1), file, strict=False)]
    return sum(map(len, lines)) / len(lines)


def refuse_parquet(ref: str, path: Path, one_in: int = 1) -> None:
    """As `refuse_text`, by the first rows of a Parquet file and its count of rows."""
    if path.stat().st_size >= SMALL:
        lazy = pl.scan_parquet(path, glob=False)
        rows = int(lazy.select(pl.len()).collect().item())
        _refuse(ref, need_of_parquet(path) / one_in, rows / one_in, len(lazy.collect_schema()))


def need_of_parquet(path: Path) -> float:
    """Bytes that reading a Parquet file takes."""
    lazy = pl.scan_parquet(path, glob=False)
    first, rows = lazy.head(1000).collect(), int(lazy.select(pl.len()).collect().item())
    return MULTIPLE * first.estimated_size() / max(1, first.height) * rows


def refuse_arrow(ref: str, path: Path) -> None:
    """As `refuse_text`: an Arrow file is as large in memory as on disk, or larger where it is compressed."""
    _refuse(ref, MULTIPLE * path.stat().st_size, 0, 0)


def free_bytes() -> float:
    """What this process may still use: of the machine, and of its control group. Infinity where neither tells."""
    found = [float("inf")]
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        found.append(next(int(line.split()[1]) * 1024.0 for line in lines if line.startswith("MemAvailable")))
    for limit, usage, stat in _GROUPS:
        with contextlib.suppress(OSError, ValueError):  # "max" is no number: there is no limit
            most, used = (int(Path(file).read_text("ascii")) for file in (limit, usage))
            pairs = (line.split() for line in Path(stat).read_text("ascii").splitlines())
            cache = sum(int(value) for name, value in pairs if name in ("active_file", "inactive_file"))
            found.append(float(most - used + cache))
    return max(0.0, min(found))


def _refuse(ref: str, need: float, rows: float, columns: int) -> None:
    free = free_bytes()
    if need > free:
        shape = f" for about {rows:,.0f} rows of {columns} columns" if columns else ""
        raise IntakeError(
            f"{ref} does not fit in memory",
            expected=f"{need / 1e9:.1f} GB free{shape}",
            found=f"{free / 1e9:.1f} GB",
            remedy="take a machine with more memory, or leave out rows or columns",
        )
