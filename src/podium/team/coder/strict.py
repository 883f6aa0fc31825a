"""OpenAI's strict subset of JSON Schema: every field required, no free mappings. There and back.

Source: platform.openai.com, "Structured Outputs", supported schemas.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

FREE = "a JSON object, written as text"


def schema(loose: Mapping[str, Any]) -> dict[str, Any]:
    """A strict schema that accepts the same records: an optional field may be null, a free mapping is JSON as text."""
    if loose.get("type") == "object":
        if "properties" not in loose:
            return {"type": "string", "description": FREE}
        fields, required = loose["properties"], set(loose.get("required", ()))
        return {
            "type": "object",
            "properties": {
                name: schema(inner) if name in required else _nullable(schema(inner)) for name, inner in fields.items()
            },
            "required": list(fields),
            "additionalProperties": False,
        }
    if "anyOf" in loose:
        return {"anyOf": [schema(option) for option in loose["anyOf"]]}
    if "items" in loose:
        return {"type": "array", "items": schema(loose["items"])}
    return {key: loose[key] for key in ("type", "enum") if key in loose} or {"type": "string"}


def loosen(data: Any, loose: Mapping[str, Any]) -> Any:
    """What was written by the strict schema, as the loose one wants it. What already fits stays as it is."""
    if "anyOf" in loose:
        fits = [option for option in loose["anyOf"] if (option.get("type") == "null") == (data is None)]
        return loosen(data, fits[0]) if fits else data
    if isinstance(data, list) and "items" in loose:
        return [loosen(item, loose["items"]) for item in data]
    if loose.get("type") != "object":
        return data
    if "properties" not in loose:
        return _unfolded(data)
    if not isinstance(data, dict):
        return data
    fields, required = loose["properties"], set(loose.get("required", ()))
    return {
        name: loosen(value, fields.get(name, {}))
        for name, value in data.items()
        if value is not None or name in required or _may_be_null(fields.get(name, {}))
    }


def _nullable(inner: dict[str, Any]) -> dict[str, Any]:
    if "anyOf" in inner:
        options = inner["anyOf"]
        return inner if {"type": "null"} in options else {"anyOf": [*options, {"type": "null"}]}
    return {"anyOf": [inner, {"type": "null"}]}


def _may_be_null(loose: Mapping[str, Any]) -> bool:
    return any(option.get("type") == "null" for option in loose.get("anyOf", ()))


def _unfolded(data: Any) -> Any:
    """A mapping that was written as text; anything else is left for the check to refuse."""
    if not isinstance(data, str):
        return data
    try:
        return json.loads(data or "{}")
    except ValueError:
        return data
