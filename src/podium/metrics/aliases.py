"""What people call the metrics. Phrases are lower case, words separated by single blanks, as `normalise` leaves them.

A phrase may hold `*` for up to six words. An empty name marks a phrase that is another metric than its words suggest.
`TEMPLATES` are patterns with a parameter. Words that leave open which metric is meant (a bare "NDCG", "Jaccard", "mAP")
map to nothing: intake then asks, for a wrong metric would cost the whole campaign.
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
        "auc of the precision recall curve", "auc of a precision recall curve",
    ),
    "accuracy": (
        "accuracy", "acc", "categorization accuracy", "categorisation accuracy", "classification accuracy",
        "percentage of predicted labels that are correct", "accuracy score", "share of correct",
    ),
    "balanced_accuracy": ("balanced accuracy", "balanced accuracy score", "mean recall", "macro recall", "bac",
        "per class accuracy", "mean class accuracy", "class averaged accuracy", "macro averaged recall", "macro accuracy",
        "unweighted average recall", "average per class recall",
    ),
    "f1": ("f1", "f 1", "f1 score", "f score", "f measure", "f1score"),
    "f1_macro": (
        "macro f1", "f1 macro", "macro averaged f1", "macro average f1", "macro f score", "mean f1 over classes",
        "unweighted mean of the f1", "f1 * macro", "macro averaged f1 score", "macro f1 score", "mean per class f1",
        "mean f1 score * class", "mean f1 score * classes", "mean f1 * classes", "mean f1 * class", "mean f1 score * label",
    ),
    "f1_micro": (
        "micro f1", "f1 micro", "micro averaged f1", "micro average f1", "f1 * micro", "micro f1 score",
        "micro averaged f1 score",
    ),
    "f1_samples": (
        "mean f1 score", "mean f score", "sample averaged f1", "samples averaged f1", "sample average f1", "samples f1",
        "f1 samples", "example based f1", "example based f measure", "f1 * averaged over samples", "f1 * average samples",
        "f1 score averaged over rows", "mean f1", "f1 * samples",
    ),
    "f1_weighted": ("weighted f1", "f1 weighted", "weighted average f1", "f1 * weighted by support",
        "weighted f1 score", "weighted averaged f1"),
    "mcc": ("mcc", "matthews correlation", "matthews correlation coefficient", "matthews corrcoef", "phi coefficient"),
    "qwk": (
        "qwk", "quadratic weighted kappa", "quadratically weighted kappa", "quadratic kappa", "quadratic cohen kappa",
        "kappa with quadratic weights", "kappa quadratic", "quadratic weighted kappa score", "cohen s kappa * quadratic",
        "cohen kappa * quadratic", "cohen kappa score * quadratic", "weighted kappa * quadratic",
        "quadratic weighted cohen s kappa", "quadratic weighted cohen kappa",
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
        "rootmeansquaredlogarithmicerror", "rmse of log1p", "rmse of log 1", "rmse on log1p",
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
    "smape": ("smape", "symmetric mean absolute percentage error", "symmetric mean absolute percent error",
        "symmetric mape", "symmetrical mape", "symmetrical mean absolute percentage error"),
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
    "rmspe": ("rmspe", "root mean square percentage error", "root mean squared percentage error"),
    "crps": ("crps", "continuous ranked probability score", "continuously ranked probability score"),
    "crps_samples": ("crps of samples", "crps samples", "energy form of the crps"),
    "crps_normal": ("crps normal", "crps of a normal", "crps of a normal distribution", "crps of a gaussian"),
    "mase": ("mase", "mean absolute scaled error"),
    "rmsse": ("rmsse", "root mean squared scaled error", "root mean square scaled error"),
    "wrmsse": (
        "wrmsse", "weighted root mean squared scaled error", "weighted rmsse", "weighted root mean squared scaled error rmsse",
        "weighted root mean square scaled error",
    ),
    "wmae": ("wmae", "weighted mean absolute error", "weighted mae"),
    "bits_per_character": (
        "bits per character", "bits per char", "bpc", "cross entropy * bits per character", "log loss * bits per character",
    ),
    "bits_per_byte": ("bits per byte", "bpb", "cross entropy * bits per byte", "log loss * bits per byte"),
    "perplexity": ("perplexity",),
    "mrr": ("mrr", "mean reciprocal rank"),
    "word_jaccard": (
        "word level jaccard", "word jaccard", "word level jaccard score", "jaccard similarity of words",
        "jaccard * words", "word level jaccard index", "jaccard similarity for strings",
    ),
    "exact_match": ("exact match accuracy", "exact match score", "exact match metric", "exact match ratio of strings"),
    "levenshtein": (
        "levenshtein", "levenshtein distance", "mean levenshtein distance", "average levenshtein distance",
        "mean edit distance", "average edit distance",
    ),
    "wer": ("wer", "word error rate", "mean word error rate"),
    "cer": ("cer", "character error rate", "char error rate"),
    "chrf": ("chrf", "chrf score", "chrf2", "character n gram f score"),
    "bleu": ("bleu", "bleu score", "bleu 4", "corpus bleu", "bilingual evaluation understudy"),
    "dice": (
        "dice coefficient", "dice score", "mean dice coefficient", "mean dice", "sorensen dice coefficient",
        "dice similarity coefficient", "mean dice score", "dice similarity",
    ),
    "dice_global": ("global dice", "global dice coefficient", "dice coefficient * all pixels", "global dice score"),
    "iou": (
        "mean iou over images", "iou averaged over images", "mean iou * images", "iou * averaged over * images",
        "intersection over union * averaged over * images", "mean intersection over union * images",
    ),
    "mask_ap": (
        "mean average precision at different intersection over union", "mean average precision * iou thresholds",
        "mean average precision at different iou", "mean average precision * intersection over union thresholds",
        "mean average precision * iou * thresholds", "mean precision of masks over iou thresholds",
    ),
    "coco_map": (
        "map at 0p5 0p95", "map at 0p5 0p05 0p95", "map 0p5 0p95", "map at iou 0p5 0p95", "map at iou 0p5 0p05 0p95",
        "ap at 0p5 0p95", "ap at iou 0p5 0p05 0p95", "map50 95", "map 50 95", "map at 50 95", "coco map", "coco ap",
        "coco mean average precision", "coco average precision", "coco style map", "coco map at 0p5 0p95",
        "coco style mean average precision", "mean average precision at 0p5 0p95",
    ),
    "box_map": ("map at 0p5 0p95 over all points of the precision recall curve",),
    "": (
        "mean average precision", "map", "mean average precision at", "intersection over union", "gini impurity",
        "top 1 accuracy", "top 3 accuracy", "top 5 accuracy", "top k accuracy", "top 10 accuracy", "accuracy at",
        "top 5 categorization accuracy", "top 3 categorization accuracy", "top 5 classification accuracy",
        "weighted kappa", "cohen s kappa", "cohen kappa", "cohen kappa score", "kappa", "linear weighted kappa",
        "linearly weighted kappa", "kappa with linear weights", "cohen s kappa * linear",
        "normalized levenshtein", "normalised levenshtein", "levenshtein ratio", "normalized edit distance",
        "label smoothed cross entropy", "map at k", "precision at k", "recall at k", "ndcg", "ndcg at k", "mrr at k",
        "hit rate at k", "normalized discounted cumulative gain", "jaccard", "jaccard index", "miou", "iou",
        "mean iou", "mean intersection over union", "pinball", "quantile loss", "f beta", "f beta score", "fbeta",
        "crps * quantiles", "weighted scaled pinball loss", "sacrebleu", "sentence bleu", "bleurt", "padded cmap",
        "accuracy of the model", "mean absolute error in log", "mean absolute error of log", "mean absolute error of the log",
        "mae of log", "mae of the log", "log mae", "log of the mae", "log of the mean absolute error", "log of rmse",
        "log of the rmse", "logarithm of the rmse", "rmse * log transform", "rmse * log transformed", "rmse in log space",
        "rmse on log scale", "rmse on the log scale", "f1 * words", "f1 * tokens", "average f1", "average f1 score",
        "averaged f1 score", "brier skill score", "skill score", "subset accuracy", "exact match ratio",
        "dice loss", "hausdorff", "f1 at 0p5 iou", "f1 score at * iou", "auc of the precision recall gain curve",
        "soft f1", "probabilistic f1", "pfbeta", "pf1", "span f1", "token f1", "token level f1", "entity level f1",
        "mean squared error of the log", "bounding box iou", "roc curve at", "mean bias auc", "bias auc",
        "root mean squared error of the percentage", "concordance correlation coefficient", "rmse of the ranks",
        "gini importance", "average precision at", "predicted accurately", "kendall rank correlation", "multi task",
        "partial auc", "weighted log loss", "mean f1 score at", "weighted accuracy",
        "micro averaged auc", "micro auc", "micro average auc", "micro averaged roc auc", "micro averaged area under the roc",
        "rmse divided by", "mae divided by", "mean of the normalized gini", "mean of normalized gini",
        "mean of two measures * gini", "mean of two measures * gini coefficient", "pinball loss",
        "auc roc of the public leaderboard",
        "label ranking average precision", "lwlrap", "row wise micro averaged f1", "row wise f1",
        "row wise micro averaged f1 score", "average agreement",
    ),
}  # fmt: skip


_K = r"(?: score)? at (?:rank |top |cut off |cutoff )?(\d+)(?! percent| recall| precision)"
_OF_K = r"(?: score)? at k (?:\w+ ){0,5}?k (?:is |equals |of )?(\d+)"  # "NDCG @k where k=5"
_BETA = r"(0p\d+|[2-9])"
_LISTS = {
    "map": r"(?:map|mean average precision|mean ap|average precision)",
    "ndcg": r"(?:ndcg|normali[sz]ed discounted cumulative gain|normali[sz]ed discounted cumulative gain ndcg)",
    "mrr": r"(?:mrr|mean reciprocal rank)",
    "recall": r"(?:recall|mean recall)",
    "precision": r"(?:precision|mean precision)",
    "hit_rate": r"(?:hit rate|hit ratio|hr|hitrate|hits)",
}
_F = rf"f(?:{_BETA}|beta {_BETA}| {_BETA}(?= score| measure))(?: score| measure)?"
QUANTILES = (
    (r"(?:weighted scaled pinball loss|wspl)", "wspl"),
    (r"(?:scaled pinball loss|spl)", "spl"),
    (r"(?:pinball|quantile) loss", "pinball"),
)  # words (normalised) and names of the losses of quantiles
_LEVELS = r" (?:\w+ ){0,12}?quantiles? (?:levels? )?((?:0p\d+(?: and)? ?)+)"
_AT = r" (?:at|for) (?:the )?((?:0p\d+(?: and)? ?)+)"
TEMPLATES: tuple[tuple[str, str], ...] = (
    *((words + tail, name + "@{}") for name, words in _LISTS.items() for tail in (_K, _OF_K)),
    (_F, "fbeta@{}"),
    (rf"macro (?:averaged? )?{_F}", "fbeta_macro@{}"),
    (rf"micro (?:averaged? )?{_F}", "fbeta_micro@{}"),
    (rf"weighted (?:averaged? )?{_F}", "fbeta_weighted@{}"),
    (rf"(?:mean|samples?(?: averaged?)?|example based) {_F}", "fbeta_samples@{}"),
    (
        r"f ?beta (?:score |measure )?(?:at )?(?:\w+ ){0,6}?beta (?:of |equal to |is |set to |equals )?(\d+(?:p\d+)?)",
        "fbeta@{}",
    ),
    *((words + tail, name + "@{}") for words, name in QUANTILES for tail in (_LEVELS, _AT)),
    (r"recall at \d+ for each", ""),  # averaged over kinds of event, as OTTO does
)

# A word before a metric that makes it another one. Ours with such words (weighted F1, normalised Gini) are phrases above.
_VARIANT = re.compile(
    r"\b(?:minus|negative|negated|inverse|inverted|group wise|groupwise"
    r"|weighted|balanced|modified|customi[sz]ed|custom|adjusted|scaled|partial|normali[sz]ed|relative|linear|linearly"
    r"|truncated|capped|clipped|asymmetric|smoothed|hierarchical|probabilistic|(?:variant|version|variation|form) of) "
    r"(?:(?:multi|class|multiclass|label|multilabel|binary|mean|average|averaged|root|macro|micro|total|zero|of|the|a|an) ){0,4}$"
)
_WEIGHTED_AFTER = re.compile(r"^ (?:\w+ ){0,2}?(?:weighted (?:by|with|according)|with (?:class |sample )?weights)\b")
_GROUPED_AFTER = re.compile(
    r"^ (?:\w+ ){0,2}?(?:per|for each|of each|within each|in each|by) "
    r"(?:group|study|session|user|query|series|store|country|region|day|race|year)\b"
)
# Words of detection: where a text has one of them, its "average precision" is a step of that metric, not ours.
_DETECTION = re.compile(r"\b(?:mean average precision|map|iou|intersection over union|bounding box|bounding boxes)\b")
_BOXES = re.compile(r"\b(?:bounding|box|boxes|bbox|bboxes|detections?|detectors?)\b")
_MASKS = re.compile(r"\b(?:pixels?|masks?|segmentation|segmented|run length)\b")
_ALL_POINTS = re.compile(r"\b(?:all points?|all point|every point)\b")
_LISTED = re.compile(r"\b(?:recommend\w*|rank\w*|users?|customers?|quer(?:y|ies)|top|items?)\b")
_PADDED = re.compile(r"\bcmap\b")
_IOU = re.compile(r"\b(?:iou|intersection over union|bounding box|bounding boxes)\b")


_SIGNS = {ord(sign): word for sign, word in zip("²₁₂β@%", ("2", "1", "2", " beta ", " at ", " percent "), strict=True)}


def normalise(text: str) -> str:
    """Lower case; decimals as `0p5`, `@` and `%` as words; every run of other characters is one blank."""
    plain = text.lower().translate(_SIGNS)
    plain = re.sub(r"\b1 ?[-−–] ?(?=[a-z])", "1 minus ", plain)
    plain = re.sub(r"(?<![\d.])(\d*)\.(\d+)(?![\d.]*\d)", _decimal, plain)
    return " ".join(re.findall(r"[a-z0-9]+", plain))


def _decimal(match: re.Match[str]) -> str:
    return f"{match[1] or '0'}p{match[2].rstrip('0') or '0'}"


def _pattern(phrase: str) -> re.Pattern[str]:
    return re.compile(r"\b" + phrase.replace(" * ", r" (?:\w+ ){0,6}?") + r"\b")


_PATTERNS: list[tuple[str, re.Pattern[str], str]] = []


def _patterns() -> list[tuple[str, re.Pattern[str], str]]:
    """(first word or "", pattern, canonical name, template or ""), compiled at the first call."""
    if not _PATTERNS:
        _PATTERNS.extend(
            (phrase.partition(" ")[0], _pattern(phrase), name)
            for name, phrases in PHRASES.items()
            for phrase in phrases
        )
        _PATTERNS.extend(("", re.compile(rf"\b{words}\b"), template) for words, template in TEMPLATES)
    return _PATTERNS


def mentions(plain: str) -> list[tuple[int, int, str]]:
    """(start, end, canonical name or "") of every phrase in a normalised text, overlapping ones too."""
    words = {"", *plain.split()}
    return [
        (match.start(), match.end(), _named(template, match))
        for first, pattern, template in _patterns()
        if first in words
        for match in pattern.finditer(plain)
    ]


def _named(template: str, match: re.Match[str]) -> str:
    if "{}" not in template:
        return template
    numbers = re.findall(r"\d+(?:p\d+)?", next(group for group in match.groups() if group))
    parameter = ",".join(number.replace("p", ".") for number in numbers)
    return "f1" if template == "fbeta@{}" and float(numbers[0].replace("p", ".")) == 1.0 else template.format(parameter)


def is_variant(plain: str, start: int, end: int, pooled: bool) -> bool:
    """Whether the words around a mention make it another metric than the plain one. `pooled`: ours is over all rows, so
    that "per user" is another."""
    before, after = plain[max(0, start - 80) : start], plain[end : end + 80]
    grouped = pooled and _GROUPED_AFTER.search(after) is not None
    return grouped or _VARIANT.search(before) is not None or _WEIGHTED_AFTER.search(after) is not None


def in_context(name: str, plain: str) -> str:
    """The metric a mention means in this text; "" where the text leaves it open."""
    boxes, masks = _BOXES.search(plain) is not None, _MASKS.search(plain) is not None
    if name == "average_precision":
        return "" if _DETECTION.search(plain) or _PADDED.search(plain) else name
    if name.startswith(("f1", "fbeta")):
        return "" if _IOU.search(plain) else name  # counted over objects that overlap, not over labels
    if name.startswith("map@"):
        of_boxes = name in ("map@50", "map@75") and not _LISTED.search(plain)  # percent of IoU, not items
        return "" if of_boxes or _IOU.search(plain) else name
    if name == "mask_ap":
        return name if masks and not boxes else ""
    if name == "coco_map":
        return "" if masks and not boxes else "box_map" if _ALL_POINTS.search(plain) else name
    return name
