"""Metrics of rankings, texts, masks, boxes, forecasts, distributions and tokens: hand cases, references, properties."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from podium import metrics
from podium.errors import InvalidPredictions
from podium.metrics.forecasts import naive_scale
from podium.metrics.shapes import Boxes, Masks, Ranking, Series, Text, Tokens, same
from podium.metrics.uncertainty import difference, estimate

rng = np.random.default_rng(0)


def score(name: str, truth: Any, prediction: Any, weight: Any = None) -> float:
    return metrics.get(name).function(truth, prediction, weight)


# ---------------------------------------------------------------- rankings


def test_rankings_by_hand() -> None:
    truth = Ranking.from_lists([[1, 2, 3], [7], [5]])
    given = Ranking.from_lists([[2, 9, 1, 8], [8, 7], [1]])
    assert score("map@3", truth, given) == pytest.approx(((1 + 2 / 3) / 3 + 1 / 2 + 0) / 3)
    assert score("map@2", truth, given) == pytest.approx((1 / 2 + 1 / 2 + 0) / 3)
    assert score("precision@4", truth, given) == pytest.approx((2 / 4 + 1 / 4) / 3)
    assert score("recall@2", truth, given) == pytest.approx((1 / 2 + 1) / 3)
    assert score("full_recall@2", truth, given) == pytest.approx((1 / 3 + 1) / 3)
    assert score("hit_rate@1", truth, given) == pytest.approx(1 / 3)
    assert score("mrr", truth, given) == pytest.approx((1 + 1 / 2) / 3)
    assert score("mrr@1", truth, given) == pytest.approx(1 / 3)
    ideal = 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert score("ndcg@3", truth, given) == pytest.approx(((1 + 1 / 2) / ideal + 1 / math.log2(3)) / 3)


def kaggle_map(actual: list[int], predicted: list[int], k: int) -> float:
    """`apk` of Kaggle's ml_metrics."""
    hits, total = 0, 0.0
    for at, item in enumerate(predicted[:k]):
        if item in actual and item not in predicted[:at]:
            hits += 1
            total += hits / (at + 1.0)
    return total / min(len(actual), k) if actual else 0.0


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.lists(st.integers(0, 9), unique=True, max_size=6), st.lists(st.integers(0, 9), max_size=8)),
        min_size=1,
    ),
    st.integers(1, 6),
)
def test_map_is_kaggles(units: list[tuple[list[int], list[int]]], k: int) -> None:
    truth, given = (Ranking.from_lists([unit[side] for unit in units]) for side in (0, 1))
    expected = np.mean([kaggle_map(actual, predicted, k) for actual, predicted in units])
    assert score(f"map@{k}", truth, given) == pytest.approx(expected)
    assert score(f"map@{k}", _spelled(truth), _spelled(given)) == pytest.approx(expected), "strings"


def _spelled(ranking: Ranking) -> Ranking:
    parts = np.split(ranking.items, ranking.offsets[1:-1])
    return Ranking.from_strings([" ".join(f"item{item}" for item in part) for part in parts])


def test_ndcg_with_gains_equals_scikit_learn() -> None:
    gains = rng.integers(0, 4, (30, 8)).astype(float)
    scores = rng.random((30, 8))
    truth = Ranking.from_lists([list(range(8))] * 30, gains.tolist())
    given = Ranking.from_lists(np.argsort(-scores, axis=1).tolist())
    for k in (1, 3, 8):
        assert score(f"ndcg@{k}", truth, given) == pytest.approx(sk.ndcg_score(2.0**gains - 1, scores, k=k))


def test_items_far_apart_do_not_overflow() -> None:
    big = 2**62
    truth, given = Ranking.from_lists([[big], [-big]]), Ranking.from_lists([[big, 0], [0, -big]])
    assert score("mrr", truth, given) == pytest.approx(0.75)


# ---------------------------------------------------------------- texts


def edit_distance(a: str, b: str) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.text("abé😀", max_size=9), st.text("abé😀", max_size=9)), min_size=1, max_size=8))
def test_levenshtein_equals_the_textbook(pairs: list[tuple[str, str]]) -> None:
    truth, given = Text(tuple(a for a, _ in pairs)), Text(tuple(b for _, b in pairs))
    assert score("levenshtein", truth, given) == pytest.approx(np.mean([edit_distance(a, b) for a, b in pairs]))


def test_levenshtein_of_batches_of_unlike_lengths() -> None:
    maker = np.random.default_rng(1)
    texts = ["".join(maker.choice(list("abc"), maker.integers(0, 60))) for _ in range(120)]
    truth, given = texts[:60], texts[60:]
    expected = np.mean([edit_distance(a, b) for a, b in zip(truth, given, strict=True)])
    assert score("levenshtein", Text(tuple(truth)), Text(tuple(given))) == pytest.approx(expected)


def test_word_jaccard_is_the_competitions() -> None:
    truth, given = Text(("Good Day to you", "a b", "")), Text(("good day", "c", ""))
    assert score("word_jaccard", truth, given) == pytest.approx((2 / 4 + 0 + 1) / 3)
    assert score("exact_match", truth, given) == pytest.approx(1 / 3)


def test_bleu_by_hand() -> None:
    the = Text(("the the the the the the the",))
    assert score("bleu", Text(("the cat is on the mat",)), the) == 0.0  # no bigram agrees
    truth = Text(("a b c d e f", "g h i j k"))
    given = Text(("a b c d x", "g h i j k"))
    precisions = [9 / 10, 7 / 8, 5 / 6, 3 / 4]
    expected = math.exp(1 - 11 / 10) * math.prod(precisions) ** 0.25
    assert score("bleu", truth, given) == pytest.approx(expected)
    assert score("bleu", given, truth) == pytest.approx((9 / 11 * 7 / 9 * 5 / 7 * 3 / 5) ** 0.25), "longer: no penalty"
    assert score("bleu", Text(("a b c d d",)), Text(("d d d d a b c d",))) > 0, "clipped counts"


def test_error_rates_by_hand() -> None:
    truth, given = Text(("the cat sat", "a")), Text(("the cats sat down", "a"))
    assert score("wer", truth, given) == pytest.approx(2 / 4)
    assert score("cer", truth, given) == pytest.approx(6 / 12)
    assert score("wer", Text(("",)), Text(("x y",))) == 2.0


def test_chrf_by_hand() -> None:
    assert score("chrf", Text(("ab",)), Text(("ab",))) == 1.0
    assert score("chrf", Text(("ab",)), Text(("a b",))) == 1.0, "blanks are left out"
    one, two = 5 * (1 / 2) * (1 / 2) / (4 * 1 / 2 + 1 / 2), 0.0
    assert score("chrf", Text(("ab",)), Text(("ac",))) == pytest.approx((one + two) / 2)
    assert score("chrf", Text(("ab",)), Text(("",))) == 0.0


def test_bleu_of_repeated_words_clips() -> None:
    """Papineni's example: of seven "the" the reference holds two."""
    from podium.metrics.texts import _clipped, _words

    ids, units, split = _words(Text(("the cat is on the mat",)), Text(("the the the the the the the",)))
    assert _clipped(ids, np.ones(len(ids), dtype=bool), units, split, np.ones(1)) == (2.0, 7.0)


# ---------------------------------------------------------------- masks


def test_masks_by_hand() -> None:
    truth, given = np.zeros((4, 2, 4)), np.zeros((4, 2, 4))
    truth[0, 0], given[0, 0, :3] = 1, 1  # IoU 3/4
    truth[1, 0], given[1, :, :2] = 1, 1  # 2 of 6
    given[2, 0, 0] = 1  # nothing there
    t, p = Masks.from_array(truth), Masks.from_array(given)
    assert score("iou", t, p) == pytest.approx((3 / 4 + 2 / 6 + 0 + 1) / 4)
    assert score("dice", t, p) == pytest.approx((6 / 7 + 4 / 8 + 0 + 1) / 4)
    assert score("dice_global", t, p) == pytest.approx(2 * 5 / (8 + 8))
    assert score("mask_ap", t, p) == pytest.approx((5 / 10 + 0 + 0 + 1) / 4)  # 3/4 is above 0.50 … 0.70, not above 0.75


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(0, 1000), st.integers(1, 7), st.integers(1, 7))
def test_run_lengths_round_trip(seed: int, height: int, width: int) -> None:
    masks = Masks.from_array(np.random.default_rng(seed).integers(0, 2, (5, height, width)))
    assert same(Masks.from_rle(masks.to_rle(), np.array([height, width])), masks)


def test_run_lengths_go_down_the_columns_from_one() -> None:
    masks = Masks.from_rle(["2 3", ""], np.array([2, 3]))
    assert masks.pixels.reshape(2, 2, 3).astype(int).tolist() == [[[0, 1, 0], [1, 1, 0]], [[0, 0, 0], [0, 0, 0]]]


@pytest.mark.parametrize("run", ["1", "0 2", "1 0", "3 1 1 1", "1 3 2 1", "1 99", "a b", "1.5 2"])
def test_bad_run_lengths_are_refused(run: str) -> None:
    with pytest.raises(InvalidPredictions):
        Masks.from_rle([run], np.array([2, 3]))


def test_masks_of_other_sizes_are_refused() -> None:
    with pytest.raises(InvalidPredictions, match="2 x 3"):
        score("iou", Masks.from_rle([""], np.array([2, 3])), Masks.from_rle([""], np.array([3, 2])))


# ---------------------------------------------------------------- boxes

UNIT = [0.0, 0.0, 10.0, 10.0]


def test_one_box_by_hand() -> None:
    truth = Boxes.of([0], [0], [UNIT], 1)
    shifted = Boxes.of([0], [0], [[0.0, 0.0, 10.0, 7.2]], 1, [0.9])  # IoU 0.72: passes 0.50 … 0.70
    for name in ("box_map", "coco_map"):
        assert score(name, truth, shifted) == pytest.approx(0.5)
        assert score(name, truth, Boxes.of([0], [1], [UNIT], 1, [0.9])) == 0.0, "another class"
        assert score(name, truth, Boxes.of([], [], [], 1)) == 0.0


def test_a_true_box_is_found_once() -> None:
    truth = Boxes.of([0, 0], [0, 0], [UNIT, [50.0, 50.0, 60.0, 60.0]], 1)
    found = Boxes.of([0, 0, 0], [0, 0, 0], [UNIT, UNIT, [50.0, 50.0, 60.0, 60.0]], 1, [0.9, 0.8, 0.7])
    assert score("box_map", truth, found) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)  # hit, miss, hit
    assert score("coco_map", truth, found) == pytest.approx((51 * 1 + 50 * 2 / 3) / 101)


def test_false_alarms_in_other_images_cost_and_classes_count_alike() -> None:
    truth = Boxes.of([0, 1], [0, 1], [UNIT, UNIT], 3)
    found = Boxes.of([0, 1, 2], [0, 1, 1], [UNIT, UNIT, UNIT], 3, [0.9, 0.5, 0.6])
    assert score("box_map", truth, found) == pytest.approx((1 + 1 / 2) / 2)


def test_surer_detection_takes_the_box() -> None:
    """COCO's rule: the surest first, each the best free box; a worse rival cannot take it back."""
    near, exact = [0.0, 0.0, 10.0, 9.0], UNIT
    truth = Boxes.of([0], [0], [UNIT], 1)
    found = Boxes.of([0, 0], [0, 0], [exact, near], 1, [0.1, 0.9])
    at_ninety = 9 / 10  # thresholds 0.50 … 0.90 are met by `near` (rank 1); at 0.95 only by `exact` (rank 2)
    assert score("box_map", truth, found) == pytest.approx(at_ninety * 1 + 0.1 * 0.5)


def test_boxes_are_checked() -> None:
    with pytest.raises(InvalidPredictions, match="numbered 0 to 0"):
        Boxes.of([1], [0], [UNIT], 1)
    with pytest.raises(InvalidPredictions, match="NaN"):
        Boxes.of([0], [0], [[0, 0, np.nan, 1]], 1)
    with pytest.raises(InvalidPredictions, match="found 2, 1, 1, 2"):
        Boxes.of([0, 0], [0], [UNIT], 1)


# ---------------------------------------------------------------- forecasts, distributions, tokens


def test_scaled_errors_by_hand() -> None:
    history, of = np.array([1.0, 3.0, 2.0, 10.0, 14.0]), np.array([0, 0, 0, 1, 1])
    assert naive_scale(history, of).tolist() == [1.5, 4.0]
    assert naive_scale(history, of, squared=True).tolist() == [2.5, 16.0]
    assert naive_scale(history, of, season=2)[0] == 1.0
    assert np.isnan(naive_scale(history, of, season=2)[1])
    truth = Series.of([2.0, 2.0, 10.0], [0, 0, 1], [1.5, 1.5, 4.0], [1.0, 1.0, 3.0])
    given = np.array([3.0, 5.0, 8.0])
    assert score("mase", truth, given) == pytest.approx((4 / 2 / 1.5 + 2 / 4) / 2)
    parts = [math.sqrt((1 + 9) / 2 / 1.5), math.sqrt(4 / 4)]
    assert score("rmsse", truth, given) == pytest.approx(sum(parts) / 2)
    assert score("wrmsse", truth, given) == pytest.approx((parts[0] + 3 * parts[1]) / 4)
    assert score("wmae", truth, given) == pytest.approx((1 + 3 + 3 * 2) / 5)


def test_pinball_equals_scikit_learn() -> None:
    y, low, high = rng.normal(size=50), rng.normal(size=50), rng.normal(size=50)
    expected = (sk.mean_pinball_loss(y, low, alpha=0.1) + sk.mean_pinball_loss(y, high, alpha=0.9)) / 2
    assert score("pinball@0.1,0.9", y, np.column_stack([low, high])) == pytest.approx(expected)
    assert score("pinball@0.5", y, low) == pytest.approx(sk.mean_absolute_error(y, low) / 2)
    with pytest.raises(InvalidPredictions, match="2 columns"):
        score("pinball@0.1,0.9", y, low)


def test_scaled_pinball_is_the_mean_of_each_series_in_its_own_scale() -> None:
    y, of = rng.normal(size=60), np.repeat([0, 1, 2], 20)
    low, high = np.sort(rng.normal(size=(2, 60)), axis=0)
    scale, weight = np.array([1.0, 4.0, 0.5]), np.array([1.0, 2.0, 3.0])
    parts = [(sk.mean_pinball_loss(y[at], low[at], alpha=0.1) + sk.mean_pinball_loss(y[at], high[at], alpha=0.9)) / 2
             for at in (of == k for k in range(3))]  # fmt: skip
    truth, both = Series.of(y, of, scale[of], weight[of]), np.column_stack([low, high])
    assert score("wspl@0.1,0.9", truth, both) == pytest.approx(weight @ (parts / scale) / weight.sum())
    alike = Series.of(y, of, scale[of])
    assert score("spl@0.1,0.9", alike, both) == pytest.approx(np.mean(parts / scale))


def test_crps_by_hand_and_by_brute_force() -> None:
    cdf = np.array([[0.2, 0.5, 1.0]])
    assert score("crps", np.array([1]), cdf) == pytest.approx((0.2**2 + 0.5**2 + 0) / 3)
    y = rng.integers(-3, 4, 40)
    curves = np.sort(rng.random((40, 7)), axis=1)
    steps = np.arange(-3, 4) >= y[:, None]
    assert score("crps@-3:3", y, curves) == pytest.approx(((curves - steps) ** 2).mean())
    with pytest.raises(InvalidPredictions, match="does not cover"):
        score("crps", y, curves)


def test_crps_of_samples_and_of_a_normal_agree() -> None:
    y = np.array([-1.0, 0.3, 2.0])
    samples = rng.normal(size=(3, 9))
    brute = [
        np.mean([abs(x - t) for x in row]) - np.mean([abs(a - b) for a, b in itertools.product(row, row)]) / 2
        for t, row in zip(y, samples, strict=True)
    ]
    assert score("crps_samples", y, samples) == pytest.approx(np.mean(brute))
    many = np.random.default_rng(1).normal(1.0, 2.0, size=(3, 40_000))
    normal = np.tile([1.0, 2.0], (3, 1))
    assert score("crps_normal", y, normal) == pytest.approx(score("crps_samples", y, many), abs=0.02)
    assert score("crps_normal", y, np.column_stack([y + 1, np.zeros(3)])) == pytest.approx(1.0), (
        "absolute error at sd 0"
    )


def test_bits_and_perplexity() -> None:
    table = np.array([[0.5, 0.25, 0.25], [0.125, 0.75, 0.125]])
    codes = np.array([1, 0])
    assert score("bits_per_character", codes, table) == pytest.approx((2 + 3) / 2)
    assert score("perplexity", codes, table) == pytest.approx(2**2.5)
    tokens = Tokens(codes, np.array([4, 1]))
    assert score("bits_per_byte", tokens, table) == pytest.approx(5 / 5)
    assert score("bits_per_byte", tokens, np.array([0.25, 0.125])) == pytest.approx(5 / 5), "of true tokens alone"
    assert score("bits_per_byte", codes, table) == pytest.approx(5 / 2)


# ---------------------------------------------------------------- properties of every shape

SHAPED = [
    "map@3", "ndcg@3", "mrr", "recall@3", "full_recall@5", "precision@3", "hit_rate@2", "word_jaccard", "levenshtein",
    "exact_match", "bleu",
    "wer", "cer", "chrf", "dice", "dice_global", "iou", "mask_ap", "coco_map", "box_map", "mase", "rmsse", "wrmsse", "wmae",
    "crps", "crps_samples", "crps_normal", "pinball@0.2,0.7", "bits_per_byte",
]  # fmt: skip


def _rankings(maker: np.random.Generator, n: int) -> tuple[Any, Any, Any]:
    wanted = [maker.choice(9, maker.integers(3, 6), replace=False).tolist() for _ in range(n)]
    given = [maker.integers(0, 9, maker.integers(0, 7)).tolist() for _ in range(n)]
    gains = [(1.0 + maker.integers(0, 2, len(one))).tolist() for one in wanted]
    best = [
        [one[i] for i in np.argsort(-np.array(gain), kind="stable")] for one, gain in zip(wanted, gains, strict=True)
    ]
    return Ranking.from_lists(wanted, gains), Ranking.from_lists(given), Ranking.from_lists(best)


def _texts(maker: np.random.Generator, n: int) -> tuple[Any, Any, Any]:
    def one() -> str:
        return " ".join(maker.choice(["a", "b", "cd", "E"], maker.integers(4, 9)))

    truth = Text(tuple(one() for _ in range(n)))
    return truth, Text(tuple(t if maker.random() < 0.3 else one() for t in truth.values)), truth


def _masks(maker: np.random.Generator, n: int) -> tuple[Any, Any, Any]:
    truth = maker.integers(0, 2, (n, 3, 4)) * (maker.random((n, 1, 1)) < 0.8)
    given = np.where(maker.random((n, 3, 4)) < 0.3, 1 - truth, truth)
    return Masks.from_array(truth), Masks.from_array(given), Masks.from_array(truth)


def _boxes(maker: np.random.Generator, n: int) -> tuple[Any, Any, Any]:
    def some(m: int, confidence: Any) -> Boxes:
        low = maker.integers(0, 4, (m, 2)).astype(float)
        corners = np.hstack([low, low + maker.integers(1, 5, (m, 2))])
        return Boxes.of(maker.integers(0, n, m), maker.integers(0, 2, m), corners, n, confidence)

    truth = some(2 * n, None)
    return truth, some(3 * n, maker.permutation(3 * n) / (3 * n)), truth


def _forecasts(maker: np.random.Generator, n: int) -> tuple[Any, Any, Any]:
    series = maker.permutation(np.arange(n) % 3)
    scale, weight = 1.0 + maker.random(3), 1.0 + maker.random(3)
    y = maker.normal(size=n)
    return Series.of(y, series, scale[series], weight[series]), y + maker.normal(size=n), y


def _distributions(maker: np.random.Generator, n: int, name: str) -> tuple[Any, Any, Any]:
    if name == "crps":
        y = maker.integers(0, 5, n)
        return y, np.sort(maker.random((n, 5)), axis=1), (np.arange(5) >= y[:, None]).astype(float)
    if name == "bits_per_byte":
        codes = maker.integers(0, 3, n)
        return Tokens(codes, maker.integers(1, 5, n)), maker.dirichlet(np.ones(3), n) + 0.01, np.eye(3)[codes]
    values = maker.normal(size=n)
    if name == "crps_normal":
        return values, np.abs(maker.normal(size=(n, 2))), np.column_stack([values, np.zeros(n)])
    return values, maker.normal(size=(n, 2)), np.column_stack([values, values])


def shaped_case(name: str, seed: int, n: int) -> tuple[Any, Any, Any]:
    """(truth, prediction, perfect prediction)."""
    metric, maker = metrics.get(name), np.random.default_rng(seed)
    makers = {"ranking": _rankings, "text": _texts, "masks": _masks, "boxes": _boxes}
    if metric.needs in makers:
        return makers[metric.needs](maker, n)
    return _forecasts(maker, n) if metric.task_types == ("forecasting",) else _distributions(maker, n, name)


@pytest.mark.parametrize("name", SHAPED)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), n=st.integers(3, 20))
def test_properties(name: str, seed: int, n: int) -> None:
    metric = metrics.get(name)
    truth, prediction, perfect = shaped_case(name, seed, n)
    value = metric.function(truth, prediction)
    low, high = metric.bounds
    assert low - 1e-9 <= value <= high + 1e-9, "in bounds"

    order = np.random.default_rng(seed).permutation(n)
    assert metric.function(truth[order], prediction[order]) == pytest.approx(value, abs=1e-9), "order of units"

    best = metric.function(truth, perfect)
    assert best == pytest.approx(metric.optimum, abs=1e-6), "perfect is optimal"
    assert metric.sign * (best - value) >= -1e-9, "direction"

    repeats = np.random.default_rng(seed).integers(1, 4, n)
    at = np.repeat(np.arange(n), repeats)
    if metric.needs != "boxes":  # repeated boxes tie in confidence; weights of images are checked by doubling below
        weighted = metric.function(truth, prediction, repeats.astype(float))
        assert weighted == pytest.approx(metric.function(truth[at], prediction[at]), abs=1e-9), "a weight repeats"
    assert metric.function(truth, prediction, np.full(n, 2.0)) == pytest.approx(value, abs=1e-9), "weights are relative"

    if metric.per_row is not None:
        assert metric.per_row(truth, prediction).mean(axis=0).mean() == pytest.approx(value), "units add up"


@pytest.mark.parametrize("name", ["box_map", "coco_map"])
def test_an_image_of_weight_zero_is_left_out(name: str) -> None:
    truth, prediction, _ = shaped_case(name, 3, 12)
    weight = (np.arange(12) < 9).astype(float)
    assert score(name, truth, prediction, weight) == pytest.approx(score(name, truth[:9], prediction[:9]))


@pytest.mark.parametrize("name", SHAPED)
def test_units_are_taken_as_from_arrays(name: str) -> None:
    truth, prediction, _ = shaped_case(name, 5, 10)
    for shape in (truth, prediction):
        mask = np.arange(10) % 3 == 0
        assert len(shape) == 10
        assert same(shape[mask], shape[np.flatnonzero(mask)])
        assert len(shape[2:5]) == 3
        assert same(shape[np.arange(10)][mask], shape[mask])
        assert not same(shape, shape[::-1])


@pytest.mark.parametrize("name", ["ndcg@3", "levenshtein", "mask_ap", "coco_map", "bleu", "crps_samples", "rmsse"])
def test_every_shape_has_a_standard_error(name: str) -> None:
    metric = metrics.get(name)
    truth, prediction, perfect = shaped_case(name, 1, 60)
    told = estimate(metric, truth, prediction)
    assert 0 < told.stderr < math.inf
    assert difference(metric, truth, perfect, prediction).value > 0
    assert difference(metric, truth, prediction, prediction).stderr == 0


@pytest.mark.parametrize("name", ["map@3", "bleu", "iou", "coco_map"])
def test_unlike_numbers_of_units_are_refused(name: str) -> None:
    truth, prediction, _ = shaped_case(name, 1, 6)
    with pytest.raises(InvalidPredictions, match="6 units; found 5"):
        score(name, truth, prediction[:5])


# ---------------------------------------------------------------- figures of the reference programs, measured once


COCO = {0: 0.4131615720046756, 1: 0.4104732615313561, 2: 0.387081737206672}
BLEU = 0.3958869439148976


def test_coco_map_is_pycocotools() -> None:
    """pycocotools 2.0.11 scored the same boxes."""
    for seed, expected in COCO.items():
        assert score("coco_map", *_crowd(seed)) == pytest.approx(expected, abs=1e-9)


def _crowd(seed: int) -> tuple[Boxes, Boxes]:
    maker = np.random.RandomState(seed)  # its streams never change
    n, m, k = 3, 60, 8
    low = maker.random_sample((m, 2)) * 100
    corners = np.hstack([low, low + 5 + 40 * maker.random_sample((m, 2))])
    truth = Boxes.of(maker.randint(0, n, m), maker.randint(0, 2, m), corners, n)
    at = maker.randint(0, m, m * k)
    near = truth.corners[at] + maker.normal(size=(m * k, 4)) * maker.choice([0.5, 2.0, 4.0], (m * k, 1))
    near[:, 2:] = np.maximum(near[:, 2:], near[:, :2] + 1)
    label = np.where(maker.random_sample(m * k) < 0.9, truth.label[at], maker.randint(0, 3, m * k))
    return truth, Boxes.of(truth.image[at], label, near, n, maker.permutation(m * k) / (m * k))


def test_bleu_is_sacrebleus() -> None:
    """sacrebleu 2.6.0 (tokenize none, no smoothing) scored the same texts."""
    maker = np.random.RandomState(0)

    def one() -> str:
        return " ".join(maker.choice(list("abcdef"), maker.randint(1, 15)))

    truth = [one() for _ in range(40)]
    given = [text if maker.random_sample() < 0.3 else one() for text in truth]
    assert score("bleu", Text(tuple(truth)), Text(tuple(given))) == pytest.approx(BLEU)


def test_sorted_and_compared_hits_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    truth, prediction, _ = shaped_case("ndcg@3", 7, 40)
    names = ("map@4", "ndcg@4", "mrr", "recall@4")
    compared = [score(name, truth, prediction) for name in names]
    monkeypatch.setattr("podium.metrics.rankings.COMPARED", -1)
    assert [score(name, truth, prediction) for name in names] == pytest.approx(compared)


def test_units_without_relevant_items_score_nothing() -> None:
    empty = Ranking.from_lists([[], []])
    for name in ("map@2", "ndcg@2", "mrr", "recall@2", "hit_rate@2"):
        assert score(name, empty, Ranking.from_lists([[1], []])) == 0.0
