"""Broken competitions, generated: `python bench/fuzz.py --cases 500`. Each is run whole, by the command a user would give.

A case passes with exit code 2 and one line on stderr, or with exit code 0 and a submission that has the ids of the sample
submission and no empty cell. Anything else (a traceback, another code, a hang) is printed with the command that makes it
again, and the exit code is 3.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from podium.testing import spoil

HANG_S = 180.0


def one(base: Path, number: int, experiments: int) -> dict[str, Any]:
    folder, campaign = base / f"{number}" / "contest", base / f"{number}" / "campaign"
    what = spoil.case(folder, number)
    command = [sys.executable, "-m", "podium", "run", str(folder), "--campaign", str(campaign)]
    try:
        asked = [*command, "--experiments", str(experiments), "--threads", "1"]
        done = subprocess.run(
            asked, capture_output=True, text=True, timeout=HANG_S, stdin=subprocess.DEVNULL, check=False
        )
    except subprocess.TimeoutExpired:
        return {"case": number, "what": what, "code": None, "outcome": "hang", "line": ""}
    line = next((text for text in reversed(done.stderr.strip().splitlines()) if text.startswith("podium: ")), "")
    outcome = judged(done.returncode, done.stderr, folder, campaign)
    return {
        "case": number,
        "what": what,
        "code": done.returncode,
        "outcome": outcome,
        "line": line or done.stderr[-600:],
    }


def judged(code: int, stderr: str, folder: Path, campaign: Path) -> str:
    """refused, valid, or what is wrong."""
    if "Traceback" in stderr:
        return "traceback"
    if code == 2:
        told = [text for text in stderr.strip().splitlines() if text.startswith("podium: ")]
        return "refused" if len(told) == 1 else "not one line"
    if code != 0:
        return f"exit code {code}"
    return submission_problem(folder, campaign) or "valid"


def submission_problem(folder: Path, campaign: Path) -> str | None:
    """Compared with the campaign's own reading of the test ids: the sample may be what was spoilt."""
    import polars as pl

    from podium.competition.dataset import Dataset

    path = campaign / "submission.csv"
    if not path.is_file():
        return "exit code 0 without a submission"
    frame, data = pl.read_csv(path, infer_schema=False), Dataset.open(campaign / "data")
    if frame.height != len(data.test):
        return f"submission has {frame.height} rows for {len(data.test)} of test"
    if frame.columns != list(data.competition.submission_columns):
        return "submission has another header"
    answers = [c for c in frame.columns if c != data.competition.id_column and c not in data.competition.id_columns]
    empty = frame.select(pl.col(answers).is_null() | pl.col(answers).is_in(["nan", "NaN", "inf"])).sum().row(0)
    return "submission has empty cells" if any(empty) else None


def main() -> int:
    os.environ["PODIUM_HOME"] = ""  # no learnings in or out: rows must not depend on their order
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--first", type=int, default=0, help="the number of the first case")
    parser.add_argument("--experiments", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as base, ThreadPoolExecutor(asked.jobs) as pool:
        numbers = range(asked.first, asked.first + asked.cases)
        for row in pool.map(lambda n: one(Path(base), n, asked.experiments), numbers):
            rows.append(row)
            if row["outcome"] not in ("refused", "valid"):
                print(
                    f"case {row['case']} ({row['what']}): {row['outcome']}: {row['line'][-500:]}",
                    file=sys.stderr,
                    flush=True,
                )
            if len(rows) % 25 == 0:
                print(f"{len(rows)} of {asked.cases}", file=sys.stderr, flush=True)
    counts = Counter(row["outcome"] for row in rows)
    print(json.dumps({"schema_version": 1, "counts": counts, "rows": rows}, indent=1) if asked.json else table(rows))
    return 0 if set(counts) <= {"refused", "valid"} else 3


def table(rows: list[dict[str, Any]]) -> str:
    kinds = Counter((row["what"].partition(":")[0], row["outcome"]) for row in rows)
    lines = [f"{'kind':12}{'outcome':34}{'cases':>6}"]
    lines += [f"{kind:12}{outcome:34}{count:6}" for (kind, outcome), count in sorted(kinds.items())]
    return "\n".join([*lines, f"{'all':46}{len(rows):6}"])


if __name__ == "__main__":
    raise SystemExit(main())
