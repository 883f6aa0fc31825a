"""A net's weights as numpy: models pickle small, and load without the device they were trained on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

Weights = dict[str, NDArray[Any]]
Net = TypeVar("Net", bound=nn.Module)


def weights_of(net: nn.Module) -> Weights:
    """Parameters and buffers by name, copied; half-precision numbers as float32."""
    found: Weights = {}
    for name, tensor in net.state_dict().items():
        value = tensor.detach().to("cpu")
        value = value.float() if value.dtype in (torch.bfloat16, torch.float16) else value
        found[name] = np.array(value.numpy())
    return found


def restore(net: Net, weights: Mapping[str, NDArray[Any]]) -> Net:
    """Put the weights into a net of the same shape, and return it. Raises RuntimeError where names or shapes differ."""
    net.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
    return net


def halved(net: nn.Module, without: str) -> Weights:
    """As `weights_of`, its real numbers in half precision, without what begins with `without`: frozen parts from elsewhere."""
    kept = {name: value for name, value in weights_of(net).items() if not name.startswith(without)}
    return {name: value.astype(np.float16) if value.dtype.kind == "f" else value for name, value in kept.items()}


def restore_halved(net: Net, weights: Mapping[str, NDArray[Any]]) -> Net:
    """What `halved` kept, into a net that has the rest already. Raises RuntimeError where a name or shape is alien."""
    whole = {name: value.astype(np.float32) if value.dtype.kind == "f" else value for name, value in weights.items()}
    return restore(net, {**weights_of(net), **whole})
