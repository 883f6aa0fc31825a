"""Where a net runs and with which numbers: the same in training and in inference."""

from __future__ import annotations

import random
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch

from podium.protocol import Context
from podium.recipes.processor import multiplies_short


def pick_device(ctx: Context) -> torch.device:
    """The GPU where the run was given one (`ctx.device`) and torch can use it, else the CPU."""
    return torch.device("cuda" if ctx.device != "cpu" and torch.cuda.is_available() else "cpu")


def begin(ctx: Context) -> torch.device:
    """Seed every generator, take `ctx.cores` threads, and return the device. Call it before a net is made.

    Where time does not decide, the GPU's algorithms are the reproducible ones; else the fastest for the sizes met.
    """
    random.seed(ctx.seed)
    np.random.seed(ctx.seed % 2**32)
    torch.manual_seed(ctx.seed)
    torch.set_num_threads(max(1, ctx.cores))
    torch.backends.cudnn.deterministic = ctx.deadline is None
    torch.backends.cudnn.benchmark = ctx.deadline is not None
    return pick_device(ctx)


def half(device: torch.device) -> torch.dtype | None:
    """The short type of mixed precision: bfloat16 where the GPU has it, else float16; None on the CPU."""
    if device.type != "cuda":
        return None
    return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def autocast(device: torch.device) -> AbstractContextManager[Any]:
    """Mixed precision on a GPU (Micikevicius et al. 2018); nothing on the CPU."""
    dtype = half(device)
    return nullcontext() if dtype is None else torch.autocast("cuda", dtype=dtype)


def short_products(device: torch.device) -> AbstractContextManager[Any]:
    """bfloat16 matrix products on a CPU that has instructions for them; else as it is. For nets of large matrices: between them
    numbers stay as long as they were."""
    short = device.type == "cpu" and multiplies_short()
    return torch.autocast("cpu", dtype=torch.bfloat16) if short else nullcontext()


def out_of_memory(problem: BaseException) -> bool:
    """Whether a smaller batch may help: torch says so by its own error on a GPU, by a message on the CPU."""
    text = str(problem)
    return isinstance(problem, (torch.OutOfMemoryError, MemoryError)) or (
        isinstance(problem, RuntimeError) and ("can't allocate memory" in text or "not enough memory" in text)
    )
