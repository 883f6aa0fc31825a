"""Kinds of competition that are recognised and not built yet: each is refused by name, with what gave it away."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from podium.competition.description import metric_text
from podium.competition.folder import AUDIO_SUFFIXES, MEDIA_SUFFIXES, Contents
from podium.errors import IntakeError

SUPPORTED = (
    "binary_classification",
    "multiclass_classification",
    "multilabel_classification",
    "regression",
    "ordinal_regression",
)
SYNONYMS = {
    "binary": "binary_classification",
    "multiclass": "multiclass_classification",
    "classification": "",
    "tabular": "",
    "tabular_classification": "",
    "tabular_regression": "regression",
    "multilabel": "multilabel_classification",
    "multi_label_classification": "multilabel_classification",
    "text_classification": "",
    "nlp_classification": "",
    "ordinal": "ordinal_regression",
}
_MEDIA = ((MEDIA_SUFFIXES, "a task on images alone"), (AUDIO_SUFFIXES, "a task on sound alone"))
BOXES = {"xmin", "ymin", "xmax", "ymax", "x_min", "y_min", "bbox", "boxes", "predictionstring", "prediction_string"}
_MASK = re.compile(r"^(rle|encoded_?pixels|rle_mask|mask|segmentation)$|_rle$|rle_", re.I)
_RANKING = re.compile(r"\b(map|ndcg|recall|precision|hit ?rate|mrr) ?@ ?k?\d*\b|recommend", re.I)
_FORECAST = re.compile(r"\bforecast|\bhorizon\b|next \d+ (values|days|weeks|months|hours|steps)", re.I)
_LANGUAGE = re.compile(r"bits per (character|char|byte)|perplexity|next (character|token|word)", re.I)


def refusal(kind: str, why: str) -> IntakeError:
    """The one line for a kind that is not built yet."""
    return IntakeError(
        f"this looks like {kind} ({why}), which is not supported yet",
        expected="classification or regression of table rows or texts",
        remedy="if that is wrong, set `task_type` in config.json",
    )


def task_type_asked(value: str) -> str:
    """A supported task type from the config's word; "" where it leaves open which. Raises IntakeError for the others."""
    plain = re.sub(r"[\s-]+", "_", value.strip().lower())
    plain = SYNONYMS.get(plain, plain)
    if plain and plain not in SUPPORTED:
        raise IntakeError(
            f"task_type {value!r} is not supported yet",
            expected=", ".join(SUPPORTED),
            remedy="set one of them, or none",
        )
    return plain


def refuse_without_tables(contents: Contents, text: str, asked: str) -> None:
    """Kinds that show before any table is read."""
    stems = {t.rsplit("/", 1)[-1].lower() for t in contents.texts}
    if "train.txt" in stems and not any(t.rsplit("/", 1)[-1].lower().startswith("train.csv") for t in contents.tables):
        raise refusal("language modelling", "train.txt is a running text")
    named = [t.rsplit("/", 1)[-1].lower() for t in contents.tables]
    if not any("test" in name for name in named):
        for suffixes, kind in _MEDIA:
            files = [r for refs in contents.attached.values() for r in refs if r.lower().endswith(suffixes)]
            if len(files) >= 20:
                raise refusal(kind, f"{len(files)} files like {files[0]}, and no table of test rows")
    if not asked and _LANGUAGE.search(metric_text(text)):
        raise refusal("language modelling", "the metric is measured by character, byte or token")


def refuse_by_tables(
    contents: Contents, text: str, train: pl.DataFrame, test: pl.DataFrame, sample: pl.DataFrame | None, asked: str
) -> None:
    """Kinds that show in the columns and cells of the tables; a task type asked for overrules all but a lack of features."""
    header = sample.columns if sample is not None else []
    if not asked:
        _refuse_shapes(text, train, test, sample)
    _refuse_media(contents, test, header[:1])


def _refuse_shapes(text: str, train: pl.DataFrame, test: pl.DataFrame, sample: pl.DataFrame | None) -> None:
    """Boxes, masks, lists, series that go on."""
    header = sample.columns if sample is not None else []
    boxes = [c for c in header if c.lower() in BOXES]
    if len(boxes) >= 1 and (len(boxes) >= 4 or boxes[0].lower() not in ("xmin", "ymin", "xmax", "ymax")):
        raise refusal("object detection", f"the sample submission asks for {', '.join(boxes[:4])}")
    masks = [c for c in header if _MASK.search(c)]
    if masks:
        raise refusal("segmentation", f"the sample submission asks for {masks[0]}")
    _refuse_lists(text, sample)
    _refuse_forecast(text, train, test)


def _refuse_lists(text: str, sample: pl.DataFrame | None) -> None:
    if sample is None or sample.width != 2:
        return
    cells = sample[sample.columns[1]].drop_nulls().cast(pl.String).head(1000)
    if not len(cells):
        return
    tokens = cells.str.split(" ").list.len()
    plain = cells.str.contains(r"^[A-Za-z0-9_\-]+( [A-Za-z0-9_\-]+)+$")
    ranked = _RANKING.search(metric_text(text) or text)
    if ranked and float((tokens >= 2).mean() or 0) > 0.5 and float(plain.mean() or 0) > 0.5:  # type: ignore[arg-type]
        raise refusal("a recommendation or ranking of lists", f"cells of {sample.columns[1]} list several items")


def _refuse_forecast(text: str, train: pl.DataFrame, test: pl.DataFrame) -> None:
    only_test = [c for c in test.columns if c not in train.columns]
    common = [c for c in test.columns if c in train.columns]
    if only_test and len(common) <= 2 and _FORECAST.search(text):
        raise refusal("forecasting of series", f"test has {', '.join(only_test[:3])} and train's series go on")


def _refuse_media(contents: Contents, test: pl.DataFrame, key: Sequence[str]) -> None:
    if [c for c in test.columns if c not in key and not c.lower().endswith(("id", "file", "path", "name"))]:
        return
    for suffixes, kind in _MEDIA:
        files = [r for refs in contents.attached.values() for r in refs if r.lower().endswith(suffixes)]
        if len(files) >= test.height:
            raise refusal(kind, f"test lists {test.height} ids, and {len(files)} files like {files[0]}")


def refuse_text_target(name: str, train: pl.DataFrame) -> None:
    """A target of free text: a span of another column, or text to be generated."""
    target = train[name].drop_nulls().cast(pl.String)
    unique = target.n_unique()
    words = target.head(2000).str.count_matches(r"\S+").mean()
    if not len(target) or unique <= max(50, 0.2 * len(target)) or float(words or 0) < 1.5:  # type: ignore[arg-type]
        return
    if target.head(2000).cast(pl.Float64, strict=False).null_count() == 0:
        return
    head = train.head(2000)
    for other in (c for c in train.columns if c != name and train[c].dtype == pl.String):
        inside = head.filter(pl.col(name).is_not_null()).select(
            pl.col(other).str.contains(pl.col(name).cast(pl.String), literal=True).mean()
        )
        if float(inside.item() or 0) > 0.8:
            raise refusal("span extraction", f"{name} is a piece of {other}")
    raise refusal("text generation", f"{name} is free text")
