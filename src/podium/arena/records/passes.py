"""One pass over documents, left to right: a distribution for each symbol is in the referee's hands before the symbol is told.

The submission gets symbols and hands back rows of probabilities. Bits are counted here, from the referee's own bytes.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from podium.arena.records.contestant import FRAME, OVER, READ, START, TEXT
from podium.arena.records.rules import Rules
from podium.arena.records.stage import Broke, Session, Stage

Floats = NDArray[np.float64]
Symbols = NDArray[np.int64]
END = -1  # in a reading of an own tokenizer's symbols: the end of the document, the last column of its rows
NOTHING = 1e-300  # what a probability of zero counts as: 690 nats


@dataclass(frozen=True)
class Reading:
    """One document as it is told in a pass. `groups`: how many symbols are told at a time, in order."""

    key: int
    symbols: Symbols
    groups: tuple[int, ...]


@dataclass(frozen=True)
class Sums:
    """The rows as distributions: how many are none, the largest sum, the least probability."""

    rows: int = 0
    bad: int = 0
    largest: float = 1.0
    least: float = 0.0
    furthest: float = 0.0  # from 1, of any sum

    @property
    def sound(self) -> bool:
        return self.bad == 0


@dataclass
class Pass:
    """What a pass showed. `nats[key][i]`: of symbol i of that document; `marks[key][i]`: a projection of its whole row, by a
    vector that only the referee knows, so that two passes can be compared row by row without keeping them."""

    nats: dict[int, Floats] = field(default_factory=dict)
    marks: dict[int, Floats] = field(default_factory=dict)
    sums: Sums = field(default_factory=Sums)
    load_s: float = 0.0
    wall_s: float = 0.0  # all told, waiting for the submission alone
    width: int = 0


def run(
    stage: Stage, files: Mapping[str, bytes], artifact: bytes, readings: Sequence[Reading], seed: int, rules: Rules,
    limit_s: float,
) -> Pass:  # fmt: skip
    """Score the readings in the given order, in a fresh process. `seed`: of the projection. Raises Broke."""
    backstop = rules.startup_s + limit_s + 60 + 10 * len(readings)
    with stage.session("score", files, backstop) as session:
        return _Scoring(session, readings, seed, rules, limit_s).run(artifact)


class _Scoring:
    """The clock runs while the submission is at work, and stands while the referee is."""

    def __init__(self, session: Session, readings: Sequence[Reading], seed: int, rules: Rules, limit_s: float) -> None:
        self.session, self.readings, self.rules, self.limit_s = session, readings, rules, limit_s
        self.found, self._seed = Pass(), seed

    def run(self, artifact: bytes) -> Pass:
        began = time.monotonic()
        self.session.send(FRAME.pack(TEXT, len(artifact)) + artifact, self._until(began))
        _, told = self.session.frame(4, self._until(began))
        self.found.width = struct.unpack("<I", told)[0]
        self.found.load_s = time.monotonic() - began
        self.found.wall_s += self.found.load_s
        if not 2 <= self.found.width <= self.rules.most_symbols:
            raise Broke("crash", f"expected 2 to {self.rules.most_symbols} symbols, found {self.found.width}")
        self._direction = np.random.default_rng(self._seed).random(self.found.width)
        for reading in self.readings:
            self._read(reading)
        self.session.send(FRAME.pack(OVER, 0))
        return self.found

    def _read(self, reading: Reading) -> None:
        """Tell one document, group by group. Its last symbol is never told: nothing is left to foretell."""
        symbols = np.where(reading.symbols == END, self.found.width - 1, reading.symbols)
        if int(symbols.max()) >= self.found.width:
            raise Broke("crash", f"symbol {int(symbols.max())} of an alphabet of {self.found.width}")
        rows = self._ask(FRAME.pack(START, 0), 1)
        nats, marks, at = [_nats(rows, symbols[:1])], [rows @ self._direction], 0
        for group in reading.groups:
            told = symbols[at : at + group]
            rows = self._ask(FRAME.pack(READ, group) + told.astype("<u4").tobytes(), group)
            nats.append(_nats(rows, symbols[at + 1 : at + group + 1]))
            marks.append(rows @ self._direction)
            at += group
        self.found.nats[reading.key] = np.concatenate(nats)
        self.found.marks[reading.key] = np.concatenate(marks)

    def _ask(self, order: bytes, n: int) -> Floats:
        began = time.monotonic()
        until = self._until(began)
        self.session.send(order, until)
        _, data = self.session.frame(n, until, unit=8 * self.found.width)
        self.found.wall_s += time.monotonic() - began
        rows = np.frombuffer(data, dtype=np.float64).reshape(-1, self.found.width)
        if len(rows) != n:
            raise Broke("crash", f"expected {n} rows of probabilities, found {len(rows)}")
        self._weigh(rows)
        return rows

    def _until(self, now: float) -> float:
        return now + self.limit_s + self.rules.tolerance_s - self.found.wall_s

    def _weigh(self, rows: Floats) -> None:
        """Every row must be a distribution: finite, nowhere negative, of sum one. Every row, not a sample."""
        with np.errstate(invalid="ignore", over="ignore"):
            sums, least = rows.sum(axis=1), rows.min(axis=1)
            off = np.abs(sums - 1.0)
        bad = ~(off <= self.rules.sum_tolerance) | ~(least >= 0.0)
        known = np.nan_to_num(sums, nan=0.0, posinf=np.finfo(float).max)
        was = self.found.sums
        self.found.sums = Sums(
            was.rows + len(rows),
            was.bad + int(bad.sum()),
            max(was.largest, float(known.max())),
            min(was.least, float(np.nan_to_num(least, nan=0.0, neginf=-np.finfo(float).max).min())),
            max(was.furthest, float(np.nan_to_num(off, nan=1.0, posinf=np.finfo(float).max).max())),
        )


def _nats(rows: Floats, wanted: Symbols) -> Floats:
    p = rows[np.arange(len(wanted)), wanted]
    return np.asarray(-np.log(np.clip(np.nan_to_num(p, nan=NOTHING), NOTHING, None)), dtype=np.float64)


def grid(n: int, block: int) -> tuple[int, ...]:
    """The official grouping of a document of `n` symbols: blocks of the contest's size, the last as it comes."""
    return tuple(min(block, n - 1 - at) for at in range(0, n - 1, block))
