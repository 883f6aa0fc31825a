"""Random schedules of faults over whole sequences of submissions: `python bench/submissions.py --schedules 200 --seed 0`.

Each schedule is a campaign's submit phases, kills and resumes against a platform that times out after it accepted, answers 429
and 5xx, lists late, ends its day by a zone with daylight saving, and is used by others too; the machine's clock is skewed and
jumps. Prints a row a kind of platform; exits 3 if an invariant was broken. `--kaggle`: through the real Kaggle client
against a fake Kaggle on loopback.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from podium.testing import submission_schedules
from podium.testing.submission_schedules import Toll

HEADS = ("platform", "schedules", "phases", "kills", "sends", "accepted", "faults", "broken")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schedules", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kaggle", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        tolls = play_all(Path(temporary), asked)
    rows = [row(kind, [toll for toll in tolls if toll.kind == kind]) for kind in sorted({toll.kind for toll in tolls})]
    rows.append(row("all", tolls))
    if asked.json:
        print(json.dumps({"schema_version": 1, "rows": rows, "faults": faults(tolls)}, indent=1))
    else:
        print_table(rows)
        print("; ".join(f"{count} {name}" for name, count in faults(tolls).items()))
    print(f"{len(tolls)} schedules in {time.monotonic() - began:.0f} s", file=sys.stderr)
    return 3 if any(toll.broken for toll in tolls) else 0


def play_all(base: Path, asked: argparse.Namespace) -> list[Toll]:
    made = submission_schedules.template(base / "template")
    play = submission_schedules.play_kaggle if asked.kaggle else submission_schedules.play
    tolls = []
    for seed in range(asked.seed, asked.seed + asked.schedules):
        toll = play(made, base / f"s{seed}", seed)
        shutil.rmtree(base / f"s{seed}")
        for what in toll.broken:
            print(f"seed {toll.seed} ({toll.kind}): {what}", file=sys.stderr, flush=True)
        tolls.append(toll)
    return tolls


def row(kind: str, tolls: list[Toll]) -> dict[str, Any]:
    return {
        "platform": kind,
        "schedules": len(tolls),
        "phases": sum(toll.phases for toll in tolls),
        "kills": sum(toll.kills for toll in tolls),
        "sends": sum(toll.sends for toll in tolls),
        "accepted": sum(toll.accepted for toll in tolls),
        "faults": sum(sum(toll.injected.values()) for toll in tolls),
        "broken": sum(len(toll.broken) for toll in tolls),
    }


def faults(tolls: list[Toll]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for toll in tolls:
        found.update(toll.injected)
    return dict(found.most_common())


def print_table(rows: list[dict[str, Any]]) -> None:
    widths = [max(len(head), *(len(str(one[head])) for one in rows)) for head in HEADS]
    for cells in (HEADS, *([str(one[head]) for head in HEADS] for one in rows)):
        print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())


if __name__ == "__main__":
    sys.exit(main())
