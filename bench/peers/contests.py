"""What is played: competitions in a folder, and contests made of packages' tables; all become public/ and private/."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from contest_tables import TABLES as EARLIER
from contest_tables import contest, name_of

from peers.tables import ALL, FRESH
from podium import metrics, tasks
from podium.arena import contest as noun
from podium.competition import intake
from podium.errors import UserError
from podium.records import Competition

GROUPS = ("tasks", "fresh", "earlier")


@dataclass(frozen=True)
class Data:
    """One competition to play. `task` is its folder with public/ and grade.py; None: a table's, made when it is played."""

    name: str
    group: str
    task: Path | None = None


@dataclass(frozen=True)
class Contest:
    """Ready to play: `public` for systems; `private` holds a contest.json with answers, None where answers cannot be read as
    rows of targets; `grader` is the competition's own grade.py."""

    name: str
    competition: Competition
    public: Path
    private: Path | None
    grader: Path | None

    @property
    def higher(self) -> bool:
        return self.competition.metric_direction == "higher"

    @property
    def optimum(self) -> float:
        return metrics.get(self.competition.metric).optimum


def known(folder: Path | None) -> list[Data]:
    """All data there is: the folder's competitions that have a grader, then tables."""
    found = [] if folder is None else sorted(folder.glob("*/grade.py"))
    data = [Data(path.parent.name, "tasks", path.parent) for path in found]
    data += [Data(name_of(table[0]), "fresh") for table in FRESH]
    return data + [Data(name_of(table[0]), "earlier") for table in EARLIER]


def chosen(data: list[Data], words: str) -> list[Data]:
    """`tasks,fresh`, names or parts of names, in the order of `data`. Raises UserError for a word that means nothing."""
    asked = [word for word in words.split(",") if word]
    for word in asked:
        if not any(_means(word, one) for one in data):
            shown = f"{', '.join(GROUPS)}, or a part of a name: --list shows them"
            raise UserError(f"no data {word!r}", expected=shown, remedy="name others in --data")
    whole = {one.name for one in data}
    return [one for one in data if any(_means(word, one, word in whole) for word in asked)]


def _means(word: str, data: Data, whole: bool = False) -> bool:
    if word in GROUPS or whole:
        return word in (data.group, data.name)
    return word in data.name


def obstacle(competition: Competition) -> str:
    """Why a peer cannot play it, in one line; "" where it can: peers learn one column of a table from the others."""
    if competition.task_type not in tasks.ROWS or competition.submission_kind not in ("label", "probability", "value"):
        return f"{competition.task_type.replace('_', ' ')}: no table of targets"
    if "table" not in competition.inputs or "image" in competition.inputs:
        return f"rows are {' and '.join(competition.inputs)}"
    return "ids of several columns" if competition.id_columns or not competition.id_column else ""


def prepare(data: Data, folder: Path) -> Contest:
    """Lay it out in `folder`, which is emptied first. Raises IntakeError where Podium cannot read the competition."""
    shutil.rmtree(folder, ignore_errors=True)
    public, private = folder / "public", folder / "private"
    if data.task is None:
        contest(data.name, folder, ALL)
        return Contest(data.name, noun.read(private).competition, public, private, None)
    shutil.copytree(data.task / "public", public)
    competition = intake(public)  # peers are told what Podium reads
    hidden = private if _answers(data.task, competition, private) else None
    return Contest(data.name, competition, public, hidden, data.task / "grade.py")


def _answers(task: Path, competition: Competition, private: Path) -> bool:
    """Write the answers as a contest of our own, so that single rows can be resampled; False where they are of another form."""
    path = task / "private" / noun.ANSWERS
    if not path.is_file() or obstacle(competition):
        return False
    ids, targets = competition.id_column, list(competition.target_columns)
    frame = pl.read_csv(path, infer_schema_length=None)
    if set(competition.classes) <= set(frame.columns) and targets[0] not in frame.columns:
        codes = frame.select(competition.classes).to_numpy().argmax(axis=1)
        frame = frame.with_columns(pl.Series(targets[0], [competition.classes[code] for code in codes]))
    if ids is None or not {ids, *targets} <= set(frame.columns):
        return False
    noun.write(private, noun.Contest(competition.competition, competition))
    frame.select(ids, *targets).with_columns(pl.lit("private").alias(noun.SPLIT)).write_csv(private / noun.ANSWERS)
    return True
