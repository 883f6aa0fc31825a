"""Choosing among many: what it flatters, and rules that are not overfitted by it."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from podium.metrics import get
from podium.referee.adaptive import optimisms
from podium.referee.choice import ALPHA, choose
from podium.referee.significance import Paired as Comparison
from podium.referee.significance import SeedNoise, is_champion, level, paired, seed_noise, with_seed_noise
from podium.referee.tracking import Sample, Score, score_blocks


def scores(n: int, count: int, seed: int, metric: str = "rmse") -> list[Score]:
    """Equally good models with independent errors on the same rows."""
    rng = np.random.default_rng([seed, 1])
    truth = rng.normal(size=n)
    return [
        score_blocks(get(metric), Sample(truth, [truth + 0.5 * np.random.default_rng([seed, k]).normal(size=n)]))
        for k in range(2, count + 2)
    ]


@pytest.mark.parametrize("metric", ["rmse", "r2"])
def test_optimism_is_what_choosing_flatters(metric: str) -> None:
    """Against the truth: the best of 20 equal models scores better than they are."""
    sign, estimated, real = get(metric).sign, [], []
    for seed in range(12):
        found = scores(800, 20, seed, metric)
        merits = sign * np.array([score.value for score in found])
        estimated.append(optimisms(get(metric), found)[-1])
        real.append(merits.max() - merits.mean())
    assert np.mean(estimated) == pytest.approx(np.mean(real), rel=0.5)


def test_optimism_grows_with_the_number_tried_and_is_none_for_one() -> None:
    grown = np.mean([optimisms(get("rmse"), scores(800, 30, seed)) for seed in range(10)], axis=0)
    assert grown[0] == pytest.approx(0.0, abs=1e-12)
    assert grown[4] < grown[14] < grown[29]
    assert not len(optimisms(get("rmse"), []))


def test_what_is_far_behind_adds_no_optimism() -> None:
    found = scores(800, 6, 0)
    behind = [Score(score.value + 1.0, score.effects) for score in found[1:]]
    assert optimisms(get("rmse"), [found[0], *behind])[-1] == pytest.approx(0.0, abs=1e-9)


# ---------------------------------------------------------------- the vault's choice


def finalists(rng: np.random.Generator, gains: list[float]) -> tuple[np.ndarray, dict[str, np.ndarray]]:  # type: ignore[type-arg]
    truth = rng.normal(size=1000)
    return truth, {f"m{k}": truth + (0.5 - gain) * rng.normal(size=1000) for k, gain in enumerate(gains)}


def test_an_innocent_leader_is_seldom_displaced() -> None:
    rng = np.random.default_rng(0)
    switched = sum(choose(get("rmse"), *finalists(rng, [0.0] * 5)).chosen != "m0" for _ in range(200))
    assert switched <= 2 * ALPHA * 200 - 2  # 5 % of 200 is 10; 18 by chance once in 100


def test_a_clearly_better_finalist_is_chosen() -> None:
    rng = np.random.default_rng(0)
    found = choose(get("rmse"), *finalists(rng, [0.0, 0.0, 0.1]))
    assert found.chosen == "m2" and "better than m0" in found.reason
    assert found.finalists[2].gain > 0 and found.finalists[2].p <= found.level
    assert choose(get("rmse"), *finalists(rng, [0.0])).chosen == "m0"


def test_equal_predictions_change_nothing() -> None:
    truth, decided = finalists(np.random.default_rng(0), [0.0])
    assert choose(get("rmse"), truth, {**decided, "same": decided["m0"].copy()}).chosen == "m0"


# ---------------------------------------------------------------- champions over a stream of challengers


def streams(count: int, kind: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """p-values `(count, 100)` and which challengers are truly better, four standard errors each."""
    from scipy.stats import norm

    rng = np.random.default_rng(seed)
    mu = np.zeros((count, 100))
    if kind != "null":  # as campaigns are: most challengers are worse
        mu = np.where(rng.random((count, 100)) < 0.8, -rng.gamma(2.0, 1.5, (count, 100)), 0.0)
        mu[np.arange(count)[:, None], rng.integers(10, 100, (count, 4))] = 4.0
    shared = rng.normal(size=(count, 1)) * math.sqrt(0.5)  # the champion's own luck
    z = mu + math.sqrt(0.5) * rng.normal(size=mu.shape) - shared
    return norm.sf(z), mu > 0


def crowned(stream: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    won, earlier = [], list[float]()
    for p in stream.tolist():
        won.append(is_champion(Comparison(1.0, 1.0, p), earlier))
        earlier.append(p)
    return np.array(won)


def test_at_most_one_campaign_in_twenty_has_a_false_champion() -> None:
    found, _ = streams(200, "null")
    false = sum(bool(crowned(stream).any()) for stream in found)
    assert false <= 0.05 * 200 + 5
    naive = sum(bool((stream <= 0.05 / np.arange(1, 101)).any()) for stream in found)
    assert naive > 2 * max(false, 5), "alpha over the number tried so far is no correction for a stream"


def test_it_finds_as_much_as_bonferroni_that_knows_the_number() -> None:
    found, real = streams(150, "real")
    ours = np.array([crowned(stream) for stream in found])
    bonferroni = found <= 0.05 / 100
    assert ours[real].mean() >= bonferroni[real].mean() - 0.02
    assert (ours & ~real).any(axis=1).mean() <= 0.05


def test_levels_sum_to_alpha_however_long_the_stream() -> None:
    spent = [level([0.3] * k) for k in range(0, 3000, 100)]
    assert all(a > b for a, b in itertools.pairwise(spent))
    assert sum(level([0.3] * k) for k in range(400)) < 0.05
    assert level([0.99] * 50) == level([]) == level([0.001] * 50)


# ---------------------------------------------------------------- seeds


def test_seed_noise_is_measured_beyond_the_rows_own() -> None:
    rng = np.random.default_rng(0)
    quiet = [Comparison(float(0.01 * rng.normal()), 0.01, 0.5) for _ in range(200)]
    noisy = [Comparison(float(0.05 * rng.normal()), 0.01, 0.5) for _ in range(200)]
    low, high = seed_noise(quiet), seed_noise(noisy)
    assert low is not None and high is not None and low.variance < 0.2 * high.variance
    assert math.sqrt(2 * high.variance) == pytest.approx(0.049, rel=0.2)
    assert seed_noise([]) is None


def test_a_gain_within_the_seeds_noise_is_no_gain() -> None:
    gain = Comparison(0.02, 0.002, 1e-20)
    assert is_champion(gain)
    widened = with_seed_noise(gain, SeedNoise(0.01**2, 3))
    assert not is_champion(widened) and widened.gain == gain.gain and widened.stderr > 0.014
    assert with_seed_noise(gain, None) == gain == with_seed_noise(gain, SeedNoise(0.0, 5))
    far = with_seed_noise(Comparison(0.3, 0.002, 0.0), SeedNoise(0.01**2, 30))
    assert is_champion(far)


def test_the_seeds_noise_makes_no_gain_surer() -> None:
    few = Comparison(0.0031, 0.001, 0.0029, freedom=19.0)
    widened = with_seed_noise(few, SeedNoise(1e-12, 1))
    assert widened.p == pytest.approx(0.0029, abs=1e-4), "few blocks stay few"
    assert widened.freedom == pytest.approx(19.0, rel=1e-3)
    assert with_seed_noise(Comparison(0.0031, 0.001, 0.0029), SeedNoise(1e-12, 1)).p < 0.0012


def test_paired_takes_groups() -> None:
    from test_referee import folds, models

    task, truth, (a, b) = models("rmse", 0, (0.5, 0.6), 400)
    assert paired(task, truth, a, b, folds(400), groups=np.arange(400) // 20).stderr > 0
