"""A pretrained sentence encoder tuned to the task: texts alone, or pairs of them. torch is imported inside functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.protocol import Context, Dense, Rows
from podium.recipes.tabular.target import Target
from podium.recipes.text.embed import weights_folder
from podium.recipes.text.fields import read_texts
from podium.recipes.text.sentence_recipes import longest

MOST_BESIDE = 3  # categories and codes that are read as words before the first text


class SentenceTuned:
    """Fine-tuning after Devlin et al. 2019, on means of states (Reimers and Gurevych 2019). Fitted on the dealt rows alone.

    features: weights (a name), length (pieces a row is cut at), together (two texts are read as one: slower for long ones
    and sharper; else each for itself). Few-valued columns are words before the first text.
    params: epochs, batch_size, learning_rate (of the head), slower (the encoder's share of it), decay, average, smoothing,
    dropout.
    """

    def __init__(
        self,
        features: Mapping[str, Any] | None = None,
        epochs: float = 3,
        batch_size: int = 32,
        learning_rate: float = 1e-3,
        slower: float = 0.08,
        decay: float = 0.01,
        average: float = 0.98,
        smoothing: float = 0.0,
        dropout: float = 0.1,
    ) -> None:
        self.features: dict[str, Any] = {"length": 96, "together": True, **(features or {})}
        self.epochs, self.batch_size, self.learning_rate = epochs, batch_size, learning_rate
        self.slower, self.decay, self.average, self.smoothing, self.dropout = slower, decay, average, smoothing, dropout
        self.notes: dict[str, Any] = {}

    def fit(self, train: Rows, ctx: Context) -> Self:
        from podium.recipes.neural import begin, halved
        from podium.recipes.neural import train as learn
        from podium.recipes.text.bert_net import WORDS
        from podium.recipes.text.tuned_net import Tuned

        assert train.y is not None, "fit needs labelled rows"
        self.target = Target.of(train.y, ctx)
        wanted = self.target.matrix(train.y)
        self.centre, self.scale = np.zeros(wanted.shape[1]), np.ones(wanted.shape[1])
        if not self.target.is_classification:
            self.centre, self.scale = wanted.mean(axis=0), wanted.std(axis=0) + 1e-9
        texts = [column for column in ctx.schema if column.kind == "text"]
        self.columns = [column.name for column in longest(texts, 2)]
        words = [c.name for c in ctx.schema if c.kind in ("categorical", "code") and c.name not in self.columns]
        self.beside = words[:MOST_BESIDE]
        begin(ctx)
        folder = weights_folder(str(self.features["weights"]), ctx)
        net = Tuned(folder, self._texts(), wanted.shape[1], self.dropout)
        data = _Read(self, train, ctx)
        answers = ((wanted - self.centre) / self.scale).astype(np.float32)
        weight = (train.weight / train.weight.mean()).astype(np.float32)

        def batch(at: NDArray[np.int64], rng: np.random.Generator) -> tuple[Any, ...]:
            import torch

            return (*data(at), torch.from_numpy(answers[at]), torch.from_numpy(weight[at]))

        rates = {"backbone.": self.slower}
        told = learn(net, len(train), batch, self._loss(), self._schedule(), ctx, 0.85, rates, data.lengths())
        self.weights = halved(net, f"backbone.{WORDS}")  # and used so from the first prediction on
        self.notes.update(told, rows=len(train))
        return self

    def predict(self, rows: Rows, ctx: Context) -> Dense:
        """`(n, n_outputs)`: probabilities, or values in the labels' unit."""
        from podium.recipes.neural import apply, restore_halved
        from podium.recipes.text.tuned_net import Tuned

        net = Tuned(weights_folder(str(self.features["weights"]), ctx), self._texts(), len(self.centre))
        restore_halved(net, self.weights)
        data = _Read(self, rows, ctx)
        order = np.argsort(data.lengths(), kind="stable")  # little padding
        kind = self.target.loss

        def forward(net: Any, *inputs: Any) -> Any:
            found = net(*inputs).float()
            return {"multiclass": lambda: found.softmax(dim=1), "binary": found.sigmoid}.get(kind, lambda: found)()

        found = apply(net, len(rows), lambda at, rng: data(order[at]), forward, ctx, 64)
        values = np.empty(found.shape)
        values[order] = found
        return Dense(self.target.assemble([values * self.scale + self.centre]))

    def _texts(self) -> int:
        return 1 if self.features["together"] or len(self.columns) == 1 else 2

    def _schedule(self) -> Any:
        from podium.recipes.neural import Schedule

        return Schedule(self.epochs, self.batch_size, self.learning_rate, self.decay, warmup=0.1, ema=self.average)

    def _loss(self) -> Any:
        from podium.recipes.vision import losses_net

        kind, smoothing = self.target.loss, self.smoothing

        def loss(net: Any, *tensors: Any) -> Any:
            *inputs, wanted, weight = tensors
            found = net(*inputs)
            if kind == "multiclass":
                return losses_net.classes_loss(found, wanted, weight, smoothing, None)
            if kind == "binary":
                return losses_net.labels_loss(found, wanted, weight, smoothing, None)
            gap = found.float() - wanted
            each = (gap.abs() if kind == "l1" else gap**2).mean(dim=1)
            return (each * weight).sum() / weight.sum()

        return loss


class _Read:
    """Pieces of some rows, made once; called with positions it gives padded tensors of each text."""

    def __init__(self, model: SentenceTuned, rows: Rows, ctx: Context) -> None:
        from podium.recipes.text.wordpiece import WordPiece

        words = WordPiece.read(weights_folder(str(model.features["weights"]), ctx))
        texts = [column.to_list() for column in _worded(rows, model.columns, model.beside)]
        longest = int(model.features["length"])
        self.second: list[list[int]] = [[] for _ in texts]
        if len(texts) == 2 and model.features["together"]:
            both = words.encode_pairs(texts[0], texts[1], longest)
            self.pieces, self.second = [[one for one, _ in both]], [[at for _, at in both]]
        else:
            self.pieces = [words.encode(column, longest) for column in texts]

    def __call__(self, at: NDArray[np.int64]) -> tuple[Any, ...]:
        from podium.recipes.text.pieces import tensors

        found: list[Any] = []
        for pieces, second in zip(self.pieces, self.second, strict=False):
            found += tensors([pieces[k] for k in at], [second[k] for k in at] if second else ())
        return tuple(found)

    def lengths(self) -> NDArray[np.int64]:
        """`(n,)`: pieces of each row."""
        of_texts = ([len(row) for row in pieces] for pieces in self.pieces)
        return np.array([sum(each) for each in zip(*of_texts, strict=True)], dtype=np.int64)


def _worded(rows: Rows, columns: list[str], beside: list[str]) -> list[pl.Series]:
    """The texts, with the few-valued columns as words before the first."""
    texts = read_texts(rows, columns)
    for name, words in zip(reversed(beside), reversed(read_texts(rows, beside) if beside else []), strict=True):
        texts[0] = (words + " . " + texts[0]).alias(name)
    return texts
