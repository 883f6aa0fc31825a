"""Columns whose unit differs between train and test: another scale, a logarithm, degrees Celsius against Fahrenheit."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

import numpy as np

from podium.competition.audit.drift import LEAST_ROWS, LOUD, distance, noise_bound
from podium.competition.audit.view import Floats, View, finding, floats
from podium.records import AuditFinding

FACTORS = {
    10.0: "10", 100.0: "100 (a percentage and a share?)", 1e3: "1000 (kilo?)", 1e6: "a million", 1e9: "a billion",
    60.0: "60 (minutes and seconds?)", 3600.0: "3600 (hours and seconds?)", 24.0: "24 (days and hours?)",
    2.54: "2.54 (inches and centimetres?)", 25.4: "25.4 (inches and millimetres?)", 0.3048: "0.3048 (feet and metres?)",
    1.609344: "1.609 (miles and kilometres?)", 0.45359237: "0.4536 (pounds and kilograms?)",
}  # fmt: skip
GONE = 0.25  # of the distance may stay once the unit is changed
Change = Callable[[Floats], Floats]


def _changes() -> Iterator[tuple[str, Change]]:
    for factor, words in FACTORS.items():
        yield f"test is train times {words}", functools.partial(np.multiply, factor)
        yield f"train is test times {words}", functools.partial(np.multiply, 1.0 / factor)
    yield "train is in °C and test in °F", lambda x: x * 1.8 + 32.0
    yield "train is in °F and test in °C", lambda x: (x - 32.0) / 1.8
    yield "train is in °C and test in kelvin", lambda x: x + 273.15
    yield "train is in kelvin and test in °C", lambda x: x - 273.15
    yield "test is the natural logarithm of train", _log
    yield "train is the natural logarithm of test", _exp
    yield "test is log(1 + train)", lambda x: _log(x + 1.0)
    yield "train is log(1 + test)", lambda x: _exp(x) - 1.0
    yield "test is the decimal logarithm of train", lambda x: _log(x) / np.log(10.0)
    yield "the sign is turned", lambda x: -x


def _log(x: Floats) -> Floats:
    return np.log(np.where(x > 0, x, np.nan))


def _exp(x: Floats) -> Floats:
    return np.exp(np.clip(x, -700.0, 700.0))


def check_units(view: View) -> Iterator[AuditFinding]:
    """A column that drifts loudly, and hardly at all once one of the usual changes of unit is made to train's values."""
    n, m = len(view.train), len(view.test)
    if min(n, m) < LEAST_ROWS:
        return
    bound = noise_bound(n, m, len(view.columns))
    for column in view.of_kind("numeric"):
        a, b = (_finite(floats(side[column.name])) for side in (view.train, view.test))
        if min(len(a), len(b)) < LEAST_ROWS or column.n_unique < 10:
            continue
        apart = distance(a, b)
        if apart < max(2 * LOUD, 2 * bound):
            continue
        left, words = min(((_left(a, b, change), words) for words, change in _changes()), key=lambda p: p[0])
        if left < max(GONE * apart, bound):
            text = f"the unit of {column.name} may differ: {words} (KS distance {apart:.2f}, then {left:.2f})"
            yield finding("units", "warn", column.name, apart, text)
            continue
        scale, shift = _affine(a, b)
        left = distance(a * scale + shift, b)
        if left < max(GONE * apart, bound):
            text = (
                f"{column.name} has one shape at two scales: test is about {scale:.4g} × train {shift:+.4g} (KS distance "
                f"{apart:.2f}, then {left:.2f})"
            )
            yield finding("units", "info", column.name, apart, text)


def _affine(a: Floats, b: Floats) -> tuple[float, float]:
    """The line through the quartiles of both; a plain shift where a side has no spread."""
    (a1, a2, a3), (b1, b2, b3) = (np.quantile(x, [0.25, 0.5, 0.75]) for x in (a, b))
    scale = (b3 - b1) / (a3 - a1) if a3 > a1 and b3 > b1 else 1.0
    return float(scale), float(b2 - scale * a2)


def _finite(values: Floats) -> Floats:
    return values[np.isfinite(values)]


def _left(a: Floats, b: Floats, change: Change) -> float:
    changed = change(a)
    if not np.isfinite(changed).all():
        return 1.0
    return distance(changed, b)


CHECKS = (check_units,)
