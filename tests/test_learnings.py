"""What outlives a campaign: rules, their evidence, and the way into and out of a campaign."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.campaign import memory
from podium.campaign.options import Options
from podium.cli import compose
from podium.cli.main import main
from podium.errors import UserError
from podium.records import Facts, Learning, Recipe
from podium.registry import Registry
from podium.team import citations
from podium.team.memory import Evidence, Home, Remembered, merged, recipes
from podium.team.memory.rules import LONGEST, seeded, stable_id, upper_bound
from podium.testing import seat_conformance
from podium.testing.fake_campaign import data_facts


def evidence(data: str = "d1", support: int = 1, contradicted: int = 0) -> Evidence:
    return Evidence("c1", data, "toy", "regression, 100 rows, 3 columns", support, contradicted, "0.9 earned weight.")


def rule(*found: Evidence, id_: str = "F:regression:knn", applies_to: str = "regression") -> Remembered:
    return Remembered(id_, "knn helps on regression.", applies_to, found or (evidence(),))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("PODIUM_HOME", str(tmp_path / "home"))
    found = Home.of_user()
    assert found is not None
    return found


# ---------------------------------------------------------------- rules


def test_supports_add_up_over_data_sets_and_not_over_campaigns_at_one() -> None:
    (both,) = merged([rule(evidence("d1", 1))], [rule(evidence("d2", 2, 1))])
    assert (both.support, both.contradicted) == (3, 1)
    (again,) = merged([both], [rule(evidence("d2", 0, 1))])
    assert (again.support, again.contradicted) == (1, 1)


@pytest.mark.parametrize(
    ("support", "contradicted", "state"),
    [(1, 0, "in force"), (1, 1, "in force"), (0, 1, "contradicted"), (0, 2, "contradicted"), (0, 3, "retired"),
     (1, 5, "contradicted"), (1, 6, "retired"), (9, 1, "in force")],
)  # fmt: skip
def test_evidence_contradicts_and_retires_a_rule(support: int, contradicted: int, state: str) -> None:
    assert rule(evidence("d", support, contradicted)).state == state


def test_later_evidence_brings_a_retired_rule_back() -> None:
    retired = rule(evidence("d1", 0, 3))
    (back,) = merged([retired], [rule(evidence("d2", 3, 0))])
    assert retired.state == "retired" and back.state == "in force"


@given(st.integers(0, 200), st.integers(0, 200))
def test_the_bound_lies_above_the_share_and_falls_with_evidence_against(support: int, against: int) -> None:
    n = support + against
    assert (support / n if n else 0.0) - 1e-12 <= upper_bound(support, against) <= 1.0 + 1e-12
    assert upper_bound(support, against + 1) < upper_bound(support, against) + 1e-12


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["d1", "d2"]), st.integers(0, 3)), max_size=6))
def test_merging_what_is_known_changes_nothing(parts: list[tuple[str, str, int]]) -> None:
    known: tuple[Remembered, ...] = ()
    for id_, data, support in parts:
        known = merged(known, [rule(evidence(data, support), id_=id_)])
    assert merged(known, known) == known


def test_ids_that_minds_make_up_do_not_clash() -> None:
    one = Learning("L8", "Bin the ages.", "x", "regression")
    other = Learning("L8", "Never bin.", "x", "regression")
    assert stable_id(one, seeded()) != stable_id(other, seeded())
    same = Learning("L3", "research gains more than tuning:  ideas before parameter search", "x")
    assert stable_id(same, seeded()) == "L3"


# ---------------------------------------------------------------- the home


def test_an_empty_home_holds_the_seeded_seven(home: Home) -> None:
    assert [one.id for one in home.rules()] == [f"L{i}" for i in range(1, 8)]
    assert not home.path.exists()


def test_an_empty_podium_home_is_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODIUM_HOME", "")
    assert Home.of_user() is None
    assert main(["learnings", "list"]) == 2


def test_campaigns_that_end_at_once_lose_nothing(home: Home) -> None:
    code = (
        "import sys; from podium.team.memory import *; n = sys.argv[1]\n"
        "for i in range(10): Home.of_user().merge([Remembered(f'F:regression:m{n}x{i}', 'r', 'regression', "
        "(Evidence('c', n, 'toy', 'k', 1, 0, 't'),))])"
    )
    at_once = [subprocess.Popen([sys.executable, "-c", code, str(n)]) for n in range(3)]
    assert [one.wait(60) for one in at_once] == [0, 0, 0]
    assert len(home.rules()) == 7 + 30


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"version": 1}', '{"version": 99, "learnings": []}', '{"version": 1, "learnings": [{"id": 3}]}'],
)
def test_a_damaged_file_is_told_of(home: Home, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    home.path.parent.mkdir(parents=True)
    home.path.write_text(text)
    assert main(["learnings", "list"]) == 2
    assert "learnings.json" in capsys.readouterr().err
    assert home.path.read_text() == text


@pytest.mark.parametrize("bad", ["two\nlines", "x" * (LONGEST + 1), "\x1b[31mred"])
def test_texts_from_elsewhere_are_plain(home: Home, tmp_path: Path, bad: str) -> None:
    file = tmp_path / "theirs.json"
    theirs = {"version": 1, "learnings": [{"id": "M12345678", "rule": bad, "applies_to": "any", "evidence": []}]}
    file.write_text(json.dumps(theirs))
    assert main(["learnings", "import", str(file)]) == 2
    assert not home.path.exists()


def test_export_and_import_between_two_homes(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home.merge([rule(evidence("d1", 2, 1))])
    file = tmp_path / "mine.json"
    assert main(["learnings", "export", str(file)]) == 0
    monkeypatch.setenv("PODIUM_HOME", str(tmp_path / "other"))
    assert main(["learnings", "import", str(file)]) == 0
    assert main(["learnings", "import", str(file)]) == 0
    capsys.readouterr()
    assert main(["learnings", "show", "F:regression:knn", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["support"], found["contradicted"], found["state"]) == (2, 1, "in force")
    assert main(["learnings", "list", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["learnings"]) == 8
    traits = recipes.Traits("regression", 7000, 9, 1, 1.0, 0.0, 0.0)
    carried = (recipes.Carried(Recipe("tabular", "knn"), 0.75), recipes.Carried(Recipe("tabular", "mlp"), 0.25))
    recipes.keep(tmp_path / "other", recipes.Played("d1", "c1", "toy", traits, carried))
    assert main(["learnings", "list"]) == 0
    assert "toy  7,000 rows, 9 columns: knn 0.75, mlp 0.25" in capsys.readouterr().out
    assert main(["learnings", "show", "nope"]) == 2 and main(["learnings", "burn"]) == 2


# ---------------------------------------------------------------- a campaign's


def bring(folder: Path, task_type: str = "regression", options: Options | None = None) -> dict[str, Learning]:
    folder.mkdir()
    registry = Registry.create(folder)
    memory.bring(registry, replace(FACTS.competition, task_type=task_type), data_facts(), options or Options())
    found = {one.id: one for one in registry.learnings()}
    registry.close()
    return found


FACTS: Facts = seat_conformance.under_way()


def test_a_new_campaign_gets_what_fits_its_kind_of_data(home: Home, tmp_path: Path) -> None:
    home.merge(
        [rule(evidence("d1", 0, 3)), rule(id_="F:binary_classification:knn", applies_to="binary_classification")]
    )
    found = bring(tmp_path / "a")
    assert set(found) == {*(f"L{i}" for i in range(1, 8)), "F:regression:knn"}
    assert found["F:regression:knn"].contradicted == 3
    assert "F:regression:knn" not in bring(tmp_path / "b", options=Options(memory=False))


def test_a_new_campaign_recalls_what_carried_blends_on_like_data(home: Home, tmp_path: Path) -> None:
    asked = replace(FACTS.competition, task_type="regression")
    played = recipes.Played(
        "d1", "c1", "toy", recipes.traits_of(asked, data_facts()), (recipes.Carried(Recipe("tabular", "knn"), 1.0),)
    )
    recipes.keep(home.path.parent, played)
    recipes.keep(home.path.parent, replace(played, data=memory.data_id(asked, data_facts())))
    for name, options, expected in (("a", Options(), ["knn"]), ("b", Options(memory=False), [])):
        bring(tmp_path / name, options=options)
        with contextlib.closing(Registry.open(tmp_path / name)) as registry:
            assert [one.recipe.model for one in memory.recalled(registry)] == expected


def test_evidence_of_the_very_same_data_stays_out(home: Home, tmp_path: Path) -> None:
    same = memory.data_id(replace(FACTS.competition, task_type="regression"), data_facts())
    home.merge([rule(evidence(same, 1)), rule(evidence("d1", 1), evidence(same, 1), id_="F:regression:mlp")])
    found = bring(tmp_path / "a")
    assert "F:regression:knn" not in found and found["F:regression:mlp"].support == 1


def test_a_campaign_remembers_its_own_evidence_once(home: Home, played: Path, tmp_path: Path) -> None:
    campaign = Path(shutil.copytree(played, tmp_path / "campaign"))
    engine = compose.make_engine(campaign, warm=False)
    try:
        brought = engine.registry.learnings()
        engine.registry.add_learning(
            Learning("L2", brought[-1].rule, "0.8 [E001.score] is far behind.", support=1, contradicted=1), 1
        )
        engine.registry.add_learning(Learning("L9", "Bin\nthe ages.", "x" * 900, "any", 1, 0), 1)
        memory.remember(engine)
        memory.remember(engine)
        families = {one.id for one in engine.registry.learnings() if one.id.startswith("F:")}
    finally:
        engine.executor.close()
        engine.registry.close()
    known = {one.id: one for one in home.rules()}
    (kept,) = recipes.read(home.path.parent)
    assert kept.carried and sum(one.weight for one in kept.carried) <= 1.01 and kept.traits.rows > 0
    assert families and families <= set(known)
    assert (known["L2"].support, known["L2"].contradicted) == (1, 1)
    assert "[E001" not in known["L2"].evidence[-1].text
    (made_up,) = [one for one in known.values() if one.id.startswith("M")]
    assert made_up.rule == "Bin the ages." and len(made_up.evidence[0].text) == LONGEST
    effects = [one.effect for id_ in families for one in known[id_].evidence]
    assert any(effect is not None for effect in effects)
    for one in (e for id_ in families for e in known[id_].evidence if e.effect is not None):
        assert one.low is not None and one.high is not None and one.low <= one.effect <= one.high


def test_the_end_of_a_campaign_gives_back_what_it_learned(home: Home, played: Path, tmp_path: Path) -> None:
    """Of a finished campaign, played once more: it ends at once, and says the same."""
    campaign = Path(shutil.copytree(played, tmp_path / "campaign"))
    compose.run(campaign)
    known = home.path.read_text()
    assert any(one.id.startswith("F:binary_classification:") for one in home.rules())
    compose.run(campaign)
    assert home.path.read_text() == known


def test_a_home_that_cannot_be_written_costs_nothing_else(
    home: Home, played: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PODIUM_HOME", str(tmp_path / "file"))
    campaign = Path(shutil.copytree(played, tmp_path / "campaign"))
    engine = compose.make_engine(campaign, warm=False)
    try:
        memory.remember(engine)
        assert "not remembered" in engine.registry.events.newest(1)[0].payload["message"]
    finally:
        engine.executor.close()
        engine.registry.close()


def test_a_damaged_home_is_said_before_a_campaign_begins(home: Home, tmp_path: Path) -> None:
    home.path.parent.mkdir(parents=True)
    home.path.write_text("{")
    with pytest.raises(UserError, match="holds no learnings"):
        bring(tmp_path / "a")


# ---------------------------------------------------------------- citations


def test_learnings_are_cited_by_ids_that_exist() -> None:
    facts = replace(FACTS, learnings=tuple(one.as_learning() for one in seeded()))
    assert citations.unknown_learnings("by [L3] and [L7]", facts) == []
    assert citations.unknown_learnings("by [L8], [L8], [F:regression:knn]", facts) == [
        "[L8]: expected a learning that this campaign has, found none",
        "[F:regression:knn]: expected a learning that this campaign has, found none",
    ]
    assert citations.unknown_learnings("[L8]", facts, [Learning("L8", "new", "x")]) == []
