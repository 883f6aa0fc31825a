"""`config.json`: AutoKaggle's keys, unchanged, and our own. Checked by the rules of `config.schema.json`, which ships.

The loader reads the schema itself, so an editor and Podium refuse the same documents. Two things only the loader says:
an unknown key that looks like a known one is a misspelling (other unknown keys are somebody else's, and left alone), and
a day that the calendar does not have.
"""

from __future__ import annotations

import difflib
import functools
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

from podium.errors import IntakeError

NAME = "config.json"
Config = dict[str, Any]
_SCIKIT_LEARN = {
    "KFold": "kfold",
    "StratifiedKFold": "stratified_kfold",
    "GroupKFold": "group_kfold",
    "StratifiedGroupKFold": "stratified_group_kfold",
    "TimeSeriesSplit": "time_series",
}
_PLACEHOLDER = re.compile(r"<[A-Za-z][A-Za-z0-9_ .|/-]*>")
_TRUE, _FALSE = ("true", "yes", "1", "on"), ("false", "no", "0", "off")


@functools.cache
def schema() -> dict[str, Any]:
    """The JSON Schema that ships with the package, so that editors help."""
    text = resources.files("podium.competition").joinpath("config.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def rule(key: str) -> dict[str, Any]:
    """The schema's rule for a key, its reference resolved."""
    return _resolved(schema()["properties"][key])


def _resolved(found: Mapping[str, Any]) -> dict[str, Any]:
    reference = found.get("$ref")
    base = schema()["$defs"][reference.rpartition("/")[2]] if reference else {}
    return {**base, **{key: value for key, value in found.items() if key != "$ref"}}


def load_config(folder: Path, overrides: Mapping[str, str], *, own: bool = True) -> Config:
    """The config beside the data ({} where there is none) with `overrides` (strings, by key) on top.

    `own` False: the folder came from elsewhere, and its config, which may name programs to run, is not read.
    A metric.py is resolved: relative to `folder`, or, in `overrides`, to the working directory where it lies there.
    Raises IntakeError: bad JSON, a leftover placeholder, an unknown key that looks like a known one, a wrong type.
    """
    config = _read(folder / NAME) if own and (folder / NAME).is_file() else {}
    properties = schema()["properties"]
    for key, value in overrides.items():
        if key not in properties:
            raise _unknown(key, "option")
        config[key] = _typed(value, rule(key))
    for key, value in config.items():
        _check(key, value)
    config = {key: value for key, value in config.items() if value is not None and value not in ("", [], {})}
    return _normalised(config, folder, Path() if "metric" in overrides else folder)


def keys_used(config: Config) -> tuple[str, ...]:
    """The keys of a loaded config that Podium knows, in the schema's order."""
    return tuple(key for key in schema()["properties"] if key in config and key != "$schema")


def team(config: Config) -> dict[str, str]:
    """Role → seat, as the config asks."""
    return {str(role): str(seat) for role, seat in (config.get("team") or {}).items()}


AUTO = ("auto", "default")


def stated_metric(config: Config) -> str:
    """The metric that the config has a campaign optimise, the proxy of an unknown score included; "" where it is open."""
    stated = str(config.get("metric_proxy") or config.get("metric") or "").strip()
    return "" if stated.lower() in AUTO else stated


def names(value: Any) -> tuple[str, ...]:
    """Column names from a list or a comma-separated string."""
    if value is None:
        return ()
    items = value if isinstance(value, list) else str(value).split(",")
    return tuple(str(item).strip() for item in items if str(item).strip())


def moment(text: str) -> datetime:
    """A deadline as a time in UTC; a day alone means its end. Raises ValueError for a day that does not exist."""
    plain = text.strip().upper().replace("UTC", "+00:00").replace("Z", "+00:00").replace(" +", "+").replace(" -", "-")
    if len(plain) == len("2026-04-30"):
        return datetime.fromisoformat(plain).replace(tzinfo=UTC) + timedelta(days=1, seconds=-1)
    found = datetime.fromisoformat(plain)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


# ---------------------------------------------------------------- reading


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
    except (OSError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise IntakeError(f"cannot read {path}", expected="UTF-8 text", found=str(error), remedy="repair it") from error
    if not isinstance(config, dict):
        raise IntakeError(f"{path} holds no object", expected='{"target_column": …}', found=type(config).__name__)
    return config


def _typed(value: str, found: Mapping[str, Any]) -> Any:
    """A flag's text as the type that the key wants."""
    kinds, plain = _kinds(found), value.strip()
    if "integer" in kinds and re.fullmatch(r"\d{1,9}", plain):
        return int(plain)
    if "number" in kinds and re.fullmatch(r"\d{1,9}(\.\d{1,9})?", plain):
        return float(plain)
    if "boolean" in kinds and plain.lower() in (*_TRUE, *_FALSE):
        return plain.lower() in _TRUE
    if "object" in kinds:
        parts = [part.partition("=") for part in plain.split(",") if part.strip()]
        return {key.strip(): seat.strip() for key, _, seat in parts}
    return value


def _kinds(found: Mapping[str, Any]) -> list[str]:
    kinds = found.get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _normalised(config: Config, folder: Path, metric_folder: Path) -> Config:
    """Our words and types: scikit-learn's names of splitters, whole numbers, the path of a metric.py."""
    for key, value in config.items():
        if isinstance(value, float) and "integer" in _kinds(rule(key) if key in schema()["properties"] else {}):
            config[key] = int(value)
    strategy = config.get("cv_strategy")
    if strategy in _SCIKIT_LEARN:
        config["cv_strategy"] = _SCIKIT_LEARN[strategy]
    metric = str(config.get("metric", "")).strip()
    if metric.lower().endswith(".py"):
        places = [(place / Path(metric).expanduser()).absolute() for place in (metric_folder, folder)]
        config["metric"] = str(next((place for place in places if place.is_file()), places[-1]))
    return config


# ---------------------------------------------------------------- checks


def _check(key: str, value: Any) -> None:
    if key not in schema()["properties"]:
        if difflib.get_close_matches(key, schema()["properties"], n=1, cutoff=0.85):
            raise _unknown(key, "key")
        return
    text = _placeholder(value)
    if text:
        raise IntakeError(
            f"{NAME}: {key} still holds the placeholder {text}",
            remedy=f"set {key}, or delete the line to have it found",
        )
    _check_value(key, value, rule(key))
    if key == "deadline" and isinstance(value, str) and value.strip():
        _check_deadline(value)


def _placeholder(value: Any) -> str | None:
    if isinstance(value, str):
        found = _PLACEHOLDER.search(value)
        return None if found is None else found.group()
    items = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
    return next((text for item in items if (text := _placeholder(item))), None)


def _check_value(key: str, value: Any, found: Mapping[str, Any]) -> None:
    kinds = _kinds(found)
    if kinds and not any(_is(kind, value) for kind in kinds):
        named = " or ".join(kind for kind in kinds if kind != "null")
        raise IntakeError(f"{NAME}: {key} has the wrong type", expected=named, found=json.dumps(value)[:60])
    if "enum" in found and value not in found["enum"]:
        words = " or ".join(str(word) for word in found["enum"] if word is not None)
        raise IntakeError(f"{NAME}: {key}", expected=words, found=repr(value))
    low, high = found.get("minimum"), found.get("maximum")
    if _is("number", value) and ((low is not None and value < low) or (high is not None and value > high)):
        raise IntakeError(f"{NAME}: {key}", expected=f"{low} to {high if high is not None else '…'}", found=str(value))
    if isinstance(value, str) and not re.search(found.get("pattern", ""), value):
        raise IntakeError(f"{NAME}: {key}", expected=f"as in {found['examples'][0]}", found=repr(value)[:60])
    for item in value if isinstance(value, list) else ():
        _check_value(key, item, _resolved(found.get("items", {})))
    for item in value.values() if isinstance(value, dict) else ():
        _check_value(key, item, _resolved(found.get("additionalProperties", {})))


def _is(kind: str, value: Any) -> bool:
    """Whether a JSON value is of a JSON Schema type; 5.0 is an integer there."""
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, (int, float)):
        return kind == "number" or (kind == "integer" and float(value).is_integer())
    types: dict[str, type] = {"string": str, "array": list, "object": dict, "null": type(None)}
    return kind in types and isinstance(value, types[kind])


def _check_deadline(value: str) -> None:
    try:
        moment(value)
    except ValueError:
        raise IntakeError(f"{NAME}: deadline", expected="a day such as 2026-04-30", found=repr(value)) from None


def _unknown(key: str, what: str) -> IntakeError:
    close = difflib.get_close_matches(key, schema()["properties"], n=1, cutoff=0.5)
    remedy = f"did you mean {close[0]!r}?" if close else "see config.schema.json"
    return IntakeError(f"unknown {what} {key!r}", expected="a key of config.json", remedy=remedy)
