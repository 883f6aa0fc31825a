"""One cell: a system plays a competition with a seed; what came of it is one record."""

from __future__ import annotations

import datetime
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peers import asked, tree
from peers.contests import Contest
from peers.judge import Judge
from peers.systems import System
from podium.errors import InvalidPredictions, SolutionError

Record = dict[str, Any]
GRACE_S = 30.0  # a program is killed this much after one and a half budgets: late is told, endless is not waited for


@dataclass(frozen=True)
class Terms:
    """The same for all: seconds of wall time, cores, and where things lie. After `limit_s` a program is killed."""

    seconds: float
    cores: int
    environments: Path
    out: Path

    @property
    def limit_s(self) -> float:
        return 1.5 * self.seconds + GRACE_S

    @property
    def cpus(self) -> list[int]:
        return sorted(os.sched_getaffinity(0))[: self.cores]


def play(system: System, contest: Contest, seed: int, terms: Terms) -> Record:
    """The score that counts is that of the last valid file there was. The log and the files stay in OUT/logs."""
    logs = terms.out / "logs" / contest.name / f"{system.name}-{terms.seconds:g}s-seed{seed}"
    work = terms.out / "work"
    for folder in (logs, work):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    load, began = os.getloadavg()[0], time.monotonic()
    argv, output = asked.command(
        system, contest, terms.environments, work, seconds=terms.seconds, seed=seed, cores=terms.cores, began=began
    )
    began_at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    run = tree.play(
        argv, env=asked.environment(system, terms.cores), cwd=work, log=logs / "log.txt", cpus=terms.cpus, began=began,
        limit_s=terms.limit_s, output=output, keep=logs / "submissions",
    )  # fmt: skip
    shutil.rmtree(work, ignore_errors=True)
    return {
        "system": system.name, "data": contest.name, "seed": seed, "time_s": terms.seconds, "cores": terms.cores,
        "metric": contest.competition.metric, "higher": contest.higher, "optimum": contest.optimum,
        "exit": run.code, "killed": run.killed, "wall_s": round(run.wall_s, 2),
        "past_s": round(max(run.wall_s - terms.seconds, 0.0), 2), "cpu_s": round(run.cpu_s, 1),
        "peak_mb": round(run.peak_mb), "load": round(load, 2), "others_s": round(run.others_s, 1), "at": began_at,
        "said": _last_line(logs / "log.txt") if run.code else "", **_scored(contest, run.files, terms.seconds),
    }  # fmt: skip


def _scored(contest: Contest, files: list[tuple[float, Path]], seconds: float) -> Record:
    """`versions` are (seconds, score) of each valid file; `in_time` is the score of the last one within the budget."""
    judge, versions, invalid, last = Judge(contest), [], "", None
    for at, file in files:
        try:
            versions.append((at, judge.score(file)))
            last = file
        except (InvalidPredictions, SolutionError) as problem:
            invalid = str(problem)[:300]
    in_time = [score for at, score in versions if at <= seconds]
    return {
        "score": versions[-1][1] if versions else None,
        "in_time": in_time[-1] if in_time else None,
        "first_s": versions[0][0] if versions else None,
        "versions": versions,
        "invalid": invalid,
        "resampled": judge.resampled(last) if last is not None else None,
    }


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else ""
