"""What probes cost in a real campaign: `python bench/probes.py FOLDER --time 60 --repeats 3`.

Plays the same campaign with probes and without, in turns, and prints for each how many experiments it came to, its score, and
the share of runs' wall and CPU seconds that cheap and dear probes took; then what probes found. Needs a quiet machine.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from podium.campaign.probes import probe_cost
from podium.cli import compose, making
from podium.errors import NoSubmission
from podium.registry import Registry

os.environ["PODIUM_HOME"] = ""
SHARES = {name: getattr(probe_cost, name) for name in ("CHEAP_SHARE", "DEAR_SHARE", "GRACE_S")}
KIND = "CASE WHEN folder LIKE '%/probe_dear%' THEN 'dear' WHEN folder LIKE '%/probe%' THEN 'cheap' ELSE 'rest' END"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="a competition")
    parser.add_argument("--time", type=float, default=60.0, help="seconds a campaign")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    heads = (("probes", 8), ("seed", 5), ("experiments", 13), ("score", 10), ("cheap wall", 12), ("dear wall", 11))
    print("".join(f"{head:>{width}}" for head, width in (*heads, ("cheap cpu", 11), ("dear cpu", 10))))
    for seed in range(asked.repeats):
        for probed in (True, False):
            print(row(play(asked, seed, probed=probed), seed, probed=probed), flush=True)
    return 0


def play(asked: Any, seed: int, *, probed: bool) -> dict[str, Any]:
    """One campaign; without probes, none is allowed any time."""
    for name, value in SHARES.items():
        setattr(probe_cost, name, value if probed else 0.0)
    with tempfile.TemporaryDirectory() as folder:
        campaign = making.open_or_create(
            asked.folder, campaign=Path(folder) / "campaign", time_s=asked.time, threads=asked.threads, seed=seed
        )
        with suppress(NoSubmission):
            compose.run(campaign)
        return facts(campaign)


def facts(campaign: Path) -> dict[str, Any]:
    registry = Registry.open(campaign)
    try:
        spent = {
            found["kind"]: (found["wall"], found["cpu"])
            for found in registry.database.rows(
                f"SELECT {KIND} AS kind, total(json_extract(exit, '$.wall_s')) AS wall, "
                "total(json_extract(exit, '$.cpu_s')) AS cpu FROM attempts GROUP BY 1"
            )
        }
        done = [one for one in registry.experiments.all() if one.status == "done"]
        last = registry.blends.last()
        return {
            "spent": spent,
            "experiments": len(done),
            "score": last.score if last else float("nan"),
            "counts": registry.probes.counts(),
        }
    finally:
        registry.close()


def row(found: dict[str, Any], seed: int, *, probed: bool) -> str:
    """Shares of all runs' seconds; below, how often each probe was made, and how it ended where it was not passed."""
    walls, cpus = (sum(pair[i] for pair in found["spent"].values()) or 1.0 for i in (0, 1))
    shares = [
        found["spent"].get(kind, (0.0, 0.0))[i] / total
        for i, total in ((0, walls), (1, cpus))
        for kind in ("cheap", "dear")
    ]
    line = f"{'with' if probed else 'without':>8}{seed:5}{found['experiments']:13}{found['score']:10.5f}"
    line += "".join(f"{share:{width}.1%}" for share, width in zip(shares, (12, 11, 11, 10), strict=True))
    if not probed:
        return line
    odd = {probe: {k: n for k, n in counts.items() if k != "passed"} for probe, counts in found["counts"].items()}
    return f"{line}\n        " + ", ".join(f"{probe} {counts}" for probe, counts in odd.items() if counts)


if __name__ == "__main__":
    raise SystemExit(main())
