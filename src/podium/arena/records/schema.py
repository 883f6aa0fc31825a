"""A check of JSON by as much of JSON Schema as the shipped schema uses; a keyword it does not know is an error of ours."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from importlib import resources
from typing import Any

KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "integer": (int,), "number": (int, float),
}  # fmt: skip
SAID = ("$schema", "title", "description")


@functools.cache
def shipped() -> dict[str, Any]:
    """The schema of submission.json."""
    text = resources.files("podium.arena.records").joinpath("submission.schema.json").read_text("utf-8")
    return dict(json.loads(text))


def problems(value: Any, schema: dict[str, Any], where: str = "") -> Iterator[str]:
    """What does not fit, a line each: where, what was expected, what was found."""
    at = where or "submission.json"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: expected one of {', '.join(map(str, schema['enum']))}, found {_short(value)}"
        return
    if "type" in schema and not _is(value, schema["type"]):
        yield f"{at}: expected {schema['type']}, found {_short(value)}"
        return
    for keyword, bound in schema.items():
        yield from _breach(keyword, bound, value, at, where)


def _breach(keyword: str, bound: Any, value: Any, at: str, where: str) -> Iterator[str]:
    if keyword in ("type", "enum", *SAID, "additionalProperties"):
        if keyword == "additionalProperties" and bound is not False:
            raise NotImplementedError(keyword)
    elif keyword == "required":
        yield from (f"{at}: {name} is missing" for name in bound if name not in value)
    elif keyword == "properties":
        for name, inner in value.items():
            if name in bound:
                yield from problems(inner, bound[name], f"{where}.{name}" if where else name)
            else:
                yield f"{at}: {name} is not known"
    elif keyword == "items":
        for i, inner in enumerate(value):
            yield from problems(inner, bound, f"{where}[{i}]")
    elif keyword == "pattern":
        if not re.search(bound, value):
            yield f"{at}: {_short(value)} does not match {bound}"
    elif keyword in ("minimum", "minLength", "minItems", "maxLength", "maxItems"):
        size = value if keyword == "minimum" else len(value)
        if size < bound if keyword.startswith("min") else size > bound:
            yield f"{at}: expected {keyword} {bound}, found {_short(size)}"
    else:
        raise NotImplementedError(keyword)


def _is(value: Any, kind: str | list[str]) -> bool:
    if isinstance(kind, list):
        return any(_is(value, one) for one in kind)
    return isinstance(value, KINDS[kind]) and not isinstance(value, bool)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
