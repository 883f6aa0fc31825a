"""What a host fixes: how submissions are read and scored, and how many are taken."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from podium.errors import UserError
from podium.records import Competition, from_json, to_json

FILE, ANSWERS = "contest.json", "answers.csv"
SPLIT = "split"  # the answers' column: public or private
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Contest:
    """`competition` says what is asked (its `data_dir` means nothing to a server). `split_key`: the answers' last column."""

    title: str
    competition: Competition
    quota: int | None = None  # submissions a day, in UTC
    deadline: str | None = None  # ISO 8601 in UTC
    rules: str = ""
    final_selections: int = 2
    max_bytes: int = 100 * MEGABYTE  # of a submission, packed or not
    split_key: str = SPLIT


def read(private: Path) -> Contest:
    """The contest of a folder with hidden answers. Raises UserError where there is none."""
    path = private / FILE
    if not path.is_file():
        raise UserError(f"no contest in {private}", expected=FILE, remedy="make one with `podium arena create`")
    return from_json(Contest, json.loads(path.read_text()))


def write(private: Path, contest: Contest) -> None:
    private.mkdir(parents=True, exist_ok=True)
    (private / FILE).write_text(json.dumps(to_json(contest), indent=1))
