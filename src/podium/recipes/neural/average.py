"""A running average of the weights under training (Polyak and Juditsky 1992)."""

from __future__ import annotations

import torch
from torch import nn


class Average:
    """Of what is trained, and of the statistics that layers keep; frozen weights, often most of an encoder, are left alone."""

    def __init__(self, net: nn.Module) -> None:
        kept = net.state_dict()  # of buffers those that are part of a model: a mask of -inf is none
        trained = [parameter.data for parameter in net.parameters() if parameter.requires_grad]
        statistics = [b for name, b in net.named_buffers() if name in kept and b.is_floating_point()]
        self._values = [*trained, *statistics]
        self._means = [value.clone() for value in self._values]

    def keep(self, decay: float) -> None:
        """One step: each mean moves to its value by `1 - decay`."""
        with torch.no_grad():
            torch._foreach_lerp_(self._means, self._values, 1 - decay)

    def hand_over(self) -> None:
        """The means into the net."""
        with torch.no_grad():
            torch._foreach_copy_(self._values, self._means)
