"""The records of a comparison: one JSON line a finished cell, and which cells are still to be played, in which order."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

Record = dict[str, Any]
FILE = "cells.jsonl"


def read(out: Path) -> list[Record]:
    """Finished cells, the last of each; a line that a kill cut short is no cell."""
    path, found = out / FILE, {}
    for line in path.read_text().splitlines() if path.is_file() else []:
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        found[key(record)] = record
    return list(found.values())


def append(out: Path, record: Record) -> None:
    path = out / FILE
    torn = path.is_file() and path.stat().st_size and not path.read_bytes().endswith(b"\n")
    with path.open("a") as log:
        log.write(("\n" if torn else "") + json.dumps(record) + "\n")


def set_aside(out: Path) -> None:
    """Begin anew; the old records keep another name."""
    path = out / FILE
    if path.is_file():
        path.rename(out / f"cells-{sum(1 for _ in out.glob('cells*.jsonl'))}.jsonl")


def key(record: Record) -> tuple[Any, ...]:
    return tuple(record[name] for name in ("system", "data", "seed", "time_s", "cores"))


def order(systems: Sequence[str], data: Sequence[str], seeds: Sequence[int]) -> Iterator[tuple[str, str, int]]:
    """(system, data, seed) block by block: a block is one competition with one seed, its systems in an order drawn for it,
    so that what else the machine does, and what it did before, falls on all alike. The same at each call."""
    for seed in seeds:
        rng = random.Random(f"blocks {seed}")
        for name in rng.sample(sorted(data), len(data)):
            inner = random.Random(f"{seed} {name}")
            for system in inner.sample(sorted(systems), len(systems)):
                yield system, name, seed
