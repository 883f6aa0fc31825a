"""A submission as it was handed in: its files, its claim, what its logs say. Read, never believed."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from podium.arena.records import schema
from podium.errors import UserError

CLAIM, ENTRY, README, LOGS = "submission.json", "train.py", "README.md", "logs/"
FIGURES: Mapping[str, type] = {
    "seed": int, "val_bpb": float, "val_bytes": int, "train_s": float, "eval_s": float, "artifact_bytes": int,
}  # fmt: skip
MOST_FILES = 200


class BadClaim(Exception):
    """submission.json or a log cannot be read; the message says what is wrong."""


@dataclass(frozen=True)
class Result:
    """One seed's figures as submission.json has them."""

    seed: int
    val_bpb: float
    val_bytes: int
    train_s: float
    eval_s: float
    artifact_bytes: int
    log: str


@dataclass(frozen=True)
class BuildsOn:
    submission: int | str
    technique: str
    author: str


@dataclass(frozen=True)
class Claim:
    """submission.json."""

    author: str
    name: str
    date: str
    track: str
    bpb: float
    bytes: int
    seeds: tuple[int, ...]
    results: tuple[Result, ...]
    builds_on: tuple[BuildsOn, ...]
    config: Mapping[str, Any] = field(default_factory=dict)
    notes: str = ""


@dataclass(frozen=True)
class Log:
    """What one log states, a `name: value` a line; `twice`: names it states differently in two places."""

    figures: Mapping[str, float]
    code_sha256: str
    config: str
    twice: tuple[str, ...]


@dataclass(frozen=True)
class Submission:
    """`files`: everything in the folder, by name."""

    files: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def read(cls, folder: Path, most_bytes: int) -> Submission:
        """Regular files alone. Raises UserError on links, and on more than `most_bytes`."""
        if not (folder / CLAIM).is_file() or not (folder / ENTRY).is_file():
            raise UserError(f"{folder} is no submission", expected=f"a folder with {ENTRY} and {CLAIM}")
        found: dict[str, bytes] = {}
        room = most_bytes
        for path in sorted(folder.rglob("*")):
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise UserError(f"{path} is no ordinary file", remedy="copy the file itself into the folder")
            if path.is_dir() or "__pycache__" in path.parts:
                continue
            name = path.relative_to(folder).as_posix()
            if not name.isprintable() or not _spelled(name):
                raise UserError(
                    f"{name!r} is no file name that every system can keep", remedy="give the file a plain name"
                )
            room -= path.stat().st_size
            if room < 0 or len(found) >= MOST_FILES:
                raise UserError(f"{folder} is too large", expected=f"at most {most_bytes} bytes in {MOST_FILES} files")
            found[name] = path.read_bytes()
        return cls(found)

    @property
    def sha256(self) -> str:
        return _digest(self.files)

    def claim(self) -> Claim:
        """Raises BadClaim where submission.json does not fit its schema."""
        try:
            told = json.loads(self.files[CLAIM].decode("utf-8"), parse_constant=_no_constant)
        except (KeyError, ValueError, RecursionError) as problem:
            raise BadClaim(f"{CLAIM} cannot be read: {problem}") from problem
        if not _spelled(json.dumps(told, ensure_ascii=False)):
            raise BadClaim(f"{CLAIM} holds half characters (lone surrogates)")
        wrong = list(schema.problems(told, schema.shipped()))
        if wrong:
            raise BadClaim("; ".join(wrong[:5]))
        results = tuple(Result(**one) for one in told.pop("results"))
        builds_on = tuple(BuildsOn(**one) for one in told.pop("builds_on"))
        return Claim(**{**told, "seeds": tuple(told["seeds"])}, results=results, builds_on=builds_on)

    @property
    def code(self) -> dict[str, bytes]:
        """What runs, and counts: every file but the words and the figures. Nothing below logs/ is there when it runs."""
        apart = (CLAIM, README)
        return {
            name: content for name, content in self.files.items() if name not in apart and not name.startswith(LOGS)
        }

    @property
    def code_sha256(self) -> str:
        return _digest(self.code)

    def log(self, name: str) -> Log:
        """Raises BadClaim where it is absent or lacks a figure."""
        if name not in self.files:
            raise BadClaim(f"{name} is missing")
        stated: dict[str, str] = {}
        twice: list[str] = []
        for line in self.files[name].decode("utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            key, value = key.strip(), value.strip()
            if key in FIGURES or key in ("code_sha256", "config"):
                if stated.get(key, value) != value:
                    twice.append(key)
                stated[key] = value
        lacking = [key for key in (*FIGURES, "code_sha256") if key not in stated]
        if lacking:
            raise BadClaim(f"{name} does not say {', '.join(lacking)}")
        return Log(_figures(name, stated), stated["code_sha256"], _settings(stated.get("config", "{}")), tuple(twice))


def _figures(name: str, stated: Mapping[str, str]) -> dict[str, float]:
    found = {}
    for key in FIGURES:
        try:
            found[key] = float(stated[key])
        except ValueError:
            found[key] = math.nan
        if not math.isfinite(found[key]):
            raise BadClaim(f"{name}: {key} is {stated[key][:40]!r}, no number")
    return found


def _settings(text: str) -> str:
    """A log's settings in one spelling; text that is no JSON as it stands."""
    try:
        return json.dumps(json.loads(text), sort_keys=True)
    except ValueError:
        return text


def _spelled(text: str) -> bool:
    """Whether it can be written as UTF-8: JSON and file systems may hold halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _digest(files: Mapping[str, bytes]) -> str:
    whole = hashlib.sha256()
    for name in sorted(files):
        whole.update(f"{len(name.encode())}:{name}:{len(files[name])}:".encode())
        whole.update(files[name])
    return whole.hexdigest()


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")
