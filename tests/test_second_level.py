"""A second level: what reads what others predict, how it is dealt, served, reproduced, and what falls with what it reads."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import probe_world
import pytest
from team_world import competition, data, facts, recipe, spec
from team_world import experiment as fact

from podium.campaign import blending, phases, serve, stacked
from podium.campaign.engine import Engine
from podium.campaign.estimates import vault
from podium.campaign.kernel import kernel
from podium.campaign.probes import probe_fits, probing, vetting
from podium.campaign.runner import Runner
from podium.campaign.store import PredictionStore
from podium.campaign.submission import filing
from podium.campaign.tracks import Track, fold_track
from podium.cli.main import main
from podium.execution.worker import declares
from podium.protocol import Column
from podium.recipes import catalog
from podium.recipes.source import solution
from podium.records import BlendFact, Budget, ExperimentFact, ExperimentSpec, Facts, Recipe
from podium.registry import invalidation
from podium.registry.experiments import Experiment
from podium.team.builtin import batch, checks, history, stacking
from podium.team.builtin.candidates import candidates, parents
from podium.team.builtin.expectation import Evidence
from podium.team.builtin.stock import shipped_catalog
from podium.testing.inline_executor import InlineExecutor

OTHER = probe_world.HONEST.replace("Ridge().fit", "Ridge(300.0).fit")
STRONG = probe_world.HONEST.replace(
    "return np.nan_to_num(numbers.to_numpy().astype(float))",
    "levels = [(frame['level'] == one).fill_null(False) for one in 'abcd']\n"
    "    return np.column_stack([np.nan_to_num(numbers.to_numpy().astype(float)), *levels])",
)
MANY = """
import numpy as np


def fit(train, ctx):
    return np.bincount(train.y, minlength=ctx.n_outputs) / len(train)


def predict(model, rows, ctx):
    tilt = np.nan_to_num(rows.frame()["x"].cast(float).to_numpy())[:, None] * np.arange(ctx.n_outputs)
    raw = model * np.exp(tilt)
    return raw / raw.sum(axis=1, keepdims=True)
"""
THIRD = probe_world.HONEST.replace("Ridge().fit", "Ridge(3000.0).fit")
QUICK = {"rounds": 20, "patience": 0, "learning_rate": 0.2, "num_leaves": 4, "min_data_in_leaf": 5}


def reader(
    engine: Engine, reads: Sequence[str], *, builtin: bool = True, source: str | None = None, round_: int = 2
) -> tuple[Experiment, Track]:
    """A second level on these, with its folds run, and the track they ran on."""
    made = Recipe("tabular", "second_level", {"models": list(reads)}, QUICK)
    text, id_ = (
        source or solution(made, "A second level", "they err apart"),
        f"E{engine.registry.experiments.count() + 1:03d}",
    )
    path = engine.solution_path(id_)
    path.parent.mkdir(parents=True)
    path.write_text(text)
    spec = ExperimentSpec(f"idea {id_}", "because", "stack", "second_level", tuple(reads), recipe=made)
    sha = hashlib.sha256(text.encode()).hexdigest()
    one = Experiment(id_, round_, spec, 7, f"f{id_}", sha, builtin, static_cost_s=1.0)
    engine.registry.experiments.add(one)
    track = fold_track(engine, one)
    Runner(engine).play([track])
    engine.registry.experiments.set_status(id_, track.status, track.message)
    return one, track


def based(tmp_path: Path, kind: str = "binary") -> Engine:
    """Two models in the pool."""
    engine = probe_world.engine_at(probe_world.competition(tmp_path, kind))
    sources = (MANY, MANY.replace("tilt)", "0.5 * tilt)")) if kind == "multiclass" else (probe_world.HONEST, OTHER)
    for source in sources:
        probe_world.experiment(engine, source)
    phases.verdicts(engine, 1, phases.verify(engine, 1))
    return engine


def features_of(engine: Engine, run: str) -> pl.DataFrame:
    request = json.loads((engine.campaign / "runs" / run / "request.json").read_text())
    return pl.read_ipc(request["features"])


# ---------------------------------------------------------------- what is dealt


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression", "grouped"])
def test_training_rows_have_what_was_predicted_out_of_fold(kind: str, tmp_path: Path) -> None:
    engine = based(tmp_path, kind)
    one, track = reader(engine, ("E001", "E002"))
    assert track.status == "done", track.message
    data, frame = engine.dataset, features_of(engine, "E003/fold_1")
    names = [column.name for column in stacked.columns(engine, one)]
    assert len(names) == 2 * engine.task.n_outputs() and frame.columns == [*data.frame().columns, *names]
    assert frame.drop(names).equals(data.frame())
    told = frame.select(names).to_numpy()
    wanted = np.hstack([engine.store.oof("E001"), engine.store.oof("E002")])
    np.testing.assert_allclose(told[data.train[engine.store.scored]], wanted, rtol=1e-6)
    assert np.isnan(told[np.concatenate([data.test, data.vault])]).all()  # nobody has predicted them yet
    schema = json.loads((engine.campaign / "runs/E003/fold_1/request.json").read_text())["context"]["schema"]
    assert [column["name"] for column in schema][-len(names) :] == names
    assert np.isfinite(engine.store.oof("E003")).all()
    engine.registry.close()


def test_test_rows_are_predicted_by_those_first_whom_it_reads(tmp_path: Path) -> None:
    engine = based(tmp_path)
    test = engine.dataset.test
    engine.dataset = replace(engine.dataset, test=test[:40], vault=np.sort(test[40:]))
    engine.store = PredictionStore(engine.campaign, engine.registry, engine.dataset, engine.task)
    reader(engine, ("E001", "E002"))
    assert isinstance(engine.executor, InlineExecutor)
    engine.executor.started.clear()
    filing.predict_missing(engine, ["E003"])
    order = [name.partition("/")[0] for name in engine.executor.started]
    assert set(order[:10]) == {"E001", "E002"} and order[10:] == ["E003"] * 5
    told = features_of(engine, "E003/holdout_1")["models:E002"].to_numpy()
    rows = np.concatenate([engine.dataset.test, engine.dataset.vault])
    np.testing.assert_allclose(told[rows], engine.store.holdout("E002")[:, 0], rtol=1e-6)
    assert np.isfinite(engine.store.holdout("E003")).all()
    engine.registry.close()


def test_it_learns_from_what_it_reads(tmp_path: Path) -> None:
    """Boosting alone does not find so much of what the strong one says."""
    engine = probe_world.engine_at(probe_world.competition(tmp_path, "regression"))
    probe_world.experiment(engine, STRONG)
    probe_world.experiment(engine, OTHER)
    phases.verdicts(engine, 1, phases.verify(engine, 1))
    reader(engine, ("E001", "E002"))
    blind = solution(Recipe("tabular", "lightgbm", {}, QUICK), "Boosting", "the table alone")
    reader(engine, (), source=blind)
    told, read, alone = (engine.store.oof(id_)[:, 0] for id_ in ("E001", "E003", "E004"))
    assert np.corrcoef(told, read)[0, 1] > np.corrcoef(told, alone)[0, 1] + 0.005
    engine.registry.close()


def test_a_lost_file_is_made_again_and_nothing_is_run_twice(tmp_path: Path) -> None:
    engine = based(tmp_path)
    one, _ = reader(engine, ("E001", "E002"))
    (path,) = (engine.campaign / stacked.FOLDER).iterdir()
    before = path.read_bytes()
    phases.learn(engine, 2)
    assert not path.exists(), "a round's end leaves none: each is the whole table once more"
    stacked.ensure(engine, one, path)
    assert path.read_bytes() == before
    assert isinstance(engine.executor, InlineExecutor)
    engine.executor.started.clear()
    Runner(engine).play([fold_track(engine, one)])
    assert engine.executor.started == []
    engine.registry.close()


def test_a_third_level_reads_the_second(tmp_path: Path) -> None:
    engine = based(tmp_path)
    two, _ = reader(engine, ("E001", "E002"))
    three, track = reader(engine, ("E001", "E003"), round_=3)
    assert track.status == "done", track.message
    found = stacked.levels(engine.registry, [three, two])
    assert [[one.id for one in level] for level in found] == [["E001", "E002"], ["E003"], ["E004"]]
    filing.predict_missing(engine, ["E004"])
    assert np.isfinite(engine.store.holdout("E004")).all()
    engine.registry.close()


# ---------------------------------------------------------------- what is refused


def test_who_may_not_read(tmp_path: Path) -> None:
    engine = based(tmp_path)
    probe_world.experiment(engine, THIRD, folds=2)
    refused = {
        "only solutions of the built-in builder": reader(engine, ("E001",), builtin=False)[1],
        "no experiment": reader(engine, ("E077",))[1],
        "E003, which predicted 2 of 5 folds": reader(engine, ("E001", "E003"))[1],
        "prepare": reader(engine, ("E001",), source=probe_world.HONEST + "\n\ndef prepare(rows, ctx):\n    pass\n")[1],
    }
    invalidation.invalidate(engine.registry, "E002", "leaks", higher_is_better=True)
    refused["E002, which is invalid"] = reader(engine, ("E002",))[1]
    for says, track in refused.items():
        assert track.status == "failed" and says in track.message
    assert engine.registry.experiments.get("E004").reads == ()  # type: ignore[union-attr]
    engine.registry.close()


def test_folds_that_look_forward_have_no_second_level(tmp_path: Path) -> None:
    engine = probe_world.engine_at(probe_world.competition(tmp_path, "timed"))
    assert engine.competition.looks_forward
    probe_world.experiment(engine, probe_world.HONEST)
    _, track = reader(engine, ("E001",))
    assert track.status == "failed" and "folds are forward" in track.message
    assert catalog.second_level(("E001",), engine.dataset.facts, engine.competition) is None
    engine.registry.close()


def test_the_solution_says_what_it_reads_and_is_no_part_of_a_kernel(tmp_path: Path) -> None:
    text = solution(Recipe("tabular", "second_level", {"models": ["E001"]}, QUICK), "t", "h")
    assert declares(text, "models") and '"models": ["E001"]' in text
    assert "reads what other experiments predict" in kernel.objection(text)
    engine = based(tmp_path)
    with pytest.raises(ValueError, match="E001 predict; the rows have none"):
        from podium.campaign.inspect_solution import out_of_fold
        from podium.recipes import tabular

        module = type(
            "solution", (), {"fit": lambda rows, ctx: tabular.SecondLevel({"models": ["E001"]}).fit(rows, ctx)}
        )
        out_of_fold(engine.campaign, module)  # type: ignore[arg-type]
    engine.registry.close()


# ---------------------------------------------------------------- what falls with it


def test_who_reads_what_is_taken_back_falls_with_it(tmp_path: Path) -> None:
    engine = based(tmp_path)
    reader(engine, ("E001", "E002"))
    phases.verdicts(engine, 2, phases.verify(engine, 2))
    reader(engine, ("E003",), round_=3)
    assert {"E003", "E004"} >= set(stacked_pool(engine)) >= {"E003"}
    fallen = invalidation.invalidate(engine.registry, "E002", "it read the answers", higher_is_better=True)
    assert fallen.descendants == ("E003", "E004") and fallen.readers == ("E003",)
    found = engine.registry.experiments.get("E003")
    assert found is not None and found.verdict == "invalid"
    assert found.message == "it reads E002, which was taken back: it read the answers"
    assert set(invalidation.invalidated(engine.registry)) == {"E002", "E003"}
    assert engine.registry.experiments.champion() == "E001"
    phases.verdicts(engine, 3, phases.verify(engine, 3))  # had no verdict yet
    last = engine.registry.experiments.get("E004")
    assert last is not None and last.verdict == "invalid" and "it reads E003, which was taken back" in last.message
    engine.registry.close()


def stacked_pool(engine: Engine) -> list[str]:
    return [one.id for one in engine.registry.experiments.pool() if one.reads]


def test_what_merely_descends_stays(tmp_path: Path) -> None:
    engine = based(tmp_path)
    _, track = reader(engine, ("E001",))
    assert track.status == "done"
    phases.verdicts(engine, 2, phases.verify(engine, 2))
    invalidation.invalidate(engine.registry, "E002", "leaks", higher_is_better=True)
    assert stacked_pool(engine) == ["E003"]
    engine.registry.close()


def test_what_is_taken_back_between_two_steps_takes_its_reader_with_it(tmp_path: Path) -> None:
    engine = based(tmp_path)
    reader(engine, ("E001", "E002"))
    verified = phases.verify(engine, 2)
    invalidation.invalidate(engine.registry, "E002", "leaks", higher_is_better=True)
    phases.verdicts(engine, 2, verified)
    found = engine.registry.experiments.get("E003")
    assert found is not None and found.verdict == "invalid" and "E002, which was taken back" in found.message
    engine.registry.close()


def test_the_command_names_who_fell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    engine = based(tmp_path)
    reader(engine, ("E001", "E002"))
    phases.verdicts(engine, 2, phases.verify(engine, 2))
    campaign = engine.campaign
    engine.registry.close()
    assert main(["lineage", str(campaign), "--invalidate", "E002", "--reason", "leaks"]) == 0
    told = capsys.readouterr()
    assert "E002 is marked invalid, and so is what reads its predictions: E003" in told.out + told.err


def test_what_a_submission_reads_is_vetted_and_the_blend_made_anew(tmp_path: Path) -> None:
    """A model that holds answers of all rows in its source carries no weight itself, and is read by what does."""
    engine = based(tmp_path)
    reader(engine, ("E001", "E002"))
    phases.verdicts(engine, 2, phases.verify(engine, 2))
    row = blending.best_blend(engine)
    assert row is not None
    for made in (engine.registry.blends.of_round(1), engine.registry.blends.of_round(2)):
        assert made is not None
        engine.registry.blends.replace(replace(made, weights={"E003": 1.0}))
    wanted = vetting._wanted(engine, (), at_the_end=True)
    assert wanted[0].id == "E003" and {one.id for one in wanted} == {"E001", "E002", "E003"}
    engine.registry.close()


# ---------------------------------------------------------------- probes, serving, reproducing, the vault


def test_its_probes_find_nothing_wrong(tmp_path: Path) -> None:
    engine = based(tmp_path)
    one, _ = reader(engine, ("E001", "E002"))
    found = [*probing.cheap(engine, [one])["E003"], *probe_fits.dear(engine, [one])["E003"]]
    by_name = {probed.probe: probed for probed in found}
    assert not [probed for probed in found if probed.outcome == "warned"], found
    for name in ("twice", "order", "alone", "undealt", "features", "column", "shuffled", "rerun"):
        assert by_name[name].outcome == "passed", by_name[name]
    engine.registry.close()


def test_each_is_probed_on_columns_of_its_own(tmp_path: Path) -> None:
    engine = based(tmp_path)
    one, _ = reader(engine, ("E001", "E002"))
    plain = probe_world.experiment(engine, THIRD, round_=2)
    for order in ([one, plain], [plain, one]):
        found = probing.cheap(engine, order)
        assert not [probed for probes in found.values() for probed in probes if probed.outcome == "warned"], found
        assert {probed.outcome for probed in found["E003"] if probed.probe in ("alone", "order")} == {"passed"}
    engine.registry.close()


def test_new_rows_are_served_as_the_test_rows_were(tmp_path: Path) -> None:
    engine = based(tmp_path, "regression")
    reader(engine, ("E001", "E002"))
    phases.verdicts(engine, 2, phases.verify(engine, 2))
    row = blending.best_blend(engine)
    assert row is not None
    alone = replace(row, weights={"E003": 1.0}, detail={**row.detail, "weights": {"E003": 1.0}}, score=-1.0)
    engine.registry.blends.add(replace(alone, round=9))
    best = blending.best_blend(engine)
    assert best is not None and list(best.weights) == ["E003"]
    raw, _ = filing.holdout_raw(engine, best)
    test = pl.read_csv(Path(engine.competition.data_dir) / "test.csv")
    served = serve.predict(engine, test.drop("id"))
    np.testing.assert_allclose(served["y"].to_numpy(), raw[: test.height, 0], rtol=1e-5)
    engine.registry.close()


def test_it_is_reproduced_with_all_that_it_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    engine = based(tmp_path)
    reader(engine, ("E001", "E002"))
    filing.predict_missing(engine, ["E003"])
    campaign = engine.campaign
    engine.registry.close()
    shutil.rmtree(campaign / stacked.FOLDER)
    code = main(["reproduce", str(campaign), "E003", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert code == 0 and told["match"] is True and told["max_abs_diff"] == 0.0
    assert {part["part"] for part in told["parts"]} >= {"fold_1", "holdout_5"}


def test_the_vault_is_predicted_by_those_first_whom_it_reads(tmp_path: Path) -> None:
    engine = based(tmp_path)
    one, _ = reader(engine, ("E001", "E002"))
    vault.predict(engine, [one], lambda: 1e9, 1.0)
    assert engine.registry.runs.has_holdout("E001") and engine.registry.runs.has_holdout("E003")
    engine.registry.close()


# ---------------------------------------------------------------- when the team asks for one


LATE = Budget(50.0, 120.0, None, 2, 1)


def members(*families: str, budget: Budget = LATE, **changes: object) -> Facts:
    tried = tuple(fact(f"E{k + 1:03d}", family, 0.86 - 0.001 * k) for k, family in enumerate(families))
    blends = (BlendFact(1, 0.87, 0.003, {tried[0].id: 0.7, tried[-1].id: 0.3}),) if tried else ()
    return facts(
        round=4, experiments=tried, champion="E001" if tried else None, blends=blends, budget=budget, **changes
    )


FOUR = ("lightgbm", "linear", "mlp", "lightgbm")


def test_it_is_due_once_there_are_four_models_of_three_families() -> None:
    assert stacking.due(members()) == ()
    assert stacking.due(members("lightgbm", "linear", "mlp")) == ()
    assert stacking.due(members("lightgbm", "linear", "linear", "lightgbm")) == ()
    assert stacking.due(members(*FOUR)) == ("E001", "E004", "E002", "E003")  # first what carries the blend


def with_second(known: Facts, reads: Sequence[str]) -> Facts:
    second = replace(
        fact("E050", "second_level", 0.87, operator="stack", parents=tuple(reads)),
        recipe=recipe("second_level", {"models": list(reads)}),
    )
    return replace(known, experiments=(*known.experiments, second))


def test_another_is_due_once_a_third_of_the_models_is_new() -> None:
    read = ("E001", "E002", "E003", "E004")
    assert stacking.due(with_second(members(*FOUR), read)) == ()
    assert stacking.due(with_second(members(*FOUR, "knn"), read)) == ()
    assert stacking.due(with_second(members(*FOUR, "knn", "xgboost"), read)) == (
        "E001",
        "E006",
        "E002",
        "E003",
        "E005",
        "E004",
    )


def test_it_reads_what_carries_the_blend_and_the_best_of_each_family_and_never_another_second_level() -> None:
    many = members(*["lightgbm"] * 30, "knn", "mlp", noise_floor=0.01)
    found: list[ExperimentFact] = stacking.members(with_second(many, ("E001",)))
    assert len(found) == stacking.MOST and [e.id for e in found[:4]] == ["E001", "E032", "E031", "E002"]
    assert all(e.family != "second_level" for e in found)


def test_of_what_is_far_behind_and_carries_nothing_the_best_of_a_family_alone_is_read() -> None:
    """Whatever is read must predict the test rows, too; a weak model of another kind tells a strong one something."""
    known = members("lightgbm", "linear", "mlp", "lightgbm", "linear", "mlp", "knn")
    far = [replace(e, score=0.7 - k / 100) if e.family != "lightgbm" else e for k, e in enumerate(known.experiments)]
    weights = {"E001": 0.7, "E006": 0.3}
    known = replace(known, experiments=tuple(far), blends=(BlendFact(1, 0.87, 0.003, weights),))
    found = [e.id for e in stacking.members(known)]
    assert found == ["E001", "E006", "E002", "E003", "E004"], (
        "weight, then each family's best but the slow one, then what is near"
    )


@pytest.mark.parametrize(
    ("budget", "late"),
    [(Budget(70.0, 120.0, None, 2, 1), False), (LATE, True),
     (Budget(None, None, 8, 2, 1), False), (Budget(None, None, 3, 2, 1), True)],
)  # fmt: skip
def test_it_is_not_due_before_half_of_the_budget_is_gone(budget: Budget, late: bool) -> None:
    assert bool(stacking.due(members(*FOUR, budget=budget))) == late


def stacks(known: Facts) -> list[ExperimentSpec]:
    found = candidates(known, shipped_catalog(), random.Random(0))
    return [spec for spec in found if spec.operator == "stack"]


def test_the_team_asks_for_it_once_and_leads_with_it_where_texts_carry_the_rows() -> None:
    (spec,) = stacks(members(*FOUR))
    assert spec.recipe is not None and spec.family == "second_level"
    assert spec.parents == tuple(spec.recipe.features["models"]) == ("E001", "E002", "E003", "E004")
    assert stacks(with_second(members(*FOUR), spec.parents)) == [] == stacks(members(*FOUR[:3]))
    texts = replace(data(), columns=(Column("said", "text", 900, mean_length=120.0),))
    known = members(*FOUR, data=texts)
    (told,) = stacks(known)
    assert told.expected_gain > 3 * spec.expected_gain
    assert batch.rank([fit_spec(), told], known)[0] == told
    assert batch.rank([fit_spec(), spec], members(*FOUR))[0] != spec


def fit_spec() -> ExperimentSpec:
    """A portfolio's draft of much promise."""
    made = recipe("xgboost")
    return ExperimentSpec("xgboost", "because", "draft", "xgboost", (), 0.01, 2.0, recipe=made)


@pytest.mark.parametrize(("outputs", "read"), [(1, 16), (9, 16), (20, 8), (50, None)])
def test_as_many_are_read_as_are_not_too_many_columns(outputs: int, read: int | None) -> None:
    ids = [f"E{k:03d}" for k in range(16, 0, -1)]
    made = shipped_catalog().second_level(ids, replace(data(), n_outputs=outputs), competition())
    assert (None if made is None else len(made.features["models"])) == read
    if made is not None and read is not None:
        assert made.features["models"] == sorted(ids[:read])


def test_a_second_level_is_no_parent_and_its_recipe_is_remembered_by_nobody() -> None:
    known = with_second(members(*FOUR), ("E001", "E002", "E003", "E004"))
    assert history.best(known) is not None and "E050" not in [e.id for e in parents(known)]
    assert not [pair for pair in history.compared(known) if "E050" in (pair[0].id, pair[1].id)]


def led_by_second() -> Facts:
    """A second level ahead of all that it reads, with the whole weight; `E005` is behind those, too."""
    known = members(*FOUR, "knn")
    tried = tuple(replace(e, score=0.7) if e.id == "E005" else e for e in known.experiments)
    known = with_second(replace(known, experiments=tried), ("E001", "E002", "E003", "E004"))
    tried = tuple(replace(e, score=0.9) if e.id == "E050" else e for e in known.experiments)
    return replace(known, experiments=tried, champion="E050", blends=(BlendFact(4, 0.9, 0.003, {"E050": 1.0}),))


def test_whom_a_second_level_reads_is_measured_by_its_like() -> None:
    """Else no member might be improved once a second level has all the weight, and the campaign would end for want of plans."""
    known = led_by_second()
    of = {e.id: stacking.yardstick(known, e) for e in known.experiments}
    assert of["E001"] == of["E005"] == known.experiments[0] and of["E050"] == known.experiments[-1]
    near = spec("lightgbm", operator="improve", parents=("E001",), recipe=recipe("lightgbm", {"near": 5}))
    far = spec("knn", operator="improve", parents=("E005",), recipe=recipe("knn", {"near": 5}))
    assert checks._too_far(near, known) == ""
    assert "E005 (0.7) is too far behind E001 (0.86)" in checks._too_far(far, known)
    units = Evidence.of(known).units
    assert units("improve", "lightgbm") > 3 * units("improve", "knn")
