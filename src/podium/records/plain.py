"""Records as plain JSON values and back, checked against their types."""

from __future__ import annotations

import dataclasses
import enum
import functools
import json
import types
import typing
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_json(record: Any) -> Any:
    """Plain JSON values (dict, list, str, int, float, bool, None) of a record, its fields in order."""
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        return {f.name: to_json(getattr(record, f.name)) for f in dataclasses.fields(record)}
    if isinstance(record, Mapping):
        return {str(key): to_json(value) for key, value in record.items()}
    if isinstance(record, (list, tuple, set, frozenset)):
        return [to_json(value) for value in record]
    if isinstance(record, enum.Enum):
        return record.value
    if hasattr(record, "item") and not isinstance(record, (str, bytes)):  # numpy scalars
        return record.item()
    return record


def from_json(kind: type[T], data: Any) -> T:
    """A record of type `kind` from plain JSON values. Raises ValueError naming the field that does not fit."""
    return typing.cast(T, _build(kind, data, kind.__name__))


def dumps(record: Any) -> str:
    """One line of canonical JSON: the same record gives the same text."""
    return json.dumps(to_json(record), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _build(kind: Any, data: Any, where: str) -> Any:
    origin = get_origin(kind)
    if kind is Any:
        return data
    if origin in (Union, types.UnionType):
        return _build_union(kind, data, where)
    if origin is Literal:
        if data not in get_args(kind):
            raise ValueError(f"{where}: expected one of {', '.join(map(str, get_args(kind)))}; found {data!r}")
        return data
    if origin is tuple:
        if not isinstance(data, (list, tuple)):
            raise ValueError(f"{where}: expected a list; found {type(data).__name__}")
        item = get_args(kind)[0]
        return tuple(_build(item, value, f"{where}[{i}]") for i, value in enumerate(data))
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(data, Mapping):
            raise ValueError(f"{where}: expected an object; found {type(data).__name__}")
        value_kind = get_args(kind)[1]
        return {key: _build(value_kind, value, f"{where}.{key}") for key, value in data.items()}
    if dataclasses.is_dataclass(kind):
        return _build_record(kind, data, where)
    return _build_scalar(kind, data, where)


def _build_union(kind: Any, data: Any, where: str) -> Any:
    options = get_args(kind)
    if data is None and type(None) in options:
        return None
    problems = []
    for option in (o for o in options if o is not type(None)):
        try:
            return _build(option, data, where)
        except ValueError as problem:
            problems.append(str(problem))
    raise ValueError(problems[0] if len(problems) == 1 else f"{where}: fits none of its types ({'; '.join(problems)})")


@functools.cache
def _hints(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind)  # compiles every annotation: most of what reading a row costs


def _build_record(kind: Any, data: Any, where: str) -> Any:
    if not isinstance(data, Mapping):
        raise ValueError(f"{where}: expected an object; found {type(data).__name__}")
    hints, values = _hints(kind), {}
    known = {f.name: f for f in dataclasses.fields(kind)}
    unknown = sorted(set(data) - set(known))
    if unknown:
        raise ValueError(f"{where}: unknown field {unknown[0]!r}; known are {', '.join(known)}")
    for name, spec in known.items():
        if name in data:
            values[name] = _build(hints[name], data[name], f"{where}.{name}")
        elif spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING:
            raise ValueError(f"{where}: missing field {name!r}")
    return kind(**values)


def _build_scalar(kind: Any, data: Any, where: str) -> Any:
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if isinstance(kind, type) and (not isinstance(data, kind) or (isinstance(data, bool) and kind is not bool)):
        raise ValueError(f"{where}: expected {kind.__name__}; found {data!r:.60}")
    return data
