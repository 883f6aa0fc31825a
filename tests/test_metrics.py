"""Metrics against scikit-learn, and properties every metric must have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from podium import metrics
from podium.errors import IntakeError, InvalidPredictions
from podium.metrics.labels import FROM_CONFUSION, confusion

rng = np.random.default_rng(0)
N = 400
BITS = rng.integers(0, 2, N)
SCORE = np.round(rng.random(N) * 0.6 + 0.3 * BITS, 2)  # with ties
CODES = rng.integers(0, 4, N)
GUESS = np.where(rng.random(N) < 0.6, CODES, rng.integers(0, 4, N))
BIT_GUESS = np.where(rng.random(N) < 0.7, BITS, 1 - BITS)
PROBABILITIES = rng.dirichlet(np.ones(4), N)
LABELS = rng.integers(0, 2, (N, 3))
LABEL_SCORE = rng.random((N, 3))
VALUES = np.exp(rng.normal(size=N))
NEAR = VALUES * np.exp(rng.normal(size=N) * 0.3)
WEIGHTS = rng.integers(1, 4, N).astype(float)

Case = tuple[str, Any, Any, Callable[..., float]]
CASES: list[Case] = [
    ("log_loss", BITS, SCORE, lambda t, p, w: sk.log_loss(t, p, sample_weight=w)),
    ("log_loss", CODES, PROBABILITIES, lambda t, p, w: sk.log_loss(t, p, sample_weight=w)),
    ("brier", BITS, SCORE, lambda t, p, w: sk.brier_score_loss(t, p, sample_weight=w)),
    ("auc", BITS, SCORE, lambda t, p, w: sk.roc_auc_score(t, p, sample_weight=w)),
    ("auc", LABELS, LABEL_SCORE, lambda t, p, w: sk.roc_auc_score(t, p, sample_weight=w)),
    ("auc", CODES, PROBABILITIES, lambda t, p, w: sk.roc_auc_score(t, p, sample_weight=w, multi_class="ovr")),
    ("average_precision", BITS, SCORE, lambda t, p, w: sk.average_precision_score(t, p, sample_weight=w)),
    ("average_precision", LABELS, LABEL_SCORE, lambda t, p, w: sk.average_precision_score(t, p, sample_weight=w)),
    ("accuracy", CODES, GUESS, lambda t, p, w: sk.accuracy_score(t, p, sample_weight=w)),
    ("balanced_accuracy", CODES, GUESS, lambda t, p, w: sk.balanced_accuracy_score(t, p, sample_weight=w)),
    ("f1", BITS, BIT_GUESS, lambda t, p, w: sk.f1_score(t, p, sample_weight=w)),
    ("f1_macro", CODES, GUESS, lambda t, p, w: sk.f1_score(t, p, average="macro", sample_weight=w)),
    ("f1_micro", CODES, GUESS, lambda t, p, w: sk.f1_score(t, p, average="micro", sample_weight=w)),
    ("f1_weighted", CODES, GUESS, lambda t, p, w: sk.f1_score(t, p, average="weighted", sample_weight=w)),
    ("f1_macro", LABELS, 1 - LABELS[::-1], lambda t, p, w: sk.f1_score(t, p, average="macro", sample_weight=w)),
    ("f1_micro", LABELS, 1 - LABELS[::-1], lambda t, p, w: sk.f1_score(t, p, average="micro", sample_weight=w)),
    ("f1_weighted", LABELS, 1 - LABELS[::-1], lambda t, p, w: sk.f1_score(t, p, average="weighted", sample_weight=w)),
    (
        "f1_samples",
        LABELS,
        1 - LABELS[::-1],
        lambda t, p, w: sk.fbeta_score(t, p, beta=1, average="samples", sample_weight=w, zero_division=0),
    ),
    ("f1_samples", CODES, GUESS, lambda t, p, w: sk.accuracy_score(t, p, sample_weight=w)),
    ("fbeta@2", BITS, BIT_GUESS, lambda t, p, w: sk.fbeta_score(t, p, beta=2, sample_weight=w)),
    ("fbeta@0.5", CODES, GUESS, lambda t, p, w: sk.fbeta_score(t, p, beta=0.5, average="macro", sample_weight=w)),
    *(
        (
            f"fbeta_{average}@2",
            truth,
            guess,
            lambda t, p, w, average=average: sk.fbeta_score(
                t, p, beta=2, average=average, sample_weight=w, zero_division=0
            ),
        )
        for average in ("macro", "micro", "weighted", "samples")
        for truth, guess in ((LABELS, 1 - LABELS[::-1]), (CODES, GUESS))
        if not (average == "samples" and truth is CODES)
    ),
    ("mcc", CODES, GUESS, lambda t, p, w: sk.matthews_corrcoef(t, p, sample_weight=w)),
    ("qwk", CODES, GUESS, lambda t, p, w: sk.cohen_kappa_score(t, p, weights="quadratic", sample_weight=w)),
    ("rmse", VALUES, NEAR, lambda t, p, w: sk.root_mean_squared_error(t, p, sample_weight=w)),
    ("mse", VALUES, NEAR, lambda t, p, w: sk.mean_squared_error(t, p, sample_weight=w)),
    ("rmsle", VALUES, NEAR, lambda t, p, w: sk.root_mean_squared_log_error(t, p, sample_weight=w)),
    (
        "rmse_log",
        VALUES,
        NEAR,
        lambda t, p, w: sk.root_mean_squared_error(np.log(t), np.log(p), sample_weight=w),
    ),
    ("mae", VALUES, NEAR, lambda t, p, w: sk.mean_absolute_error(t, p, sample_weight=w)),
    ("rmspe", VALUES, NEAR, lambda t, p, w: sk.root_mean_squared_error(t / t, p / t, sample_weight=w)),
    ("mape", VALUES, NEAR, lambda t, p, w: sk.mean_absolute_percentage_error(t, p, sample_weight=w)),
    ("r2", VALUES, NEAR, lambda t, p, w: sk.r2_score(t, p, sample_weight=w)),
]


@pytest.mark.parametrize(
    ("name", "truth", "prediction", "reference"), CASES, ids=lambda v: v if isinstance(v, str) else ""
)
@pytest.mark.parametrize("weight", [None, WEIGHTS], ids=["plain", "weighted"])
def test_equals_scikit_learn(name: str, truth: Any, prediction: Any, reference: Any, weight: Any) -> None:
    assert metrics.get(name).function(truth, prediction, weight) == pytest.approx(reference(truth, prediction, weight))


def test_medae_equals_numpy() -> None:
    expected = sk.median_absolute_error(VALUES, NEAR)
    assert metrics.get("medae").function(VALUES, NEAR) == pytest.approx(expected)


def test_correlations_equal_scipy() -> None:
    from scipy import stats

    rough = np.round(NEAR, 1)  # ties
    assert metrics.get("pearson").function(VALUES, rough) == pytest.approx(stats.pearsonr(VALUES, rough).statistic)
    assert metrics.get("spearman").function(VALUES, rough) == pytest.approx(stats.spearmanr(VALUES, rough).statistic)


def test_log_loss_renormalises_and_clips() -> None:
    log_loss = metrics.get("log_loss").function
    truth = np.array([0, 2])
    assert log_loss(truth, np.array([[2.0, 1.0, 1.0], [0.1, 0.1, 0.2]])) == pytest.approx(np.log(2.0))
    assert log_loss(np.array([1]), np.array([[1.0, 0.0]])) == pytest.approx(-np.log(1e-15))


def test_smape_by_hand() -> None:
    smape = metrics.get("smape").function
    assert smape(np.array([100.0, 0.0]), np.array([50.0, 0.0])) == pytest.approx(0.5 * 200 * 50 / 150)


def test_gini_is_twice_auc_minus_one_and_scale_free() -> None:
    gini, auc = metrics.get("gini").function, metrics.get("auc").function
    assert gini(BITS, SCORE) == pytest.approx(2 * auc(BITS, SCORE) - 1)
    assert gini(VALUES, np.log(NEAR)) == pytest.approx(gini(VALUES, NEAR))


def test_several_targets_are_the_column_mean() -> None:
    truth, near = np.column_stack([VALUES, 3 * VALUES]), np.column_stack([NEAR, NEAR])
    for name in ("rmse", "rmsle", "mae", "r2", "pearson", "spearman", "medae"):
        one = metrics.get(name).function
        by_hand = np.mean([one(truth[:, c], near[:, c]) for c in range(2)])
        assert one(truth, near) == pytest.approx(by_hand), name


def test_degenerate_inputs_are_finite() -> None:
    ones, zeros = np.ones(5, dtype=np.int64), np.zeros(5, dtype=np.int64)
    for name in ("f1", "mcc", "balanced_accuracy", "qwk", "f1_macro"):
        assert np.isfinite(metrics.get(name).function(ones, zeros)), name
    assert metrics.get("qwk").function(ones, ones) == 1.0
    assert metrics.get("auc").function(ones, np.linspace(0, 1, 5)) == 0.5
    assert metrics.get("pearson").function(np.arange(5.0), np.ones(5)) == 0.0


# ---------------------------------------------------------------- properties


@st.composite
def scored_case(draw: st.DrawFn, name: str) -> tuple[Any, Any, Any]:
    """(truth, prediction, perfect prediction) for a metric, some targets or classes, with ties."""
    metric = metrics.get(name)
    seed, n = draw(st.integers(0, 10_000)), draw(st.integers(6, 40))
    maker = np.random.default_rng(seed)
    if name == "mean:qwk" or name.startswith("mean@"):
        truth = maker.permuted(np.arange(2 * n).reshape(n, 2) % 3, axis=0)
        return truth, maker.permuted(truth, axis=0), truth
    if metric.needs == "label":
        truth = maker.permutation(np.arange(n) % draw(st.integers(2, 4)))
        return truth, maker.permutation(truth), truth
    if "regression" not in metric.task_types or (name == "gini" and draw(st.booleans())):
        if draw(st.booleans()) and name != "gini":
            truth = maker.permutation(np.arange(n) % 3)
            return truth, maker.dirichlet(np.ones(3), n).round(2) + 0.01, np.eye(3)[truth]
        truth = maker.permutation(np.arange(n) % 2)
        return truth, maker.random(n).round(1), truth.astype(float)
    shape = (n, 2) if draw(st.booleans()) else (n,)
    truth = maker.integers(1, 9, shape) / 2.0
    truth[:2] = np.array([[0.5], [4.0]]) if truth.ndim == 2 else np.array([0.5, 4.0])  # never constant
    return truth, maker.integers(1, 9, shape) / 2.0, truth


TABLES = ("label", "probability", "score", "value")
PARAMETRISED = [
    "fbeta@2", "fbeta_macro@0.5", "fbeta_samples@2", "mean:qwk", "mean@3,1:rmse", "mean@1,3:mae",
    "sum:0.5*auc+0.5*average_precision", "sum:auc-0.1*log_loss", "sum:rmse+2*mae",
]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [n for n in metrics.names() if metrics.get(n).needs in TABLES and metrics.get(n).task_types != ("forecasting",)]
    + PARAMETRISED,
)
@settings(max_examples=15, deadline=None, derandomize=True)
@given(data=st.data())
def test_properties(name: str, data: st.DataObject) -> None:
    metric = metrics.get(name)
    truth, prediction, perfect = data.draw(scored_case(name))
    score = metric.function(truth, prediction)
    low, high = metric.bounds
    assert low - 1e-9 <= score <= high + 1e-9, "in bounds"

    order = np.random.default_rng(len(truth)).permutation(len(truth))
    assert metric.function(truth[order], prediction[order]) == pytest.approx(score, abs=1e-9), "order of rows"

    best = metric.function(truth, perfect)
    assert best == pytest.approx(metric.optimum, abs=1e-6), "perfect is optimal"
    assert metric.sign * (best - score) >= -1e-9, "direction"

    repeats = np.random.default_rng(len(truth)).integers(1, 4, len(truth))
    weighted = metric.function(truth, prediction, repeats.astype(float))
    repeated = metric.function(np.repeat(truth, repeats, axis=0), np.repeat(prediction, repeats, axis=0))
    assert weighted == pytest.approx(repeated, abs=1e-9), "an integer weight repeats the row"

    if metric.per_row is not None:
        means = metric.per_row(truth, prediction).mean(axis=0)
        linked = np.sqrt(means) if metric.link == "sqrt" else means
        assert linked.mean() == pytest.approx(score), "rows add up to the metric"


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("evaluated using the multi-class logarithmic loss", ["log_loss"]),
        ("[area under the ROC curve](http://x) between the predicted probability", ["auc"]),
        ("RMSE of log prices", ["rmse_log"]),
        ("Root-Mean-Squared-Error (RMSE) between the logarithm of the predicted value and the log", ["rmse_log"]),
        ("**quadratic weighted kappa** — Cohen kappa with quadratic weights", ["qwk"]),
        ("the column-wise root mean squared logarithmic error. RMSLE is", ["rmsle"]),
        ("root mean squared error", ["rmse"]),
        ("the R² score", ["r2"]),
        ("Matthews correlation coefficient (MCC)", ["mcc"]),
        ("Pearson correlation coefficient", ["pearson"]),
        ("macro-averaged F1 score", ["f1_macro"]),
        ("balanced accuracy", ["balanced_accuracy"]),
        ("mean average precision at different intersection over union thresholds", []),
        ("mean average precision at different IoU thresholds of predicted masks", ["mask_ap"]),
        ("mean average precision at different IoU thresholds of bounding boxes", []),
        ("the standard COCO mAP@[.50:.95]", ["coco_map"]),
        ("mAP@[.50:.95], area under the interpolated curve, all points", ["box_map"]),
        ("mAP@0.5", []),
        ("mAP@50 of boxes", []),
        ("mAP@50", []),
        ("symmetric mean absolute percentage error", ["smape"]),
        ("the percentage of predicted labels that are correct", ["accuracy"]),
        ("MAP@5", ["map@5"]),
        ("Mean Average Precision @ 12 (MAP@12)", ["map@12"]),
        ("NDCG (Normalized discounted cumulative gain) @k where k=5", ["ndcg@5"]),
        ("Normalized Discounted Cumulative Gain", []),
        ("Recall@20 for each action type, and the three are weight-averaged", []),
        ("Mean Reciprocal Rank (MRR)", ["mrr"]),
        ("MRR@10", ["mrr@10"]),
        ("hit rate@10", ["hit_rate@10"]),
        ("precision at 90% recall", []),
        ("top-5 accuracy", []),
        ("the mean F2 score", ["fbeta_samples@2"]),
        ("the F2-score", ["fbeta@2"]),
        ("$F_{0.5}$ score", ["fbeta@0.5"]),
        ("F-beta score with beta = 2", ["fbeta@2"]),
        ("F-beta score", []),
        ("Mean F1-Score", ["f1_samples"]),
        ("the mean F1 score over all classes", ["f1_macro"]),
        ("balanced logarithmic loss", []),
        ("a weighted multi-label logarithmic loss", []),
        ("weighted AUC", []),
        ("adjusted R2", []),
        ("sample-weighted zero-mean R-squared score", []),
        ("linear weighted kappa", []),
        ("weighted kappa", []),
        ("Cohen's kappa with quadratic weights", ["qwk"]),
        ("multi-class log loss with class weights", []),
        ("RMSE weighted by area", []),
        ("the mean of the Pearson correlation per study", []),
        ("NDCG@10 per user", ["ndcg@10"]),
        ("1 - accuracy", []),
        ("the negative RMSE", []),
        ("negative log likelihood", ["log_loss"]),
        ("mean per-class accuracy", ["balanced_accuracy"]),
        ("log of the RMSE", []),
        ("mean absolute error of the log", []),
        ("average F1 score", []),
        ("Brier skill score", []),
        ("weighted mean absolute error (WMAE)", ["wmae"]),
        ("Weighted Root Mean Squared Scaled Error (RMSSE)", ["wrmsse"]),
        ("Root Mean Square Percentage Error (RMSPE)", ["rmspe"]),
        ("Continuous Ranked Probability Score (CRPS)", ["crps"]),
        ("pinball loss for quantiles 0.1, 0.5 and 0.9", ["pinball@0.1,0.5,0.9"]),
        ("pinball loss", []),
        ("mean Dice coefficient", ["dice"]),
        ("global Dice coefficient", ["dice_global"]),
        ("mean IoU", []),
        ("Jaccard index", []),
        ("mean word-level Jaccard", ["word_jaccard"]),
        ("mean Levenshtein distance between the strings", ["levenshtein"]),
        ("normalized total Levenshtein distance", []),
        ("bits per byte", ["bits_per_byte"]),
        ("bits per character", ["bits_per_character"]),
        ("phrases that are an exact match", []),
        ("predict the price of a house", []),
        ("normalized Gini coefficient", ["gini"]),
        ("MAE, then RMSE", ["mae", "rmse"]),
        ("F1-score with macro averaging", ["f1_macro"]),
        ("multi-logloss", ["log_loss"]),
        ("symmetric MAPE", ["smape"]),
        ("symmetrical mean absolute percentage error", ["smape"]),
        ("AUC of the precision-recall curve", ["average_precision"]),
        ("micro-averaged AUC", []),
        ("RMSE divided by the mean of the labels", []),
        ("the mean of two measures: normalized Gini and the default rate captured", []),
    ],
)
def test_find(text: str, expected: list[str]) -> None:
    assert metrics.find(text) == expected


def test_long_texts_are_searched_in_passing_time() -> None:
    """Overlapping mentions were once compared pair by pair: a long text took minutes."""
    assert metrics.find("f1 " * 20_000) == ["f1"]
    assert metrics.find("weighted mean " * 20_000) == []


@pytest.mark.parametrize(
    ("spelled", "canonical"),
    [
        ("MAP@5", "map@5"), ("ndcg_at_10", "ndcg@10"), ("F2", "fbeta@2"), ("fbeta@0.50", "fbeta@0.5"),
        ("pinball@0.1,.9", "pinball@0.1,0.9"), ("crps@-99:99", "crps@-99:99"), ("mean : RMSE", "mean:rmse"),
        ("mean@2,1:auc_roc", "mean@2,1:auc"), ("sum: 0.5*AUC + .5*average_precision", "sum:0.5*auc+0.5*average_precision"),
        ("sum:auc-0.1*log_loss", "sum:1*auc-0.1*log_loss"), ("sum:-1*rmse", "sum:-1*rmse"),
    ],
)  # fmt: skip
def test_names_with_parameters_have_one_canonical_spelling(spelled: str, canonical: str) -> None:
    assert metrics.get(spelled).name == canonical
    assert metrics.get(canonical).name == canonical


@pytest.mark.parametrize(
    "name",
    [
        "map", "ndcg@0", "map@x", "fbeta", "fbeta@-1", "fbeta@two", "pinball@", "pinball@1.5", "crps@5", "crps@9:3", "auc@5",
        "mean:map@5", "mean@a:rmse", "mean@0,0:rmse", "mean:", "sum:", "sum:auc+log_loss", "sum:rmse+f1", "sum:auc auc",
        "sum:0*auc", "sum:auc+map@5", "sum:auc+", "nothing.py", "",
    ],
)  # fmt: skip
def test_wrong_names_are_refused_in_one_line(name: str) -> None:
    with pytest.raises(IntakeError) as refusal:
        metrics.get(name)
    assert "\n" not in str(refusal.value)


def test_column_means_and_sums_by_hand() -> None:
    truth, near = np.column_stack([CODES, CODES[::-1]]), np.column_stack([GUESS, GUESS])
    qwk, accuracy = metrics.get("qwk").function, metrics.get("accuracy").function
    parts = [qwk(truth[:, c], near[:, c]) for c in range(2)]
    assert metrics.get("mean:qwk").function(truth, near) == pytest.approx(np.mean(parts))
    assert metrics.get("mean@3,1:qwk").function(truth, near) == pytest.approx((3 * parts[0] + parts[1]) / 4)
    both = metrics.get("sum:0.7*qwk+0.3*accuracy")
    assert both.function(CODES, GUESS) == pytest.approx(0.7 * qwk(CODES, GUESS) + 0.3 * accuracy(CODES, GUESS))
    assert (both.direction, both.bounds, both.optimum) == ("higher", pytest.approx((-0.7, 1.0)), pytest.approx(1.0))
    with pytest.raises(InvalidPredictions, match="2 columns"):
        metrics.get("mean@3,1:qwk").function(CODES, GUESS)


def test_formulas_of_counts_agree_with_the_metrics() -> None:
    counts = confusion(CODES, GUESS)
    for name in ("f1_samples", "fbeta@2", "fbeta_macro@0.5", "fbeta_micro@2", "fbeta_weighted@3", "mean:qwk"):
        expected = metrics.get(name.removeprefix("mean:")).function(CODES, GUESS)
        assert float(FROM_CONFUSION[name](counts)) == pytest.approx(expected), name
    assert float(FROM_CONFUSION["/home/user/metric.py"](counts)) == pytest.approx(
        metrics.get("accuracy").function(CODES, GUESS)
    )


@pytest.mark.parametrize("name", ["auc_roc", "AUC", "roc_auc", "ROC AUC", "mean column-wise AUC"])
def test_get_takes_aliases(name: str) -> None:
    assert metrics.get(name).name == "auc"


def test_every_metric_is_found_by_its_name_and_title() -> None:
    for name in metrics.names():
        assert metrics.get(name).name == name
        assert metrics.find(metrics.get(name).title) == [name]


def test_unknown_metric_names_the_near_ones() -> None:
    with pytest.raises(IntakeError, match="rmse"):
        metrics.get("rmes")
