"""Questions that a legal scorer answers alike however they are put: the same document told later, in other pieces, with another
future. Positions, orders and changes are drawn from the referee's own randomness.

The first question decides. A symbol told alone cannot have been seen by the distribution that was given for it, so answers that
are equal when symbols are told one at a time used nothing of what lay ahead. The others say what was wrong when it was not held.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from podium.arena.records.facts import Probe, Reason
from podium.arena.records.passes import END, Pass, Reading, Symbols, grid

DRAWN_LAST = 4

Texts = Mapping[int, Symbols]
Ask = Callable[[Sequence[Reading]], Pass]


def official(texts: Texts, block: int) -> list[Reading]:
    """The pass that counts: every document in order, blocks of the contest's size."""
    return [Reading(key, text, grid(len(text), block)) for key, text in texts.items()]


def replayed(texts: Texts, block: int, most: int, rng: np.random.Generator) -> list[Reading]:
    """Documents in another order, up to `most` symbols of them; every other told one symbol at a time, the rest in odd pieces."""
    found: list[Reading] = []
    told = 0
    for place, key in enumerate(rng.permutation(list(texts))):
        text = texts[int(key)]
        if found and told + len(text) > most:
            break
        told += len(text)
        sizes = (1,) * (len(text) - 1) if place % 2 == 0 else _pieces(len(text) - 1, block, rng)
        found.append(Reading(int(key), text, sizes))
    return found


def shuffled(texts: Texts, block: int, rng: np.random.Generator) -> list[Reading]:
    """Every document in another order, in the official blocks."""
    return [
        Reading(int(key), texts[int(key)], grid(len(texts[int(key)]), block)) for key in rng.permutation(list(texts))
    ]


def altered(texts: Texts, block: int, rng: np.random.Generator) -> tuple[list[Reading], dict[int, int]]:
    """Every document changed from a drawn place on, and that place: in every other one the symbol there alone (the target is
    swapped), in the rest all that follows it as well (another future). In the official order and blocks."""
    keys = list(texts)
    pool = np.concatenate([text[text != END] for text in texts.values()])
    readings, places = [], {}
    for i, key in enumerate(keys):
        text = texts[key].copy()
        end = len(text) - int(text[-1] == END)
        at = int(rng.integers(0, end))
        until = at + 1 if i % 2 == 0 else end
        other = rng.choice(pool, size=until - at)
        other[0] = rng.choice(pool[pool != text[at]]) if (pool != text[at]).any() else other[0]
        text[at:until] = other
        places[key] = at
        readings.append(Reading(key, text, grid(len(text), block)))
    return readings, places


def compare(
    name: str, reason: Reason, one: Pass, other: Pass, tolerance: float, places: Mapping[int, int] | None = None
) -> Probe:
    """Whether two passes say the same of each symbol, and of each whole row; up to `places[key]` where the futures differ: there
    the target itself is another, and only the row is compared."""
    worst, where, compared = 0.0, "", 0
    for key in other.marks:
        last = len(other.marks[key]) if places is None else places[key] + 1
        known = last if places is None else last - 1
        rows = np.abs(one.marks[key][:last] - other.marks[key][:last])
        nats = np.abs(one.nats[key][:known] - other.nats[key][:known])
        apart = np.nan_to_num(rows, nan=np.inf)
        apart[:known] = np.maximum(apart[:known], nats)
        compared += last
        if len(apart) and apart.max() > worst:
            worst, where = float(apart.max()), f"first in document {key} at symbol {int(np.argmax(apart > tolerance))}"
    held = worst <= tolerance
    return Probe(name, held, compared, min(worst, 1e9), "" if held else where, None if held else reason)


def diagnose(ask: Ask, texts: Texts, main: Pass, block: int, tolerance: float, rng: np.random.Generator) -> list[Probe]:
    """Why a replay differed: one change at a time, until one is enough."""
    again = compare("asked twice", "nondeterministic", main, ask(official(texts, block)), tolerance)
    if not again.held:
        return [again]
    order = compare("another order", "document_boundary", main, ask(shuffled(texts, block, rng)), tolerance)
    future = (
        _futures(ask, texts, main, block, tolerance, rng)
        if order.held
        else _last_futures(ask, texts, main, block, tolerance, rng)
    )
    if order.held and future.held:
        return [again, order, future, Probe("other pieces", False, 0, 0.0, "calls, not positions, decide", "grouping")]
    return [again, order, future]


def _futures(ask: Ask, texts: Texts, main: Pass, block: int, tolerance: float, rng: np.random.Generator) -> Probe:
    readings, places = altered(texts, block, rng)
    return compare("another future", "causality", main, ask(readings), tolerance, places)


def _last_futures(ask: Ask, texts: Texts, main: Pass, block: int, tolerance: float, rng: np.random.Generator) -> Probe:
    """Where state crosses documents, an altered one changes all that follow: so only the last of a pass is altered."""
    asked: list[Probe] = []
    readings, places = altered(texts, block, rng)
    for last in rng.integers(0, len(readings), size=DRAWN_LAST):
        given = [*official(texts, block)[:last], readings[last]]
        known = {one.key: len(one.symbols) - 1 for one in given} | {readings[last].key: places[readings[last].key]}
        asked.append(compare("another future", "causality", main, ask(given), tolerance, known))
    return max(asked, key=lambda probe: probe.worst)


def _pieces(n: int, block: int, rng: np.random.Generator) -> tuple[int, ...]:
    sizes: list[int] = []
    while (left := n - sum(sizes)) > 0:
        sizes.append(min(left, int(rng.integers(1, max(2, block + 1)))))
    return tuple(sizes)
