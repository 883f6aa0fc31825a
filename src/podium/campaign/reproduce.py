"""One experiment run anew, in a clean folder, without any cache, and its predictions held against the stored ones.

A clean campaign is made that knows of the experiment and has none of its runs; the engine's own runner then deals it the
same rows with the same seed, threads and allowance. Nothing is written into the campaign it came from.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from podium.campaign.environment import here
from podium.campaign.external.sources import FOLDER as EXTERNAL
from podium.campaign.runner import Runner
from podium.campaign.store import file_sha256, read_predictions
from podium.campaign.tracks import Track, fold_track, holdout_track, vault_track
from podium.errors import CampaignError, InvalidPredictions, UserError
from podium.registry import Registry

if TYPE_CHECKING:
    from podium.campaign.dossier import Dossier
    from podium.campaign.engine import Engine
    from podium.registry.experiments import Experiment
    from podium.registry.runs import RunRow
    from podium.tasks.task import Floats

RELATIVE = 1e-9  # of the largest stored prediction, at least of 1: what a deterministic fit may differ by
SLACK = 10.0  # times the recorded allowance, where a rerun was stopped by it
MADE_ANEW = ("prefix", "new")  # below data/, derived from the rest of it
COMPARED = ("fold_", "holdout_", "refit", "vault")


@dataclass(frozen=True)
class PartDiff:
    """One run against its rerun. `max_abs_diff` is None where they cannot be subtracted; `stored`: whether the file is the
    one that was recorded; `rerun`: whether the rerun has the very bytes that were recorded."""

    part: str
    match: bool
    max_abs_diff: float | None
    tolerance: float
    stored: bool
    rerun: bool
    message: str = ""


@dataclass(frozen=True)
class Reproduction:
    """`max_abs_diff` is over all parts, None where one has none. `differences`: what of the environment is not as it was
    recorded, one line each."""

    id: str
    match: bool
    max_abs_diff: float | None
    tolerance: float
    cache_used: bool
    parts: tuple[PartDiff, ...]
    differences: tuple[str, ...]
    message: str


def check(dossier: Dossier, id_: str) -> list[RunRow]:
    """The runs whose predictions are held against a rerun. Raises UserError where the experiment has none."""
    experiment = dossier.experiment(id_)
    runs = [run for run in dossier.runs(id_) if run.part.startswith(COMPARED)]
    if not runs:
        why = f": {experiment.message}" if experiment.message else ""
        raise UserError(
            f"{id_} has no stored predictions ({experiment.status}{why})", remedy="choose one whose runs were finished"
        )
    return runs


def clean(dossier: Dossier, id_: str, into: Path) -> None:
    """Make `into` a campaign that has the experiment and no run of it. The data are links, read-only by use."""
    facts = dossier.contents
    (into / "data").mkdir(parents=True)
    for path in dossier.data.iterdir():
        if path.name not in MADE_ANEW:
            (into / "data" / path.name).symlink_to(path.resolve())
    _with_external(dossier, into)
    registry = Registry.create(into)
    try:
        with registry.database.write():
            registry.set("competition", facts.competition)
            registry.set("options", dataclasses.replace(facts.options, team={}))
            registry.set("hardware", facts.hardware)
            for one in facts.experiments:
                registry.experiments.add(dataclasses.replace(one, status="queued", message=""))
            for source in facts.external:
                registry.external.put(source)
    finally:
        registry.close()
    for wanted in (*_read(dossier, id_), id_):
        solution = into / "runs" / wanted / "solution.py"
        solution.parent.mkdir(parents=True)
        solution.write_bytes(dossier.sources[wanted].encode())


def _read(dossier: Dossier, id_: str) -> list[str]:
    """All that the experiment reads, what those read, and so on; the read before who reads them."""
    found: dict[str, None] = {}
    for one in dossier.experiment(id_).reads:
        found |= dict.fromkeys([*_read(dossier, one), one])
    return list(found)


def _with_external(dossier: Dossier, into: Path) -> None:
    """What runs were dealt of data from elsewhere. Raises CampaignError where the bundle was exported without it."""
    for one in dossier.contents.external:
        if one.state != "used":
            continue
        there = dossier.folder / EXTERNAL / one.id
        if not there.is_dir():
            raise CampaignError(
                f"the rows from {one.source} are not here",
                expected=str(there),
                remedy="export the campaign again, with its data",
            )
        (into / EXTERNAL).mkdir(exist_ok=True)
        (into / EXTERNAL / one.id).symlink_to(there.resolve())


def replay(engine: Engine, dossier: Dossier, id_: str, tolerance: float | None = None) -> Reproduction:
    """Run the recorded parts in the clean campaign that `engine` was made for, and compare.

    `tolerance`: the largest absolute difference that still matches; by default RELATIVE times the largest prediction.
    """
    recorded = check(dossier, id_)
    experiment = engine.registry.experiments.get(id_)
    assert experiment is not None, "clean() has put it there"
    wanted = {run.part for run in recorded}
    unread = _anew(engine, dossier, id_)
    failed = unread or _run(engine, experiment, wanted)
    slower = not unread and "timeout" in failed and experiment.allowance_s is not None
    if slower:
        experiment = _with_more_time(engine, experiment)
        failed = _run(engine, experiment, wanted)
    rerun = {run.part: run for run in engine.registry.runs.of(id_)}
    parts = tuple(_compare(dossier, engine, run, rerun.get(run.part), tolerance, failed) for run in recorded)
    gaps = [part.max_abs_diff for part in parts]
    known = [gap for gap in gaps if gap is not None]
    bad = [part for part in parts if not part.match]
    return Reproduction(
        id=id_,
        match=not bad,
        max_abs_diff=max(known) if len(known) == len(gaps) else None,
        tolerance=max(part.tolerance for part in parts),
        cache_used=False,
        parts=parts,
        differences=differences(engine, dossier, rerun, slower=slower),
        message="; ".join(f"{part.part}: {part.message}" for part in bad),
    )


def _anew(engine: Engine, dossier: Dossier, id_: str) -> str:
    """Run what the experiment reads, with nothing of what was recorded. Why it failed, or ""."""
    for read in _read(dossier, id_):
        experiment = engine.registry.experiments.get(read)
        assert experiment is not None, "clean() has put it there"
        wanted = {run.part for run in dossier.runs(read) if run.part.startswith(COMPARED)}
        failed = _run(engine, experiment, wanted)
        if "timeout" in failed and experiment.allowance_s is not None:
            failed = _run(engine, _with_more_time(engine, experiment), wanted)
        if failed:
            return f"{read}, which it reads: {failed}"
    return ""


def _run(engine: Engine, experiment: Experiment, wanted: set[str]) -> str:
    """Play the wanted parts: folds, then what their models predict, then fits of their own. Why it failed, or ""."""
    for make in (fold_track, holdout_track, vault_track):
        if make is vault_track and "vault" not in wanted:
            continue
        track = _only(make(engine, experiment), wanted)
        if track.status == "failed":
            return track.message
        if not track.ready and not track.after:
            continue
        Runner(engine, lambda: math.inf).play([track])
        if track.status != "done":
            return track.message or track.status
    return ""


def _with_more_time(engine: Engine, experiment: Experiment) -> Experiment:
    """The recorded allowance was for the machine it ran on. A slower or busier one gets SLACK times as much, from anew."""
    more = dataclasses.replace(experiment, allowance_s=SLACK * (experiment.allowance_s or 0.0))
    with engine.registry.database.write() as db:
        db.execute("UPDATE experiments SET allowance_s=? WHERE id=?", (more.allowance_s, more.id))
        db.execute("DELETE FROM runs WHERE experiment=?", (more.id,))
    return more


def _only(track: Track, wanted: set[str]) -> Track:
    """The track without its gate, which was passed, and without parts that were never recorded."""
    ready = [part for part in track.ready if part.kind == "prepare" or part.name in wanted]
    after = [part for part in track.after if part.name in wanted]
    if any(part.kind == "prepare" for part in ready):
        return Track(track.experiment, ready, after, status=track.status, message=track.message)
    return Track(track.experiment, ready + after, status=track.status, message=track.message)


def _compare(
    dossier: Dossier, engine: Engine, run: RunRow, again: RunRow | None, tolerance: float | None, failed: str
) -> PartDiff:
    """The hash of the stored file first; then the figures, as far as both can be read."""
    path = dossier.folder / run.folder / "predictions.npy"
    sha = run.exit.files.get("predictions.npy", "")
    found = file_sha256(path) if path.is_file() else ""
    same_bytes = again is not None and again.exit.files.get("predictions.npy") == sha
    dtype = engine.task.layout().dtype
    old, allowed = _stored(path, dtype), tolerance or 0.0
    if tolerance is None:
        finite = np.abs(old[np.isfinite(old)]) if old is not None else np.empty(0)
        allowed = RELATIVE * max(1.0, float(finite.max(initial=0.0)))
    if again is None:
        return PartDiff(
            run.part, False, None, allowed, found == sha, False, f"the rerun failed: {failed or 'no result'}"
        )
    new = read_predictions(engine.campaign / again.folder / "predictions.npy", dtype)
    gap, row = _gap(old, new)
    if found != sha:
        told = "is gone" if not found else f"has sha256 {found[:12]}, recorded was {sha[:12]}"
        truth = "the rerun gives what was recorded" if same_bytes else "nor does the rerun give what was recorded"
        more = "" if gap is None else f", {gap:.6g} apart at row {row}"
        return PartDiff(run.part, False, gap, allowed, False, same_bytes, f"the stored file {told}; {truth}{more}")
    matches = same_bytes or (gap is not None and gap <= allowed)
    why = "" if matches else _apart(old, new, gap, row, allowed)
    return PartDiff(run.part, matches, gap, allowed, True, same_bytes, why)


def _stored(path: Path, dtype: str) -> Floats | None:
    """The stored predictions; None where the file is gone or holds none of this type."""
    try:
        return read_predictions(path, dtype)
    except InvalidPredictions:
        return None


def _gap(old: Floats | None, new: Floats) -> tuple[float | None, int]:
    """The largest absolute difference and its row; None where they have no such difference."""
    if old is None or old.shape != new.shape or not old.size:
        return None, 0
    apart = np.abs(old - new).reshape(len(old), -1).max(axis=1)
    row = int(np.argmax(np.where(np.isfinite(apart), apart, np.inf)))
    return (float(apart[row]), row) if np.isfinite(apart[row]) else (None, row)


def _apart(old: Floats | None, new: Floats, gap: float | None, row: int, allowed: float) -> str:
    if old is None:
        return "the stored predictions are as recorded and cannot be read, and the rerun's bytes are others"
    if old.shape != new.shape:
        return f"the stored predictions are {old.shape}, the rerun's {new.shape}"
    if gap is None:
        return f"not finite at row {row}"
    return f"{gap:.6g} apart at row {row}; {allowed:.3g} would match"


def differences(engine: Engine, dossier: Dossier, rerun: Mapping[str, RunRow], *, slower: bool) -> tuple[str, ...]:
    """What differs here from where the experiment was run: versions, the machine's kind, the sandbox's level."""
    facts, keys = dossier.contents, {run.key for run in dossier.contents.runs}
    lines = []
    if facts.sandbox_level and facts.sandbox_level != engine.executor.level:
        lines.append(f"sandbox level: {facts.sandbox_level} there, {engine.executor.level} here")
    now = here()
    same = all(run.key in keys for run in rerun.values())
    if slower:  # the allowance is part of the keys, which then say nothing of the environment
        lines.append(f"slower: a run needed more than its recorded allowance, and was given {SLACK:g} times as much")
        same = any(one.hash == now.hash for one in facts.environments)
    there = [one for one in facts.environments if (one.hash == now.hash) == same]
    if there:
        names = sorted({*there[-1].versions, *now.versions})
        pairs = [(name, there[-1].versions.get(name, "none"), now.versions.get(name, "none")) for name in names]
        lines += [f"{name}: {theirs} there, {ours} here" for name, theirs, ours in pairs if theirs != ours]
    if not same and not there:
        lines.append("the runs have other keys than recorded, and the versions they were made with were not recorded")
    return tuple(lines)


__all__ = ["PartDiff", "Reproduction", "check", "clean", "differences", "replay"]
