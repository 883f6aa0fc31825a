"""Text-to-text recipes: memory and rules, retrieval, phrase tables, a small sequence-to-sequence net.

Classes load when they are asked for, so that planning with the catalog does not import scikit-learn or torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from podium.recipes.lazy import on_demand

if TYPE_CHECKING:
    from podium.recipes.text_to_text.memory import TextMemory
    from podium.recipes.text_to_text.nearest import TextNearest
    from podium.recipes.text_to_text.pairs import measure_files
    from podium.recipes.text_to_text.phrases import TextPhrases
    from podium.recipes.text_to_text.seq2seq import TextSeq2Seq

__all__ = ["TextMemory", "TextNearest", "TextPhrases", "TextSeq2Seq", "measure_files"]

__getattr__ = on_demand(
    __name__,
    {
        "TextMemory": "memory",
        "TextNearest": "nearest",
        "TextPhrases": "phrases",
        "TextSeq2Seq": "seq2seq",
        "measure_files": "pairs",
    },
)
