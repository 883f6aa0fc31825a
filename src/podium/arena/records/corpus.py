"""Documents from files: where a contest's text comes from."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from podium.arena.records import contest, documents
from podium.arena.records.contest import Contest
from podium.arena.records.rules import Rules
from podium.errors import UserError
from podium.records import from_json

FEWEST_TRAIN = 16


def create(folder: Path, title: str, source: Path, rules: Path | None, validation: int, reserve: int) -> Contest:
    """A contest of the documents in `source`: copies left out, dealt by chance. Raises UserError."""
    stated = limits(rules)
    found = list({documents.essence(one): one for one in read(source) if one.strip()}.values())
    needed = validation + reserve + FEWEST_TRAIN
    if len(found) < needed:
        raise UserError(
            "too few documents",
            expected=f"{needed} or more",
            found=f"{len(found)} in {source}",
            remedy="lower --validation",
        )
    order = np.random.default_rng().permutation(len(found))
    dealt = [found[int(i)] for i in order]
    cut = validation + reserve
    return contest.create(folder, title, dealt[cut:], dealt[:validation], dealt[validation:cut], stated)


def limits(path: Path | None) -> Rules:
    """The rules that a JSON file states; each it leaves out has its default. Raises UserError."""
    if path is None:
        return Rules()
    try:
        return from_json(Rules, json.loads(path.read_text("utf-8")))
    except (OSError, ValueError) as problem:
        raise UserError(
            f"{path} states no rules ({problem})", remedy="see docs/records.md for their names"
        ) from problem


def read(source: Path) -> list[bytes]:
    """A document a file of a folder, or a line of a .jsonl. Raises UserError."""
    if source.is_dir():
        return [path.read_bytes() for path in sorted(source.rglob("*")) if path.is_file()]
    if source.suffix == ".jsonl" and source.is_file():
        try:
            return [
                str(json.loads(line)["text"]).encode()
                for line in source.read_text("utf-8").splitlines()
                if line.strip()
            ]
        except (ValueError, KeyError, TypeError) as problem:
            raise UserError(
                f"{source} cannot be read ({problem})", expected="a JSON object with `text` a line"
            ) from problem
    raise UserError(f"{source} holds no documents", expected="a folder of text files, or a .jsonl with `text`")
