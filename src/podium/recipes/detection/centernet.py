"""A detector trained here: peaks of a heat map, fine-tuned from ImageNet's weights where they are installed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from podium.packing import boxes
from podium.protocol import Context, Dense, Rows
from podium.recipes.detection.augment import Jitter, seen, view
from podium.recipes.detection.detector import PeakDetector
from podium.recipes.detection.pictures import Pictures
from podium.recipes.detection.targets import draw

if TYPE_CHECKING:
    import torch

    from podium.recipes.detection.network_net import Detector

Floats = NDArray[np.float64]
FLOOR = 0.01  # confidence below which a peak is noise
PEAKS = 3  # times the boxes kept, before overlapping ones are dropped
MOST_SHARE, LEAST_SHARE = 0.85, 0.3  # of the time left, for training
ASKED = 0.5  # images to be predicted, for each that is learnt from: what time is kept for


class CenterNet(PeakDetector):
    """params: size, stride (of the heat map: 2, 4 or 8), width (channels of the pyramid), crop (training windows of so many
    pixels; 0: whole images), zoom, colour, upside (`Jitter`), mosaic (share of training images that are four in one),
    epochs, batch_size, lr, pretrained, frozen (first blocks of the encoder), tta (mirrors).
    """

    defaults: ClassVar[dict[str, Any]] = {
        "size": 320, "stride": 8, "width": 64, "crop": 0, "upside": False, "zoom": 1.3, "colour": 0.15, "mosaic": 0.0,
        "epochs": 12, "batch_size": 4, "lr": 1e-3, "pretrained": True, "frozen": 3, "tta": True,
    }  # fmt: skip
    bounds = (256, 640)
    overlap = 0.6

    def fit(self, train: Rows, ctx: Context) -> Self:
        """`train.y`: boxes `(m, 5)` a row, in pixels of the files."""
        from podium.recipes.detection.network_net import Detector, loss
        from podium.recipes.neural import Schedule, begin, weights_of
        from podium.recipes.neural import train as learn

        begin(ctx)
        began, p = time.monotonic(), self.params
        pictures, truth = self.learnt(train, ctx, int(p["stride"]))
        self.typical = _typical(truth)
        schedule = Schedule(
            epochs=p["epochs"],
            batch_size=p["batch_size"],
            lr=p["lr"],
            weight_decay=0.02,
            warmup=0.08,
            ema=0.99,
            clip=10.0,
        )
        loaded = time.monotonic() - began
        net = self._net(Detector)
        views = _Views(pictures, truth, self.n_classes, p)
        self.notes |= learn(
            net,
            len(train),
            views.batch,
            loss,
            schedule,
            ctx,
            self._share(net, views, len(train), loaded, ctx),
        )
        self.weights = weights_of(net)
        self.notes |= {"canvas": list(self.canvas), "boxes": sum(map(len, truth))}
        return self

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        """The surest boxes of each image, in its own pixels."""
        import torch

        from podium.recipes.detection.network_net import Detector, found, normalised
        from podium.recipes.neural import apply, restore

        net = restore(self._net(Detector, empty=True), self.weights)
        pictures = self.asked(rows, ctx)
        most = ctx.layout.shape[0]
        flips = self._mirrors(len(rows), ctx)

        def batch(positions: NDArray[np.int64], rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
            return (torch.from_numpy(pictures[positions]),)

        def forward(net: Any, pixels: torch.Tensor) -> torch.Tensor:
            return found(net, normalised(pixels), PEAKS * most, flips)

        peaks = apply(net, len(rows), batch, forward, ctx, batch_size=8).astype(np.float64)
        return boxes(
            [self.kept(of[of[:, 5] >= FLOOR], pictures, row, most) for row, of in enumerate(peaks)], ctx.layout
        )

    def _net(self, kind: type[Detector], empty: bool = False) -> Detector:
        p = self.params
        return kind(self.n_classes, p["stride"], p["pretrained"], self.typical, p["width"], p["frozen"], empty)

    def _share(self, net: Detector, views: _Views, n: int, loaded: float, ctx: Context) -> float:
        """Of the time left, what training may take: images yet to come are read, and looked at once each, as slowly as
        these here."""
        import torch

        from podium.recipes.neural import pick_device

        if ctx.deadline is None:
            return MOST_SHARE
        device = pick_device(ctx)
        images = views.batch(np.arange(min(2, n)), np.random.default_rng(0))[0].to(device)
        began = time.monotonic()
        with torch.inference_mode():
            net.to(device).eval()(images)
        kept = ASKED * n * 1.5 * (loaded / n + (time.monotonic() - began) / len(images))
        return float(np.clip(1 - kept / max(ctx.time_left(), 1e-9), LEAST_SHARE, MOST_SHARE))

    def _mirrors(self, n: int, ctx: Context) -> tuple[tuple[int, ...], ...]:
        """Mirrors to look at as well, where there is time for them."""
        if not self.params["tta"] or ctx.time_left() < 2 * n * self.notes["step_s"] / self.notes["batch_size"] * (
            2 if self.params["upside"] else 1
        ):
            return ()
        return ((3,), (2,), (2, 3)) if self.params["upside"] else ((3,),)


def _typical(truth: list[Floats]) -> float:
    """Half of the usual side of a box, pixels of the canvas."""
    sides = np.concatenate([np.concatenate([of[:, 3] - of[:, 1], of[:, 4] - of[:, 2]]) for of in truth] or [np.ones(1)])
    return max(1.0, float(np.median(sides)) / 2) if len(sides) else 8.0


class _Views:
    """Batches of augmented views with their targets."""

    def __init__(self, pictures: Pictures, truth: list[Floats], n_classes: int, params: Mapping[str, Any]) -> None:
        self.pictures, self.truth, self.n_classes, self.stride = pictures, truth, n_classes, int(params["stride"])
        self.jitter = Jitter(zoom=params["zoom"], colour=params["colour"], upside=params["upside"])
        crop = int(params["crop"])
        height, width = pictures.canvas
        self.size = (min(crop, height), min(crop, width)) if crop else pictures.canvas
        self.mosaic = float(params["mosaic"])

    def batch(self, positions: NDArray[np.int64], rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
        """(images, heat, sides, weight) of so many views."""
        import torch

        made = [self._mosaic(row, rng) if rng.random() < self.mosaic else self._view(row, rng) for row in positions]
        images = torch.stack([image for image, _ in made])
        grid = (self.size[0] // self.stride, self.size[1] // self.stride)
        drawn = [draw(found, self.n_classes, grid, self.stride) for _, found in made]
        return images, *(torch.from_numpy(np.stack(part)) for part in zip(*drawn, strict=True))

    def _view(self, row: int, rng: np.random.Generator) -> tuple[torch.Tensor, Floats]:
        from podium.recipes.detection.network_net import looked_at

        of = view(rng, self.jitter, self.pictures.canvas, self.size, self.truth[row])
        gain = 1 + self.jitter.colour * rng.uniform(-1, 1, 3)
        image = looked_at(self.pictures[np.array([row])][0], of, gain, self.jitter.colour * rng.uniform(-1, 1))
        return image, seen(self.truth[row], of)

    def _mosaic(self, row: int, rng: np.random.Generator) -> tuple[torch.Tensor, Floats]:
        """Four views at half their size (Bochkovskiy, Wang and Liao 2020): more and smaller things at a time."""
        import torch
        from torch.nn import functional as F

        height, width = self.size
        parts, found = [], []
        for quarter, of in enumerate((row, *rng.integers(len(self.truth), size=3))):
            image, listed = self._view(int(of), rng)
            parts.append(F.avg_pool2d(image[None], 2)[0])
            listed[:, 1:] = listed[:, 1:] / 2 + np.tile([quarter % 2 * width / 2, quarter // 2 * height / 2], 2)
            found.append(listed)
        rows = [torch.cat(parts[:2], dim=2), torch.cat(parts[2:], dim=2)]
        return torch.cat(rows, dim=1), np.concatenate(found)
