"""Whole campaigns on a folder of competitions, graded afterwards: `python bench/campaigns.py FOLDER [ID …] --time 120s`.

Each competition is `<folder>/<id>/public/` for the campaign and `<folder>/<id>/grade.py` for us, which prints a JSON with
`score`. Only `public/` is copied to where the campaign runs. Prints one row a competition: private score, the private score
that the campaign said to expect and its 90 % interval, seconds of wall time, seconds to the first submission, experiments, the
share of slot time in which no solution ran, and the share of the time in which none ran on any slot: what the engine takes
for itself.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from podium.registry import Registry
from podium.report.snapshot import expected_values

COLUMNS = ("id", "score", "expected", "low", "high", "wall_s", "first_s", "experiments", "idle", "engine")


def main() -> int:
    os.environ["PODIUM_HOME"] = ""  # no learnings in or out: rows must not depend on their order
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("ids", nargs="*")
    parser.add_argument("--time", default="120s")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="where campaigns stay; a temporary folder otherwise")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    ids = asked.ids or sorted(path.parent.name for path in asked.folder.glob("*/grade.py"))
    if not asked.json:
        print(" ".join(f"{name:>11}" if i else f"{name:<46}" for i, name in enumerate(COLUMNS)))
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        for name in ids:
            rows.append(one(asked.folder / name, asked.keep or Path(temporary), asked.time, asked.seed))
            if not asked.json:
                print(_line(rows[-1]), flush=True)
    if asked.json:
        print(json.dumps({"schema_version": 1, "time": asked.time, "seed": asked.seed, "rows": rows}, indent=1))
    return 0


def one(task: Path, base: Path, budget: str, seed: int) -> dict[str, Any]:
    """Play and grade one competition."""
    public, campaign = base / f"{task.name}-public", base / f"{task.name}-seed{seed}"
    shutil.copytree(task / "public", public, dirs_exist_ok=True)
    argv = ["run", str(public), "--campaign", str(campaign), "--time", budget, "--seed", str(seed), "--json"]
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "podium", *argv], capture_output=True, text=True, check=False)
    row: dict[str, Any] = {"id": task.name, "wall_s": round(time.monotonic() - began, 1), "exit": done.returncode}
    if done.returncode:
        return {**row, "message": done.stderr.strip().splitlines()[-1][:300] if done.stderr.strip() else ""}
    graded = subprocess.run(
        [sys.executable, str(task / "grade.py"), str(campaign / "submission.csv")],
        capture_output=True,
        text=True,
        check=True,
    )
    grade = json.loads(graded.stdout)
    return {**row, "score": grade["score"], "medal": grade.get("medal"), **_registry(campaign)}


def _registry(campaign: Path) -> dict[str, Any]:
    """What the registry says of the campaign; `idle` is the share of slot time, from start to end, without a run, `engine` that
    of the time itself."""
    registry = Registry.open(campaign)
    expected = expected_values(registry) or {}
    rows = registry.database.rows
    alive = float(registry.setting("alive_s") or 0)
    runs = rows(
        "SELECT alive_s AS began, json_extract(exit, '$.wall_s') AS s FROM attempts WHERE exit IS NOT NULL ORDER BY alive_s"
    )
    busy, any_ran, until = sum(float(run["s"]) for run in runs), 0.0, 0.0
    for run in runs:
        end = float(run["began"]) + float(run["s"])
        any_ran, until = any_ran + max(0.0, end - max(until, float(run["began"]))), max(until, end)
    first = rows("SELECT min(alive_s) AS s FROM events WHERE kind='submission'")[0]["s"]
    count = registry.experiments.count()
    hardware, options = registry.setting("hardware") or {}, registry.setting("options") or {}
    slots = min(options.get("threads") or hardware.get("cores", 1), 4)
    registry.close()
    return {
        "expected": expected.get("score"),
        "low": expected.get("low"),
        "high": expected.get("high"),
        "first_s": first,
        "experiments": count,
        "idle": round(1 - busy / (slots * alive), 3) if alive else None,
        "engine": round(1 - any_ran / alive, 3) if alive else None,
    }


def _line(row: dict[str, Any]) -> str:
    if "score" not in row:
        return f"{row['id']:<46} exit {row['exit']}: {row['message']}"
    cells = [f"{row['id']:<46}"]
    for name in COLUMNS[1:]:
        value = row[name]
        cells.append(f"{value:>11.5g}" if isinstance(value, float) else f"{value if value is not None else '–':>11}")
    return " ".join(cells)


if __name__ == "__main__":
    sys.exit(main())
