"""Correlations (signatures first)."""

from __future__ import annotations

from collections.abc import Mapping

from podium.tasks.task import Floats


def correlations(oofs: Mapping[str, Floats], *, max_rows: int = 20_000) -> dict[str, dict[str, float]]:
    raise NotImplementedError
