"""Submissions through crashes and doubtful answers: never twice, never lost, never beyond the quota."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from engine_world import add_experiments, copy_of, engine_of, telling

from podium.campaign import blending, phases
from podium.campaign.engine import Engine
from podium.campaign.finalise import finalise
from podium.campaign.remade import remake
from podium.campaign.submission import filing
from podium.campaign.submission.filing import predict_missing, reserve
from podium.campaign.submission.reconcile import reconcile
from podium.campaign.submission.sending import Submitted
from podium.campaign.submission.submit import submit
from podium.campaign.submission.worth import SPACED
from podium.cli import making
from podium.errors import InvalidPredictions, Refused
from podium.platforms.platform import AmbiguousSend, Quota, RemoteSubmission
from podium.records import Findings, Recipe
from podium.registry import invalidation
from podium.report.seats import seat_values
from podium.team.scripted import ScriptedSeat
from podium.testing.fake_executor import FakeExecutor

Answer = Literal["yes", "lost before", "lost after", "no", "killed before", "killed after"]


class Killed(BaseException):
    """As kill -9: nothing catches it."""


@dataclass
class FakePlatform:
    """Accepts, refuses or falls silent as told, one answer a call; after the last answer it accepts."""

    has_list: bool = True
    limit: int | None = None
    answers: list[Answer] = field(default_factory=list)
    accepted: list[RemoteSubmission] = field(default_factory=list)
    asked: int = 0
    name: str = "fake"
    settles_s: float = 0.0

    def fetch(self, into: Path) -> Path:
        return into

    def submit(self, file: Path, tag: str, message: str) -> RemoteSubmission:
        self.asked += 1
        assert file.read_bytes(), "an empty file was sent"
        assert self.limit is None or len(self.accepted) < self.limit, "sent beyond the quota"
        answer = self.answers.pop(0) if self.answers else "yes"
        if answer == "no":
            raise Refused("the deadline is over")
        if answer == "killed before":
            raise Killed
        if answer == "lost before":
            raise AmbiguousSend("no answer")
        remote = RemoteSubmission(f"r{len(self.accepted)}", tag, "2026-01-01T00:00:00Z", "complete", public_score=0.7)
        self.accepted.append(remote)
        if answer == "lost after":
            raise AmbiguousSend("no answer")
        if answer == "killed after":
            raise Killed
        return remote

    def submissions(self) -> list[RemoteSubmission]:
        assert self.has_list, "asked for a list that there is not"
        return list(self.accepted)

    def quota(self) -> Quota | None:
        return None if self.limit is None else Quota(self.limit - len(self.accepted), "2026-01-02T00:00:00+00:00")

    def select(self, ids: Sequence[str]) -> bool:
        return False

    def leaderboard(self) -> list[tuple[str, float]]:
        return []


@pytest.fixture(scope="module")
def blended(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campaign whose first round has come as far as its blend."""
    engine = engine_of(copy_of(made, tmp_path_factory.mktemp("blended") / "c"))
    another_round(engine, 1, skill=0.2)
    engine.registry.close()
    return engine.campaign


def another_round(engine: Engine, number: int, skill: float, experiments: int = 1) -> None:
    assert isinstance(engine.executor, FakeExecutor)
    engine.executor.predictions = telling(engine, skill)
    phases.run(engine, number, add_experiments(engine, experiments, round_=number, cost_s=0.1))
    phases.verdicts(engine, number, phases.verify(engine, number))


@pytest.fixture
def start(blended: Path, tmp_path: Path) -> Callable[[FakePlatform], Engine]:
    """An engine on one copy of the campaign; called again it is the next engine after a crash."""

    def begin(platform: FakePlatform) -> Engine:
        folder = tmp_path / "c"
        engine = engine_of(folder if folder.exists() else copy_of(blended, folder), platform=platform)
        if (folder / "runs/E002").exists() or not list(folder.glob("runs/E001/holdout_*")):
            assert isinstance(engine.executor, FakeExecutor)
            engine.executor.predictions = telling(engine, 0.2)
        return engine

    return begin


LATER = 1 + SPACED
Start = Callable[[FakePlatform], Engine]


def state(engine: Engine) -> list[tuple[str, str]]:
    return [(row.tag, row.state) for row in engine.registry.submissions.all()]


def sent(result: Submitted) -> str:
    assert result.tag is not None, result.reason
    return result.tag


def test_a_submission_is_sent_once_and_stands(start: Start) -> None:
    engine = start(platform := FakePlatform())
    tag = sent(submit(engine, 1))
    assert state(engine) == [(tag, "confirmed")]
    assert [remote.tag for remote in platform.accepted] == [tag]
    assert engine.registry.submissions.all()[0].public_score == 0.7
    assert (engine.campaign / "submission.csv").read_text().startswith("id,died\n")
    assert submit(engine, 1).tag == tag, "the step is replayed"
    assert platform.asked == 1


@pytest.mark.parametrize("answer", ["killed before", "killed after"])
def test_a_crash_around_the_send_is_settled_by_the_list(start: Start, answer: Answer) -> None:
    platform = FakePlatform(answers=[answer])
    with pytest.raises(Killed):
        submit(start(platform), 1)
    engine = start(platform)
    reconcile(engine)
    again = submit(engine, 1)
    assert state(engine) == [(again.tag, "confirmed")]
    assert len(platform.accepted) == 1
    assert engine.registry.submissions.all()[0].public_score == 0.7
    assert again.reason == "the first valid submission", "as if there had been no crash"


CRASHES = ("write", "intend", "settle", "set_scores", "publish_standing", "event", "steps")


@pytest.mark.parametrize("where", CRASHES)
@pytest.mark.parametrize("after", [False, True])
def test_a_crash_at_any_statement_loses_and_repeats_nothing(
    start: Start, monkeypatch: pytest.MonkeyPatch, where: str, after: bool
) -> None:
    platform = FakePlatform()
    engine = start(platform)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        die_at(engine, patch, where, after)
        reconcile(engine)
        submit(engine, 1)
    engine = start(platform)
    reconcile(engine)
    result = submit(engine, 1)
    assert result.reason == "the first valid submission"
    assert state(engine) == [(sent(result), "confirmed")]
    assert len(platform.accepted) == 1
    standing = engine.registry.submissions.standing()
    assert standing is not None
    assert (engine.campaign / "submission.csv").read_bytes() == (engine.campaign / standing.file).read_bytes()


def die_at(engine: Engine, patch: pytest.MonkeyPatch, where: str, after: bool) -> None:
    """Just before, or just after, the named statement of a send."""
    from podium import whole
    from podium.campaign.submission import reconcile as module

    calls = 4 if where == "publish_standing" else 1  # each look at the platform's list ends with one
    if where in ("write", "publish_standing"):
        owner: object = whole if where == "write" else module
    elif where == "event":
        owner = engine
    elif where == "steps":
        owner, where = engine.registry.journal, "step"
    else:
        owner = engine.registry.submissions
    real = getattr(owner, where)

    def dying(*args: object, **kwargs: object) -> object:
        nonlocal calls
        if (where == "event" and args[0] != "submission") or (where == "step" and args[1] != "submit"):
            return real(*args, **kwargs)
        calls -= 1
        if calls:
            return real(*args, **kwargs)
        if after:
            real(*args, **kwargs)
        elif where == "step":
            args[3]()  # type: ignore[operator]  # the step's work is done, its record is not
        raise Killed

    patch.setattr(owner, where, dying)


@pytest.mark.parametrize("answer", ["lost before", "lost after"])
def test_an_ambiguous_send_is_settled_by_the_list_and_never_doubled(start: Start, answer: Answer) -> None:
    engine = start(platform := FakePlatform(answers=[answer]))
    tag = sent(submit(engine, 1))
    assert state(engine) == [(tag, "ambiguous")]
    reconcile(engine)
    assert state(engine) == [(tag, "confirmed" if answer == "lost after" else "failed")]
    finalise(engine, "experiments")
    assert state(engine) == [(tag, "confirmed")]
    assert [remote.tag for remote in platform.accepted] == [tag]


@pytest.mark.parametrize("answer", ["lost before", "lost after", "killed before", "killed after"])
def test_without_a_list_nothing_doubtful_is_ever_sent_again(start: Start, answer: Answer) -> None:
    platform = FakePlatform(has_list=False, answers=[answer])
    if answer.startswith("killed"):
        with pytest.raises(Killed):
            submit(start(platform), 1)
    else:
        submit(start(platform), 1)
    for _ in range(2):
        engine = start(platform)
        reconcile(engine)
        submit(engine, 1)
        finalise(engine, "experiments")
    assert platform.asked == 1
    assert [row.state for row in engine.registry.submissions.all()] == ["ambiguous"]
    if answer.startswith("killed"):
        said = [e.payload["message"] for e in engine.registry.events.newest(500) if e.kind == "warning"]
        assert any("--score" in message for message in said), "a person is asked, with the command to answer by"


def test_a_person_who_tells_the_score_settles_it(start: Start) -> None:
    engine = start(FakePlatform(has_list=False, answers=["lost after"]))
    tag = sent(submit(engine, 1))
    engine.registry.inbox.put("score", {"tag": tag, "score": 0.8})
    engine.attend()
    assert state(engine) == [(tag, "confirmed")]
    assert engine.registry.submissions.all()[0].public_score == 0.8


@pytest.mark.parametrize("wish", [True, False])
def test_an_uploader_of_ones_own_is_asked_and_may_wait(start: Start, wish: bool) -> None:
    engine = start(platform := FakePlatform())
    engine.seats = {**engine.seats, "uploader": ScriptedSeat({"submit": Findings("Too early.", (), wish)})}
    result = submit(engine, 1)
    assert submit(engine, 1) == result, "asked once"
    assert len(platform.accepted) == wish
    assert (result.reason == "held: the uploader waits: Too early.") == (not wish)
    assert finalise(engine, "experiments") is not None, "the end sends what is best"
    assert len(platform.accepted) == 1


def test_an_uploader_that_fails_is_replaced(start: Start) -> None:
    engine = start(platform := FakePlatform())
    engine.seats = {**engine.seats, "uploader": ScriptedSeat({})}
    sent(submit(engine, 1))
    assert len(platform.accepted) == 1
    [uploader] = [one for one in seat_values(engine.registry) if one["role"] == "uploader"] or [{}]
    assert uploader == {} or uploader["fell_back"] == {"submit": 1}


def test_a_quota_that_is_used_up_holds(start: Start) -> None:
    engine = start(platform := FakePlatform(limit=0))
    assert submit(engine, 1).tag is None
    assert (state(engine), platform.asked) == ([], 0)


def test_what_may_have_been_sent_counts_against_the_quota(start: Start) -> None:
    engine = start(platform := FakePlatform(has_list=False, limit=2, answers=["lost before"]))
    submit(engine, 1)
    another_round(engine, LATER, skill=0.6)
    assert "kept for the campaign's end" in submit(engine, LATER).reason
    assert platform.asked == 1
    for _ in range(2):
        finalise(engine, "experiments")
    assert platform.asked == 2, "the end's own, and no more"


def test_a_doubtful_one_waits_for_quota_before_it_is_sent_again(start: Start) -> None:
    platform = FakePlatform(limit=2, answers=["killed before"])
    with pytest.raises(Killed):
        submit(start(platform), 1)
    platform.accepted += [RemoteSubmission(f"r{n}", f"other {n}", "2026-01-01", "complete") for n in range(2)]
    engine = start(platform)
    reconcile(engine)
    assert [row.state for row in engine.registry.submissions.all()] == ["failed"], "it never arrived"
    assert "used up" in submit(engine, 1).reason
    platform.limit = 3
    finalise(engine, "experiments")
    assert [row.state for row in engine.registry.submissions.all()] == ["confirmed"]


def test_a_refusal_is_final_for_that_send_and_does_not_stand(start: Start) -> None:
    engine = start(FakePlatform(answers=["no"]))
    result = submit(engine, 1)
    assert (result.tag, result.reason) == (None, "held: the platform refused it")
    assert engine.registry.submissions.standing() is None
    assert not (engine.campaign / "submission.csv").exists()


def test_a_worse_estimate_never_replaces_a_better_one(start: Start) -> None:
    engine = start(platform := FakePlatform())
    first = sent(submit(engine, 1))
    another_round(engine, 2, skill=0.05)
    assert submit(engine, 2).reason.startswith("held: no gain")
    finalise(engine, "experiments")
    assert [remote.tag for remote in platform.accepted] == [first]


def test_a_better_blend_is_sent_and_each_keeps_its_own_file(start: Start) -> None:
    engine = start(platform := FakePlatform())
    first = sent(submit(engine, 1))
    another_round(engine, 2, skill=0.65)
    assert submit(engine, 2).reason.startswith("held: a gain"), "the blend still moves"
    another_round(engine, LATER, skill=0.7)
    second = sent(submit(engine, LATER))
    assert [remote.tag for remote in platform.accepted] == [first, second]
    rows = engine.registry.submissions.all()
    assert len({(engine.campaign / row.file).read_bytes() for row in rows}) == 2
    assert (engine.campaign / "submission.csv").read_bytes() == (engine.campaign / rows[1].file).read_bytes()


def test_the_best_blend_is_the_best_of_all_rounds_however_old(start: Start) -> None:
    engine = start(FakePlatform())
    best = blending.best_blend(engine)
    assert best is not None
    for number in range(2, 40):
        engine.registry.blends.add(dataclasses.replace(best, round=number, score=best.score - 0.1))
    found = blending.best_blend(engine)
    assert found is not None and found.round == 1


def test_the_vault_is_read_once_for_what_stands(contest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podium.competition.splits.VAULT_FROM", 400)
    monkeypatch.setattr("podium.competition.splits.VAULT_LEAST", 60)
    folder = making.open_or_create(str(contest / "public"), campaign=tmp_path / "c", experiments=1)
    engine = engine_of(folder)
    assert len(engine.dataset.vault)
    another_round(engine, 1, skill=0.3)
    submit(engine, 1)
    for _ in range(2):
        finalise(engine, "experiments")
    (row,) = engine.registry.blends.newest()
    assert row.vault_score is not None and row.vault_score > 0.6
    reads = engine.registry.database.rows("SELECT what FROM vault_reads")
    assert [read["what"] for read in reads] == ["blend", "tracking", "overfitting"]


def test_time_is_kept_for_what_the_end_must_still_predict(start: Start) -> None:
    engine = start(FakePlatform())
    engine.options = dataclasses.replace(engine.options, time_s=1000.0, experiments=None)
    engine.purse.options = engine.options
    executor = engine.executor
    assert isinstance(executor, FakeExecutor)
    executor.wall_s = 4.0
    submit(engine, 1)
    free = engine.purse.left_s() - engine.purse.work_left_s()
    another_round(engine, 2, skill=0.3)
    best = blending.best_blend(engine)
    assert best is not None and dict(best.weights)["E002"] > 0
    reserve(engine)
    kept = engine.purse.left_s() - engine.purse.work_left_s() - free
    assert kept == pytest.approx(5 * 4.0 / 2, abs=0.1), "five predictions of 4 s on two slots"


def test_where_neighbours_are_sought_predicting_takes_as_long_as_the_folds_did(start: Start) -> None:
    engine = start(FakePlatform())
    one, data = engine.registry.experiments.all()[0], engine.dataset
    lazy = dataclasses.replace(one, spec=dataclasses.replace(one.spec, recipe=Recipe("tabular", "knn", {}, {})))
    each = engine.n_folds * (len(data.test) + len(data.vault)) / len(data.train)
    assert filing._share(engine, lazy) == pytest.approx(each)
    assert filing._share(engine, one) == pytest.approx(filing.PREDICTS * max(1.0, each / filing.MANY))


def test_where_one_member_predicts_too_late_the_blend_of_the_others_is_sent(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = start(FakePlatform())
    submit(engine, 1)
    first = engine.registry.submissions.standing()
    another_round(engine, 2, skill=0.4, experiments=2)
    best = blending.best_blend(engine)
    assert best is not None and min(best.weights[one] for one in ("E002", "E003")) > 0
    predict_missing(engine, ["E002"])
    monkeypatch.setattr("podium.campaign.untrusted.to_send", lambda engine, row: best)  # the pool's would fail as well
    engine.options = dataclasses.replace(engine.options, time_s=1e-3, experiments=None)
    engine.purse.options = engine.options  # nothing more can run
    finalise(engine, "time")
    stands = engine.registry.submissions.standing()
    assert first is not None and stands is not None and first.expected is not None and stands.expected is not None
    assert stands.weights is not None and "E002" in stands.weights and "E003" not in stands.weights
    assert engine.task.gain(stands.expected, first.expected) > 0 > engine.task.gain(stands.expected, best.score)
    told = engine.registry.setting("expected")
    assert told is not None and told["final"] and told["expected"]["out_of_fold"] == stands.expected
    finalise(engine, "time")
    assert engine.registry.setting("expected") == told, "and the next engine says the same"


def test_what_was_predicted_and_does_not_hold_is_not_ready(start: Start) -> None:
    engine = start(FakePlatform())
    another_round(engine, 2, skill=0.4)
    predict_missing(engine, ["E001"])
    assert engine.registry.runs.has_holdout("E001") and not engine.registry.runs.has_holdout("E002")
    ready = blending.blend(engine, 2, predicted=True)
    assert ready is not None and set(ready.weights) == {"E001"}
    predict_missing(engine, ["E002"])
    one = next(run for run in engine.registry.runs.of("E002") if run.part.startswith("holdout_"))
    (engine.campaign / one.folder / "predictions.npy").write_bytes(b"changed")
    ready = blending.blend(start(FakePlatform()), 2, predicted=True)
    assert ready is not None and set(ready.weights) == {"E001"}


def test_parts_count_once_whatever_environment_they_ran_in(start: Start) -> None:
    engine = start(FakePlatform())
    predict_missing(engine, ["E001"])
    runs = engine.registry.runs
    held = [run for run in runs.of("E001") if run.part.startswith("holdout_")]
    with engine.registry.database.write() as db:
        db.execute("DELETE FROM runs WHERE key=?", (held[0].key,))
    runs.add(dataclasses.replace(held[1], key="of another environment"))
    assert not runs.has_holdout("E001")
    runs.add(held[0])
    runs.add(dataclasses.replace(runs.of("E001")[0], key="another", part="fold_1"))
    assert runs.has_holdout("E001")


def test_predictions_that_are_known_to_take_too_long_are_not_begun(start: Start) -> None:
    engine = start(FakePlatform())
    executor = engine.executor
    assert isinstance(executor, FakeExecutor)
    executor.wall_s, left = 4.0, iter([1e3, 1e3, 1e3, *[0.0] * 99])
    with pytest.raises(InvalidPredictions, match="work time was over"):
        predict_missing(engine, ["E001"], lambda: next(left))  # some were made, and how long they took is known
    begun = len(engine.registry.database.rows("SELECT 1 FROM attempts WHERE folder LIKE '%/holdout%'"))
    assert begun and not engine.registry.runs.has_holdout("E001")
    with pytest.raises(InvalidPredictions, match=r"takes \d+ s more, 3 s are left"):
        predict_missing(engine, ["E001"], lambda: 3.0)
    assert len(engine.registry.database.rows("SELECT 1 FROM attempts WHERE folder LIKE '%/holdout%'")) == begun


def test_a_finished_campaign_finalises_again_without_a_trace(start: Start) -> None:
    engine = start(platform := FakePlatform())
    submit(engine, 1)
    finalise(engine, "experiments")
    before, place = engine.registry.export(), engine.registry.setting("state")
    engine = start(platform)
    reconcile(engine)
    assert finalise(engine, "experiments") == engine.campaign / "submission.csv"
    assert engine.registry.export() == before
    assert engine.registry.setting("state") == place
    assert place["round"] == 1


@pytest.mark.parametrize("over", [True, False])
def test_what_is_taken_back_after_the_end_is_replaced_by_a_sound_blend(start: Start, over: bool) -> None:
    engine = start(platform := FakePlatform())
    another_round(engine, 2, skill=0.25)
    finalise(engine, "experiments")
    tainted = engine.registry.submissions.standing()
    assert tainted is not None and set(tainted.weights) == {"E001", "E002"}
    assert all(row.weights["E001"] > 0 for row in engine.registry.blends.newest()), "no round's blend is sound"
    invalidation.invalidate(engine.registry, "E001", "it read the labels", higher_is_better=True)
    engine = start(platform)
    if over:
        engine.options = dataclasses.replace(engine.options, time_s=1e-3, experiments=None)
        engine.purse.options = engine.options
    finalise(engine, "time")
    standing = engine.registry.submissions.standing()
    assert standing is not None and dict(standing.weights) == {"E002": 1.0}
    assert (engine.campaign / "submission.csv").read_bytes() == (engine.campaign / standing.file).read_bytes()
    told = engine.registry.setting("expected")
    assert told is not None and told["expected"]["out_of_fold"] == standing.expected
    before = engine.registry.export()
    finalise(engine, "time")
    assert engine.registry.export() == before


def test_an_earlier_sound_file_stands_again_where_a_later_one_is_taken_back(start: Start) -> None:
    engine = start(platform := FakePlatform())
    submit(engine, 1)
    first = engine.registry.submissions.standing()
    another_round(engine, 2, skill=0.4)
    finalise(engine, "experiments")
    later = engine.registry.submissions.standing()
    assert first is not None and later is not None and later.tag != first.tag and "E002" in later.weights
    sent = len(platform.accepted)
    invalidation.invalidate(engine.registry, "E002", "it read the labels", higher_is_better=True)
    engine = start(platform)
    finalise(engine, "experiments")
    standing = engine.registry.submissions.standing()
    assert standing is not None and standing.tag == first.tag and len(platform.accepted) == sent
    assert (engine.campaign / "submission.csv").read_bytes() == (engine.campaign / first.file).read_bytes()


def test_where_nothing_sound_is_left_what_stands_stays(start: Start) -> None:
    engine = start(platform := FakePlatform())
    finalise(engine, "experiments")
    invalidation.invalidate(engine.registry, "E001", "it read the labels", higher_is_better=True)
    assert finalise(start(platform), "experiments") == engine.campaign / "submission.csv"
    assert len(platform.accepted) == 1


@pytest.mark.parametrize("predicted", [True, False])
def test_where_no_run_may_begin_a_blend_is_made_anew_of_what_has_predicted(start: Start, predicted: bool) -> None:
    engine = start(FakePlatform())
    another_round(engine, 2, skill=0.25, experiments=2)
    predict_missing(engine, ["E001", "E002"])
    invalidation.invalidate(engine.registry, "E001", "it read the labels", higher_is_better=True)
    remake(engine, ["E001"], predicted=predicted)
    anew = engine.registry.blends.of_round(2)
    assert anew is not None and set(anew.weights) == ({"E002"} if predicted else {"E002", "E003"})
