"""Backbones of timm (Wightman 2019) by name, from weights that lie here: nothing is downloaded. Imports torch, later timm."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn

from podium.errors import SolutionError
from podium.weights.tensors import read_tensors

CHECKPOINT = "model.safetensors"
LACKING = ("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
           "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")  # fmt: skip


class Backbone(nn.Module):
    """A model of timm without its head. Takes images as our other nets do, -1..1, and gives `(n, width)` pooled features."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.net = _made(name)
        told: Any = getattr(self.net, "pretrained_cfg", {})
        self.width = int(self.net.num_features)
        if hasattr(self.net, "head_hidden_size"):
            self.width = int(self.net.head_hidden_size)
        for key, usual in (("mean", (0.485, 0.456, 0.406)), ("std", (0.229, 0.224, 0.225))):
            values = torch.tensor(told.get(key) or usual).view(1, -1, 1, 1)
            self.register_buffer(key, values, persistent=False)

    def pooled(self, images: torch.Tensor) -> torch.Tensor:
        plain = (images * 128.0 + 127.0) / 255.0
        found: torch.Tensor = self.net((plain - self.mean) / self.std)
        return found


def load(name: str, folder: Path | None) -> Backbone:
    """`name` is `timm:MODEL.TAG`; with a folder its weights are loaded. Raises SolutionError: no such model, other weights."""
    backbone = Backbone(name)
    if folder is None:
        return backbone
    try:
        held = {key: torch.from_numpy(value) for key, value in read_tensors(folder / CHECKPOINT).items()}
        lacking, _ = backbone.net.load_state_dict(held, strict=False)  # a head that we have not is left over
    except (OSError, ValueError, RuntimeError) as problem:
        raise SolutionError(f"weights {name}: {' '.join(str(problem).split())[:200]}") from problem
    if lacking:
        raise SolutionError(f"weights {name} are of another model: they lack {', '.join(lacking[:3])}")
    return backbone


def _made(name: str) -> Any:
    timm = _timm(name)
    spelled = name.removeprefix("timm:")
    try:
        try:  # a transformer's positions follow the size of the image; other models know no such thing
            return timm.create_model(spelled, pretrained=False, num_classes=0, dynamic_img_size=True)
        except TypeError:
            return timm.create_model(spelled, pretrained=False, num_classes=0)
    except (RuntimeError, ValueError) as problem:
        raise SolutionError(f"timm has no model {spelled!r}: {problem}") from problem


def _timm(name: str) -> Any:
    """timm, also beside a torchvision of another build than torch: its operators are named, which is all that models need."""
    try:
        return importlib.import_module("timm")
    except RuntimeError as problem:
        if "torchvision::" not in str(problem):
            raise SolutionError(f"backbone {name}: timm does not load: {problem}") from problem
    except ImportError as problem:
        raise SolutionError(f"backbone {name}: {problem}; `pip install timm`") from problem
    for module in [one for one in sys.modules if one.partition(".")[0] in ("torchvision", "timm")]:
        del sys.modules[module]
    global _named
    _named = torch.library.Library("torchvision", "DEF")
    for operator in LACKING:
        _named.define(operator)
    try:
        return importlib.import_module("timm")
    except (ImportError, RuntimeError) as problem:
        raise SolutionError(f"backbone {name}: timm does not load: {problem}") from problem


_named: Any = None  # held: operators go with the library that named them
