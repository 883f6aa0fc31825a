"""A trained net over many rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from podium.protocol import Context
from podium.recipes.neural.device import autocast, out_of_memory, pick_device
from podium.recipes.neural.loop import Batch, Tensors

Forward = Callable[..., torch.Tensor]  # net, *tensors → (rows, …)


def apply(
    net: nn.Module, n: int, batch: Batch, forward: Forward, ctx: Context, batch_size: int = 256
) -> NDArray[np.float32]:
    """`forward(net, *tensors)` of all `n` rows in order, `(n, …)` float32; the batch is halved while memory is too small."""
    device = pick_device(ctx)
    torch.set_num_threads(max(1, ctx.cores))
    net.to(device).eval()
    rng = np.random.default_rng(ctx.seed)
    parts: list[NDArray[np.float32]] = []
    start = 0
    while start < n or not parts:
        positions = np.arange(start, min(start + batch_size, n))
        try:
            parts.append(_outputs(net, batch(positions, rng), forward, device))
        except Exception as problem:
            if not out_of_memory(problem) or len(positions) < 2:
                raise
            batch_size = (len(positions) + 1) // 2
            if device.type == "cuda":
                torch.cuda.empty_cache()
            continue
        start += max(1, len(positions))
    return np.concatenate(parts)


def _outputs(net: nn.Module, tensors: Tensors, forward: Forward, device: torch.device) -> NDArray[np.float32]:
    with torch.inference_mode(), autocast(device):
        outputs = forward(net, *(tensor.to(device, non_blocking=True) for tensor in tensors))
    return np.asarray(outputs.float().cpu().numpy(), dtype=np.float32)
