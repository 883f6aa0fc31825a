"""A compact multilayer perceptron in numpy: Adam with decoupled weight decay, dropout, a one-cycle learning rate.

Several small networks from different seeds are averaged. All classes, labels or targets share one network.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from podium.protocol import Context, Rows
from podium.recipes.tabular.matrix import Matrix, View
from podium.recipes.tabular.model import MARGIN_S, TabularModel, split_positions
from podium.recipes.tabular.target import Floats

Weights = list[NDArray[np.float32]]


class MLP(TabularModel):
    """`hidden` layer widths, `epochs` over the rows in batches of `batch`, `nets` networks.

    A held-back share of the rows keeps each network's best epoch; `share` 0 keeps the last and trains on all rows.
    """

    view: ClassVar[View] = "dense"
    weighs: ClassVar[bool] = True

    def __init__(
        self,
        features: Mapping[str, Any] | None = None,
        curve: str | None = None,
        hidden: Sequence[int] = (256, 128),
        epochs: int = 20,
        batch: int = 128,
        learning_rate: float = 0.003,
        dropout: float = 0.2,
        input_dropout: float = 0.0,
        decay: float = 0.01,
        nets: int = 2,
        share: float = 0.1,
    ) -> None:
        super().__init__(features, curve)
        self.hidden, self.epochs, self.batch, self.learning_rate = tuple(hidden), epochs, batch, learning_rate
        self.dropout, self.input_dropout, self.decay = dropout, input_dropout, decay
        self.n_nets, self.share = nets, share

    def _fit(self, matrix: Matrix, train: Rows, ctx: Context) -> None:
        assert train.y is not None
        labels = self.target.matrix(train.y)
        self.mean, self.deviation = np.zeros(labels.shape[1]), np.ones(labels.shape[1])
        if not self.target.is_classification:
            self.mean, self.deviation = labels.mean(axis=0), labels.std(axis=0) + 1e-9
        scaled = ((labels - self.mean) / self.deviation).astype(np.float32)
        every = np.arange(len(train))
        self.nets: list[Weights] = []
        self.notes["best_epoch"] = []
        for net in range(self.n_nets):
            if net and ctx.time_left() < 2 * MARGIN_S:
                break
            rng = np.random.default_rng([ctx.seed, net])
            most, held = split_positions(train, ctx, self.share) if self.share else (every, every[:0])
            weights, best = self._train(matrix.values, scaled, train.weight, most, held, rng, ctx)
            self.nets.append(weights)
            self.notes["best_epoch"].append(best)

    def _train(
        self,
        values: NDArray[np.float32],
        labels: NDArray[np.float32],
        weight: Floats,
        most: NDArray[np.intp],
        held: NDArray[np.intp],
        rng: np.random.Generator,
        ctx: Context,
    ) -> tuple[Weights, int]:
        network = Network([values.shape[1], *self.hidden, labels.shape[1]], self.target.loss, labels[most], rng)
        steps = max(1, int(np.ceil(len(most) / self.batch)))
        row_weight = (weight / weight.mean()).astype(np.float32)
        best, best_loss, best_epoch, at = network.copy(), np.inf, 0, 0
        for epoch in range(self.epochs):
            order = rng.permutation(most)
            for start in range(0, len(order), self.batch):
                rows = order[start : start + self.batch]
                rate = self.learning_rate * one_cycle(at / (steps * self.epochs))
                network.step(values[rows], labels[rows], row_weight[rows], rate, self.dropouts, self.decay, rng)
                at += 1
            if len(held):
                loss = network.loss(values[held], labels[held])
                if loss < best_loss:
                    best, best_loss, best_epoch = network.copy(), loss, epoch + 1
            if ctx.time_left() < MARGIN_S:
                break
        return (best, best_epoch) if len(held) and best_epoch else (network.copy(), self.epochs)

    @property
    def dropouts(self) -> list[float]:
        return [self.input_dropout, *[self.dropout] * len(self.hidden)]

    def _predict(self, matrix: Matrix, ctx: Context) -> list[Floats]:
        outputs = [activate(forward(weights, matrix.values), self.target.loss) for weights in self.nets]
        return [np.mean(outputs, axis=0, dtype=np.float64) * self.deviation + self.mean]


class Network:
    """Weights and Adam's moments. Hidden units are ReLU, initialised after He et al. (2015)."""

    def __init__(self, widths: Sequence[int], loss: str, labels: NDArray[np.float32], rng: np.random.Generator) -> None:
        self.kind, self.weights, self.at = loss, [], 0
        for k, (a, b) in enumerate(itertools.pairwise(widths)):
            scale = np.sqrt(2.0 / a) if k < len(widths) - 2 else np.sqrt(1.0 / a) * 0.1
            self.weights += [(rng.standard_normal((a, b)) * scale).astype(np.float32), np.zeros(b, np.float32)]
        self.weights[-1][:] = _prior(labels, loss)
        self.first = [np.zeros_like(w) for w in self.weights]
        self.second = [np.zeros_like(w) for w in self.weights]

    def copy(self) -> Weights:
        return [w.copy() for w in self.weights]

    def loss(self, values: NDArray[np.float32], labels: NDArray[np.float32]) -> float:
        out = activate(forward(self.weights, values), self.kind)
        if self.kind == "multiclass":
            return -float(np.mean(np.log(np.clip((out * labels).sum(axis=1), 1e-7, 1))))
        if self.kind == "binary":
            out = np.clip(out, 1e-7, 1 - 1e-7)
            return -float(np.mean(labels * np.log(out) + (1 - labels) * np.log(1 - out)))
        return float(np.mean(np.abs(out - labels) if self.kind == "l1" else (out - labels) ** 2))

    def step(
        self,
        values: NDArray[np.float32],
        labels: NDArray[np.float32],
        weight: NDArray[np.float32],
        rate: float,
        dropouts: Sequence[float],
        decay: float,
        rng: np.random.Generator,
    ) -> None:
        """One batch: forward with inverted dropout, backward, Adam."""
        layers, inputs, masks, signal = len(self.weights) // 2, [], [], values
        for k in range(layers):
            mask = _mask(signal.shape, dropouts[k], rng)
            signal = signal if mask is None else signal * mask
            inputs.append(signal)
            masks.append(mask)
            signal = signal @ self.weights[2 * k] + self.weights[2 * k + 1]
            if k < layers - 1:
                np.maximum(signal, 0, out=signal)
        error = activate(signal, self.kind) - labels
        if self.kind == "l1":
            error = np.tanh(4 * error)
        error *= weight[:, None] / np.float32(len(values))
        gradients: Weights = [np.empty(0, np.float32)] * len(self.weights)
        for k in reversed(range(layers)):
            gradients[2 * k], gradients[2 * k + 1] = inputs[k].T @ error, error.sum(axis=0)
            if k:
                error = error @ self.weights[2 * k].T
                error *= inputs[k] > 0
                if masks[k] is not None:
                    error *= np.float32(1 / (1 - dropouts[k]))
        self._adam(gradients, rate, decay)

    def _adam(self, gradients: Weights, rate: float, decay: float) -> None:
        self.at += 1
        step = np.float32(rate * np.sqrt(1 - 0.999**self.at) / (1 - 0.9**self.at))
        for k, gradient in enumerate(gradients):
            self.first[k] *= np.float32(0.9)
            self.first[k] += np.float32(0.1) * gradient
            self.second[k] *= np.float32(0.999)
            self.second[k] += np.float32(0.001) * gradient * gradient
            if gradient.ndim == 2:
                self.weights[k] *= np.float32(1 - rate * decay)
            self.weights[k] -= step * self.first[k] / (np.sqrt(self.second[k]) + np.float32(1e-7))


def forward(weights: Weights, values: NDArray[np.float32]) -> NDArray[np.float32]:
    signal = values
    for k in range(0, len(weights), 2):
        signal = signal @ weights[k] + weights[k + 1]
        if k < len(weights) - 2:
            np.maximum(signal, 0, out=signal)
    return signal


def activate(signal: NDArray[np.float32], loss: str) -> NDArray[np.float32]:
    """Softmax, sigmoid or identity."""
    if loss == "multiclass":
        powers = np.exp(signal - signal.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))
    if loss == "binary":
        return np.asarray(1 / (1 + np.exp(-np.clip(signal, -30, 30))))
    return signal


def one_cycle(done: float) -> float:
    """Learning rate as a share of its peak: a short warm-up, then a cosine down (Smith 2018)."""
    warm = 0.15
    return (
        max(0.02, done / warm) if done < warm else 0.5 * (1 + float(np.cos(np.pi * (done - warm) / (1 - warm)))) + 1e-3
    )


def _prior(labels: NDArray[np.float32], loss: str) -> NDArray[np.float32]:
    """The last layer's bias at the start: what the labels' mean asks for."""
    mean = np.clip(labels.mean(axis=0), 1e-3, 1 - 1e-3) if loss in ("multiclass", "binary") else labels.mean(axis=0)
    if loss == "multiclass":
        return np.asarray(np.log(mean))
    return np.asarray(np.log(mean / (1 - mean))) if loss == "binary" else np.asarray(mean)


def _mask(shape: tuple[int, ...], rate: float, rng: np.random.Generator) -> NDArray[np.float32] | None:
    if rate <= 0:
        return None
    keep = rng.random(shape, dtype=np.float32) >= rate
    return np.asarray(keep * np.float32(1 / (1 - rate)), dtype=np.float32)
