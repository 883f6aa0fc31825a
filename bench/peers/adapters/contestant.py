"""What every adapter shares: the task as it was asked, tables for a peer, a submission from its answers.

Imported by a peer's own interpreter, so numpy and pandas alone. A peer sees the public folder and what a user would tell it:
target, kind of task, metric, time, cores, seed.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

LOGS = {"rmsle": (np.log1p, np.expm1), "rmse_log": (np.log, np.exp)}  # learned as RMSE of the transformed target


@dataclass(frozen=True)
class Problem:
    """One target: features as `pandas.read_csv` reads them, codes 0 … k-1 of classes (in the submission's order) or values.

    `kind`: binary, multiclass, ordinal, regression. `wants`: label, probability or value. `seconds` are what is left of this
    target's share, imports spent; the answer has to be there by then.
    """

    kind: str
    metric: str
    wants: str
    train: pd.DataFrame
    y: NDArray[Any]
    test: pd.DataFrame
    n_classes: int
    seconds: float
    seed: int
    cores: int
    scratch: Path
    options: Mapping[str, Any]

    @property
    def as_numbers(self) -> bool:
        """Whether a peer without a measure of ordered classes learns their codes as numbers."""
        return self.kind in ("regression", "ordinal")


# probabilities `(n, k)`, codes `(n,)` where labels are wanted, values `(n,)`
Learn = Callable[[Problem], NDArray[Any]]


def main(learn: Learn) -> int:
    """`python -m peers.adapters.NAME asked.json`; writes the submission whole or not at all."""
    asked = json.loads(Path(sys.argv[1]).read_text())
    random.seed(asked["seed"])
    np.random.seed(asked["seed"])  # peers draw from it
    play(asked, learn)
    return 0


def play(asked: Mapping[str, Any], learn: Learn) -> None:
    spelled = dict.fromkeys(asked["targets"], str) if asked["classes"] else {}
    train = pd.read_csv(asked["train"], dtype=spelled, low_memory=False)
    test = pd.read_csv(asked["test"], low_memory=False)
    train = train[train[asked["targets"]].notna().all(axis=1)]
    train = train.sample(frac=1.0, random_state=asked["seed"]).reset_index(drop=True)  # each seed deals other folds
    without = {
        name for name in asked["drop"] if name not in test.columns or not _is_date(test[name])
    }  # a date tells more
    features = [name for name in train.columns if name in test.columns and name not in without]
    known, unseen = dated(train[features], test[features])
    answers = []
    for done, target in enumerate(asked["targets"]):
        left = asked["began"] + asked["seconds"] - time.monotonic()
        problem = _problem(asked, target, known, train[target], unseen, left / (len(asked["targets"]) - done))
        answers.append(_answer(problem, learn(problem), asked["classes"]))
        shutil.rmtree(problem.scratch, ignore_errors=True)
    ids = pd.read_csv(asked["test"], usecols=asked["ids"], dtype=str, keep_default_na=False)
    write(asked, ids, np.column_stack(answers))


def _problem(
    asked: Mapping[str, Any], target: str, known: pd.DataFrame, column: Any, unseen: pd.DataFrame, seconds: float
) -> Problem:
    kind = asked["kind"]
    if asked["classes"]:
        y = column.map({name: code for code, name in enumerate(asked["classes"])}).to_numpy()
    else:
        y = column.to_numpy()
    metric, wants = asked["metric"], asked["wants"]
    if metric in LOGS and kind == "regression":
        y, metric = LOGS[metric][0](y.astype(float)), "rmse"
    return Problem(
        kind, metric, wants, known, y, unseen, len(asked["classes"]) or 2, seconds, asked["seed"], asked["cores"],
        Path(asked["scratch"]) / "models", {**asked["options"], "asked": asked["metric"]},
    )  # fmt: skip


def _answer(problem: Problem, found: NDArray[Any], classes: list[str]) -> NDArray[Any]:
    """A target's columns of the submission."""
    asked = problem.options["asked"]
    if problem.kind == "regression":
        return np.asarray(LOGS[asked][1](found) if asked in LOGS else found)
    if problem.kind == "ordinal":
        codes = np.clip(np.rint(found.astype(float)), 0, problem.n_classes - 1).astype(int)
        return np.asarray([classes[code] for code in codes], dtype=object)
    if problem.wants == "label":
        codes = found.argmax(axis=1) if found.ndim == 2 else found.astype(int)
        return np.asarray([classes[code] for code in codes] if classes else codes, dtype=object)
    return np.asarray(found[:, 1] if problem.kind == "binary" else found)


def write(asked: Mapping[str, Any], ids: pd.DataFrame, answers: NDArray[Any]) -> None:
    table = pd.concat([ids, pd.DataFrame(answers, columns=asked["answers"])], axis=1)[asked["columns"]]
    whole = Path(asked["output"])
    part = whole.with_suffix(".part")
    table.to_csv(part, index=False)
    part.replace(whole)


def dated(train: pd.DataFrame, test: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Columns of text that are ISO dates throughout become dates, as a user would read them; else nothing is changed."""
    train, test = train.copy(), test.copy()
    for name in train.columns:
        if not pd.api.types.is_numeric_dtype(train[name]) and _is_date(train[name]) and _is_date(test[name]):
            for table in (train, test):
                table[name] = pd.to_datetime(table[name], utc=True, format="ISO8601").dt.tz_localize(None)
    return train, test


def _is_date(column: Any) -> bool:
    known = column.dropna().astype(str)
    return bool(len(known)) and bool(
        known.str.fullmatch(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?Z?)?").all()
    )
