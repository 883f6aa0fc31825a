"""What every text-to-text model shares: reading, packing, the time it may take."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Self

from podium.packing import texts
from podium.protocol import Context, Dense, Rows
from podium.recipes.text_to_text.pairs import Reader, Sources


class TextModel(ABC):
    """Subclasses learn from `Sources` and their answers, and write one answer a source.

    `notes` holds facts worth recording, as JSON.
    """

    def __init__(self, features: Mapping[str, Any] | None = None) -> None:
        self.features: dict[str, Any] = dict(features or {})
        self.notes: dict[str, Any] = {}

    def fit(self, train: Rows, ctx: Context) -> Self:
        """`train` must be labelled, with the answers as texts."""
        assert train.y is not None, "fit needs labelled rows"
        self.reader = Reader(train, ctx)
        sources = self.reader.read(train)
        self.notes |= {"rows": len(train), "source": self.reader.column, "beside": len(self.reader.context)}
        self._fit(sources, [str(answer) for answer in train.y], ctx)
        return self

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        return texts(self._write(self.reader.read(rows), ctx), ctx.layout)

    @abstractmethod
    def _fit(self, sources: Sources, answers: Sequence[str], ctx: Context) -> None: ...

    @abstractmethod
    def _write(self, sources: Sources, ctx: Context) -> list[str]: ...
