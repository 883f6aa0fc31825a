"""A U-Net that learns what to add to an image, on random crops; it is convolutional, so it predicts images of any size."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context, Dense, Rows
from podium.recipes.image_to_image.album import Floats32, framed, inputs, truths

SHARE = 0.75  # of the time left that training may take: predictions follow
MEAN_ERRORS = ("mae", "medae")


class Restorer:
    """`crop`: side of training crops; `crops`: of each image in an epoch. `flips`: whether mirrored images are as likely
    (text has a right way round, noise has not: they help either way as views to learn from, and at test time)."""

    def __init__(
        self,
        features: Mapping[str, Any],
        *,
        epochs: float = 12,
        crops: int = 6,
        crop: int = 96,
        batch_size: int = 8,
        lr: float = 2e-3,
        width: int = 12,
        depth: int = 4,
        flips: bool = True,
    ) -> None:
        self.features, self.epochs, self.crops, self.crop = dict(features), epochs, crops, crop
        self.batch_size, self.lr, self.width, self.depth, self.flips = batch_size, lr, width, depth, flips
        self.notes: dict[str, Any] = {}

    def fit(self, train: Rows, ctx: Context) -> Restorer:
        from podium.recipes import neural

        neural.begin(ctx)
        self.outputs = ctx.layout.shape[0]
        assert train.y is not None, "fit is dealt labelled rows"
        shown, clean = inputs(train, ctx, self.outputs), truths(train.y)
        self.channels = len(shown[0])
        self.mean, self.spread = (
            float(np.mean([x.mean() for x in shown])),
            float(np.mean([x.std() for x in shown])) + 0.05,
        )
        net = self._net()
        schedule = neural.Schedule(self.epochs, self.batch_size, self.lr, 1e-4, warmup=0.1, ema=0.99, clip=1.0)
        batch, loss = self._batches(shown, clean), self._loss(ctx.metric in MEAN_ERRORS)
        self.notes = neural.train(net, len(shown) * self.crops, batch, loss, schedule, ctx, SHARE)
        self.weights = neural.weights_of(net)
        return self

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        from podium.recipes import neural

        neural.begin(ctx)
        net = neural.restore(self._net(), self.weights)
        made = []
        for at in range(len(rows)):
            image = inputs(rows.take(np.array([at])), ctx, self.outputs)[0]
            made.append(self._whole(net, image, ctx))
        return Dense(framed(made, ctx))

    def _whole(self, net: Any, image: Floats32, ctx: Context) -> Floats32:
        import torch

        from podium.recipes import neural

        height, width = image.shape[1:]
        by = 2**self.depth
        padded = np.pad(image, ((0, 0), (0, -height % by), (0, -width % by)), mode="symmetric")
        views = [(), (2,)] if self.flips else [()]
        total = np.zeros((self.outputs, height, width), dtype=np.float32)
        for axes in views:
            x = torch.from_numpy(np.flip(padded, axes).copy()[None])
            found = neural.apply(net, 1, partial(_same, x), self._restored, ctx, 1)[0]
            total += np.flip(found, axes)[:, :height, :width]
        return total / np.float32(len(views))

    def _net(self) -> Any:
        from podium.recipes.segmentation.unet_net import SmallUNet

        return SmallUNet(self.channels, self.outputs, self.width, self.depth, stem=1)

    def _restored(self, net: Any, x: Any) -> Any:
        return x[:, : self.outputs] + net((x - self.mean) / self.spread)[0]

    def _loss(self, absolute: bool) -> Any:
        import torch

        def loss(net: Any, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            wrong = self._restored(net, x).float() - y.float()
            return wrong.abs().mean() if absolute else 10.0 * wrong.square().mean()

        return loss

    def _batches(self, shown: list[Floats32], clean: list[Floats32]) -> Any:
        import torch

        def batch(at: NDArray[np.int64], rng: np.random.Generator) -> tuple[Any, Any]:
            cuts = [self._cut(shown[row], clean[row], rng) for row in at % len(shown)]
            return tuple(torch.from_numpy(np.stack(planes)) for planes in zip(*cuts, strict=True))

        return batch

    def _cut(self, image: Floats32, twin: Floats32, rng: np.random.Generator) -> tuple[Floats32, Floats32]:
        """One crop of the pair; smaller images are mirrored at their edges."""
        lack = [max(0, self.crop - edge) for edge in image.shape[1:]]
        if any(lack):
            around = ((0, 0), (0, lack[0]), (0, lack[1]))
            image, twin = np.pad(image, around, mode="symmetric"), np.pad(twin, around, mode="symmetric")
        y, x = (int(rng.integers(0, edge - self.crop + 1)) for edge in image.shape[1:])
        axes = tuple(axis for axis in (1, 2) if self.flips and rng.random() < 0.5)
        cut = (slice(None), slice(y, y + self.crop), slice(x, x + self.crop))
        return np.flip(image[cut], axes).copy(), np.flip(twin[cut], axes).copy()


def _same(x: Any, at: NDArray[np.int64], rng: np.random.Generator) -> tuple[Any, ...]:
    """The one image that is predicted, as a batch."""
    return (x,)
