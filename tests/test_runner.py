from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_world import add_experiments, copy_of, engine_of, telling
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from podium import referee
from podium.campaign import blending, briefs, loop, phases
from podium.campaign.engine import Engine, Stopped
from podium.campaign.pace import Pace
from podium.campaign.runner import MAX_LOST, Runner, outcome
from podium.campaign.tracks import Track, fold_track
from podium.errors import InvalidPredictions
from podium.records import Recipe
from podium.registry.database import Database
from podium.testing.fake_executor import FakeExecutor, FakeRun, Outcome


@pytest.fixture
def engine(made: Path, tmp_path: Path) -> Engine:
    return engine_of(copy_of(made, tmp_path / "c"))


def executor_of(engine: Engine) -> FakeExecutor:
    assert isinstance(engine.executor, FakeExecutor)
    return engine.executor


def played(engine: Engine, count: int = 1) -> list[Track]:
    tracks = [fold_track(engine, experiment) for experiment in add_experiments(engine, count)]
    Runner(engine).play(tracks)
    return tracks


def test_all_folds_of_an_experiment_become_its_oof(engine: Engine) -> None:
    (track,) = played(engine)
    assert track.status == "done"
    assert [run.part for run in engine.registry.runs.of("E001")] == [f"fold_{k}" for k in range(1, 6)]
    assert np.isfinite(engine.store.oof("E001")).all()
    assert engine.registry.runs.open_attempts() == []


def test_the_longest_experiment_of_a_round_begins_first(engine: Engine) -> None:
    """Begun last it would end alone, on one slot."""
    add_experiments(engine, 3)
    with engine.registry.database.write() as db:
        db.execute("UPDATE experiments SET static_cost_s=1e6 WHERE id='E002'")
    phases.run(engine, 1, engine.registry.experiments.of_round(1))
    order = list(dict.fromkeys(name.split("/")[0] for name in executor_of(engine).started))
    assert order == ["E002", "E001", "E003"]


def test_labels_do_not_outlive_their_run(engine: Engine) -> None:
    executor_of(engine).outcome = lambda run: "error" if run.part == "fold_3" else "done"
    played(engine)
    assert list(engine.campaign.glob("runs/*/*/request.json"))
    assert not list(engine.campaign.glob("runs/*/*/labels.arrow"))


def test_an_error_fails_the_experiment_and_says_which_run(engine: Engine) -> None:
    executor_of(engine).outcome = lambda run: "error" if run.part in ("fold_4", "fold_2") else "done"
    (track,) = played(engine)
    assert (track.status, track.message) == ("failed", "fold_2: error: error as the test wishes")


@pytest.mark.parametrize("how", ["timeout", "memory"])
def test_a_limit_is_not_tried_again(engine: Engine, how: Outcome) -> None:
    executor_of(engine).outcome = lambda run: how
    (track,) = played(engine)
    assert track.status == "failed"
    assert len(executor_of(engine).started) == 5


def test_a_lost_run_is_tried_again_in_a_folder_of_its_own(engine: Engine) -> None:
    executor_of(engine).outcome = lambda run: "lost" if run.attempt < 3 else "done"
    (track,) = played(engine)
    assert track.status == "done"
    assert {Path(run.folder).name for run in engine.registry.runs.of("E001")} == {f"fold_{k}.3" for k in range(1, 6)}


def test_a_run_that_is_always_lost_is_given_up(engine: Engine) -> None:
    executor_of(engine).outcome = lambda run: "lost"
    (track,) = played(engine)
    assert track.status == "failed"
    assert len(executor_of(engine).started) == 5 * MAX_LOST


def test_where_time_decides_one_failure_ends_the_experiment(made: Path, tmp_path: Path) -> None:
    executor = FakeExecutor(outcome=lambda run: "error")
    engine = engine_of(copy_of(made, tmp_path / "c"), executor, options={"time_s": 1000.0, "experiments": None})
    (track,) = played(engine)
    assert track.status == "failed"
    assert len(executor.started) == 2  # the one that failed, and the one beside it that was cancelled
    assert engine.registry.runs.open_attempts() == []


def test_time_that_is_over_takes_what_is_recorded_and_starts_nothing(engine: Engine) -> None:
    played(engine)
    again = fold_track(engine, engine.registry.experiments.of_round(1)[0])
    Runner(engine, lambda: 0.0).play([again])
    assert again.status == "done"
    (new,) = (fold_track(engine, e) for e in add_experiments(engine, 1, round_=2))
    Runner(engine, lambda: 0.0).play([new])
    assert (new.status, new.message) == ("killed", "the work time was over")
    assert not any(name.startswith("E002") for name in executor_of(engine).started)


def test_runs_that_time_overtakes_are_cancelled_and_all_their_attempts_closed(engine: Engine) -> None:
    left = iter([10.0, -1.0])
    tracks = [fold_track(engine, experiment) for experiment in add_experiments(engine, 2)]
    Runner(engine, lambda: next(left)).play(tracks)
    assert {track.status for track in tracks} == {"killed"}
    assert engine.registry.runs.open_attempts() == []
    assert executor_of(engine).running == []


def test_a_stopped_engine_cancels_its_runs_and_a_resume_runs_them_anew(engine: Engine) -> None:
    tracks = [fold_track(engine, experiment) for experiment in add_experiments(engine, 1)]
    calls = iter(range(100))

    def stop_soon(run: FakeRun) -> Outcome:
        if next(calls) == 1:
            engine.registry.inbox.put("stop", {})
        return "done"

    executor_of(engine).outcome = stop_soon
    with pytest.raises(Stopped):
        Runner(engine).play(tracks)
    ends = [json.loads(p.read_text())["outcome"] for p in engine.campaign.glob("runs/E001/*/exit.json")]
    assert "cancelled" in ends
    resumed = engine_of(engine.campaign)
    track = fold_track(resumed, resumed.registry.experiments.of_round(1)[0])
    Runner(resumed).play([track])
    assert track.status == "done"


def test_a_run_of_another_environment_is_not_taken_for_this_one(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    played(engine)
    monkeypatch.setattr("podium.campaign.request.environment", lambda: "upgraded")
    again = fold_track(engine, engine.registry.experiments.of_round(1)[0])
    Runner(engine).play([again])
    assert again.status == "done"
    assert sorted(executor_of(engine).started)[:2] == ["E001/fold_1", "E001/fold_1.2"]


def test_an_edited_solution_is_put_back_before_it_is_executed(engine: Engine) -> None:
    (experiment,) = add_experiments(engine, 1)
    path = engine.solution_path("E001")
    track = fold_track(engine, experiment)
    path.write_text("raise SystemExit")
    Runner(engine).play([track])
    assert "def fit" in path.read_text()
    path.unlink()
    fold_track(engine, experiment)
    assert path.is_file()


def test_two_experiments_with_one_solution_have_runs_of_their_own(engine: Engine) -> None:
    tracks = played(engine, 2)
    assert {track.status for track in tracks} == {"done"}
    sources = [engine.solution_path(id_).read_text() for id_ in ("E001", "E002")]
    assert sources[0] != sources[1]  # told apart by their names alone; the keys do not rest on that
    with engine.registry.database.write() as db:
        db.execute("UPDATE experiments SET solution_sha='same'")
    keys = [decide_key(engine, id_) for id_ in ("E001", "E002")]
    assert keys[0] != keys[1]


def decide_key(engine: Engine, id_: str) -> str:
    from podium.campaign.request import Part, run_key

    experiment = engine.registry.experiments.get(id_)
    assert experiment is not None
    rows = np.arange(3)
    return run_key(engine, experiment, Part("fold_1", "fit", rows, rows, engine.dataset.features))


def test_the_gate_stops_what_cannot_gain_after_its_first_fold(engine: Engine) -> None:
    predictions = telling(engine, skill=0.8)
    executor_of(engine).predictions = lambda run: (
        predictions(run) if run.experiment == "E001" else 0.5 + 0 * predictions(run)
    )
    round_(engine, 1)
    assert engine.registry.experiments.champion() == "E001"
    round_(engine, 2)
    second = engine.registry.experiments.get("E002")
    assert second is not None
    assert second.status == "killed" and second.message.startswith("gate on fold 3")
    assert [name for name in executor_of(engine).started if name.startswith("E002")] == ["E002/fold_3"]


def test_without_a_champion_that_is_left_there_is_no_gate(engine: Engine) -> None:
    round_(engine, 1)
    (track,) = (fold_track(engine, experiment) for experiment in add_experiments(engine, 1, round_=2))
    assert track.gate_fold is not None
    engine.registry.inbox.put("invalidate", {"id": "E001", "reason": "it read the labels"})
    Runner(engine).play([track])
    assert engine.registry.experiments.champion() is None
    assert track.status == "done" and engine.registry.experiments.gate("E002") is None


def test_what_predicts_the_same_as_another_is_stopped_after_its_first_fold(engine: Engine) -> None:
    predictions = telling(engine)
    executor_of(engine).predictions = lambda run: predictions(dataclasses.replace(run, experiment="E001"))
    for number, recipe in enumerate(
        (Recipe("tabular", "lightgbm"), Recipe("tabular", "lightgbm", {"sums": True}), Recipe("tabular", "mlp")),
        start=1,
    ):
        add_experiments(engine, 1, round_=number, recipe=recipe)
        phases.run(engine, number, engine.registry.experiments.of_round(number))
        phases.verdicts(engine, number, phases.verify(engine, number))
    third = engine.registry.experiments.get("E003")
    assert third is not None and "predicts the same" not in third.message, "another model is no twin"
    second = engine.registry.experiments.get("E002")
    assert second is not None and second.status == "killed"
    assert second.message.startswith("gate on fold 3: predicts the same as E001")
    told = briefs.gather(engine, 3).experiments
    assert {one.id: one.twin for one in told} == {"E001": None, "E002": "E001", "E003": None}
    assert not any("behind" in one.notes for one in told if one.twin)


@pytest.mark.parametrize("time_s", [None, 10_000.0])
def test_an_experiment_owes_the_blend_its_share_of_the_time(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, time_s: float | None
) -> None:
    asked, judge = list[float](), referee.gate

    def spy(*given: Any, least: float = 0.0, **named: Any) -> referee.Gate:
        asked.append(least)
        return judge(*given, least=least, **named)

    monkeypatch.setattr(referee, "gate", spy)
    executor = FakeExecutor(wall_s=100.0)
    engine = engine_of(copy_of(made, tmp_path / "c"), executor, options={"time_s": time_s, "experiments": None})
    executor.predictions = telling(engine)
    for number in (1, 2, 3):
        round_(engine, number)
    assert len(asked) == 2 and asked[0] == 0, "nothing is known of the noise before two were compared"
    noise = engine.registry.experiments.paired_stderr("E001")
    assert noise is not None
    rest_s = 4 * 100.0 / 2  # four folds of 100 s on two slots
    assert asked[1] == (0 if time_s is None else pytest.approx(2 * noise * rest_s / time_s, rel=0.3))


def round_(engine: Engine, number: int) -> None:
    phases.run(engine, number, add_experiments(engine, 1, round_=number))
    phases.verdicts(engine, number, phases.verify(engine, number))


def test_a_resume_tells_no_verdict_twice(engine: Engine) -> None:
    round_(engine, 1)
    resumed = engine_of(engine.campaign)
    phases.verdicts(resumed, 1, phases.verify(resumed, 1))
    told = [event.payload for event in resumed.registry.events.after(0) if event.kind == "verdict"]
    assert told == [{"experiment": "E001", "verdict": "champion"}]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda run: np.full((len(run.rows), 1), np.nan),
        lambda run: np.full((len(run.rows), 1), 1.5),
        lambda run: np.full((len(run.rows) - 1, 1), 0.5),
        lambda run: np.full((len(run.rows), 3), 0.5),
        lambda run: np.array(["a"] * len(run.rows)),
        lambda run: np.full((len(run.rows), 1), 0.5, dtype=np.float32),
    ],
)
def test_predictions_that_are_not_valid_fail_the_experiment(engine: Engine, wrong: Callable[[FakeRun], Any]) -> None:
    executor_of(engine).predictions = wrong
    (track,) = played(engine)
    assert track.status == "failed"
    assert track.message.startswith("fold_1: ")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 a zip archive, which np.load would open",
        b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 1), }".ljust(127)
        + b"\n",
        b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (1, 1), }".ljust(127) + b"\n12345678",
    ],
)
def test_a_hostile_file_is_refused_without_being_allocated(engine: Engine, content: bytes) -> None:
    from podium.campaign.store import read_predictions

    path = engine.campaign / "predictions.npy"
    path.write_bytes(content)
    with pytest.raises(InvalidPredictions):
        read_predictions(path)


def test_a_file_that_changed_after_it_was_recorded_is_refused(engine: Engine) -> None:
    played(engine)
    run = engine.registry.runs.of("E001")[0]
    path = engine.campaign / run.folder / "predictions.npy"
    path.write_bytes(path.read_bytes()[:-8] + b"\0" * 8)
    with pytest.raises(InvalidPredictions, match="sha256"):
        engine.store.of_run(run, 1)
    path.unlink()
    with pytest.raises(InvalidPredictions, match="gone"):
        engine.store.of_run(run, 1)


def test_an_adopted_run_is_charged_for_the_time_that_no_engine_saw(engine: Engine) -> None:
    executor_of(engine).wall_s = 50.0
    track = fold_track(engine, *add_experiments(engine, 1))
    track.ready = track.ready[:2]  # both slots: their times overlap, and are charged once
    Runner(engine).play([track])
    assert 50.0 <= engine.clock.alive_s() < 60.0


# ---------------------------------------------------------------- order, and kills


class Killed(BaseException):
    """As kill -9 between two statements: nothing catches it."""


def fate(seed: int) -> Callable[[FakeRun], Outcome]:
    """Two experiments of four fail in some of their folds; the same ones, in whatever order they run."""

    def decide_(run: FakeRun) -> Outcome:
        rng = random.Random(f"{seed} {run.experiment} {run.part.partition('.')[0]}")
        return "error" if run.experiment in ("E002", "E003") and rng.random() < 0.5 and "fold" in run.part else "done"

    return decide_


def campaign(folder: Path, order: int) -> Engine:
    engine = engine_of(folder, FakeExecutor(outcome=fate(1), rng=random.Random(order)))
    executor_of(engine).predictions = telling(engine)
    return engine


@pytest.fixture(scope="module")
def calm(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    engine = campaign(copy_of(made, tmp_path_factory.mktemp("calm") / "c"), 0)
    assert loop.play(engine) is not None
    return engine.registry.export()


def test_the_calm_campaign_is_worth_comparing_with(calm: Any) -> None:
    assert [e["status"] for e in calm["experiments"]].count("failed") >= 1
    assert [e["status"] for e in calm["experiments"]].count("done") >= 2
    assert calm["submissions"] and calm["blends"]


@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(order=st.integers(1, 10**6))
def test_any_order_of_completion_gives_the_same_registry(
    made: Path, tmp_path_factory: pytest.TempPathFactory, calm: Any, order: int
) -> None:
    engine = campaign(copy_of(made, tmp_path_factory.mktemp("order") / "c"), order)
    loop.play(engine)
    assert engine.registry.export() == calm


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(kills=st.lists(st.integers(1, 250), min_size=1, max_size=4), before=st.booleans())
def test_a_kill_between_any_two_writes_changes_nothing(
    made: Path, tmp_path_factory: pytest.TempPathFactory, calm: Any, kills: list[int], before: bool
) -> None:
    """The engine dies just before or just after its n-th transaction; the next one goes on in the same folder."""
    folder = copy_of(made, tmp_path_factory.mktemp("kills") / "c")
    for order, number in enumerate(kills):
        with pytest.MonkeyPatch.context() as patch:
            dying(patch, number, before)
            try:
                loop.play(campaign(folder, order))
            except Killed:
                continue
            break
    engine = campaign(folder, 99)
    assert loop.play(engine) == folder / "submission.csv"
    assert engine.registry.export() == calm
    sent = list((folder / "outbox").glob("*.csv"))
    assert len(sent) == len(calm["submissions"])
    standing = engine.registry.submissions.standing()
    assert standing is not None
    assert (folder / "submission.csv").read_bytes() == (folder / standing.file).read_bytes()


def dying(patch: pytest.MonkeyPatch, number: int, before: bool) -> None:
    """From now on, the engine dies at its `number`-th transaction."""
    real, seen = Database.write, iter(range(1, 10**6))

    def write(self: Database) -> Any:
        if self._connection.in_transaction:
            return real(self)
        last = next(seen) >= number
        if last and before:
            raise Killed
        return ThenDie(real(self)) if last else real(self)

    patch.setattr(Database, "write", write)


class ThenDie:
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __enter__(self) -> Any:
        return self._inner.__enter__()

    def __exit__(self, *exc: Any) -> None:
        self._inner.__exit__(*exc)
        raise Killed


def test_a_paused_engine_waits_and_says_so(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def wait(seconds: float) -> None:
        seen.append(engine.registry.setting("state")["paused"])
        if len(seen) == 3:
            engine.registry.inbox.put("resume", {})

    monkeypatch.setattr("podium.campaign.engine.time.sleep", wait)
    engine.registry.inbox.put("pause", {})
    engine.enter(1, "plan")
    assert seen == [True, True, True]
    assert engine.registry.setting("state")["paused"] is False


def test_the_outcome_is_by_experiment(engine: Engine) -> None:
    tracks = played(engine, 2)
    assert outcome(tracks) == {id_: {"status": "done", "message": ""} for id_ in ("E001", "E002")}
    assert blending.best_blend(engine) is None


@pytest.mark.parametrize(("outcome", "experiments"), [("done", 1), ("timeout", 2)])
def test_a_slow_machine_is_seen_in_what_ended_and_in_what_was_stopped(
    made: Path, tmp_path: Path, outcome: Outcome, experiments: int
) -> None:
    executor = FakeExecutor(outcome=lambda run: outcome, wall_s=6.0)
    engine = engine_of(copy_of(made, tmp_path / "c"), executor, options={"time_s": 1000.0, "experiments": None})
    assert engine.pace() == Pace()
    Runner(engine).play([fold_track(engine, one) for one in add_experiments(engine, experiments, cost_s=10.0)])
    assert engine.pace().of("lightgbm") == pytest.approx(3.0)  # 6 s of the wall for a fold of 2
