"""Probes on real solutions: each fault is caught by the probe it is for, and its clean twin passes all of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import probe_world
import pytest
from probe_world import HONEST, engine_at, experiment

from podium.campaign import blending, decide, request
from podium.campaign.engine import Engine
from podium.campaign.probes import probe_cost, probe_fits, probing, vetting
from podium.campaign.remade import remake
from podium.records import Probed, QaCheck
from podium.referee.probes.outcome import CHEAP, DEAR
from podium.registry import invalidation


@pytest.fixture(scope="session")
def made_of(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Campaigns that have not begun, one for each kind of competition: copied before use."""
    import shutil

    made: dict[str, Path] = {}

    def of(kind: str, to: Path) -> Path:
        if kind not in made:
            made[kind] = probe_world.competition(tmp_path_factory.mktemp(kind), kind)
        return Path(shutil.copytree(made[kind], to / "campaign"))

    return of


@pytest.fixture
def engine(made_of: Any, tmp_path: Path) -> Engine:
    return engine_at(made_of("regression", tmp_path))


def cheap(engine: Engine, source: str, asked: tuple[QaCheck, ...] = ()) -> dict[str, Probed]:
    one = experiment(engine, source, folds=1)
    return {probed.probe: probed for probed in probing.cheap(engine, [one], asked)[one.id]}


def odd(found: dict[str, Probed]) -> dict[str, str]:
    return {name: one.outcome for name, one in found.items() if one.outcome in ("failed", "warned")}


def with_predict(body: str) -> str:
    """The honest solution with another end of `predict`; `raw` is what it would return."""
    lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
    return HONEST.replace('    return np.clip(raw, 0.0, 1.0) if "classification" in ctx.task_type else raw\n', lines)


@pytest.mark.parametrize("kind", probe_world.KINDS[:-1])
def test_the_honest_pass_every_probe_on_every_kind(kind: str, made_of: Any, tmp_path: Path) -> None:
    engine = engine_at(made_of(kind, tmp_path))
    source = HONEST
    if kind == "multiclass":
        source = HONEST.replace("else train.y.astype(float)", "else np.eye(ctx.n_outputs)[train.y]").replace(
            "np.clip(raw, 0.0, 1.0) if", "np.clip(raw, 0.01, 1.0) / np.clip(raw, 0.01, 1.0).sum(1, keepdims=True) if"
        )
    one = experiment(engine, source, folds=1)
    found = {probed.probe: probed for probed in probing.cheap(engine, [one])[one.id]}
    assert odd(found) == {}
    assert set(found) == set(CHEAP)
    runs = [run.part for run in engine.registry.runs.of(one.id) if run.part.startswith("probe")]
    assert runs == ["probe_main"]  # one prediction answers all
    dear = {probed.probe: probed for probed in probe_fits.dear(engine, [one])[one.id]}
    assert odd(dear) == {}
    assert dear["rerun"].figure == 0


def test_a_rerun_is_allowed_what_the_fold_was(made_of: Any, tmp_path: Path) -> None:
    """A fit that minds its deadline ends sooner under a shorter one, and would be told off for predicting otherwise."""
    engine = engine_at(made_of("binary", tmp_path))
    one = experiment(engine, HONEST, folds=1)
    engine.purse.options = replace(engine.options, time_s=100.0, experiments=None)
    fit = probe_fits.subject(engine, one)
    assert fit is not None and 0 < probe_cost.left_s(engine, dear=True) < 10
    again, shuffled = probe_fits._again(engine, fit), probe_fits._shuffled_part(engine, fit)
    assert request._wall_s(engine, one, again) == request._wall_s(engine, one, fit.whole)
    assert request._wall_s(engine, one, shuffled) < request._wall_s(engine, one, fit.whole), "of few rows"


FAULTS = {
    "twice": "return raw + np.random.default_rng().normal(size=raw.shape) * raw.std()",
    "order": "return raw + np.linspace(0, raw.std(), len(raw))[:, None]",
    "alone": "return (raw - raw.mean()) / raw.std()",
    "undealt": "whole = np.nan_to_num(rows._source['z'].to_numpy()).mean()\nreturn raw + whole",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_prediction_that_rests_on_more_than_its_row(engine: Engine, fault: str) -> None:
    found = odd(cheap(engine, with_predict(FAULTS[fault])))
    assert found[fault] == ("warned" if fault == "alone" else "failed")


def test_a_batch_that_is_read_honestly_is_only_a_warning(engine: Engine) -> None:
    assert set(odd(cheap(engine, with_predict(FAULTS["alone"])))) == {"alone"}


def test_who_declares_that_it_reads_unlabelled_rows_may(engine: Engine) -> None:
    declared = '"""Knows its surroundings.\n\nreads: unlabelled\n"""\n' + with_predict(FAULTS["undealt"]).lstrip()
    assert odd(cheap(engine, declared)) == {"alone": "warned"}


def test_row_ids_say_nothing(engine: Engine) -> None:
    found = cheap(engine, with_predict("return np.sin(rows.ids.astype(float))[:, None]"))
    assert found["twice"].outcome == "failed"
    assert "features" in odd(found) or found["features"].outcome == "passed"


def test_answers_planted_in_the_folder_are_found_out(engine: Engine) -> None:
    """No sandbox here: the solution reads what lies beside its rows."""
    where: list[Path] = []
    engine.executor.inside = where.append  # type: ignore[attr-defined]
    peek = (
        "import gc\nfrom pathlib import Path\n"
        "found = [p for p in Path(PLACE).glob('probe*/answers.npy')]\n"
        "return np.load(found[0]) if found and len(np.load(found[0])) == len(raw) else raw"
    ).replace("PLACE", repr(str(engine.campaign / "runs" / "E001")))
    assert cheap(engine, with_predict(peek))["decoy"].outcome == "failed"


def test_strange_values_break_it_and_the_other_probes_go_on(engine: Engine) -> None:
    strict = "known = set('abcd')\nassert set(rows.frame()['level'].drop_nulls()) <= known, 'unseen level'\nreturn raw"
    found = cheap(engine, with_predict(strict))
    assert (found["unseen"].outcome, found["features"].outcome) == ("warned", "passed")
    assert "unseen level" in found["unseen"].message
    both = "gone = (rows.frame()['x'].is_null() & rows.frame()['level'].is_null()).to_numpy()\n"
    holes = both + "return np.where(gone[:, None] & (gone.mean() > 0.02), np.nan, raw)"
    assert cheap(engine, with_predict(holes))["missing"].outcome == "warned"


def test_a_solution_without_features(engine: Engine) -> None:
    found = cheap(engine, with_predict("return np.full_like(raw, 3.0)"))
    assert found["features"].outcome == "warned"


def test_looked_up_rows_are_told(engine: Engine) -> None:
    """What a solution that came with the answers does: it knows rows by their exact values."""
    data = engine.dataset
    values = data.frame()["z"].to_list()
    answers = dict(zip(values, np.zeros(len(values)), strict=True))
    labels = data.labels(data.train)["y"].to_list()
    answers.update({values[row]: label for row, label in zip(data.train, labels, strict=True)})
    body = f"KNOWN = {answers!r}\nreturn np.array([[KNOWN.get(v, 0.0)] for v in rows.frame()['z'].to_list()])"
    one = experiment(engine, with_predict(body), folds=1)
    found = {probed.probe: probed for probed in probing.cheap(engine, [one])[one.id]}
    assert odd(found)["jitter"] == "warned"
    dear = {probed.probe: probed for probed in probe_fits.dear(engine, [one])[one.id]}
    assert dear["shuffled"].outcome == "failed"
    assert dear["shuffled"].detail["skill_shuffled"] > 0.99


def test_a_fit_that_cannot_be_had_again(engine: Engine) -> None:
    lucky = (
        with_predict("return raw if model.lucky else -raw")
        .replace(
            "    return Ridge().fit(table(train), y)",
            "    model = Ridge().fit(table(train), y)\n    from pathlib import Path\n    mark = Path(MARK)\n"
            "    model.lucky = not mark.exists()\n    mark.touch()\n    return model",
        )
        .replace("MARK", repr(str(engine.campaign / "mark")))
    )
    one = experiment(engine, lucky, folds=1)
    dear = {probed.probe: probed for probed in probe_fits.dear(engine, [one])[one.id]}
    assert dear["rerun"].outcome == "failed"


def test_importance_is_reported_by_column(engine: Engine) -> None:
    found = cheap(engine, HONEST)["column"]
    assert found.detail["x"] > 0.5 > abs(found.detail["z"])
    assert found.message.startswith("x carries")


def test_what_qa_asks_for_must_hold(engine: Engine) -> None:
    asked = (QaCheck("alike", "predict alike", "alone"), QaCheck("strange", "predict these", "unseen"))
    one = experiment(engine, with_predict(FAULTS["alone"]))
    probed = probing.cheap(engine, [one], asked)
    (verified,) = decide.verify(engine, [one], asked, probed)
    blocked = [alarm.message for alarm in verified.alarms if alarm.severity == "block"]
    assert blocked == ["QA check 'alike' failed: predict alike"]  # the name and the message, no figure


def test_sides_are_exchanged_where_qa_asks(engine: Engine) -> None:
    asked = (QaCheck("sides", "tell them apart", "symmetry", params={"left": ["x"], "right": ["z"], "expect": "same"}),)
    x = "return np.nan_to_num(rows.frame()['x'].to_numpy().astype(float))[:, None]"
    other = x.replace("return ", "x = ").replace("[:, None]", "") + (
        "\nz = rows.frame()['z'].to_numpy()\nreturn (x - z)[:, None]"
    )
    assert cheap(engine, with_predict(other), asked)["symmetry"].outcome == "warned"
    opposite = (QaCheck("sides", "tell them apart", "symmetry", params={**asked[0].params, "expect": "opposite"}),)
    assert cheap(engine, with_predict(other), opposite)["symmetry"].outcome == "passed"


def test_a_crash_repeats_no_probe(engine: Engine) -> None:
    one = experiment(engine, HONEST, folds=1)
    first = probing.cheap(engine, [one]), probe_fits.dear(engine, [one])
    started = len(engine.executor.started)  # type: ignore[attr-defined]
    assert (probing.cheap(engine, [one]), probe_fits.dear(engine, [one])) == first
    assert len(engine.executor.started) == started  # type: ignore[attr-defined]


def test_where_experiments_are_counted_no_clock_forbids_a_probe(engine: Engine) -> None:
    engine.registry.runs.probe_seconds = lambda *, dear: 1e9  # type: ignore[method-assign]
    assert probe_cost.left_s(engine, dear=True) == float("inf")
    assert probe_cost.affordable(engine, 7) == 7


def test_where_time_is_limited_probes_take_their_share(made_of: Any, tmp_path: Path) -> None:
    engine = engine_at(made_of("regression", tmp_path), time_s=1000.0, experiments=None)
    one = experiment(engine, HONEST, folds=1)
    assert probe_cost.affordable(engine, 7) == 7
    engine.registry.runs.probe_seconds = lambda *, dear: 1e9  # type: ignore[method-assign]
    assert probe_cost.affordable(engine, 7) == 0
    found = [*probing.cheap(engine, [one])[one.id], *probe_fits.dear(engine, [one])[one.id]]
    assert {probed.message for probed in found} == {"not probed: no time"}


def judged(engine: Engine, *sources: str) -> list[str]:
    """Experiments of one round, verified and judged, blended."""
    ones = [experiment(engine, source) for source in sources]
    probed = probing.cheap(engine, ones)
    verified = decide.verify(engine, ones, (), probed)
    for one in verified:
        engine.registry.experiments.set_score(one.id, one.scored.score, one.scored.stderr, one.scored.fold_scores)
        engine.registry.probes.add(one.id, one.probed)
    for one in decide.judge(engine, verified).judged:
        engine.registry.experiments.set_verdict(one.id, one.verdict, one, ())
    row = blending.blend(engine, 1)
    assert row is not None
    engine.registry.blends.add(row)
    return [one.id for one in ones]


def hard_coded(engine: Engine) -> str:
    """Answers to every row, known by a column's text: honest to the cheap probes, for the features are used."""
    data = engine.dataset
    keys = data.frame()["cabin"] + data.frame()["name"]
    labels = data.labels(data.train)["y"].to_list()
    known = {keys[int(row)]: label for row, label in zip(data.train, labels, strict=True)}
    body = (
        f"KNOWN = {known!r}\nkeys = (rows.frame()['cabin'] + rows.frame()['name']).to_list()\n"
        "return raw + np.array([[KNOWN.get(k, 0.0)] for k in keys])"
    )
    return with_predict(body)


def test_a_member_that_fails_before_it_is_sent_is_taken_back_and_the_blend_made_anew(engine: Engine) -> None:
    bad, good = judged(engine, hard_coded(engine), HONEST)
    first = blending.best_blend(engine)
    assert first is not None
    assert first.weights[bad] > 0
    assert vetting.vet(engine, 1) == (bad,)
    taken = engine.registry.experiments.get(bad)
    assert taken is not None
    assert (taken.verdict, "shuffled labels" in taken.message) == ("invalid", True)
    anew = blending.best_blend(engine)
    assert anew is not None
    assert (anew.round, dict(anew.weights)) == (1, {good: 1.0})
    assert engine.registry.experiments.champion() == good
    assert {one.outcome for one in engine.registry.probes.of(good)} <= {"passed", "skipped"}
    exported = engine.registry.export()
    assert vetting.vet(engine, 1) == (bad,)  # a replay
    assert engine.registry.export() == exported


def test_what_was_vetted_once_is_not_vetted_again(engine: Engine) -> None:
    judged(engine, HONEST)
    assert vetting.vet(engine, 1) == ()
    started = len(engine.executor.started)  # type: ignore[attr-defined]
    assert vetting.vet(engine, 2, at_the_end=True) == ()
    assert len(engine.executor.started) == started  # type: ignore[attr-defined]
    assert engine.registry.journal.find("R02_vet_end_1") is None


def test_who_comes_in_after_the_end_was_vetted_is_vetted_too(engine: Engine) -> None:
    one, other = judged(engine, HONEST, HONEST)
    engine.registry.blends.replace(blending.blended(engine, 1, {one: engine.store.oof(one)}))
    assert vetting.vet(engine, 1, at_the_end=True) == ()
    exported = engine.registry.export()
    assert vetting.vet(engine, 1, at_the_end=True) == () and engine.registry.export() == exported
    assert not {probed.probe for probed in engine.registry.probes.of(other)} & set(DEAR)
    invalidation.invalidate(engine.registry, one, "it read the labels", higher_is_better=False)
    remake(engine, [one])
    assert vetting.vet(engine, 1, at_the_end=True) == ()
    assert {probed.probe for probed in engine.registry.probes.of(other)} >= set(DEAR)
