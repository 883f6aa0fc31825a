"""`config.json`: AutoKaggle's keys, unchanged, and our own. Checked by hand against `config.schema.json`'s rules."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from podium.errors import IntakeError

NAME = "config.json"
Config = dict[str, Any]


def schema() -> dict[str, Any]:
    """The JSON Schema that ships with the package, so that editors help."""
    text = resources.files("podium.competition").joinpath("config.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def load_config(folder: Path, overrides: Mapping[str, str]) -> Config:
    """The config beside the data ({} where there is none) with `overrides` (strings, by key) on top.

    Raises IntakeError: bad JSON, a leftover placeholder, an unknown key that looks like a known one, a wrong type.
    """
    config = _read(folder / NAME) if (folder / NAME).is_file() else {}
    properties = schema()["properties"]
    for key, value in overrides.items():
        if key not in properties:
            raise _unknown(key, properties, "option")
        config[key] = _typed(key, value, properties[key])
    _check(config, properties)
    return {key: value for key, value in config.items() if value is not None and value not in ("", [])}


def _read(path: Path) -> Config:
    try:
        config = json.loads(path.read_bytes().decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise IntakeError(
            f"{path} is not JSON",
            expected=error.msg,
            found=f"line {error.lineno}, column {error.colno}",
            remedy="repair it",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise IntakeError(f"cannot read {path}", expected="UTF-8 text", found=str(error), remedy="repair it") from error
    if not isinstance(config, dict):
        raise IntakeError(f"{path} holds no object", expected='{"target_column": …}', found=type(config).__name__)
    return config


def _typed(key: str, value: str, rule: Mapping[str, Any]) -> Any:
    kinds = _kinds(rule)
    if "integer" in kinds and re.fullmatch(r"\s*\d+\s*", value):
        return int(value)
    return value


def _kinds(rule: Mapping[str, Any]) -> list[str]:
    kinds = rule.get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _check(config: Config, properties: Mapping[str, Any]) -> None:
    for key, value in config.items():
        if key not in properties:
            close = difflib.get_close_matches(key, properties, n=1, cutoff=0.85)
            if close:
                raise _unknown(key, properties, "key")
            continue
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and re.search(r"<[A-Za-z][A-Za-z0-9_ .|/-]*>", text):
                raise IntakeError(
                    f"{NAME}: {key} still holds the placeholder {text}",
                    remedy=f"set {key}, or delete the line to have it found",
                )
        _check_value(key, value, properties[key])


def _check_value(key: str, value: Any, rule: Mapping[str, Any]) -> None:
    found = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
    kind, kinds = found.get(type(value), "null"), _kinds(rule)
    if value is not None and kind not in kinds:
        raise IntakeError(
            f"{NAME}: {key} has the wrong type", expected=" or ".join(kinds), found=json.dumps(value)[:60]
        )
    if "enum" in rule and value not in rule["enum"]:
        raise IntakeError(f"{NAME}: {key}", expected=" or ".join(map(str, rule["enum"])), found=repr(value))
    low, high = rule.get("minimum"), rule.get("maximum")
    if isinstance(value, int) and ((low is not None and value < low) or (high is not None and value > high)):
        raise IntakeError(f"{NAME}: {key}", expected=f"{low} to {high if high is not None else '…'}", found=str(value))


def _unknown(key: str, properties: Mapping[str, Any], what: str) -> IntakeError:
    close = difflib.get_close_matches(key, properties, n=1, cutoff=0.5)
    remedy = f"did you mean {close[0]!r}?" if close else "see config.schema.json"
    return IntakeError(f"unknown {what} {key!r}", expected="a key of config.json", remedy=remedy)


def names(value: Any) -> tuple[str, ...]:
    """Column names from a list or a comma-separated string."""
    if value is None:
        return ()
    items = value if isinstance(value, list) else str(value).split(",")
    return tuple(str(item).strip() for item in items if str(item).strip())
