"""What a system is asked, and the command that asks it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peers import environments
from peers.contests import Contest
from peers.systems import PODIUM, System
from podium.records import Competition
from podium.tasks import sheet

# Podium's clock starts with its engine: interpreter start before, and leaving after, belong to the same budget.
PODIUM_START_S = 2.5
THREADS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMEXPR_MAX_THREADS",
    "VECLIB_MAXIMUM_THREADS", "LOKY_MAX_CPU_COUNT", "POLARS_MAX_THREADS", "RAYON_NUM_THREADS",
)  # fmt: skip
KINDS = {"binary_classification": "binary", "multiclass_classification": "multiclass", "regression": "regression",
         "multilabel_classification": "binary", "ordinal_regression": "ordinal"}  # fmt: skip


def environment(system: System, cores: int) -> dict[str, str]:
    """Ours, with every known limit of threads at `cores`; no learnings in or out of Podium; peers find their adapters."""
    limits = dict.fromkeys(THREADS, str(cores))
    found = {
        **os.environ,
        **limits,
        "PODIUM_HOME": "",
        "CUDA_VISIBLE_DEVICES": "",
        "MPLBACKEND": "Agg",
        "PYTHONUNBUFFERED": "1",
    }
    # what pip installs is compiled; this tree is not before its first start
    found.pop("PYTHONDONTWRITEBYTECODE", None)
    if system.module:
        bench = str(Path(__file__).parents[1])
        found["PYTHONPATH"] = os.pathsep.join(filter(None, [bench, os.environ.get("PYTHONPATH")]))
    return found


def command(
    system: System, contest: Contest, base: Path, work: Path, *, seconds: float, seed: int, cores: int, began: float
) -> tuple[list[str], Path]:
    """(argv, where its submission will lie). `began` is the monotonic clock as the budget starts."""
    if system.name == PODIUM:
        campaign = work / "campaign"
        own = max(seconds - PODIUM_START_S, 1.0)
        argv = [sys.executable, "-m", "podium", "run", str(contest.public), "--campaign", str(campaign)]
        return [*argv, "--time", f"{own:g}s", "--seed", str(seed), "--threads", str(cores)], campaign / "submission.csv"
    output, told = work / "submission.csv", work / "asked.json"
    limits = {"seconds": seconds, "began": began, "seed": seed, "cores": cores}
    files = {"output": str(output), "scratch": str(work), "options": dict(system.options)}
    told.write_text(json.dumps({**question(contest.competition, contest.public), **limits, **files}, indent=1))
    return [str(environments.python_of(base, system.environment)), "-m", system.module, str(told)], output


def question(competition: Competition, public: Path) -> Mapping[str, Any]:
    """The competition in plain words: `peers.adapters.contestant` reads them."""
    ids = [] if competition.id_column is None else [competition.id_column]
    several = competition.task_type == "multiclass_classification" and competition.submission_kind == "probability"
    answers = sheet.answer_columns(competition, len(competition.classes if several else competition.target_columns))
    return {
        "train": str(public / (competition.train_file or "train.csv")),
        "test": str(public / (competition.test_file or "test.csv")),
        "ids": ids,
        "drop": [*ids, *competition.label_side_columns],
        "targets": list(competition.target_columns),
        "kind": KINDS[competition.task_type],
        "metric": competition.metric,
        "wants": competition.submission_kind,
        "classes": list(competition.classes),
        "columns": list(competition.submission_columns),
        "answers": answers,
    }
