"""A sentence encoder of a few thousand random weights, in the files of a real one: what tests read in its place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from podium.weights.tensors import write_tensors

MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WIDTH, INNER, LAYERS, HEADS, LONGEST = 24, 48, 1, 2, 64
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,!?'-"


def make(folder: Path, words: Sequence[str] = (), seed: int = 0) -> Path:
    """config.json, vocab.txt (letters, and these words whole), tokenizer_config.json, model.safetensors. Returns `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = [*MARKS, *LETTERS, *(f"##{letter}" for letter in LETTERS), *sorted({word.lower() for word in words})]
    vocabulary = list(dict.fromkeys(vocabulary))
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", "utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}), "utf-8")
    config = {
        "model_type": "bert", "hidden_size": WIDTH, "intermediate_size": INNER, "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS, "vocab_size": len(vocabulary), "max_position_embeddings": LONGEST,
        "type_vocab_size": 2, "layer_norm_eps": 1e-12, "hidden_dropout_prob": 0.1,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    rng = np.random.default_rng(seed)
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (len(vocabulary), WIDTH),
        "embeddings.position_embeddings.weight": (LONGEST, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
    }
    for layer in range(LAYERS):
        here = f"encoder.layer.{layer}"
        for name, (out, into) in {
            "attention.self.query": (WIDTH, WIDTH), "attention.self.key": (WIDTH, WIDTH),
            "attention.self.value": (WIDTH, WIDTH), "attention.output.dense": (WIDTH, WIDTH),
            "intermediate.dense": (INNER, WIDTH), "output.dense": (WIDTH, INNER),
        }.items():  # fmt: skip
            shapes |= {f"{here}.{name}.weight": (out, into), f"{here}.{name}.bias": (out,)}
    norms = ["embeddings", *(f"encoder.layer.{k}.{part}output" for k in range(LAYERS) for part in ("attention.", ""))]
    tensors = {name: rng.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()}
    for name in norms:
        tensors[f"{name}.LayerNorm.weight"] = np.ones(WIDTH, np.float32)
        tensors[f"{name}.LayerNorm.bias"] = np.zeros(WIDTH, np.float32)
    write_tensors(folder / "model.safetensors", tensors)
    return folder
