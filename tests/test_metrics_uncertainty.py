"""Standard errors: they match the spread over many samples, and confidence intervals cover."""

from __future__ import annotations

import numpy as np
import pytest

from podium import metrics
from podium.metrics.uncertainty import Estimate, blocks_of, difference, estimate, quantile, upper_tail


def _sample(seed: int, name: str, n: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """(truth, prediction a, prediction b), a and b equally good, errors correlated."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=n)
    noisy = [signal + 0.7 * rng.normal(size=n) for _ in range(2)]
    metric = metrics.get(name)
    if metric.needs == "value":
        return np.exp(signal), np.exp(noisy[0]), np.exp(noisy[1])
    truth = (rng.random(n) < 1 / (1 + np.exp(-2 * signal))).astype(np.int64)
    p = [1 / (1 + np.exp(-value)) for value in noisy]
    if metric.needs == "label":
        return truth, (p[0] > 0.5).astype(np.int64), (p[1] > 0.5).astype(np.int64)
    return truth, p[0], p[1]


@pytest.mark.parametrize("name", ["log_loss", "auc", "accuracy", "f1", "mcc", "rmse_log", "mae", "pearson", "qwk"])
def test_stderr_is_the_spread_over_samples(name: str) -> None:
    metric = metrics.get(name)
    samples = [_sample(seed, name) for seed in range(120)]
    singles = [estimate(metric, truth, a) for truth, a, _ in samples]
    pairs = [difference(metric, truth, a, b) for truth, a, b in samples]
    for estimates in (singles, pairs):
        spread = np.std([one.value for one in estimates], ddof=1)
        told = np.sqrt(np.mean([one.stderr**2 for one in estimates]))
        assert told == pytest.approx(spread, rel=0.25)


@pytest.mark.parametrize("name", ["log_loss", "auc", "f1"])
def test_intervals_cover(name: str) -> None:
    metric = metrics.get(name)
    pairs = [difference(metric, *_sample(seed, name)) for seed in range(200)]
    above = np.mean([one.upper(0.95) >= 0.0 for one in pairs])  # the true difference is 0
    assert 0.90 <= above <= 0.99


def test_groups_widen_the_error() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(50), 20)
    truth = np.repeat(rng.normal(size=50), 20)
    metric = metrics.get("mae")
    alone = estimate(metric, truth, np.zeros(1000)).stderr
    grouped = estimate(metric, truth, np.zeros(1000), groups).stderr
    assert grouped == pytest.approx(alone * np.sqrt(20), rel=0.05)


def test_positive_means_better_for_both_directions() -> None:
    truth = np.arange(30.0)
    near, far = truth + 0.1, truth + np.linspace(-3, 3, 30)
    assert difference(metrics.get("rmse"), truth, near, far).value > 0
    assert difference(metrics.get("r2"), truth, near, far).value > 0


def test_equal_predictions_are_a_coin_toss() -> None:
    truth = np.arange(10.0)
    same = difference(metrics.get("rmse"), truth, truth + 1, truth + 1)
    assert (same.value, same.stderr, same.p_positive()) == (0.0, 0.0, 0.5)


def test_blocks_are_even_and_keep_groups_whole() -> None:
    assert np.ptp(np.bincount(blocks_of(103))) <= 1
    groups = np.arange(100) // 5
    blocks = blocks_of(100, groups)
    assert all(len(set(blocks[groups == g])) == 1 for g in range(20))


@pytest.mark.parametrize("freedom", [1, 2, 4, 19, 500, 1e9])
def test_students_t(freedom: float) -> None:
    from scipy import stats

    for z in (-3.0, -0.5, 0.0, 1.0, 2.5, 6.0):
        assert upper_tail(z, freedom) == pytest.approx(stats.t.sf(z, freedom), rel=0.01, abs=1e-5)
    assert quantile(0.95, freedom) == pytest.approx(stats.t.ppf(0.95, freedom), rel=1e-3)
    assert Estimate(1.0, 2.0, freedom).upper(0.95) == pytest.approx(1 + 2 * stats.t.ppf(0.95, freedom), rel=1e-3)
