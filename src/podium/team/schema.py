"""JSON Schemas of deliverables, derived from the records: what `podium.records.from_json` accepts, no more and no less."""

from __future__ import annotations

import dataclasses
import functools
import json
import types
from collections.abc import Mapping
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from podium.records import Brief
from podium.team.roles import DELIVERABLE_OF

SCALARS: Mapping[Any, str] = {str: "string", bool: "boolean", int: "integer", float: "number"}


@functools.cache
def _of(kind: Any) -> dict[str, Any]:
    origin = get_origin(kind)
    if kind is Any:
        return {}
    if kind in SCALARS:
        return {"type": SCALARS[kind]}
    if origin is Literal:
        return {"type": "string", "enum": list(get_args(kind))}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_of(option) for option in get_args(kind)]}
    if kind is type(None):
        return {"type": "null"}
    if origin is tuple:
        return {"type": "array", "items": _of(get_args(kind)[0])}
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _of(get_args(kind)[1]) or True}
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _record(kind)
    raise TypeError(f"no JSON Schema for {kind!r}")


def of(kind: type) -> dict[str, Any]:
    """The schema of a record, without references: every record it holds is written out where it is used."""
    found: dict[str, Any] = json.loads(json.dumps(_of(kind)))  # callers may change theirs, in one place at a time
    return found


def _record(kind: type[Any]) -> dict[str, Any]:
    hints, properties, required = get_type_hints(kind), {}, []
    for spec in dataclasses.fields(kind):
        properties[spec.name] = _of(hints[spec.name])
        if spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING:
            required.append(spec.name)
    told = " ".join((kind.__doc__ or "").split())
    described = {} if told.startswith(f"{kind.__name__}(") else {"description": told}  # dataclasses write that one
    return {
        "type": "object",
        "title": kind.__name__,
        **described,
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def of_brief(brief: Brief) -> dict[str, Any]:
    """The schema of the brief's deliverable, narrowed to what its check can accept: ids that exist, counts that fit."""
    shape = of(DELIVERABLE_OF[brief.phase])
    facts, properties = brief.facts, shape["properties"]
    if brief.phase in ("plan", "revise"):
        spec = properties["experiments"]["items"]["properties"]
        ids = [experiment.id for experiment in facts.experiments]
        spec["parents"] |= {"items": {"type": "string", "enum": ids}} if ids else {"maxItems": 0}
        spec["expected_gain"]["minimum"] = spec["cost_s"]["minimum"] = spec["seed_offset"]["minimum"] = 0
    if "reopened" in properties:
        ids = [experiment.id for experiment in facts.experiments] if brief.phase == "retro" else []
        again = properties["reopened"]["items"]["properties"]["experiment"]
        again |= {"enum": ids} if ids else {}
        properties["reopened"] |= {"maxItems": len(ids)}
    if brief.phase == "build":
        properties["solutions"] |= {"minItems": len(facts.plan), "maxItems": len(facts.plan)}
    if brief.phase == "charter":
        properties["requirements"]["minItems"] = 1
    if brief.phase == "checks":
        from podium.referee import qa  # heavy, and needed by QA alone

        check = properties["checks"]["items"]["properties"]
        check["kind"]["enum"] = list(qa.KINDS)
        check["requirement"]["enum"] = ["", *(one.id for one in facts.charter.requirements)] if facts.charter else [""]
    return shape
