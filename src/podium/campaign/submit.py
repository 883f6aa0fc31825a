"""Submissions: the uploader asks, the engine writes, checks, records the intent, sends, and reconciles. Never twice."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from podium import ensemble
from podium.campaign import decide
from podium.campaign.runner import Runner, holdout_track
from podium.errors import InvalidPredictions
from podium.platforms.platform import AmbiguousSend
from podium.registry.blends import BlendRow
from podium.registry.submissions import SubmissionRow

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from podium.campaign.engine import Engine


@dataclass(frozen=True)
class Submitted:
    """What the submit phase came to: the tag of what was sent, or why it was held."""

    tag: str | None
    reason: str


def submit(engine: Engine, round_: int) -> Submitted:
    """The submit phase of a round: the best blend so far, where it is worth it and the quota allows."""
    engine.enter(round_, "submit")

    def play() -> Submitted:
        row = decide.best_blend(engine)
        if row is None:
            return Submitted(None, "nothing valid to submit yet")
        worth, reason = decide.worth_submitting(engine, row, at_the_end=False)
        return send(engine, row, reason) if worth else Submitted(None, f"held: {reason}")

    return engine.registry.journal.step(round_, "submit", Submitted, play)


def send(engine: Engine, row: BlendRow, reason: str, time_left_s: Callable[[], float] | None = None) -> Submitted:
    """Predict what is missing, write and check the file, record the intent, then send once."""
    quota = engine.platform.quota_left()
    if quota is not None and quota <= 0:
        return Submitted(None, "held: the platform's quota for today is used up")
    try:
        frame = submission_frame(engine, row, time_left_s)
    except InvalidPredictions as problem:
        engine.event("warning", message=f"no submission from the blend of round {row.round}: {problem}")
        return Submitted(None, f"held: {problem}")
    text = frame.write_csv().encode()
    sha = hashlib.sha256(text).hexdigest()
    if engine.registry.submissions.has_file(sha):
        return Submitted(None, "held: this very file was submitted before")
    name = f"rounds/R{engine.round:02d}_submission.csv"
    write_file(engine.campaign / name, text)
    tag = f"podium-{sha[:12]}"
    engine.registry.submissions.intend(SubmissionRow(tag, engine.round, name, sha, "intent", row.score, row.stderr))
    _send(engine, tag, engine.campaign / name, f"round {row.round}: {reason}")
    write_file(engine.campaign / "submission.csv", text)
    engine.event("submission", tag=tag, expected=row.score, stderr=row.stderr)
    return Submitted(tag, reason)


def _send(engine: Engine, tag: str, file: Path, message: str) -> None:
    try:
        remote = engine.platform.submit(file, tag, message)
    except AmbiguousSend as problem:
        engine.registry.submissions.settle(tag, "ambiguous")
        engine.event("warning", message=f"submission {tag} may or may not have arrived: {problem}")
        return
    engine.registry.submissions.settle(tag, "confirmed", remote.id)
    if remote.public_score is not None or remote.private_score is not None:
        engine.registry.submissions.set_scores(tag, remote.public_score, remote.private_score)


def reconcile(engine: Engine) -> None:
    """Settle intents that a crash or an ambiguous send left open, by the platform's own list, before anything is sent."""
    unsettled = engine.registry.submissions.unsettled()
    if not unsettled:
        return
    if not engine.platform.has_list:
        for row in unsettled:
            engine.event("warning", message=f"submission {row.tag}: please say whether it arrived (podium approve)")
        return
    listed = {remote.tag: remote for remote in engine.platform.submissions()}
    for row in unsettled:
        if row.tag in listed:
            engine.registry.submissions.settle(row.tag, "confirmed", listed[row.tag].id)
        else:
            _send(engine, row.tag, engine.campaign / row.file, f"round {row.round}, sent again: it never arrived")
        write_file(engine.campaign / "submission.csv", (engine.campaign / row.file).read_bytes())


def submission_frame(engine: Engine, row: BlendRow, time_left_s: Callable[[], float] | None = None) -> pl.DataFrame:
    """The submission of a blend, checked. Raises InvalidPredictions where its members' test predictions are missing."""
    raw, decision = holdout_raw(engine, row, time_left_s)
    test = engine.dataset.test
    decided = engine.task.decide(raw[: len(test)], decision)
    ids = engine.dataset.ids(test)
    frame = engine.task.write(decided, ids)
    engine.task.check_submission(frame, ids)
    return frame


def holdout_raw(
    engine: Engine, row: BlendRow, time_left_s: Callable[[], float] | None = None
) -> tuple[Any, dict[str, Any]]:
    """(blended raw predictions of test then vault rows, the decision fitted on the blend's OOF)."""
    members = [member for member, weight in row.weights.items() if weight > 0]
    predict_missing(engine, members, time_left_s)
    blend = decide.blend_of(row)
    oof = ensemble.combine(blend, {member: engine.store.oof(member) for member in members})
    known = np.isfinite(oof).all(axis=1)
    decision = engine.task.fit_decision(engine.truth[known], oof[known])
    return ensemble.combine(blend, {member: engine.store.holdout(member) for member in members}), decision


def predict_missing(engine: Engine, members: list[str], time_left_s: Callable[[], float] | None = None) -> None:
    """Test and vault predictions of blend members that have none yet, in runs of their own."""
    experiments = [engine.registry.experiments.get(member) for member in members]
    tracks = [holdout_track(engine, experiment) for experiment in experiments if experiment is not None]
    Runner(engine, time_left_s).play(tracks)
    for track in tracks:
        if track.status != "done":
            raise InvalidPredictions(f"{track.experiment.id} could not predict the test rows: {track.message}")


def write_file(path: Path, data: bytes) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}")
    part.write_bytes(data)
    part.replace(path)
