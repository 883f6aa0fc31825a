"""TabM's net, of the package's layers. Imports torch: load it where a net is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from rtdl_num_embeddings import PiecewiseLinearEmbeddings
from tabm import EnsembleView, LinearEnsemble, make_tabm_backbone
from torch import nn


class Members(nn.Module):
    """`(n, columns)` → `(n, members, outputs)`. `plain`: columns taken as they are; `bins`: edges of those embedded."""

    def __init__(
        self,
        plain: Sequence[int],
        bins: Mapping[int, NDArray[np.float32]],
        outputs: int,
        members: int,
        width: int,
        blocks: int,
        embedding: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.register_buffer("plain", torch.tensor(list(plain), dtype=torch.long), persistent=False)
        self.register_buffer("binned", torch.tensor(list(bins), dtype=torch.long), persistent=False)
        edges = [torch.from_numpy(np.array(each)) for each in bins.values()]
        self.embed = PiecewiseLinearEmbeddings(edges, embedding, activation=False, version="B") if bins else None
        chunks = [*(embedding for _ in bins), *(1 for _ in plain)] or [1]
        self.empty = not (bins or plain)  # a table without a column that varies: the net is a constant
        self.view = EnsembleView(k=members)
        self.backbone = make_tabm_backbone(
            d_in=sum(chunks),
            n_blocks=blocks,
            d_block=width,
            dropout=dropout,
            activation="ReLU",
            k=members,
            arch_type="tabm",
            start_scaling_init="normal" if bins else "random-signs",
            start_scaling_init_chunks=chunks,
        )
        self.output = LinearEnsemble(width, outputs, k=members)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        parts = [] if self.embed is None else [self.embed(values[:, self.binned]).flatten(1)]
        parts.append(values[:, self.plain])
        joined = values.new_ones(len(values), 1) if self.empty else torch.cat(parts, dim=1)
        found: torch.Tensor = self.output(self.backbone(self.view(joined)))
        return found
