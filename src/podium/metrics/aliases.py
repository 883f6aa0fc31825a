"""What people call the metrics. Phrases are lower case, words separated by single blanks, as `normalise` leaves them.

A phrase may hold `*` for up to six words. An empty name marks a phrase that is another metric than its words suggest.
"""

from __future__ import annotations

import re

PHRASES: dict[str, tuple[str, ...]] = {
    "log_loss": (
        "log loss", "logloss", "log losses", "logarithmic loss", "multiclass loss", "multi class loss", "mlogloss",
        "cross entropy", "crossentropy", "binary crossentropy", "negative log likelihood", "multi logloss",
    ),
    "auc": (
        "auc", "auc roc", "roc auc", "rocauc", "auroc", "area under the roc", "area under roc",
        "area under the receiver operating characteristic", "area under receiver operating characteristic",
        "area under the curve", "roc curve", "mean columnwise auc", "auc score", "roc",
    ),
    "average_precision": (
        "average precision", "average precision score", "pr auc", "auc pr", "auprc", "prauc",
        "area under the precision recall curve", "area under precision recall curve", "precision recall auc",
    ),
    "accuracy": (
        "accuracy", "acc", "categorization accuracy", "categorisation accuracy", "classification accuracy",
        "percentage of predicted labels that are correct", "accuracy score", "share of correct",
    ),
    "balanced_accuracy": ("balanced accuracy", "balanced accuracy score", "mean recall", "macro recall", "bac"),
    "f1": ("f1", "f 1", "f1 score", "f score", "f measure", "f1score"),
    "f1_macro": (
        "macro f1", "f1 macro", "macro averaged f1", "macro average f1", "macro f score", "mean f1 over classes",
        "unweighted mean of the f1", "f1 * macro", "macro averaged f1 score", "macro f1 score", "mean per class f1",
    ),
    "f1_micro": (
        "micro f1", "f1 micro", "micro averaged f1", "micro average f1", "f1 * micro", "micro f1 score", "mean f1 score",
    ),
    "f1_weighted": ("weighted f1", "f1 weighted", "weighted average f1", "weighted f1 score", "weighted averaged f1"),
    "mcc": ("mcc", "matthews correlation", "matthews correlation coefficient", "matthews corrcoef", "phi coefficient"),
    "qwk": (
        "qwk", "quadratic weighted kappa", "quadratically weighted kappa", "quadratic kappa", "weighted kappa",
        "cohen s kappa", "cohen kappa", "kappa with quadratic weights", "kappa quadratic", "cohen kappa score",
        "quadratic weighted kappa score",
    ),
    "rmse": (
        "rmse", "root mean squared error", "root mean square error", "root mean squared deviation", "rmsd",
        "root of the mean squared error", "mcrmse", "mean columnwise root mean squared error",
        "mean column wise root mean squared error",
    ),
    "mse": ("mse", "mean squared error", "mean square error", "l2 loss"),
    "rmsle": (
        "rmsle", "root mean squared logarithmic error", "root mean square logarithmic error",
        "root mean squared log error", "root mean square log error", "mean column wise rmsle", "mean columnwise rmsle",
        "rootmeansquaredlogarithmicerror", "rmse of log1p", "rmse of log 1",
    ),
    "rmse_log": (
        "rmse log", "log rmse", "rmse of log", "rmse of logs", "rmse of logarithms", "rmse of the log",
        "rmse of the logarithm", "rmse * between the logarithm", "rmse * between the log", "rmse on log",
        "root mean squared error * between the logarithm", "root mean squared error * of the logarithm",
        "root mean squared error * between the log", "root mean squared error of log", "rmse * of the logarithm",
        "root mean squared error * natural logs", "root mean squared error * natural log",
        "mean squared difference of natural logs", "rmse * of the logarithms", "root mean square error of log",
    ),
    "mae": ("mae", "mean absolute error", "mean absolute deviation", "l1 loss", "average absolute error"),
    "mape": ("mape", "mean absolute percentage error", "mean absolute percent error"),
    "smape": ("smape", "symmetric mean absolute percentage error", "symmetric mean absolute percent error"),
    "medae": ("medae", "median absolute error", "median absolute deviation of the errors"),
    "r2": (
        "r2", "r 2", "r squared", "r2 score", "coefficient of determination", "r square",
    ),
    "pearson": (
        "pearson", "pearson correlation", "pearson s correlation", "pearson correlation coefficient", "pearsonr",
        "pearson s r", "linear correlation", "correlation coefficient", "pearson s correlation coefficient",
    ),
    "spearman": (
        "spearman", "spearman correlation", "spearman s correlation", "spearman s rank correlation", "spearmanr",
        "spearman rank correlation", "rank correlation", "spearman s rho", "spearman s rank correlation coefficient",
        "spearman s correlation coefficient", "mean column wise spearman",
    ),
    "gini": ("gini", "normalized gini", "normalised gini", "gini coefficient", "normalized gini coefficient"),
    "brier": ("brier", "brier score", "brier loss", "brier score loss"),
    "": (
        "mean average precision", "map", "mean average precision at", "intersection over union", "gini impurity",
        "gini importance", "average precision at", "predicted accurately", "kendall rank correlation", "multi task",
        "partial auc", "weighted log loss", "mean f1 score at", "weighted mean absolute error", "weighted accuracy",
        "mean absolute scaled error", "pinball loss", "auc roc of the public leaderboard", "example based f1",
    ),
}  # fmt: skip


# Words of detection: where a text has one of them, its "average precision" is a step of that metric, not ours.
DETECTION = ("mean average precision", "map", "iou", "intersection over union", "bounding box", "bounding boxes")


def normalise(text: str) -> str:
    """Lower case; every run of other characters than letters and digits is one blank."""
    return " ".join(re.findall(r"[a-z0-9]+", text.lower().replace("²", "2").replace("₁", "1")))


def _pattern(phrase: str) -> re.Pattern[str]:
    return re.compile(r"\b" + phrase.replace(" * ", r" (?:\w+ ){0,6}?") + r"\b")


_PATTERNS: list[tuple[re.Pattern[str], str]] = []


def patterns() -> list[tuple[re.Pattern[str], str]]:
    """(pattern, canonical name or ""), compiled at the first call."""
    if not _PATTERNS:
        _PATTERNS.extend((_pattern(phrase), name) for name, phrases in PHRASES.items() for phrase in phrases)
    return _PATTERNS
