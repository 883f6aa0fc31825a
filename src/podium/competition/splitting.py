"""Which split reproduces the way test differs from train: the strategy, by measurement, unless the config says."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from podium.competition import drift, grouping, splits, windows
from podium.competition.answer import Question
from podium.competition.source import Source
from podium.competition.target import Target
from podium.competition.timeline import Timing, clock_or_number, find_timing
from podium.errors import IntakeError
from podium.records import Evidence

WORDS = {  # of AutoKaggle, scikit-learn and the field, beside `splits.STRATEGIES`
    "kfold": "random",
    "stratified_kfold": "stratified",
    "group_kfold": "grouped",
    "stratified_group_kfold": "stratified_grouped",
    "time_series": "forward",
    "time_series_split": "forward",
    "expanding": "forward",
    "purged_kfold": "purged",
    "purged_time_series": "forward",
    "block_kfold": "interleaved_block",
    "leave_last_n": "last_n",
}
FOLDS = 5
ASKED = "config.json or a flag says so"


@dataclass(frozen=True)
class Split:
    """`gap`, `horizon`: days for dates, else the time column's unit; for last_n the horizon is rows a group."""

    strategy: str
    group_column: str | None
    time_column: str | None
    folds: int
    evidence: dict[str, Evidence]
    gap: float = 0.0
    horizon: float = 0.0


@dataclass(frozen=True)
class Measured:
    """What was measured, for the decision: how test lies to train in time and by groups; what the config asks."""

    source: Source
    config: dict[str, Any]
    folds: int
    timing: Timing | None
    apart: grouping.FoundGroup | None
    last: grouping.FoundLast | None
    copies: Evidence | None
    plain: bool  # no classes to stratify groups by

    @property
    def shown_time(self) -> str | None:
        """The time column where it matters: test comes in runs, or the config names it."""
        timing = self.timing
        return timing.column if timing is not None and (timing.run or self.config.get("time_column")) else None


def find_split(
    source: Source, target: Target, question: Question, id_column: str | None, config: dict[str, Any], text: str
) -> Split:
    """Strategy, group and time column, gap and horizon, each measured against test unless the config says. Raises
    IntakeError for a column or strategy that does not fit."""
    own = [c for c in source.test.columns if c not in source.aggregated]
    features = [c for c in own if c in source.train.columns and c != id_column]
    _check_columns(source, config)
    folds = int(config.get("cv_folds", FOLDS))
    timing = find_timing(source, features, id_column, config, text)
    measured = Measured(
        source,
        config,
        folds,
        timing,
        _group_asked(config) or grouping.find_apart(source, features, id_column, timing),
        grouping.find_last(source, features, timing, folds),
        grouping.find_copies(source, features),
        question.task_type in ("regression", "multilabel_classification"),
    )
    word = str(config.get("cv_strategy", ""))
    asked = WORDS.get(word, word)
    split = _as_asked(asked, measured) if asked else _as_measured(measured)
    split = _with_lengths(split, measured)
    left_out = {id_column, split.group_column, split.time_column, *target.columns}
    evidence = {**split.evidence, **_evidence_of_time(measured, split)}
    straddling = None if split.group_column else grouping.straddles(source, features, id_column)
    if straddling is not None:
        evidence["group_overlap"] = straddling
    drifted = drift.measure(source, [c for c in features if c not in left_out], drift.units(source, split))
    if drifted is not None:
        evidence["drift"] = drifted.evidence()
    return dataclasses.replace(split, evidence=evidence)


def _check_columns(source: Source, config: dict[str, Any]) -> None:
    for key in ("group_column", "time_column"):
        if config.get(key) and config[key] not in source.train.columns:
            raise IntakeError(
                f"no {key} {config[key]!r} in train",
                expected=", ".join(source.train.columns[:20]),
                remedy=f"correct {key}",
            )


def _group_asked(config: dict[str, Any]) -> grouping.FoundGroup | None:
    name = config.get("group_column")
    return grouping.FoundGroup(str(name), Evidence(str(name), ASKED, 1.0)) if name else None


# ---------------------------------------------------------------- the decision


def _as_measured(measured: Measured) -> Split:
    """The first of these that test shows: it comes later; later in each group; in other groups; in runs of time; never
    as a copy of train's rows. Else rows are exchangeable."""
    timing, apart = measured.timing, measured.apart
    if timing is not None and timing.later:
        return _split("forward", measured, timing.evidence, time=timing.column)
    grouped = "grouped" if measured.plain else "stratified_grouped"
    if apart is not None and measured.config.get("group_column"):
        return _split(grouped, measured, apart.evidence, group=apart.column)
    if measured.last is not None and timing is not None:
        return _split("last_n", measured, measured.last.evidence, group=measured.last.column, time=timing.column)
    if apart is not None:
        return _split(grouped, measured, apart.evidence, group=apart.column)
    if timing is not None and timing.run:
        return _split("interleaved_block", measured, timing.evidence, time=timing.column)
    if measured.copies is not None:
        return _split(grouped, measured, measured.copies)
    why = "test rows come from among train's: no group or time sets them apart"
    return _split("stratified", measured, Evidence("stratified", why, 0.9))


def _as_asked(asked: str, measured: Measured) -> Split:
    timing, apart, last = measured.timing, measured.apart, measured.last
    if asked in splits.TIMED and timing is None:
        raise IntakeError(
            f"{asked} folds need a time", expected="`time_column`", remedy="set `time_column` in config.json"
        )
    said = Evidence(asked, ASKED, 1.0)
    time = timing.column if asked in splits.TIMED and timing is not None else None
    if asked == "last_n":
        group = str(measured.config.get("group_column") or (last.column if last else "")) or None
    else:
        group = apart.column if asked in ("grouped", "stratified_grouped") and apart is not None else None
    if group is None and asked in ("grouped", "stratified_grouped", "last_n"):
        raise IntakeError(
            f"{asked} folds need a group", expected="`group_column`", remedy="set `group_column` in config.json"
        )
    return _split(asked, measured, said, group=group, time=time)


def _split(
    strategy: str, measured: Measured, why: Evidence, *, group: str | None = None, time: str | None = None
) -> Split:  # fmt: skip
    evidence = {"cv_strategy": dataclasses.replace(why, value=strategy)}
    if group and measured.apart is not None and measured.apart.column == group:
        evidence["group_column"] = measured.apart.evidence
    elif group:
        evidence["group_column"] = dataclasses.replace(why, value=group)
    if time and measured.timing is not None:
        evidence["time_column"] = measured.timing.evidence
    folds = measured.folds
    if strategy == "last_n" and measured.last is not None and "cv_folds" not in measured.config:
        folds = measured.last.folds
    return Split(strategy, group, time or measured.shown_time, folds, evidence)


# ---------------------------------------------------------------- gap and horizon


def _with_lengths(split: Split, measured: Measured) -> Split:
    """Gap and horizon as the config says, else as test has them."""
    timing, config = measured.timing, measured.config
    if split.strategy not in splits.TIMED or timing is None:
        return split
    if split.strategy == "last_n":
        n_last = measured.last.n_last if measured.last is not None else 1
        return dataclasses.replace(split, horizon=_length(config, "cv_horizon", n_last))
    span = _span(measured.source, timing.column)
    horizon = _length(config, "cv_horizon", timing.horizon if split.strategy == "forward" else 0.0)
    if "cv_horizon" in config and split.strategy == "forward" and not windows.fits(span, split.folds, horizon):
        raise IntakeError(
            f"{split.folds} windows of cv_horizon {horizon:g} do not fit in train",
            expected=f"at most {span / (split.folds + 1):.4g}, so that the first has a past",
            remedy="lower `cv_horizon` or `cv_folds`",
        )
    most = span / (2 * (split.folds + 1))  # a measured gap never takes more than half of what a fold could train on
    gap = timing.gap or (windows.EMBARGO * span if split.strategy == "purged" else 0.0)
    return dataclasses.replace(split, gap=_length(config, "cv_gap", min(gap, most)), horizon=horizon)


def _length(config: dict[str, Any], key: str, otherwise: float) -> float:
    length = float(config.get(key, otherwise))
    if not 0 <= length < np.inf:
        raise IntakeError(f"config.json: {key}", expected="a length of time, 0 or more", found=f"{length:g}")
    return length


def _span(source: Source, column: str) -> float:
    return float(np.ptp(clock_or_number(source.train[column])))


def _evidence_of_time(measured: Measured, split: Split) -> dict[str, Evidence]:
    timing = measured.timing
    if timing is None or split.strategy not in splits.TIMED or split.strategy == "last_n":
        return {}
    said = ASKED if "cv_gap" in measured.config else "measured between train's last and test's first time"
    if split.strategy != "forward" and "cv_gap" not in measured.config:
        said = (
            "as test's blocks lie"
            if timing.gap
            else f"{windows.EMBARGO:.0%} of train's time"
            if split.gap
            else "test's blocks touch train's"
        )
    found = {
        "time_gap": Evidence(f"{split.gap:.4g} {timing.unit}".strip(), f"{said}: not trained on around a fold", 0.95)
    }
    if split.horizon:
        how = ASKED if "cv_horizon" in measured.config else "as long as test lasts"
        fitting = windows.fits(_span(measured.source, timing.column), split.folds, split.horizon)
        note = (
            ""
            if fitting or split.strategy != "forward"
            else f"; {split.folds} such windows do not fit in train, so blocks of equal rows"
        )
        found["cv_horizon"] = Evidence(f"{split.horizon:.4g} {timing.unit}".strip(), how + note, 0.95)
    return found
