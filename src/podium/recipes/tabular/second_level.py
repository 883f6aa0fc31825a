"""Models on models: boosting on what others predict and on the table's own columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from podium.protocol import Context, Rows
from podium.recipes.tabular.lightgbm_model import LightGBM


class SecondLevel(LightGBM):
    """`models` among the features: the experiments whose predictions are columns of the rows, `models:<id>`, one for each number
    that they predict. Its other options are the table's; `params` are LightGBM's own.
    """

    weighs: ClassVar[bool] = False  # rows without labels have no predictions to be read while it is fitted

    def __init__(self, features: Mapping[str, Any] | None = None, curve: str | None = None, **params: Any) -> None:
        given = dict(features or {})
        self.models = tuple(given.pop("models", ()))
        super().__init__(given, curve, **params)

    def fit(self, train: Rows, ctx: Context) -> Self:
        """Raises ValueError where it was not dealt what it is to read."""
        dealt = {column.name.split(":")[1] for column in ctx.schema if column.name.startswith("models:")}
        lacking = [model for model in self.models if model not in dealt]
        if lacking:
            raise ValueError(f"models: expected columns of what {', '.join(lacking)} predict; the rows have none")
        return super().fit(train, ctx)
