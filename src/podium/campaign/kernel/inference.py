"""Inference without a campaign: what an exported kernel runs, on the test rows that it finds at run time.

It is a part of what is exported (`kernel.py`), so it may import only what is copied there: `kernel.PARTS`.

<parts>/podium-kernel.json   `Plan`
<parts>/schema.json joined/  how rows that come later are read
<parts>/members/<id>/        solution.py and a pickled model a fold
"""

from __future__ import annotations

import argparse
import io
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from podium import ensemble, tasks
from podium.competition import features, new_rows
from podium.competition.build import build
from podium.competition.columns import ColumnType
from podium.competition.folder import TableFiles
from podium.competition.joins import Join
from podium.competition.keys import keyed
from podium.competition.source import Source, read_source
from podium.ensemble import Blend, mixing
from podium.execution.worker import Run
from podium.metrics import custom
from podium.protocol import Column, Context, Layout, Rows
from podium.records import Competition, from_json
from podium.tasks.task import Floats, Task

if TYPE_CHECKING:
    import polars as pl

FILE = "podium-kernel.json"


@dataclass(frozen=True)
class Member:
    """One experiment of the blend. `models`: names of pickles in its folder, one a fold, in the campaign's order."""

    id: str
    seed: int
    models: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """All that is fixed before the test rows are known. `decision` was fitted on the blend's OOF predictions;
    `text_columns` were read as text from the test rows of then, so they are now."""

    competition: Competition
    context: Mapping[str, Any]
    blend: Blend
    decision: Mapping[str, Any]
    members: tuple[Member, ...]
    threads: int
    text_columns: tuple[str, ...]
    versions: Mapping[str, str]
    seed: int = 0
    dealt: bool = False  # rows are no rows of a test table, or have files: they are made as the campaign made them


def run(parts: Path, data: Path, out: Path) -> Floats:
    """Write `out` (submission.csv) for the test rows in `data`, the competition's folder; returns the blend's raw
    predictions `(n, k)`, in the submission's order. Raises IntakeError, SolutionError, InvalidPredictions."""
    plan = from_json(Plan, json.loads((parts / FILE).read_text("utf-8")))
    if custom.is_users(plan.competition.metric):
        custom.restore(plan.competition.metric, parts)
    with tempfile.TemporaryDirectory(prefix="podium-") as scratch:
        test = _dealt(plan, data, Path(scratch)) if plan.dealt else _read(plan, parts, data)
        found = {member.id: _predicted(parts, plan, test, member) for member in plan.members}
    raw, task = ensemble.combine(plan.blend, found), test.task
    sheet = task.write(task.decide(raw, dict(plan.decision)), test.ids)
    task.check_submission(sheet, test.ids)
    sheet.write_csv(out)
    return raw


@dataclass(frozen=True)
class _Test:
    """The test rows: `numbers` `(n,)` of rows of `frame`, in the order of the submission."""

    task: Task
    frame: pl.DataFrame
    numbers: NDArray[np.int64]
    ids: pl.Series | None
    files: Path | None = None
    tables: Mapping[str, Path] = field(default_factory=dict)


def _dealt(plan: Plan, data: Path, scratch: Path) -> _Test:
    """All rows made and dealt anew from the competition's folder, train's too: what a unit is follows from both."""
    dataset = build(replace(plan.competition, data_dir=str(data)), scratch / "data", plan.seed)
    test = dataset.test
    return _Test(tasks.of_data(dataset), dataset.frame(), test, dataset.ids(test), dataset.files, dataset.tables)


def _read(plan: Plan, parts: Path, data: Path) -> _Test:
    """Rows of the test table alone, as they come."""
    source = test_rows(plan, data)
    schema = json.loads((parts / "schema.json").read_text("utf-8"))
    frame = new_rows.fitted(
        parts,
        source.test,
        [from_json(ColumnType, kind) for kind in schema["types"]],
        [from_json(Join, join) for join in schema["joins"]],
    )
    numbers = np.arange(frame.height, dtype=np.int64)
    return _Test(tasks.for_competition(plan.competition), frame, numbers, test_ids(source, plan.competition.id_column))


def test_rows(plan: Plan, data: Path) -> Source:
    """The competition's tables read as the campaign read them, test in the order of the sample submission where that
    names these rows."""
    competition = plan.competition
    names = competition.id_columns or (competition.id_column or "",)
    source = keyed(read_source(data, TableFiles.of(competition), [*names, *plan.text_columns]), competition.id_columns)
    if not _names_these_rows(source, competition.id_column):
        source = replace(source, sample=None)  # of the visible test rows: the hidden ones stand as their file has them
    return features.in_sample_order(source, competition)


def _names_these_rows(source: Source, key: str | None) -> bool:
    """Whether the sample submission is of the test rows that are there."""
    import polars as pl

    if source.sample is None or source.sample.height != source.test.height:
        return False
    if key is None or key not in source.sample.columns or key not in source.test.columns:
        return True
    return set(source.sample[key].cast(pl.String)) == set(source.test[key].cast(pl.String))


def test_ids(source: Source, key: str | None) -> pl.Series | None:
    """The competition's own ids of the test rows, as spelled; None where it has none."""
    import polars as pl

    sample = source.sample if source.sample is not None else source.test
    holder = source.test if key in source.test.columns else sample
    if key is None or key not in holder.columns:
        return None
    return holder[key].cast(pl.String).alias(key)


def _predicted(parts: Path, plan: Plan, test: _Test, member: Member) -> Floats:
    """The mean of the member's fold models, `(n, k)`, or their even mixture."""
    folder = parts / "members" / member.id
    source = (folder / "solution.py").read_text("utf-8")
    found = (_of_model(folder / name, source, plan, member, test) for name in member.models)
    return mixing.evenly(test.task, [test.task.check(values, len(test.numbers)) for values in found])


def _of_model(model: Path, source: str, plan: Plan, member: Member, test: _Test) -> Any:
    """One model's predictions, by the very code that plays a campaign's run."""
    with tempfile.TemporaryDirectory(prefix="podium-") as scratch:
        file = Path(scratch) / "predictions.npy"
        ctx = replace(_context(plan, member, Path(scratch)), tables=test.tables)
        player = Run(source, {file.name: os.open(file, os.O_WRONLY | os.O_CREAT)}, ctx)
        rows = Rows(test.frame, test.numbers, files=test.files)
        player.play("predict", None, rows, os.open(model, os.O_RDONLY))
        return np.load(file, allow_pickle=False)


def _context(plan: Plan, member: Member, scratch: Path) -> Context:
    given = plan.context
    return Context(
        seed=member.seed,
        cores=min(plan.threads, os.cpu_count() or 1),
        task_type=given["task_type"],
        metric=given["metric"],
        n_outputs=given["n_outputs"],
        schema=tuple(from_json(Column, column) for column in given["schema"]),
        classes=tuple(given["classes"]),
        layout=from_json(Layout, given["layout"]),
        scratch=scratch,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """`--parts DIR --data DIR [--out FILE] [--raw FILE]`; `--raw -` writes the raw predictions to stdout as .npy."""
    parser = argparse.ArgumentParser(prog="infer.py")
    parser.add_argument("--parts", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("submission.csv"))
    parser.add_argument("--raw", default="")
    asked = parser.parse_args(argv)
    answer = os.dup(1)
    os.dup2(2, 1)  # what a solution prints is no part of the answer
    raw = run(asked.parts, asked.data, asked.out)
    if asked.raw == "-":
        held = io.BytesIO()
        np.save(held, raw)
        with os.fdopen(answer, "wb") as stdout:
            stdout.write(held.getvalue())
    elif asked.raw:
        np.save(asked.raw, raw)
    return 0


__all__ = ["FILE", "Member", "Plan", "main", "run", "test_ids", "test_rows"]
