"""The judgements of probes: what each must catch, its clean twin, and how rarely chance alone trips one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.referee import probes
from podium.referee.probes.association import chance
from podium.referee.probes.likeness import NUMBERS, Told
from podium.referee.probes.outcome import CHEAP, DEAR

N = 400


def world(seed: int = 0, n: int = N) -> tuple[Any, Any]:
    """Binary truth `(n,)` and predictions `(n, 1)` that rank well."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=n)
    truth = (signal + rng.normal(size=n) > 0).astype(np.int64)
    return truth, (1 / (1 + np.exp(-signal)))[:, None]


def test_skill_is_one_scale_for_all_tasks() -> None:
    truth, raw = world()
    assert 0.4 < probes.skill(truth, raw) < 1
    assert probes.skill(truth, -raw) == pytest.approx(-probes.skill(truth, raw))
    codes = np.random.default_rng(1).integers(0, 3, N)
    assert probes.skill(codes, np.eye(3)[codes]) == pytest.approx(1.0)
    assert probes.skill(codes, np.full((N, 3), 1 / 3)) == 0.0
    values = np.random.default_rng(2).normal(size=(N, 2))
    assert probes.skill(values, values) == pytest.approx(1.0)
    assert probes.skill(truth, np.where(np.arange(N)[:, None] < 5, np.nan, raw)) > 0.4


@given(st.integers(0, 10_000), st.integers(30, 300))
@settings(max_examples=60, deadline=None)
def test_chance_does_not_pass_for_skill(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    found = probes.skill(rng.integers(0, 2, n), rng.random((n, 1)))
    assert abs(found) < chance(n)


def test_rounding_is_no_difference_and_other_answers_are() -> None:
    _, raw = world()
    assert probes.differing(raw.astype(np.float32).astype(np.float64), raw) == 0
    assert probes.differing(raw + 1e-12, raw) == 0
    assert probes.differing(1 - raw, raw) > 0.9
    assert probes.differing(np.full_like(raw, np.nan), raw) == 1
    assert probes.differing(np.full((3, 1), np.nan), np.full((3, 1), np.nan)) == 0


@pytest.mark.parametrize("judge", [probes.twice, probes.order, probes.undealt])
def test_a_row_answered_in_two_ways_fails(judge: Any) -> None:
    _, raw = world()
    other = np.where(np.arange(N)[:, None] % 20 == 0, 1 - raw, raw)
    assert judge(raw, raw).outcome == "passed"
    assert judge(raw, other).outcome == "failed"
    assert judge(raw, other).figure == pytest.approx(0.05, abs=0.01)


def test_where_rows_are_in_time_the_order_is_only_a_warning() -> None:
    _, raw = world()
    assert probes.order(raw, 1 - raw, ordered=True).outcome == "warned"
    assert probes.twice(raw, 1 - raw, ordered=True).outcome == "warned"
    assert probes.alone(raw, 1 - raw).outcome == "warned"
    assert probes.future(raw, 1 - raw).outcome == "warned"


def test_planted_answers_are_recognised() -> None:
    _, raw = world()
    planted = np.random.default_rng(9).random((N, 1))
    assert probes.decoy(raw, planted).outcome == "passed"
    assert probes.decoy(np.where(np.arange(N)[:, None] < 20, planted, raw), planted).outcome == "failed"


def test_answers_that_need_no_features_fail() -> None:
    truth, raw = world()
    _, elsewhere = world(5)
    assert probes.features(truth, raw, elsewhere).outcome == "passed"
    assert probes.features(truth, raw, raw).outcome == "failed"
    assert probes.features(truth, raw, 0.9 * raw).outcome == "failed"  # every answer moved, every rank kept
    rare = np.where(np.arange(N)[:, None] == 7, 0.9, 0.1)
    assert probes.features(truth, rare, np.roll(rare, 1)).outcome == "passed"  # nearly all rows alike: few can change
    assert probes.features(truth, np.full_like(raw, 0.3), np.full_like(raw, 0.3)).outcome == "warned"


def test_one_column_that_says_all_is_told_unless_the_audit_said_so() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=N)
    raw, noise = truth[:, None] + 0.01 * rng.normal(size=(N, 1)), rng.normal(size=(N, 1))
    moved = {"giveaway": noise, "other": raw}
    found = probes.columns(truth, raw, moved, ())
    assert (found.outcome, round(found.detail["other"], 2)) == ("warned", 0.0)
    assert "giveaway carries" in found.message
    assert probes.columns(truth, raw, moved, {"giveaway"}).outcome == "passed"
    weak = truth[:, None] + 2 * noise
    one = {"strong": noise, "other": weak}
    assert probes.columns(truth, weak, one, ()).outcome == "passed"  # one strong feature is no leak
    assert probes.columns(truth, raw, {"only": noise}, ()).outcome == "skipped"  # nothing else could carry it
    assert probes.columns(truth, noise, moved, ()).outcome == "skipped"


def test_looked_up_rows_and_odd_training_scores_are_told() -> None:
    truth, raw = world()
    _, elsewhere = world(5)
    assert probes.jitter(truth, raw, raw).outcome == "passed"
    assert probes.jitter(truth, raw, elsewhere).outcome == "warned"
    assert probes.trained(Told(0.6, 0.2), NUMBERS.told(truth, raw)).outcome == "passed"
    assert probes.trained(Told(0.9, 0.2), NUMBERS.told(truth, elsewhere)).outcome == "warned"


def test_strange_values_are_accepted_or_told() -> None:
    _, raw = world()
    assert probes.accepts("unseen", raw).outcome == "passed"
    assert probes.accepts("missing", np.where(np.arange(N)[:, None] < 4, np.nan, raw)).figure == pytest.approx(0.01)
    broken = probes.accepts("unseen", None, "KeyError: 'podium-unseen'")
    assert (broken.outcome, "KeyError" in broken.message) == ("warned", True)


def test_sides_of_a_pair() -> None:
    _, raw = world()
    assert probes.symmetry(raw, raw, "same").outcome == "passed"
    assert probes.symmetry(raw, 1 - raw, "same").outcome == "warned"
    assert probes.symmetry(raw, 1 - raw, "opposite").outcome == "passed"
    three = np.hstack([raw, 1 - raw, np.full_like(raw, 0.1)])
    assert probes.symmetry(three, three[:, [1, 0, 2]], "first_two").outcome == "passed"
    assert probes.symmetry(three, three, "first_two").outcome == "warned"
    assert probes.symmetry(raw, world(5)[1], "same").outcome == "passed"  # not kept, and not contradicted


def test_a_rerun_must_come_back_as_good() -> None:
    truth, raw = world()
    _, elsewhere = world(5)
    assert probes.rerun(truth, raw, raw + 1e-12).outcome == "passed"
    assert probes.rerun(truth, raw, np.clip(raw + 0.05 * elsewhere, 0, 1)).outcome == "warned"
    assert probes.rerun(truth, raw, elsewhere).outcome == "failed"


# ---------------------------------------------------------------- shuffled labels


@given(st.integers(0, 1000), st.integers(20, 400))
@settings(max_examples=40, deadline=None)
def test_a_shuffle_is_a_permutation_that_leans_a_little_against_the_ranking(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    truth, ranking = rng.normal(size=n), rng.normal(size=n)
    places = probes.shuffle(truth, ranking, seed)
    assert sorted(places) == list(range(n))
    assert (probes.shuffle(truth, ranking, seed) == places).all()
    lean = probes.skill(truth[places], ranking[:, None])
    assert -0.5 - 4 / np.sqrt(n) < lean < 0.0 + 2 / np.sqrt(n)


def test_classes_are_shuffled_too() -> None:
    truth, raw = world()
    places = probes.shuffle(truth, raw[:, 0], 3)
    assert truth[places].sum() == truth.sum()
    assert -0.4 < probes.skill(truth[places], raw) < -0.1


def test_labels_from_elsewhere_survive_a_shuffle() -> None:
    truth, raw = world()
    _, elsewhere = world(5)
    assert probes.shuffled(truth, raw, raw).outcome == "failed"
    assert probes.shuffled(truth, raw, elsewhere).outcome == "passed"
    assert probes.shuffled(truth, raw, 1 - raw).outcome == "passed"
    assert probes.shuffled(truth, 1 - raw, raw).outcome == "skipped"


def test_labels_of_some_rows_from_elsewhere_are_warned_of_and_a_faint_turn_is_excused() -> None:
    truth, raw = world(0, 3000)
    _, elsewhere = world(5, 3000)
    known = np.arange(len(truth)) % 5 < 2
    some = np.where(known[:, None], raw, elsewhere)
    assert probes.shuffled(truth, raw, some).outcome == "warned"
    assert probes.shuffled(truth, raw, 0.5 + 0.01 * raw).outcome == "passed"  # Platt's slope turned round by noise


def _fitted(x: Any, y: Any, held: Any, *, ranks: bool) -> Any:
    """Least squares; as ranks, which are as far apart after noise as after a signal."""
    from scipy.stats import rankdata

    model = np.linalg.lstsq(np.column_stack([x, np.ones(len(x))]), y, rcond=None)[0]
    raw = np.column_stack([held, np.ones(len(held))]) @ model
    return (rankdata(raw) / len(raw) if ranks else raw)[:, None]


@pytest.mark.parametrize("ranks", [False, True])
@pytest.mark.parametrize("columns", [1, 8])
def test_honest_fits_on_shuffled_labels_are_not_accused(ranks: bool, columns: int) -> None:
    """Even with one column that says everything and predictions that are always as far apart: the case where a plain shuffle
    accuses half of the honest."""
    plain = leaning = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        x, held = rng.normal(size=(300, columns)), rng.normal(size=(200, columns))
        truth, held_truth = x[:, 0] + 0.3 * rng.normal(size=300), held[:, 0] + 0.3 * rng.normal(size=200)
        oof = _fitted(x, truth, x, ranks=ranks)[:, 0]
        real = _fitted(x, truth, held, ranks=ranks)
        first = _fitted(x, truth[rng.permutation(300)], held, ranks=ranks)
        second = _fitted(x, truth[probes.shuffle(truth, oof, seed)], held, ranks=ranks)
        plain += probes.shuffled(held_truth, real, first).outcome == "failed"
        leaning += probes.shuffled(held_truth, real, second).outcome == "failed"
    assert leaning == 0
    assert (plain > 30) == (columns == 1 and ranks)  # it leans for a reason: what hardly varies is excused anyway


def test_failures_block_warnings_show_and_the_rest_is_silent() -> None:
    _, raw = world()
    found = probes.findings(
        [
            probes.twice(raw, 1 - raw),
            probes.alone(raw, 1 - raw),
            probes.skipped("jitter", "no time"),
            probes.order(raw, raw),
        ]
    )
    assert [(one.check, one.severity) for one in found] == [("probe_twice", "block"), ("probe_alone", "warn")]
    assert set(probes.NAMES) == {*CHEAP, *DEAR}
    assert probes.skipped("jitter", "no time").message == "not probed: no time"
