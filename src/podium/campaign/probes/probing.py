"""Cheap probes of every finished experiment: one prediction of a few rows changed in many ways, and more runs only where
that one shows something odd. Which runs follow depends on what was predicted, never on how long it took.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from podium.campaign import stacked
from podium.campaign.probes import probe_cost, probe_files, probe_layout
from podium.campaign.probes.probe_files import File, Subject
from podium.campaign.probes.probe_layout import MOST_COLUMNS, Asked
from podium.campaign.request import Part, run_key
from podium.campaign.runner import Runner
from podium.campaign.store import file_sha256, read_predictions
from podium.campaign.tracks import Track
from podium.errors import InvalidPredictions
from podium.execution.worker import declares
from podium.records import Probed, QaCheck
from podium.referee import probes
from podium.referee.probes import Likeness
from podium.referee.probes.outcome import CHEAP
from podium.tasks.task import Floats

if TYPE_CHECKING:
    from podium.campaign.engine import Engine
    from podium.registry.experiments import Experiment

FIXED_BLOCKS = 7  # beside those of columns: base, again, trained, all, jitter, unseen, missing
NO_TIME = "no time"


@dataclass
class Case:
    """One experiment under probe. `raw`: run → predictions, or why there are none."""

    experiment: Experiment
    subject: Subject
    main: File
    like: Likeness
    swaps: tuple[tuple[QaCheck, Asked], ...] = ()
    reads_unlabelled: bool = False
    raw: dict[str, Floats | str] = field(default_factory=dict)

    def block(self, name: str, run: str = "probe_main") -> Floats | None:
        raw = self.raw.get(run)
        at = self.main.layout.blocks.get(name)
        return raw[at] if isinstance(raw, np.ndarray) and at is not None else None


def cheap(
    engine: Engine, experiments: Sequence[Experiment], asked: Sequence[QaCheck] = ()
) -> dict[str, tuple[Probed, ...]]:
    """Experiment → what the cheap probes came to, all of `CHEAP`, those that were not made as skipped."""
    n = probe_cost.affordable(engine, len(experiments))
    found = {one.id: tuple(probes.skipped(name, NO_TIME) for name in CHEAP) for one in experiments[n:]}
    swaps, like = swaps_of(asked), probes.likeness_of(engine.task)
    cases: list[Case] = []
    files: dict[
        tuple[Path, str], File
    ] = {}  # where features come from, and the hash of what `prepare` made → their file
    for one in experiments[:n]:
        subject = probe_files.subject(engine, one, _n_blocks(engine, len(swaps)))
        if subject is None:
            found[one.id] = tuple(probes.skipped(name, "its fold was not run") for name in CHEAP)
            continue
        features = (subject.features, subject.prepared_sha)
        if features not in files:
            files[features] = probe_files.main_file(engine, subject, [a for _, a in swaps])
        declared = declares(engine.solution_path(one.id).read_text("utf-8"), "unlabelled")
        cases.append(Case(one, subject, files[features], like, swaps, declared))
    for case in cases:
        case.raw["probe_main"] = ""
    _play(engine, [(case, "probe_main", _main_part(engine, case, case.main)) for case in cases])
    _look_closer(engine, cases)
    return {**found, **{case.experiment.id: judge(engine, case) for case in cases}}


def swaps_of(asked: Sequence[QaCheck]) -> tuple[tuple[QaCheck, Asked], ...]:
    """The pairs whose sides QA wants exchanged."""
    return tuple(
        (check, Asked(tuple(check.params.get("left", ())), tuple(check.params.get("right", ()))))
        for check in asked
        if check.kind == "symmetry"
    )


def _n_blocks(engine: Engine, n_swaps: int) -> int:
    return FIXED_BLOCKS + n_swaps + min(MOST_COLUMNS, len(engine.dataset.columns))


def _main_part(engine: Engine, case: Case, file: File, name: str = "probe_main") -> Part:
    rows = np.arange(file.layout.n_dealt, dtype=np.int64)
    return file.part(engine, case.subject, name, rows, _wall_s(engine))


def _wall_s(engine: Engine) -> float | None:
    left = probe_cost.left_s(engine, dear=False)
    return None if math.isinf(left) else max(probe_cost.LEAST_S, round(engine.purse.slots * left, 1))


def _look_closer(engine: Engine, cases: Sequence[Case]) -> None:
    """What broke is tried without the strange values; what differs from the fold's own predictions is told apart."""
    more: list[tuple[Case, str, Part]] = []
    for case in cases:
        raw = case.raw["probe_main"]
        if isinstance(raw, str) and raw != NO_TIME:
            plain = probe_files.main_file(engine, case.subject, [a for _, a in case.swaps], strange=False)
            more.append((case, "probe_plain", _main_part(engine, case, plain, "probe_plain")))
    _play(engine, more)
    apart: list[tuple[Case, str, Part]] = []
    for case in cases:
        base = _base(case)
        if base is not None and case.like.differing(base, _recorded(engine, case)) > probes.DIFFERING:
            apart += _apart(engine, case)
    _play(engine, apart)


def _apart(engine: Engine, case: Case) -> list[tuple[Case, str, Part]]:
    """The rows alone, in another order, and with canaries in the file: three runs that differ in one thing each."""
    plain = probe_files.plain_file(engine, case.subject, canaries=False)
    canary = probe_files.plain_file(engine, case.subject, canaries=True)
    rows = np.arange(plain.layout.n_dealt, dtype=np.int64)
    wall_s = _wall_s(engine)
    runs = [("probe_alone", plain, rows), ("probe_order", plain, rows[::-1].copy()), ("probe_canary", canary, rows)]
    if engine.competition.looks_forward:
        runs.append(("probe_early", plain, rows[: len(rows) // 2]))
    return [(case, name, file.part(engine, case.subject, name, predict, wall_s)) for name, file, predict in runs]


def _play(engine: Engine, wanted: Sequence[tuple[Case, str, Part]]) -> None:
    """Run the parts that are not recorded yet, each on a track of its own, and keep what they predicted."""
    tracks = [Track(case.experiment, [part]) for case, _, part in wanted]
    if tracks:
        Runner(
            engine, lambda: min(engine.purse.work_left_s(), engine.purse.slots * probe_cost.left_s(engine, dear=False))
        ).play(tracks)
    for (case, name, part), track in zip(wanted, tracks, strict=True):
        case.raw[name] = predicted(engine, case.experiment, part, track)


def predicted(engine: Engine, experiment: Experiment, part: Part, track: Track) -> Floats | str:
    """`(n, k)` as the run left them, NaN and all; why there are none, in words: `NO_TIME` where only time was missing."""
    row = engine.registry.runs.find(run_key(engine, experiment, part))
    if row is None:
        late = track.status == "killed" or "timeout" in track.message or not track.message
        return NO_TIME if late else track.message
    path = engine.campaign / row.folder / "predictions.npy"
    path.with_name("model.pkl").unlink(missing_ok=True)  # of a probe's own fit: nobody predicts with it again
    if not path.is_file() or file_sha256(path) != row.exit.files.get("predictions.npy"):
        return "its predictions are not what was recorded"
    try:
        values = read_predictions(path, engine.task.layout().dtype)
    except InvalidPredictions as problem:
        return str(problem)
    values = values.reshape(len(values), -1)
    expected = (len(part.predict), engine.task.n_outputs())
    return values if values.shape == expected else f"expected {expected} predictions, found {values.shape}"


# ---------------------------------------------------------------- what it came to


def _recorded(engine: Engine, case: Case) -> Floats:
    return np.asarray(engine.store.oof(case.experiment.id)[positions(engine, case.subject.rows)])


def positions(
    engine: Engine, rows: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Places among the scored rows of dealt row numbers."""
    return np.searchsorted(engine.dataset.train[engine.store.scored], rows)


def _base(case: Case) -> Floats | None:
    found = case.block("base")
    return found if found is not None else case.block("base", "probe_plain")


def judge(engine: Engine, case: Case) -> tuple[Probed, ...]:
    """All of `CHEAP`, in that order."""
    base = _base(case)
    if base is None:
        raw = case.raw.get("probe_plain", case.raw["probe_main"])
        why = raw if isinstance(raw, str) else NO_TIME
        return tuple(probes.skipped(name, why[:200]) for name in CHEAP)
    run = "probe_main" if case.block("base") is not None else "probe_plain"
    found = [*_on_rows(engine, case, base, run), *_on_columns(engine, case, base, run), *_on_values(case, base, run)]
    by_name = {one.probe: one for one in found}
    return tuple(by_name[name] for name in CHEAP)


def _on_rows(engine: Engine, case: Case, base: Floats, run: str) -> list[Probed]:
    ordered, again = engine.competition.looks_forward, case.block("again", run)
    assert again is not None, "every layout has the block"
    raw = case.raw[run]
    assert isinstance(raw, np.ndarray), "its base block was read from it"
    like, recorded = case.like, _recorded(engine, case)
    found = [probes.twice(base, again, ordered=ordered, like=like)]
    found.append(probes.decoy(raw, probe_files.decoy(engine, len(raw)), like=like))
    if like.differing(base, recorded) <= probes.DIFFERING:  # in another order, among others, with canaries in the file
        same = [judge_(base, recorded, like=like) for judge_ in (probes.order, probes.alone, probes.undealt)]
        early = probes.future(base, recorded, like=like)
        same.append(early if ordered else probes.skipped("future", "rows are in no order of time"))
        return found + same
    return [*found, *_told_apart(case, base, recorded, ordered=ordered)]


def _told_apart(case: Case, base: Floats, recorded: Floats, *, ordered: bool) -> list[Probed]:
    """What made the difference: the neighbours, the order, rows that were not dealt, or later ones."""
    like, by_row = case.like, np.argsort(case.subject.rows, kind="stable")
    one = case.raw.get("probe_alone")
    if not isinstance(one, np.ndarray):
        why = one if isinstance(one, str) else NO_TIME
        skipped = [probes.skipped(name, why[:200]) for name in ("order", "undealt", "future")]
        return [probes.alone(base, recorded, like=like), *skipped]

    def beside(name: str, probe: str, judge_: Callable[[Floats], Probed]) -> Probed:
        raw = case.raw.get(name)
        return judge_(raw) if isinstance(raw, np.ndarray) else probes.skipped(probe, NO_TIME)

    early = beside("probe_early", "future", lambda raw: probes.future(raw, one[: len(raw)], like=like))
    return [
        _neighbours(like, one, recorded[by_row], base[by_row]),
        beside("probe_order", "order", lambda raw: probes.order(one, raw[::-1], ordered=ordered, like=like)),
        probes.skipped("undealt", "it declares that it reads unlabelled rows")
        if case.reads_unlabelled
        else beside("probe_canary", "undealt", lambda raw: probes.undealt(one, raw, like=like)),
        early if ordered else probes.skipped("future", "rows are in no order of time"),
    ]


def _neighbours(like: Likeness, one: Floats, recorded: Floats, base: Floats) -> Probed:
    """The stronger of two comparisons: with the fold's own predictions, and with those among the changed rows."""
    both = (probes.alone(one, recorded, like=like), probes.alone(base, one, like=like))
    return max(both, key=lambda found: found.figure or 0.0)


def _on_columns(engine: Engine, case: Case, base: Floats, run: str) -> list[Probed]:
    truth, like = engine.truth[positions(engine, case.subject.rows)], case.like
    layout, permuted = case.main.layout, case.block("all", run)
    assert permuted is not None, "every layout has the block"
    by_column = {name.removeprefix("column:"): case.block(name, run) for name in layout.columns}
    told = _told_by_audit(engine) | {column.name for column in stacked.columns(engine, case.experiment)}
    known = {name.removeprefix("column:") for name, names in layout.columns.items() if told.intersection(names)}
    moved = {name: raw for name, raw in by_column.items() if raw is not None}
    found = [probes.features(truth, base, permuted, like=like), probes.columns(truth, base, moved, known, like=like)]
    nudged = case.block("jitter", run)
    found.append(
        probes.skipped("jitter", "no continuous column")
        if nudged is None
        else probes.jitter(truth, base, nudged, like=like)
    )
    return [*found, _on_trained(engine, case, run)]


def _told_by_audit(engine: Engine) -> set[str]:
    """Columns that are known to say most: suspects of a leak, and the strongest alone."""
    findings = [one for one in engine.registry.audit() if one.column]
    strongest = [str(one.column) for one in findings if one.check == "association"][:1]
    return {str(one.column) for one in findings if one.check == "leak"}.union(strongest)


def _on_trained(engine: Engine, case: Case, run: str) -> Probed:
    rows, own = engine.store.fold_rows(case.subject.fold), case.block("trained", run)
    assert own is not None, "every layout has the block"
    rows = rows[: probe_layout.comparable(engine.task.n_outputs())]
    valid = case.like.told(engine.truth[rows], np.asarray(engine.store.oof(case.experiment.id)[rows]))
    truth = engine.task.encode(engine.dataset.labels(case.subject.trained))
    return probes.trained(valid, case.like.told(truth, own), like=case.like)


def _on_values(case: Case, base: Floats, run: str) -> list[Probed]:
    found = []
    for name, what in (("unseen", "no column has categories"), ("missing", "no column lacks values")):
        if name not in case.main.layout.blocks:
            found.append(probes.skipped(name, what))
        else:
            why = case.raw["probe_main"]
            found.append(probes.accepts(name, case.block(name), why if isinstance(why, str) else ""))
    return [*found, _on_pairs(case, base, run)]


def _on_pairs(case: Case, base: Floats, run: str) -> Probed:
    """The worst of the symmetries that QA asked for."""
    found = []
    for number, (check, _) in enumerate(case.swaps):
        swapped = case.block(f"swap:{number}", run)
        if swapped is not None and case.like.ranks:
            found.append(probes.symmetry(base, swapped, str(check.params.get("expect", "same"))))
    if not found:
        return probes.skipped("symmetry", "QA asked for none, or answers are no numbers")
    return min(found, key=lambda one: one.figure if one.figure is not None else 1.0)


__all__ = ["Case", "cheap", "judge", "positions", "predicted", "swaps_of"]
