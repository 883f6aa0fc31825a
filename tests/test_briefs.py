"""What a role is told: figures from the registry, and no more of them in round 200 than in round 20."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine_world import add_experiments, copy_of, engine_of, telling

from podium.campaign import briefs, phases, solutions
from podium.campaign.engine import Engine
from podium.records import ExperimentSpec, dumps
from podium.registry.blends import BlendRow
from podium.registry.experiments import Experiment
from podium.team.builtin import BuiltinSeat
from podium.testing.fake_executor import FakeExecutor


@pytest.fixture
def engine(made: Path, tmp_path: Path) -> Engine:
    return engine_of(copy_of(made, tmp_path / "c"))


def fill(engine: Engine, count: int) -> None:
    """`count` rounds of one scored experiment and one blend each, without runs."""
    first = engine.registry.experiments.count() + 1
    with engine.registry.database.write():
        for number in range(first, first + count):
            id_ = f"E{number:03d}"
            spec = ExperimentSpec(f"idea {number}", "because", "draft", f"family{number % 7}")
            engine.registry.experiments.add(Experiment(id_, number, spec, 0, f"{number:016x}", "sha", True, 2.0))
            engine.registry.experiments.set_status(id_, "done")
            engine.registry.experiments.set_score(id_, number / 2000, 0.01, (0.5,) * 5)
            engine.registry.experiments.set_verdict(id_, "invalid" if number % 50 == 0 else "pooled", None, ())
            engine.registry.blends.add(BlendRow(number, {id_: 1.0}, "rank", number / 2000, 0.01, None, {}))


def test_a_brief_is_flat_as_rounds_pile_up(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(briefs, "_correlations", lambda engine: {})  # there are no predictions
    fill(engine, 100)
    small = briefs.gather(engine, 101)
    fill(engine, 1100)
    large = briefs.gather(engine, 1201)
    assert (small.n_experiments, large.n_experiments) == (100, 1200)
    assert len(large.experiments) <= briefs.BEST + briefs.NEWEST
    assert len(large.blends) == 20 and large.blends[-1].round == 1200
    assert len(large.families) == 7
    marks = sum(len(mark) + 3 for mark in large.fingerprints) - sum(len(mark) + 3 for mark in small.fingerprints)
    assert len(dumps(large)) - marks < 1.1 * len(dumps(small)), "only the marks of what was tried may pile up"


def test_our_own_team_remembers_what_failed_long_ago(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(briefs, "_correlations", lambda engine: {})
    fill(engine, 150)
    told = briefs.brief(engine, 151, "plan", "builder").facts  # which is our own here
    assert [e.id for e in told.experiments] == [f"E{number:03d}" for number in range(1, 151)]
    assert len(told.blends) == 150
    fill(engine, 300)
    told = briefs.brief(engine, 451, "plan", "builder").facts
    assert len(told.experiments) <= briefs.BEST + briefs.REMEMBERED and len(told.blends) == briefs.REMEMBERED
    engine.seats = {**engine.seats, "builder": BuiltinSeat()}  # another mind, which reads it as text
    assert len(briefs.brief(engine, 451, "plan", "builder").facts.experiments) <= briefs.BEST + briefs.NEWEST


def test_the_newest_are_the_newest_beyond_the_thousandth(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(briefs, "_correlations", lambda engine: {})
    fill(engine, 1005)
    told = [experiment.id for experiment in briefs.gather(engine, 1006).experiments]
    assert told[-briefs.NEWEST :] == [f"E{number:03d}" for number in range(986, 1006)]


def test_solutions_and_experiments_stay_together_beyond_the_thousandth(engine: Engine) -> None:
    fill(engine, 998)
    built = add_experiments(engine, 3, round_=2000)
    assert [experiment.id for experiment in built] == ["E999", "E1000", "E1001"]
    for experiment in built:
        assert experiment.id in solutions.ensure(engine, experiment)


def play(engine: Engine, rounds: int) -> None:
    assert isinstance(engine.executor, FakeExecutor)
    for number in range(1, rounds + 1):
        engine.executor.predictions = telling(engine, 0.1 + 0.02 * number)
        phases.run(engine, number, add_experiments(engine, 1, round_=number, cost_s=0.5))
        phases.verdicts(engine, number, phases.verify(engine, number))


def test_figures_come_from_the_registry(engine: Engine) -> None:
    play(engine, 3)
    told = briefs.brief(engine, 4, "plan", "builder")
    assert (told.id, told.phase, told.role) == ("R04_plan", "plan", "builder")
    facts = told.facts
    rows = {row.id: row for row in engine.registry.experiments.all()}
    assert [e.id for e in facts.experiments] == ["E001", "E002", "E003"]
    assert all(e.score == rows[e.id].score and e.verdict == rows[e.id].verdict for e in facts.experiments)
    assert facts.champion in rows
    assert facts.noise_floor > 0
    assert {b.round for b in facts.blends} == {1, 2, 3}
    weights = engine.registry.blends.last()
    assert weights is not None
    assert {e.id: e.blend_weight for e in facts.experiments if e.blend_weight} == dict(weights.weights)
    assert set(facts.correlations) == set(rows)
    champion = next(e for e in facts.experiments if e.id == facts.champion)
    assert champion.correlation == pytest.approx(1.0)


def test_where_experiments_are_counted_no_figure_was_measured_by_a_clock(engine: Engine) -> None:
    assert isinstance(engine.executor, FakeExecutor)
    engine.executor.wall_s = 7.0
    play(engine, 2)
    facts = briefs.gather(engine, 3)
    assert {e.cost_s for e in facts.experiments} == {0.5}
    assert facts.budget.speed == 1.0 and facts.budget.time_left_s is None


def test_where_time_decides_costs_are_measured(made: Path, tmp_path: Path) -> None:
    options = {"time_s": 10_000.0, "experiments": None}
    engine = engine_of(copy_of(made, tmp_path / "c"), FakeExecutor(wall_s=0.4), options=options)
    play(engine, 2)
    facts = briefs.gather(engine, 3)
    assert [e.cost_s for e in facts.experiments] == pytest.approx([2.0, 2.0])  # five folds of 0.4 s
    assert facts.budget.speed == pytest.approx(4.0)  # over an estimate of 0.5 s


def test_notes_from_people_reach_the_roles(engine: Engine) -> None:
    engine.registry.inbox.put("note", {"role": "builder", "text": "try logs"})
    assert briefs.gather(engine, 1).notes == ("builder: try logs",)
