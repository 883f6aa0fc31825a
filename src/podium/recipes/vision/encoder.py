"""Features of rows with images: what the images tell, and the table's other columns, in the form a model wants."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Column, Context, Rows
from podium.recipes.tabular.encoder import Encoder
from podium.recipes.tabular.matrix import Matrix, View
from podium.recipes.vision.measure import measured
from podium.recipes.vision.pictures import image_columns

Floats = NDArray[np.float32]
CLIP = 4.0  # standard deviations
SPREAD = 1e-5  # a column that varies less tells nothing


class PictureEncoder:
    """Stands where a tabular model's `Encoder` stands.

    blocks     what is told of an image: colour, thumb, gradients, texture, outline, deep (`backbone`, at `size` pixels)
    components of the principal components of each column's features to keep, where the view is dense; 0: all as they are
    table      whether columns beside the images are taken
    share      of the whole variance, that images have beside a table in the dense view (their columns are many)
    """

    label_free = False  # boosting must not cut rows after encoding: the table's part may have seen labels

    def __init__(
        self,
        view: View,
        blocks: tuple[str, ...] = (),
        backbone: str = "",
        size: int = 128,
        components: int = 0,
        table: bool = True,
        share: float = 1.0,
        **beside: Any,
    ) -> None:
        self.view, self.components, self.table, self.share = view, components, table, share
        self.options = {"blocks": tuple(blocks), "backbone": backbone, "size": size}
        if not blocks:
            del self.options["blocks"]
        self.beside = {**beside, "files": False}

    def fit_transform(self, train: Rows, ctx: Context) -> Matrix:
        self.here(ctx)
        self.columns = image_columns(ctx.schema)
        self.encoder = self._of_table(ctx)
        table = None if self.encoder is None else self.encoder.fit_transform(train, self._beside(train, ctx))
        told = [measured(train, name, self.options, ctx) for name in self.columns]
        self.scalers = [Scaler(values, self.components if self.view == "dense" else 0, ctx.seed) for values in told]
        self.weight = self._weight(table)
        return self._join(told, table)

    def here(self, ctx: Context) -> None:
        """Where the call under way runs: device, cores, and weights, which lie elsewhere in every run."""
        self.ctx = replace(ctx, deadline=None, unlabelled=None, tables={}, parents={})

    def transform(self, rows: Rows) -> Matrix:
        table = None if self.encoder is None else self.encoder.transform(rows)
        return self._join([measured(rows, name, self.options, self.ctx) for name in self.columns], table)

    def _of_table(self, ctx: Context) -> Encoder | None:
        others = [c for c in ctx.schema if c.kind not in ("file", "constant")]
        return Encoder(view=self.view, **self.beside) if others and self.table else None

    def _beside(self, train: Rows, ctx: Context) -> Context:
        """The context in which a table's encoder sees no image, and not what was measured of it."""
        told = [c for c in train.columns if c not in {known.name for known in ctx.schema}]
        hidden = tuple(Column(name, "constant") for name in told)
        return replace(ctx, schema=(*ctx.schema, *hidden))

    def _weight(self, table: Matrix | None) -> float:
        """What the images' standardised columns are multiplied with: they are many, and would drown a table's."""
        if table is None or self.view != "dense" or not self.columns:
            return 1.0
        wide = sum(scaler.width for scaler in self.scalers)
        return float(min(1.0, np.sqrt(self.share * max(table.values.shape[1], 8) / wide)))

    def _join(self, told: list[Floats], table: Matrix | None) -> Matrix:
        parts = [table.values] if table is not None else []
        for scaler, values in zip(self.scalers, told, strict=True):
            parts.append(scaler(values) * self.weight if self.view == "dense" else values)
        names = list(table.names) if table is not None else []
        values = np.concatenate(parts, axis=1).astype(np.float32)
        names += [f"image.{k}" for k in range(values.shape[1] - len(names))]
        return Matrix(values, names, list(table.categorical) if table is not None else [])


class Scaler:
    """Standardised columns, or their leading principal components, of equal variance."""

    def __init__(self, values: Floats, components: int, seed: int) -> None:
        self.mean, deviation = values.mean(axis=0), values.std(axis=0)
        self.kept = deviation > SPREAD * max(1.0, float(np.abs(self.mean).max(initial=0)))
        self.deviation = deviation[self.kept] + 1e-6
        self.turn: Floats | None = None
        rank = min(components, int(self.kept.sum()), len(values) - 1)
        if components and rank > 0:
            self.turn = _principal(self._standard(values), rank, seed)
        self.width = max(1, int(self.kept.sum()) if self.turn is None else self.turn.shape[1])

    def __call__(self, values: Floats) -> Floats:
        standard = self._standard(values)
        return standard if self.turn is None else standard @ self.turn

    def _standard(self, values: Floats) -> Floats:
        return np.asarray(np.clip((values - self.mean)[:, self.kept] / self.deviation, -CLIP, CLIP))


def _principal(values: Floats, rank: int, seed: int) -> Floats:
    """`(d, rank)` by a randomised decomposition (Halko et al. 2011), scaled by the root of each one's variance: a compromise
    between components as they are (the first drowns the rest) and whitened (the last are noise)."""
    from sklearn.utils.extmath import randomized_svd

    _, sizes, turn = randomized_svd(values, n_components=rank, random_state=seed)
    spread = sizes / np.sqrt(len(values))
    return np.asarray((turn / np.sqrt(spread / spread[0] + 1e-6)[:, None] / spread[0]).T * 3.0, dtype=np.float32)
