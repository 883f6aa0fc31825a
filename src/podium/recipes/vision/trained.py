"""Nets trained on images: a residual one from scratch where images are small, a pretrained backbone tuned otherwise.

torch is imported inside functions: planning with the catalog, and pickling, need none of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from podium.errors import SolutionError
from podium.protocol import Context, Dense, Rows
from podium.recipes.tabular.encoder import Encoder
from podium.recipes.tabular.target import Floats, Target
from podium.recipes.vision import clean
from podium.recipes.vision.augment import views
from podium.recipes.vision.batches import Batches, Pictures, normal, seen, tensors
from podium.recipes.vision.harmless import Symmetries, symmetries
from podium.recipes.vision.pictures import channels_of, files_of, image_columns, longest_side

if TYPE_CHECKING:
    from podium.recipes.neural import Schedule

ASKED = 800  # images that are asked which turns are harmless
CLEAN_FOLDS = 2


class PictureNet(ABC):
    """What both nets share. Everything is fitted on the rows dealt to `fit` alone.

    features: size (pixels a side; 0: as the images are, at most 64), turns ("ask" the data, "none", "mirror", "all").
    params: epochs, batch_size, learning_rate, decay, average (decay a step of the weights' mean); shift, light, hide
    (see `Augment`); mix: strength of mixup (Zhang et al. 2018); views of a test image; smoothing, tempers: losses that
    bear wrong labels (`losses_net`); clean: leave out rows that nets fitted on the others find wrongly labelled; scales: of
    `size`, at which a test image is looked at (Touvron et al. 2019: augmentation shows things larger than they come later).
    """

    columns: int  # of images
    width: int  # of the table beside them

    def __init__(
        self,
        features: Mapping[str, Any] | None = None,
        epochs: int = 12,
        batch_size: int = 64,
        learning_rate: float = 3e-3,
        decay: float = 0.02,
        average: float = 0.99,
        shift: float = 0.1,
        light: float = 0.15,
        hide: float = 0.0,
        mix: float = 0.0,
        views: int = 4,
        smoothing: float = 0.0,
        tempers: tuple[float, float] | None = None,
        clean: bool = False,
        scales: Sequence[float] = (1.0,),
        **shape: Any,
    ) -> None:
        self.features: dict[str, Any] = {"size": 0, "turns": "ask", **(features or {})}
        self.epochs, self.batch_size, self.learning_rate, self.decay = epochs, batch_size, learning_rate, decay
        self.average, self.shift, self.light, self.hide, self.mix = average, shift, light, hide, mix
        self.views, self.smoothing, self.clean, self.shape = views, smoothing, clean, shape
        self.scales = tuple(float(scale) for scale in scales)
        self.tempers = None if tempers is None else (float(tempers[0]), float(tempers[1]))
        self.notes: dict[str, Any] = {}

    def fit(self, train: Rows, ctx: Context) -> Self:
        assert train.y is not None, "fit needs labelled rows"
        if not image_columns(ctx.schema):
            raise SolutionError("expected a column of images, found none in the schema")
        self.target = Target.of(train.y, ctx)
        wanted = self.target.matrix(train.y)
        self.centre, self.scale = np.zeros(wanted.shape[1]), np.ones(wanted.shape[1])
        if not self.target.is_classification:
            self.centre, self.scale = wanted.mean(axis=0), wanted.std(axis=0) + 1e-9
        names = image_columns(ctx.schema)
        self.channels = 3 if self._in_colour() else max(channels_of(files_of(train, name)) for name in names)
        self.size = int(self.features["size"]) or min(longest_side(ctx.schema), 64)
        self.encoder = self._of_table(ctx)
        data = Pictures(train, ctx, self, wanted=((wanted - self.centre) / self.scale).astype(np.float32), first=True)
        self.turns = self._symmetries(data, ctx)
        every = np.arange(len(train))
        kept = self._filtered(data, train, ctx) if self.clean else every
        self.weights, told = self._trained(data, kept, ctx, share=0.85)
        self.notes.update(told, size=self.size, turns=[k for k, v in vars(self.turns).items() if v])
        return self

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        """`(n, n_outputs)`: probabilities, or values in the labels' unit; the mean over the views."""
        from podium.recipes.neural import restore

        net, every = restore(self._net(), self.weights), np.arange(len(rows))
        looks = [Pictures(rows, ctx, self, size=max(8, round(self.size * scale / 8) * 8) if scale != 1 else self.size)
                 for scale in self.scales]  # fmt: skip
        found = [self._outputs(net, pictures, every, ctx) for pictures in looks]
        return Dense(self.target.assemble([np.mean(found, axis=0)]))

    @abstractmethod
    def _net(self, pretrained: Mapping[str, Path] | None = None) -> Any:
        """A net of this shape. `pretrained`: weights by name, where it is to begin with some; None: to be restored."""

    @abstractmethod
    def _in_colour(self) -> bool: ...

    def _rates(self) -> dict[str, float]:
        return {}

    def _stages(self) -> list[tuple[float, int]]:
        """(share of the epochs, size) one after another."""
        return [(1.0, self.size)]

    # ------------------------------------------------------------ parts

    def _of_table(self, ctx: Context) -> Encoder | None:
        others = [column for column in ctx.schema if column.kind not in ("file", "constant")]
        return Encoder(view="dense", files=False) if others else None

    def _symmetries(self, data: Pictures, ctx: Context) -> Symmetries:
        turns = self.features["turns"]
        if turns != "ask":
            return {"none": Symmetries(), "mirror": Symmetries(mirror=True), "all": Symmetries(True, True, True)}[turns]
        chosen = np.random.default_rng([ctx.seed, 4]).permutation(len(data))[:ASKED]
        assert data.wanted is not None
        return symmetries(data.albums[0][chosen], data.wanted[chosen].astype(np.float64), ctx.seed)

    def _filtered(self, data: Pictures, train: Rows, ctx: Context) -> NDArray[np.int64]:
        """Positions whose labels nets fitted on other rows do not find wrong; all where labels are no single class."""
        assert train.y is not None
        every = np.arange(len(train))
        if train.y.ndim > 1 or not self.target.is_classification:
            return every
        labels = train.y.astype(np.int64)

        def judge(fitted: NDArray[np.int64], held: NDArray[np.int64]) -> Floats:
            from podium.recipes.neural import restore

            weights, _ = self._trained(data, fitted, ctx, share=0.25, effort=0.5)
            shares = self._outputs(restore(self._net(), weights), data, held, ctx)
            return np.column_stack([1 - shares, shares]) if self.target.loss == "binary" else shares

        wrong = clean.suspects(labels, clean.judged(labels, judge, CLEAN_FOLDS, ctx.seed))
        self.notes["left_out"] = int(wrong.sum())
        return every[~wrong]

    def _trained(
        self, data: Pictures, positions: NDArray[np.int64], ctx: Context, share: float, effort: float = 1.0
    ) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Weights, and notes of the last stage."""
        from podium.recipes.neural import begin, train, weights_of

        begin(ctx)
        net, notes, left = self._net(ctx.weights), {}, 1.0
        for part, size in self._stages():
            plan = self._schedule(effort * part)
            batch = Batches(data, positions, self, size)
            notes = train(net, len(positions), batch, self._loss(), plan, ctx, share * part / left, self._rates())
            left = max(1e-3, left - share * part)
        return weights_of(net), notes

    def _schedule(self, effort: float) -> Schedule:
        from podium.recipes.neural import Schedule

        return Schedule(
            max(0.5, self.epochs * effort), self.batch_size, self.learning_rate, self.decay, ema=self.average
        )

    def _loss(self) -> Any:
        from podium.recipes.vision import losses_net

        kind, smoothing, tempers = self.target.loss, self.smoothing, self.tempers

        def loss(net: Any, images: Any, beside: Any, wanted: Any, weight: Any) -> Any:
            found = net(normal(images), beside)
            if kind == "multiclass":
                return losses_net.classes_loss(found, wanted, weight, smoothing, tempers)
            if kind == "binary":
                return losses_net.labels_loss(found, wanted, weight, smoothing, tempers)
            gap = found.float() - wanted
            each = (gap.abs() if kind == "l1" else gap**2).mean(dim=1)
            return (each * weight).sum() / weight.sum()

        return loss

    def _outputs(self, net: Any, data: Pictures, positions: NDArray[np.int64], ctx: Context) -> Floats:
        """`(n, k)` probabilities or values, of the rows at these positions."""
        import torch

        from podium.recipes.neural import apply

        kind, many = self.target.loss, views(self.turns, self.views)

        def batch(at: NDArray[np.int64], rng: np.random.Generator) -> tuple[Any, ...]:
            return tensors(data.images(positions[at]), data.beside[positions[at]])

        def forward(net: Any, images: Any, beside: Any) -> Any:
            found = [net(normal(seen(images, view)), beside).float() for view in many]
            if kind == "multiclass":
                return torch.stack([scores.softmax(dim=1) for scores in found]).mean(dim=0)
            if kind == "binary":
                return torch.stack(found).mean(dim=0).sigmoid()
            return torch.stack(found).mean(dim=0)

        raw = apply(net.to(memory_format=torch.channels_last), len(positions), batch, forward, ctx, 256)
        return np.asarray(raw.astype(np.float64) * self.scale + self.centre)


class SmallResNet(PictureNet):
    """From scratch (`nets.Residual`): `width` channels at full size, `depth` blocks a stage."""

    def _in_colour(self) -> bool:
        return False

    def _net(self, pretrained: Mapping[str, Path] | None = None) -> Any:
        import torch

        from podium.recipes.vision.nets import Residual

        shape = {"width": 16, "depth": 1, **self.shape}
        net = Residual(self.channels * self.columns, shape["width"], shape["depth"], len(self.centre), self.width)
        return net.to(memory_format=torch.channels_last)


class TunedNet(PictureNet):
    """A pretrained backbone: its own rate is `slower` times the head's; the first part of training at a lower size."""

    def _in_colour(self) -> bool:
        return True

    def _rates(self) -> dict[str, float]:
        return {"backbone.": float(self.shape.get("slower", 0.2))}

    def _stages(self) -> list[tuple[float, int]]:
        low = int(self.size * 0.7) // 32 * 32
        return [(0.4, low), (0.6, self.size)] if low >= 64 else [(1.0, self.size)]

    def _net(self, pretrained: Mapping[str, Path] | None = None) -> Any:
        import torch

        from podium.recipes.vision.nets import Tuned

        if self.columns != 1:
            raise SolutionError(f"a tuned backbone reads one column of images, found {self.columns}")
        name = str(self.features.get("backbone", "efficientnet_lite0"))
        folder = None if pretrained is None else pretrained.get(name)
        net = Tuned(name, len(self.centre), self.width, pretrained=pretrained is not None, folder=folder)
        return net.to(memory_format=torch.channels_last)
