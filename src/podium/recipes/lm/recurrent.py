"""A recurrent net trained on windows of the text, asked at the end of contexts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context, Dense, Rows
from podium.recipes.lm.corpus import contexts_of, rebuild, stacked, text_column

LENGTH = 128  # symbols of a window
REACH = 256  # symbols of a context that are read
SHARE = 0.8  # of the time left that is trained in


class Recurrent:
    """An LSTM over symbols. params: width, layers, dropout, epochs, batch_size, lr, length."""

    def __init__(self, features: Mapping[str, Any] | None = None, **params: Any) -> None:
        self.params: dict[str, Any] = {
            "width": 256, "layers": 1, "dropout": 0.1, "epochs": 6, "batch_size": 32, "lr": 4e-3, "length": LENGTH, **params,
        }  # fmt: skip
        self.notes: dict[str, Any] = {}

    def fit(self, train: Rows, ctx: Context) -> Self:
        from podium.recipes.lm import recurrent_net
        from podium.recipes.neural import Schedule, begin, weights_of
        from podium.recipes.neural import train as fit_net

        self.column = text_column(ctx)
        corpus = rebuild(train, self.column, ctx)
        self.vocabulary = corpus.vocabulary
        begin(ctx)
        asked = np.zeros(len(corpus.codes), dtype=bool)
        asked[corpus.answers] = True
        batches = recurrent_net.Batches(corpus.codes, asked, int(self.params["length"]))
        net = self._net()
        schedule = Schedule(
            float(self.params["epochs"]), int(self.params["batch_size"]), float(self.params["lr"]), 0.01, 0.05, 0.0, 1.0
        )
        self.notes |= fit_net(net, batches.n, batches, recurrent_net.loss, schedule, ctx, SHARE)
        self.weights = weights_of(net)
        return self

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        import torch

        from podium.recipes.lm import recurrent_net
        from podium.recipes.neural import apply, begin, restore

        begin(ctx)
        net = restore(self._net(), self.weights)
        codes, lengths = _padded(*stacked(contexts_of(rows, self.column), self.vocabulary, REACH))

        def batch(positions: NDArray[np.int64], rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
            return torch.from_numpy(codes[positions]), torch.from_numpy(lengths[positions])

        logs = apply(net, len(codes), batch, recurrent_net.last, ctx, batch_size=256)
        found = np.exp(logs.astype(np.float64))
        return Dense(found / found.sum(axis=1, keepdims=True))

    def _net(self) -> Any:
        from podium.recipes.lm import recurrent_net

        named = {name: self.params[name] for name in ("width", "layers", "dropout")}
        return recurrent_net.Net(len(self.vocabulary.symbols), self.vocabulary.n_classes, **named)


def _padded(codes: NDArray[np.int32], ends: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Contexts as rows, `(n, longest)` codes + 1 from the left, zeros after the last; and their lengths."""
    starts = np.concatenate(([1], ends[:-1] + 1))
    lengths = ends - starts
    at = starts[:, None] + np.arange(max(1, int(lengths.max(initial=0))))
    inside = at < ends[:, None]
    return np.where(inside, codes[np.minimum(at, len(codes) - 1)] + 1, 0).astype(np.int64), lengths
