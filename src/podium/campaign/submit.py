"""Submissions: the uploader asks, the engine writes, checks, records the intent, sends, and reconciles. Never twice."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from podium import ensemble
from podium.campaign import deadline, decide, proxy, turn, untrusted, waiting
from podium.campaign.lineage import credit_line
from podium.campaign.runner import Runner, holdout_track
from podium.errors import InvalidPredictions, Refused
from podium.platforms.platform import AmbiguousSend, RemoteSubmission
from podium.records import Findings
from podium.registry.blends import BlendRow
from podium.registry.submissions import SubmissionRow
from podium.team.quoting import clip

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from podium.campaign.engine import Engine
    from podium.registry.experiments import Experiment

WAITING = "submissions/waiting.csv"
PREDICTS = 0.2  # of an experiment's fitting time, for predicting the test rows
WHY_CHARS = 300
LARGEST_RESERVE = 0.12  # of the whole time


@dataclass(frozen=True)
class Submitted:
    """What the submit phase came to: the tag of what was sent, or why it was held."""

    tag: str | None
    reason: str
    waits: bool = False  # the file is written, and submission.csv; it may not be sent now


def submit(engine: Engine, round_: int) -> Submitted:
    """The submit phase of a round: the best blend so far, where it is worth it and the quota allows."""
    engine.enter(round_, "submit")

    def play() -> Submitted:
        row = decide.best_blend(engine)
        if row is None:
            return Submitted(None, "nothing valid to submit yet")
        submissions = engine.registry.submissions
        standing, held = submissions.standing(), waiting.find(engine.registry)
        if held is not None and held.round == round_ and held.expected == row.score:
            return Submitted(None, f"held: {held.reason}", True)  # written, and then a crash came
        if standing is None or standing.round != round_ or standing.expected != row.score:
            worth, reason = decide.worth_submitting(engine, row, waiting.newest(engine.registry), at_the_end=False)
            objection = _objection(engine, round_) if worth else reason
            return Submitted(None, f"held: {objection}") if objection else send(engine, row, reason)
        # sent, and then a crash came before this step was recorded: say what would have been said
        _, reason = decide.worth_submitting(engine, row, submissions.standing(before_round=round_), at_the_end=False)
        return Submitted(standing.tag, reason)

    submitted = engine.registry.journal.step(round_, "submit", Submitted, play)
    reserve(engine)
    return submitted


def _objection(engine: Engine, round_: int) -> str:
    """Why the uploader would rather wait; "" where it wishes for this submission.

    It is asked only where the engine would send, whose own rule the built-in uploader goes by. The campaign's end asks
    nobody: what is best then is sent.
    """
    if engine.seats["uploader"] is engine.fallback:
        return ""
    wish = turn.play(engine, round_, "submit", Findings, step="wish")
    return (
        ""
        if wish.submit
        else f"the uploader waits: {clip(' '.join(wish.text.split()), WHY_CHARS) or 'no reason given'}"
    )


def send(engine: Engine, row: BlendRow, reason: str, time_left_s: Callable[[], float] | None = None) -> Submitted:
    """Predict what is missing, write and check the file, record the intent, then send once. `time_left_s`: given at the
    campaign's end. What may not be sent now (deadline, quota) is written all the same, and waits."""
    reconcile(engine)
    held = waiting.why(engine, at_the_end=time_left_s is not None)
    if not held and not _quota_allows(engine):
        return Submitted(None, "held: the platform's quota for today is used up")
    try:
        frame = submission_frame(engine, row, time_left_s)
    except InvalidPredictions as problem:
        engine.event("warning", message=f"no submission from the blend of round {row.round}: {problem}")
        return Submitted(None, f"held: {problem}")
    text = frame.write_csv().encode()
    if held:
        return _hold(engine, row, text, held)
    sha = hashlib.sha256(text).hexdigest()
    if engine.registry.submissions.has_file(sha):
        return Submitted(None, "held: this very file was submitted before")
    tag = f"podium-{sha[:12]}"
    name = f"submissions/{tag}.csv"  # a file of its own: a round and the campaign's end may both send one
    write_file(engine.campaign / name, text)
    engine.registry.submissions.intend(SubmissionRow(tag, engine.round, name, sha, "intent", row.score, row.stderr))
    owed = credit_line(engine.registry, row.weights)
    if not _send(engine, tag, engine.campaign / name, "; ".join(filter(None, (f"round {row.round}: {reason}", owed)))):
        return Submitted(None, "held: the platform refused it")
    engine.registry.set(waiting.KEY, None)
    _publish_standing(engine)
    engine.submitted_s = engine.clock.alive_s()
    untrusted_members = [name for name in untrusted.to_send(engine, row).weights if name not in row.weights]
    engine.event("submission", tag=tag, expected=row.score, stderr=row.stderr, imported=untrusted_members, credits=owed)
    proxy.record(engine)
    return Submitted(tag, reason)


def _hold(engine: Engine, row: BlendRow, text: bytes, reason: str) -> Submitted:
    """The file that would have been sent, as submission.csv; said once for each reason."""
    before = waiting.find(engine.registry)
    if before is None or before.reason != reason:
        engine.event("warning", message=f"not sent: {reason}; the file is {engine.campaign / 'submission.csv'}")
    if before is None or engine.task.gain(row.score, before.expected) > 0:
        write_file(engine.campaign / WAITING, text)
        engine.registry.set(waiting.KEY, waiting.Waiting(WAITING, engine.round, row.score, row.stderr, reason))
    _publish_standing(engine)
    engine.submitted_s = engine.clock.alive_s()
    return Submitted(None, f"held: {reason}", True)


def _quota_allows(engine: Engine) -> bool:
    """What may have been sent and is not on the platform's list counts as sent."""
    quota = engine.platform.quota()
    return quota is None or quota.left > len(engine.registry.submissions.unsettled())


def _send(engine: Engine, tag: str, file: Path, message: str) -> bool:
    """Send what has an intent. False where the platform said no; True where it has the file, or may have it."""
    try:
        remote = engine.platform.submit(file, tag, message)
    except AmbiguousSend as problem:
        engine.registry.submissions.settle(tag, "ambiguous")
        engine.event("warning", message=f"submission {tag} may or may not have arrived: {problem}")
        return True
    except Refused as problem:
        engine.registry.submissions.settle(tag, "failed")
        engine.event("warning", message=f"submission {tag} was refused: {problem}")
        return False
    _confirm(engine, tag, remote)
    return True


def _confirm(engine: Engine, tag: str, remote: RemoteSubmission) -> None:
    with engine.registry.database.write():
        engine.registry.submissions.settle(tag, "confirmed", remote.id)
        engine.registry.submissions.set_scores(tag, remote.public_score, remote.private_score)


def reconcile(engine: Engine) -> None:
    """Settle intents that a crash or an ambiguous send left open, by the platform's own list, before anything is sent;
    then see to it that submission.csv is the standing one."""
    unsettled = engine.registry.submissions.unsettled()
    if unsettled and engine.platform.has_list:
        listed = {remote.tag: remote for remote in engine.platform.submissions()}
        for row in unsettled:
            if row.tag in listed:
                _confirm(engine, row.tag, listed[row.tag])
            else:
                _send_again(engine, row)
    elif unsettled:
        for row in unsettled:
            _ask_a_person(engine, row)
    _publish_standing(engine)
    proxy.record(engine)  # of a submission that a crash came after


def _send_again(engine: Engine, row: SubmissionRow) -> None:
    """The platform's list does not have it: it never arrived. It waits where today's quota is used up."""
    quota = engine.platform.quota()
    if (quota is None or quota.left > 0) and not deadline.passed(engine.competition.brought.deadline):
        _send(engine, row.tag, engine.campaign / row.file, f"round {row.round}, sent again: it never arrived")


def _ask_a_person(engine: Engine, row: SubmissionRow) -> None:
    """Where the platform has no list, only a person can see whether it arrived; it is never sent again."""
    if row.state == "intent":
        engine.registry.submissions.settle(row.tag, "ambiguous")
        engine.event(
            "warning",
            message=f"submission {row.tag} may or may not have arrived: if it did, say so with "
            f"`podium submit DIR --tag {row.tag} --score S`; if not, upload {row.file} by hand",
        )


def _publish_standing(engine: Engine) -> None:
    """submission.csv is the file of the newest submission (or the one that waits), also after a crash."""
    standing = waiting.newest(engine.registry)
    if standing is not None and (engine.campaign / standing.file).is_file():
        write_file(engine.campaign / "submission.csv", (engine.campaign / standing.file).read_bytes())


def reserve(engine: Engine, running: Sequence[Experiment] = ()) -> None:
    """Keep time for the test predictions that the campaign's end will still need: of the best blend's members that have
    none, and of experiments about to run, which may become members.

    A share of the fits' seconds is assumed where such runs took less so far: kNN predicts for as long as it fits.
    """
    total = engine.options.time_s
    if total is None:
        return
    runs, row = engine.registry.runs, decide.best_blend(engine)
    weights = row.weights if row else {}
    lacking = [member for member, weight in weights.items() if weight > 0 and not runs.has_holdout(member)]
    seconds = dict(runs.cpu_seconds(lacking))
    seconds.update({experiment.id: experiment.static_cost_s * engine.speed() for experiment in running})
    least = runs.predict_seconds() * engine.n_folds
    needed = sum(max(least, PREDICTS * spent) for spent in seconds.values()) / engine.purse.slots
    engine.purse.reserve_finalisation(min(needed, LARGEST_RESERVE * total))


def submission_frame(engine: Engine, row: BlendRow, time_left_s: Callable[[], float] | None = None) -> pl.DataFrame:
    """The submission of a blend, checked. Raises InvalidPredictions where its members' test predictions are missing."""
    raw, decision = holdout_raw(engine, untrusted.to_send(engine, row), time_left_s)
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
    """Whole or not at all; the same bytes are left alone."""
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}")
    part.write_bytes(data)
    part.replace(path)
