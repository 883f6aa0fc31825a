"""Does CV track the vault? The measure itself, and the check at a campaign's end."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from engine_world import add_experiments, engine_of, telling
from intake_competitions import write

from podium.campaign import phases
from podium.campaign.engine import Engine
from podium.campaign.finalise import finalise
from podium.campaign.submission.submit import submit
from podium.cli import making
from podium.metrics import get
from podium.metrics.uncertainty import estimate
from podium.referee.tracking import Sample, score_blocks, track
from podium.report.snapshot import snapshot
from podium.testing.fake_executor import FakeExecutor


def sample(n: int, noise: float, seed: int) -> Sample:
    """Values whose predictions are off by `noise`; the same rows for the same seed and n."""
    truth = np.random.default_rng([n, 1]).normal(size=n)
    return Sample(truth, [truth + noise * np.random.default_rng([n, seed]).normal(size=n)])


def members(skills: list[float], worse: float = 0.0) -> dict[str, tuple[Sample, Sample]]:
    return {f"E{k:03d}": (sample(6000, s, k), sample(1500, s + worse, k)) for k, s in enumerate(skills)}


def test_honest_cv_is_within_the_noise_and_ranks_alike() -> None:
    found = track(get("rmse"), members([0.5, 0.6, 0.8, 1.0]), None, 1500)
    assert not found.alarm and found.flatters is not None and found.stderr is not None
    assert abs(found.flatters) < 3 * found.stderr
    assert found.tau == 1.0 and found.tau_low == pytest.approx(1.0) and "within the noise" in found.message


@pytest.mark.parametrize(("worse", "verb"), [(0.2, "flatters"), (-0.2, "understates")])
def test_a_gap_beyond_the_noise_is_an_alarm(worse: float, verb: str) -> None:
    found = track(get("rmse"), members([0.5, 0.6, 0.8], worse), None, 1500)
    assert found.alarm and verb in found.message and "more than noise allows" in found.message
    assert found.flatters is not None and found.flatters * worse > 0
    assert all(one.flatters * worse > 0 for one in found.members)


def test_direction_does_not_turn_the_gap() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 4000)

    def scored(rows: slice, skill: float) -> Sample:
        score = skill * truth[rows] + np.random.default_rng(3).normal(size=len(truth[rows]))
        return Sample(truth[rows], [score[:, None]])

    found = track(get("auc"), {"E001": (scored(slice(0, 3000), 3.0), scored(slice(3000, 4000), 1.0))}, None, 1000)
    assert found.alarm and found.flatters is not None and found.flatters > 0 and found.tau is None
    assert "too few to compare ranks" in found.message


def test_equal_members_have_a_wide_interval() -> None:
    found = track(get("rmse"), members([0.7] * 6), None, 1500)
    assert found.tau_low is not None and found.tau_high is not None and found.tau is not None
    assert found.tau_high - found.tau_low > 0.3 and -1 <= found.tau_low <= found.tau_high <= 1


@pytest.mark.parametrize("metric", ["rmse", "r2"])
def test_the_error_of_a_score_is_the_metrics_own(metric: str) -> None:
    one = sample(4000, 0.5, 1)
    ours, theirs = score_blocks(get(metric), one), estimate(get(metric), one.truth, one.decided[0])
    assert ours.value == theirs.value and math.isclose(ours.stderr, theirs.stderr, rel_tol=0.5)


def test_groups_are_the_sampling_units() -> None:
    truth = np.repeat(np.random.default_rng(0).normal(size=100), 40)
    shift = np.repeat(np.random.default_rng(1).normal(size=100), 40)
    rows = score_blocks(get("rmse"), Sample(truth, [truth + shift]))
    grouped = score_blocks(get("rmse"), Sample(truth, [truth + shift], np.arange(4000) // 40))
    assert grouped.stderr > 2 * rows.stderr


def test_it_is_the_same_each_time() -> None:
    assert track(get("rmse"), members([0.5, 0.6, 0.8]), None, 9) == track(
        get("rmse"), members([0.5, 0.6, 0.8]), None, 9
    )


# ---------------------------------------------------------------- at a campaign's end


@pytest.fixture
def vaulted(contest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setattr("podium.competition.splits.VAULT_FROM", 400)
    monkeypatch.setattr("podium.competition.splits.VAULT_LEAST", 200)
    folder = making.open_or_create(str(contest / "public"), campaign=tmp_path / "c", experiments=4)
    engine = engine_of(folder)
    assert len(engine.dataset.vault) == 200
    return engine


def play(engine: Engine, predictions: Any, rounds: int = 4) -> None:
    for number in range(1, rounds + 1):
        assert isinstance(engine.executor, FakeExecutor)
        engine.executor.predictions = predictions
        phases.run(engine, number, add_experiments(engine, 1, round_=number, cost_s=0.1))
        phases.verdicts(engine, number, phases.verify(engine, number))
        submit(engine, number)


def test_the_end_compares_cv_with_the_vault(vaulted: Engine) -> None:
    play(vaulted, telling(vaulted, 0.2))
    finalise(vaulted, "experiments")
    found = snapshot(vaulted.campaign)["cv_vault"]
    assert found["n_vault"] == 200 and not found["alarm"], found["message"]
    assert len(found["members"]) == 4, "those the blend left out are predicted for this"
    assert found["tau"] is not None and "auc" in found["message"]
    page = (vaulted.campaign / "report.html").read_text() if (vaulted.campaign / "report.html").exists() else ""
    assert not page or "CV and the vault" in page
    reads = [row["what"] for row in vaulted.registry.database.rows("SELECT what FROM vault_reads")]
    finalise(vaulted, "experiments")
    assert [row["what"] for row in vaulted.registry.database.rows("SELECT what FROM vault_reads")] == reads


def test_an_overfitted_cv_is_told(vaulted: Engine) -> None:
    """Solutions that know the training rows' labels, and not the vault's."""
    known, blind = telling(vaulted, 0.6), telling(vaulted, 0.0)
    vault = set(vaulted.dataset.vault.tolist())

    def cheating(run: Any) -> Any:
        inside = np.array([row in vault for row in run.rows.tolist()])
        return np.where(inside[:, None], blind(run), known(run))

    play(vaulted, cheating, rounds=2)
    finalise(vaulted, "experiments")
    found = snapshot(vaulted.campaign)["cv_vault"]
    assert found["alarm"] and "flatters" in found["message"]
    warnings = [e.payload["message"] for e in vaulted.registry.events.after(0) if e.kind == "warning"]
    assert any("more than noise allows" in message for message in warnings)


def test_forward_folds_have_a_model_that_ends_before_the_vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("podium.competition.splits.VAULT_FROM", 400)
    monkeypatch.setattr("podium.competition.splits.VAULT_LEAST", 150)
    rng = np.random.default_rng(0)
    day = np.sort(rng.integers(0, 300, 2000))
    dates = [f"{np.datetime64('2020-01-01') + int(d)}" for d in day]
    frame = pl.DataFrame({"id": np.arange(2000), "when": dates, "x": rng.random(2000), "y": rng.random(2000)})
    later = pl.Series(day >= 260)
    folder = write(tmp_path / "f", frame.filter(~later), frame.filter(later).drop("y"), metric="RMSE")
    engine = engine_of(making.open_or_create(str(folder), campaign=tmp_path / "c", experiments=2))
    data = engine.dataset
    assert engine.competition.cv_strategy == "forward" and len(data.vault) >= 150
    play(engine, telling(engine, 0.3), rounds=2)
    assert engine.registry.blends.newest()[-1].vault_score is None
    finalise(engine, "experiments")
    runs = [run for e in ("E001", "E002") for run in engine.registry.runs.of(e) if run.part == "vault"]
    assert len(runs) == 2
    with np.load(engine.campaign / runs[0].folder / "rows.npz") as rows:
        assert set(rows["train"]) == set(data.train) and set(rows["predict"]) == set(data.vault)
    found = snapshot(engine.campaign)
    assert found["cv_vault"]["vault"] == found["blend"]["vault_score"] and not found["cv_vault"]["alarm"]


def test_without_time_only_what_is_there_is_compared(vaulted: Engine) -> None:
    play(vaulted, telling(vaulted, 0.2), rounds=3)
    vaulted.options = dataclasses.replace(vaulted.options, time_s=0.5, experiments=None)
    vaulted.purse.options = vaulted.options
    assert isinstance(vaulted.executor, FakeExecutor)
    before = len(vaulted.executor.started)
    finalise(vaulted, "time")
    assert len(vaulted.executor.started) == before
    assert snapshot(vaulted.campaign)["cv_vault"]["message"]


def test_without_a_vault_it_says_so(contest: Path, tmp_path: Path) -> None:
    folder = making.open_or_create(str(contest / "public"), campaign=tmp_path / "c", experiments=1)
    engine = engine_of(folder)
    play(engine, telling(engine, 0.2), rounds=1)
    finalise(engine, "experiments")
    found = snapshot(folder)["cv_vault"]
    assert found["n_vault"] == 0 and "no vault was cut" in found["message"] and not found["alarm"]
