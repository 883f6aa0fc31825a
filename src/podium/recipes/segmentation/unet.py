"""U-Nets as solutions: images in, probabilities of pixels on the layout's grid out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context, Dense, Rows
from podium.recipes.segmentation.crops import Crops
from podium.recipes.segmentation.pseudo import candidates, labelled
from podium.recipes.segmentation.reader import Reader, truths
from podium.tasks.resize import resized

STRIDE = 32  # sides of what a net works on are multiples of it
PREDICTED = 32  # images at a time
SHARE = 0.82  # of the time left that training may take: predictions follow
FIRST = 0.4  # of that, for the first cycle where a second one follows

Bytes = NDArray[np.uint8]
Floats32 = NDArray[np.float32]


class UNet:
    """A small U-Net from scratch.

    `features`: `side` (longest side of the working image; the grid's own where it is left out), `frames`, `differences`
    (see `Reader`), `coords` (row and column as channels). `loss`: weight by name of `loss_net.LOSSES`. `flips`: none, h,
    hv or d4, in training and at test time. `crop`: side of training crops, half of them around the object; 0: whole images.
    `anything`: weight of the image's own head, which tells images with and without an object; 0: none. `pseudo`: how often
    an image that the net itself labelled is met for each labelled one, in a second cycle of `epochs`; 0: no second cycle.
    Those are frames up to `reach` before and after the marked one (`frames`: "marked"), and unlabelled rows where they may
    be read.
    """

    pretrained = False

    def __init__(
        self,
        features: Mapping[str, Any],
        *,
        epochs: float = 20,
        batch_size: int = 16,
        lr: float = 3e-3,
        width: int = 16,
        depth: int = 4,
        stem: int = 2,
        loss: Mapping[str, float] | None = None,
        flips: str = "h",
        zoom: float = 0.15,
        shade: float = 0.1,
        crop: int = 0,
        anything: float = 0.2,
        pseudo: float = 0.0,
        reach: int = 2,
    ) -> None:
        self.features, self.loss = dict(features), dict(loss or {"bce": 0.5, "lovasz": 0.5})
        self.epochs, self.batch_size, self.lr = epochs, batch_size, lr
        self.width, self.depth, self.stem = width, depth, stem
        self.flips, self.zoom, self.shade, self.crop, self.anything = flips, zoom, shade, crop, anything
        self.pseudo, self.reach = pseudo, reach
        self.notes: dict[str, Any] = {}

    def fit(self, train: Rows, ctx: Context) -> UNet:
        from podium.recipes import neural

        neural.begin(ctx)
        self.classes, grid = ctx.layout.shape[0], (ctx.layout.shape[1], ctx.layout.shape[2])
        size = working(grid, int(self.features.get("side", 0)))
        self.reader = Reader.learn(train, ctx, size, self.features)
        images = self.reader.read(train)
        assert train.y is not None, "fit is dealt labelled rows"
        answers = truths(train.y, size)
        self.mean = images[:: max(1, len(images) // 500)].mean((0, 2, 3), dtype=np.float64).astype(np.float32)
        self.spread = images[:: max(1, len(images) // 500)].std((0, 2, 3), dtype=np.float64).astype(np.float32) + 1.0
        more, row_of = self._candidates(train, ctx)
        until = (1.0 - SHARE) * ctx.time_left()  # seconds that are left when training has to be over
        net = self._net(pretrained=self.pretrained)
        self._train(net, images, answers, len(images), FIRST * SHARE if len(more) else SHARE, ctx)
        if len(more):
            sure, masks = labelled(self._found(net, more, ctx), row_of, answers)
            both = np.concatenate([images, more[sure]]), np.concatenate([answers, masks])
            share = 1.0 if ctx.deadline is None else max(0.05, 1.0 - until / ctx.time_left())
            self._train(net, *both, len(images), share, ctx)
        self.weights = neural.weights_of(net)
        return self

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        from podium.recipes import neural

        neural.begin(ctx)
        net = neural.restore(self._net(pretrained=False), self.weights)
        out = np.empty((len(rows), *ctx.layout.shape), dtype=ctx.layout.dtype)
        for start in range(0, len(rows), 8 * PREDICTED):
            part = rows.take(np.arange(start, min(start + 8 * PREDICTED, len(rows))))
            found = self._found(net, self.reader.read(part), ctx)
            out[start : start + len(part)] = np.clip(resized(found, *ctx.layout.shape[1:]), 0.0, 1.0)
        return Dense(out.reshape(len(rows), -1))

    def _found(self, net: Any, images: Bytes, ctx: Context) -> Floats32:
        """Probabilities `(n, classes, h, w)` on the working grid."""
        from podium.recipes import neural
        from podium.recipes.segmentation.predict_net import probabilities

        forward = probabilities(self.flips, gate=self.anything > 0)
        return neural.apply(net, len(images), partial(self._shown, images), forward, ctx, PREDICTED)

    # ------------------------------------------------------------ what the net is given

    def _candidates(self, train: Rows, ctx: Context) -> tuple[Bytes, NDArray[np.int64]]:
        if not self.pseudo:
            return np.empty((0, self.reader.channels, *self.reader.size), dtype=np.uint8), np.empty(0, dtype=np.int64)
        return candidates(self.reader, train, ctx.unlabelled, self.reach, np.random.default_rng([ctx.seed, 3]))

    def _train(self, net: Any, images: Bytes, answers: Bytes, labelled: int, share: float, ctx: Context) -> None:
        """One cycle, whose epochs have the first `labelled` images each, and of the others `pseudo` for each of these."""
        from podium.recipes import neural

        others = round(self.pseudo * labelled) if len(images) > labelled else 0
        self.notes = neural.train(
            net, labelled + others, self._batches(images, answers, labelled), self._loss(), self._schedule(neural.Schedule),
            ctx, share, rates={"encoder.": 0.3} if self.pretrained else None,
        )  # fmt: skip

    @property
    def channels(self) -> int:
        return self.reader.channels + (2 if self.features.get("coords") else 0)

    def _net(self, *, pretrained: bool) -> Any:
        from podium.recipes.segmentation.unet_net import SmallUNet

        return SmallUNet(self.channels, self.classes, self.width, self.depth, self.stem)

    def _shown(self, images: Bytes, at: NDArray[np.int64], rng: np.random.Generator) -> tuple[Any, ...]:
        return (self._inputs(images[at]),)

    def _inputs(self, images: Bytes, corners: NDArray[np.int64] | None = None) -> Any:
        """Standardised `(b, c, h, w)`; with rows and columns of the whole image, -1..1, where they are asked for."""
        import torch

        x = (images.astype(np.float32) - self.mean[:, None, None]) / self.spread[:, None, None]
        if self.features.get("coords"):
            height, width = self.reader.size
            at = np.zeros((len(x), 2), dtype=np.int64) if corners is None else corners
            rows = (at[:, :1] + np.arange(x.shape[2])) / (0.5 * height) - 1.0
            columns = (at[:, 1:] + np.arange(x.shape[3])) / (0.5 * width) - 1.0
            both = (rows[:, None, :, None], columns[:, None, None, :])
            planes = [np.broadcast_to(plane, (len(x), 1, *x.shape[2:])) for plane in both]
            x = np.concatenate([x, *planes], axis=1).astype(np.float32)
        return torch.from_numpy(x)

    def _batches(self, images: Bytes, answers: Bytes, labelled: int) -> Any:
        import torch

        from podium.recipes.segmentation.augment_net import varied

        crops = Crops(answers, self.crop) if self.crop else None

        def batch(at: NDArray[np.int64], rng: np.random.Generator) -> tuple[Any, Any]:
            if len(images) > labelled:
                at = np.where(at < labelled, at, rng.integers(labelled, len(images), size=len(at)))
            shown, true, corners = images[at], answers[at], None
            if crops is not None:
                corners = crops.corners(at, rng)
                shown, true = crops.cut(shown, corners), crops.cut(true, corners)
            y = torch.from_numpy(true.astype(np.float32) / 255.0)
            return varied(self._inputs(shown, corners), y, rng, self.flips, self.zoom, self.shade)

        return batch

    def _loss(self) -> Any:
        import torch

        from podium.recipes.segmentation.loss_net import combined

        weights, anything = self.loss, self.anything

        def loss(net: Any, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            logits, image = net(x)
            total = combined(weights, logits, y)
            if anything:
                present = (y.amax((2, 3)) >= 0.5).float()
                total = total + anything * torch.nn.functional.binary_cross_entropy_with_logits(image.float(), present)
            return total

        return loss

    def _schedule(self, schedule: Any) -> Any:
        return schedule(
            epochs=self.epochs,
            batch_size=self.batch_size,
            lr=self.lr,
            weight_decay=0.01,
            warmup=0.1,
            ema=0.98,
            clip=5.0,
        )


class PretrainedUNet(UNet):
    """On EfficientNet-lite0 with ImageNet's weights, which learn a third as fast as the rest."""

    pretrained = True

    def _net(self, *, pretrained: bool) -> Any:
        from podium.recipes.segmentation.unet_net import Lite0UNet

        return Lite0UNet(self.channels, self.classes, pretrained, self.width)


def working(grid: tuple[int, int], side: int) -> tuple[int, int]:
    """(height, width) of the image that a net sees: in the grid's proportions, sides multiples of `STRIDE`."""
    scale = side / max(grid) if side else 1.0
    height, width = (max(STRIDE, STRIDE * round(scale * edge / STRIDE)) for edge in grid)
    return height, width
