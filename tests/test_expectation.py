"""A campaign's end: the vault chooses once, the expected private score is stated, overfitting is shown."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_world import add_experiments, engine_of, telling

from podium.campaign import blending, decide, phases
from podium.campaign.decide import Verified
from podium.campaign.engine import Engine
from podium.campaign.estimates import expectation, finalists
from podium.campaign.finalise import finalise
from podium.campaign.submission.submit import submit
from podium.cli import making
from podium.records import to_json
from podium.registry import invalidation
from podium.registry.blends import BlendRow
from podium.report.figures import expected_text
from podium.report.page import render
from podium.report.snapshot import snapshot
from podium.testing.fake_executor import FakeExecutor


def play(engine: Engine, skills: list[float], first: int = 1) -> None:
    for number, skill in enumerate(skills, first):
        assert isinstance(engine.executor, FakeExecutor)
        engine.executor.predictions = telling(engine, skill)
        phases.run(engine, number, add_experiments(engine, 1, round_=number, cost_s=0.1))
        phases.verdicts(engine, number, unprobed(engine, number))
        submit(engine, number)


def unprobed(engine: Engine, number: int) -> tuple[Verified, ...]:
    """Scores alone: fake predictions know the truth, as no probe of features would let them."""
    done = [one for one in engine.registry.experiments.of_round(number) if one.status == "done"]
    found = decide.verify(engine, done)
    for one in found:
        engine.registry.experiments.set_score(one.id, one.scored.score, one.scored.stderr, one.scored.fold_scores)
    return tuple(dataclasses.replace(one, alarms=()) for one in found)


@pytest.fixture
def plain(contest: Path, tmp_path: Path) -> Engine:
    return engine_of(making.open_or_create(str(contest / "public"), campaign=tmp_path / "c", experiments=6))


@pytest.fixture
def vaulted(contest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setattr("podium.competition.splits.VAULT_FROM", 400)
    monkeypatch.setattr("podium.competition.splits.VAULT_LEAST", 200)
    engine = engine_of(making.open_or_create(str(contest / "public"), campaign=tmp_path / "c", experiments=6))
    assert len(engine.dataset.vault) == 200
    return engine


def test_it_is_stated_while_the_campaign_runs_and_at_its_end(plain: Engine) -> None:
    play(plain, [0.2, 0.25])
    early = snapshot(plain.campaign)["expected_private"]
    assert not early["final"] and early["low"] < early["score"] < early["high"]
    finalise(plain, "experiments")
    found = snapshot(plain.campaign)["expected_private"]
    assert found["final"] and found["vault"] is None and found["n_test"] == len(plain.dataset.test)
    assert "mean of the fold models" in {shift["name"] for shift in found["shifts"]} or found["shifts"] is not None
    assert found["low"] < found["score"] < found["high"]
    assert expected_text(found).startswith("expected private score 0.") and "(90 %: 0." in expected_text(found)
    page = render(plain.campaign)
    assert "What to expect of the private score" in page and "Adaptive overfitting" in page


def test_the_vault_has_its_say_and_is_read_once(vaulted: Engine) -> None:
    play(vaulted, [0.2, 0.22, 0.25])
    finalise(vaulted, "experiments")
    now = snapshot(vaulted.campaign)
    found, choice = now["expected_private"], now["choice"]
    assert found["vault"] is not None and 0 < found["weight"] < 1
    assert choice["finalists"][0]["name"] == "blend" and choice["n_vault"] == 200
    rounds = now["overfitting"]["rounds"]
    assert [one["round"] for one in rounds] == [1, 2, 3] and rounds[-1]["vault"] is not None
    assert rounds[-1]["flatters"] == pytest.approx(rounds[-1]["score"] - rounds[-1]["vault"])
    reads = [tuple(row) for row in vaulted.registry.database.rows("SELECT what, score FROM vault_reads")]
    finalise(vaulted, "experiments")
    assert [tuple(row) for row in vaulted.registry.database.rows("SELECT what, score FROM vault_reads")] == reads
    again = snapshot(vaulted.campaign)
    assert again["expected_private"] == found and again["choice"] == choice
    assert "The vault’s choice" in render(vaulted.campaign)


def test_an_overfitted_blend_is_not_what_is_promised(vaulted: Engine) -> None:
    """Solutions that know the training rows' labels: out of fold they shine, in the vault and in test they do not."""
    known, blind = telling(vaulted, 0.6), telling(vaulted, 0.05)
    train = set(vaulted.dataset.train.tolist())

    def cheating(run: Any) -> Any:
        inside = np.array([row in train for row in run.rows.tolist()])
        return np.where(inside[:, None], known(run), blind(run))

    assert isinstance(vaulted.executor, FakeExecutor)
    vaulted.executor.predictions = cheating
    phases.run(vaulted, 1, add_experiments(vaulted, 1, round_=1, cost_s=0.1))
    phases.verdicts(vaulted, 1, unprobed(vaulted, 1))
    finalise(vaulted, "experiments")
    found = snapshot(vaulted.campaign)["expected_private"]
    assert found["weight"] > 0.9 and found["high"] < found["out_of_fold"]
    assert abs(found["score"] - found["vault"]) < 0.05


def test_the_vault_displaces_a_leader_that_is_worse_there(vaulted: Engine) -> None:
    """The leader memorised the training rows; the best single of an earlier round did not."""
    play(vaulted, [0.45])
    known, blind = telling(vaulted, 0.8), telling(vaulted, 0.0)
    train = set(vaulted.dataset.train.tolist())

    def cheating(run: Any) -> Any:
        inside = np.array([row in train for row in run.rows.tolist()])
        return np.where(inside[:, None], known(run), blind(run))

    assert isinstance(vaulted.executor, FakeExecutor)
    honest = vaulted.executor.predictions
    vaulted.executor.predictions = lambda run: cheating(run) if run.experiment == "E002" else honest(run)
    phases.run(vaulted, 2, add_experiments(vaulted, 1, round_=2, cost_s=0.1))
    phases.verdicts(vaulted, 2, unprobed(vaulted, 2))
    leader = blending.best_blend(vaulted)
    assert leader is not None and leader.weights.get("E002", 0) > 0.5
    finalise(vaulted, "experiments")
    choice = snapshot(vaulted.campaign)["choice"]
    assert choice["chosen"] == "blend of round 1" and "better than blend" in choice["reason"]
    warnings = [e.payload["message"] for e in vaulted.registry.events.after(0) if e.kind == "warning"]
    assert any("the vault chose" in message for message in warnings)
    standing = vaulted.registry.submissions.standing()
    assert standing is not None and standing.expected != leader.score


def test_the_finalists_differ(vaulted: Engine) -> None:
    play(vaulted, [0.2, 0.22, 0.25])
    rows = blending.blends_by_score(vaulted)
    found = finalists.finalists(vaulted, rows)
    weights = [dict(row.weights) for row in found.values()]
    assert next(iter(found)) == "blend" and all(weights.count(one) == 1 for one in weights)
    assert len(found) <= 2 + 1 + finalists.RUNNERS_UP
    assert all(np.isfinite(expectation.robustness(vaulted, row)) for row in found.values())


def test_another_seed_is_never_champion(plain: Engine) -> None:
    play(plain, [0.2])
    (first,) = plain.registry.experiments.of_round(1)
    assert isinstance(plain.executor, FakeExecutor)
    plain.executor.predictions = telling(plain, 0.6)
    (second,) = add_experiments(plain, 1, round_=2, cost_s=0.1)
    spec = dataclasses.replace(second.spec, operator="replicate", parents=(first.id,), seed_offset=1)
    with plain.registry.database.write() as db:
        from podium.records import dumps

        db.execute("UPDATE experiments SET spec=? WHERE id=?", (dumps(spec), second.id))
    phases.run(plain, 2, plain.registry.experiments.of_round(2))
    decision = decide.judge(plain, unprobed(plain, 2))
    assert decision.champion == first.id
    (judged,) = decision.judged
    assert judged.verdict == "pooled" and judged.level is None and judged.paired is not None
    phases.verdicts(plain, 2, unprobed(plain, 2))
    assert plain.registry.experiments.challengers() == []


def test_challengers_are_counted_as_a_stream(plain: Engine) -> None:
    play(plain, [0.2, 0.2, 0.45])
    assert len(plain.registry.experiments.challengers()) == 2
    assert plain.registry.experiments.champion() == "E003", "a real gain is found"


def test_what_is_stated_is_json(plain: Engine) -> None:
    play(plain, [0.2])
    row = blending.best_blend(plain)
    assert row is not None
    stated = expectation.state(plain, row, final=False)
    assert plain.registry.setting(expectation.SETTING) == to_json(stated)


def test_a_blend_that_was_judged_on_some_rows_is_the_less_certain(plain: Engine) -> None:
    play(plain, [0.2])
    row = blending.best_blend(plain)
    assert row is not None
    n = blending.blend_of(row).n_rows
    some = dataclasses.replace(row, detail={**row.detail, "n_rows": n // 4})
    whole, fewer = (expectation.expectation(plain, one, final=False) for one in (row, some))
    assert (fewer.score, fewer.stderr) == (whole.score, pytest.approx(2 * whole.stderr, rel=0.02))
    assert [shift.name for shift in fewer.shifts][-1] == "judged on some of the rows"


def test_a_campaign_that_is_extended_asks_the_vault_for_its_new_leader(vaulted: Engine) -> None:
    play(vaulted, [0.2])
    finalise(vaulted, "experiments")
    first = vaulted.registry.setting(finalists.SETTING)
    play(vaulted, [0.4], first=2)
    finalise(vaulted, "experiments")
    again = vaulted.registry.setting(finalists.SETTING)
    assert first["leader"] == 1 and again["leader"] == 2
    assert snapshot(vaulted.campaign)["expected_private"]["round"] == 2
    assert [one["round"] for one in snapshot(vaulted.campaign)["overfitting"]["rounds"]] == [1, 2]


def test_the_vault_is_asked_anew_where_what_it_chose_rests_on_is_gone(vaulted: Engine) -> None:
    play(vaulted, [0.2, 0.22, 0.4])
    registry = vaulted.registry

    def chosen() -> finalists.Chosen:
        found = finalists.choose_finalist(vaulted, lambda: 1e9)
        assert found is not None
        return found

    def alone(id_: str) -> BlendRow:
        row = blending.blended(vaulted, 3, {id_: vaulted.store.oof(id_)})
        return dataclasses.replace(row, score=0.99)  # it leads

    first = chosen()
    assert chosen() == first, "asked once"
    registry.blends.replace(alone("E003"))
    anew = chosen()
    assert dict(anew.leading) == {"E003": 1.0} != dict(first.leading), "the same round, another blend"
    registry.set(finalists.SETTING, to_json(dataclasses.replace(anew, name="best single", row=alone("E001"))))
    assert chosen().name == "best single"
    invalidation.invalidate(registry, "E001", "it read the labels", higher_is_better=True)
    assert chosen().row.weights.get("E001", 0.0) == 0
