"""Names of kinds of tasks: ours, AutoKaggle's and the field's."""

from __future__ import annotations

import re

from podium.errors import IntakeError

OF_ROWS = (
    "binary_classification",
    "multiclass_classification",
    "multilabel_classification",
    "regression",
    "ordinal_regression",
)
OF_KINDS = (
    "object_detection", "segmentation", "image_to_image", "recommendation", "ranking", "forecasting", "language_modelling",
    "span_extraction", "text_generation",
)  # fmt: skip
_OPEN = ("classification", "tabular", "tabular_classification", "text_classification", "nlp_classification", "time_series",
         "image_classification", "audio_classification", "computer_vision", "nlp", "vision", "image", "audio",
         "text")  # fmt: skip
SYNONYMS = {
    **dict.fromkeys(_OPEN, ""),  # they leave open which task it is
    "binary": "binary_classification",
    "multiclass": "multiclass_classification",
    "tabular_regression": "regression",
    "image_regression": "regression",
    "time_series_regression": "regression",
    "multilabel": "multilabel_classification",
    "multi_label": "multilabel_classification",
    "multi_label_classification": "multilabel_classification",
    "ordinal": "ordinal_regression",
    "ordinal_classification": "ordinal_regression",
    "detection": "object_detection",
    "image_segmentation": "segmentation",
    "semantic_segmentation": "segmentation",
    "instance_segmentation": "segmentation",
    "denoising": "image_to_image",
    "recommender": "recommendation",
    "recsys": "recommendation",
    "learning_to_rank": "ranking",
    "time_series_forecasting": "forecasting",
    "forecast": "forecasting",
    "language_modeling": "language_modelling",
    "question_answering": "span_extraction",
    "nlp_extraction": "span_extraction",
    "nlp_generation": "text_generation",
    "seq2seq": "text_generation",
    "summarization": "text_generation",
    "translation": "text_generation",
}


def task_type_asked(value: str) -> str:
    """One of our task types from the config's word; "" where it leaves open which. Raises IntakeError for any other."""
    plain = re.sub(r"[\s-]+", "_", value.strip().lower())
    plain = SYNONYMS.get(plain, plain)
    if plain and plain not in (*OF_ROWS, *OF_KINDS):
        raise IntakeError(
            f"task_type {value!r} is not known",
            expected=", ".join((*OF_ROWS, *OF_KINDS)),
            remedy="set one of them, or none",
        )
    return plain
