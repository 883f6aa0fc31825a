"""BERT's encoder (Devlin et al. 2019) as one small torch module: what sentence encoders are made of. Imports torch.

Parameters are named as in the checkpoints, so that a safetensors file loads as it is. Hidden states are pooled by their
mean (Reimers and Gurevych 2019, Sentence-BERT).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import nn

from podium.errors import SolutionError
from podium.recipes.neural import short_products
from podium.weights.tensors import read_tensors

CHECKPOINT = "model.safetensors"


class Layer(nn.Module):
    """Attention over the other pieces, then two dense layers; each added to what came in, and normed after."""

    def __init__(self, width: int, heads: int, inner: int, eps: float) -> None:
        super().__init__()
        self.heads = heads
        of_self = nn.ModuleDict({name: nn.Linear(width, width) for name in ("query", "key", "value")})
        attended = nn.ModuleDict({"dense": nn.Linear(width, width), "LayerNorm": nn.LayerNorm(width, eps)})
        self.attention = nn.ModuleDict({"self": of_self, "output": attended})
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(width, inner)})
        self.output = nn.ModuleDict({"dense": nn.Linear(inner, width), "LayerNorm": nn.LayerNorm(width, eps)})

    def forward(self, x: torch.Tensor, mask: torch.Tensor, drop: float) -> torch.Tensor:
        rows, long, width = x.shape
        of_self: Any = self.attention["self"]

        def split(name: str) -> torch.Tensor:
            found: torch.Tensor = of_self[name](x)
            return found.view(rows, long, self.heads, width // self.heads).transpose(1, 2)

        chance = drop if self.training else 0.0
        found = _attended(split("query"), split("key"), split("value"), mask)
        found = _added(self.attention["output"], found.transpose(1, 2).reshape(rows, long, width), x, chance)
        wide = nn.functional.gelu(self.intermediate["dense"](found))
        return _added(self.output, wide, found, chance)


class Bert(nn.Module):
    """`config`: a checkpoint's config.json."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        width, eps = int(config["hidden_size"]), float(config.get("layer_norm_eps", 1e-12))
        self.width, self.drop = width, float(config.get("hidden_dropout_prob", 0.1))
        self.embeddings = nn.ModuleDict(
            {
                "word_embeddings": nn.Embedding(int(config["vocab_size"]), width),
                "position_embeddings": nn.Embedding(int(config["max_position_embeddings"]), width),
                "token_type_embeddings": nn.Embedding(int(config.get("type_vocab_size", 2)), width),
                "LayerNorm": nn.LayerNorm(width, eps),
            }
        )
        shape = (width, int(config["num_attention_heads"]), int(config["intermediate_size"]), eps)
        layers = nn.ModuleList(Layer(*shape) for _ in range(int(config["num_hidden_layers"])))
        self.encoder = nn.ModuleDict({"layer": layers})

    def states(self, pieces: torch.Tensor, kinds: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        """`(n, longest, width)`: a state for each piece. `pieces`, `kinds` (0: first text, 1: second) `(n, longest)` whole
        numbers, `there` `(n, longest)` truth values: which are no padding."""
        parts: Any = self.embeddings
        at = torch.arange(pieces.shape[1], device=pieces.device)
        x = parts["word_embeddings"](pieces) + parts["position_embeddings"](at) + parts["token_type_embeddings"](kinds)
        x = parts["LayerNorm"](x)
        x = nn.functional.dropout(x, self.drop, self.training)
        layers: Any = self.encoder["layer"]
        # in prediction numbers stay long: rounded, a row's answer would rest on the rows beside it
        with short_products(pieces.device) if self.training else nullcontext():
            for layer in layers:
                x = layer(x, there[:, None, None, :], self.drop)
        return torch.as_tensor(x)

    def forward(self, pieces: torch.Tensor, kinds: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
        """`(n, width)`: the mean of each row's `states`."""
        x = self.states(pieces, kinds, there)
        weight = there[:, :, None].to(x.dtype)
        return torch.as_tensor((x * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1))


def load_bert(folder: Path, pretrained: bool = True) -> Bert:
    """The encoder of a checkpoint's folder. Raises SolutionError where it holds another architecture, or lacks a part."""
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        if config.get("model_type") != "bert":
            raise SolutionError(f"{folder.name}: expected a model of type bert, found {config.get('model_type')!r}")
        net = Bert(config)
        if pretrained:
            held = {_plain(name): values for name, values in read_tensors(folder / CHECKPOINT).items()}
            wanted = net.state_dict()
            net.load_state_dict({name: torch.from_numpy(held[name]) for name in wanted})
    except (OSError, KeyError, ValueError) as problem:
        raise SolutionError(f"the weights in {folder.name} are no sentence encoder: {problem}") from problem
    return net


WORDS = "embeddings.word_embeddings"


def load_tunable(folder: Path, dropout: float) -> Bert:
    """The encoder with its words frozen (`WORDS`): rare ones would be moved by a row or two."""
    net = load_bert(folder)
    net.drop = dropout
    net.embeddings["word_embeddings"].weight.requires_grad_(False)
    return net


def _plain(name: str) -> str:
    return name.removeprefix("bert.").replace(".gamma", ".weight").replace(".beta", ".bias")


def _attended(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    # no dropout here: with it torch keeps the square of the length, at 512 pieces three times the memory and twice the time
    attend = nn.functional.scaled_dot_product_attention
    if query.device.type != "cpu":
        return attend(query, key, value, attn_mask=mask)
    with torch.autocast("cpu", enabled=False):  # in bfloat16 the way back takes six times as long there
        return attend(query.float(), key.float(), value.float(), attn_mask=mask)


def _added(part: Any, x: torch.Tensor, before: torch.Tensor, chance: float) -> torch.Tensor:
    normed: torch.Tensor = part["LayerNorm"](nn.functional.dropout(part["dense"](x), chance) + before)
    return normed
