"""Where experiments come from, who is owed what, and what happens when one is taken back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from engine_world import copy_of, engine_of
from hypothesis import given
from hypothesis import strategies as st

from podium.campaign import blending
from podium.campaign.lineage import OWN, Node, credit_line, credits, lineage, source
from podium.campaign.notices import notices
from podium.campaign.submission.worth import worth_submitting
from podium.cli.main import main
from podium.records import ExperimentSpec
from podium.registry import Registry, invalidation
from podium.registry.blends import BlendRow
from podium.registry.experiments import Experiment
from podium.registry.lock import EngineLock
from podium.registry.submissions import SubmissionRow
from podium.report.lineage import drawing, line
from podium.report.page import render
from podium.testing.fake_campaign import FakeCampaign

#     E001 ── E002 ── E004      E003 stands alone
#        └──────────── E004
FAMILY = {"E001": (), "E002": ("E001",), "E003": (), "E004": ("E002", "E001")}
SOURCES = {"E001": ("P05",), "E002": ("https://github.com/a/b", "n_train=400"), "E004": ("L1", "E002")}
WEIGHTS = {"E004": 0.5, "E003": 0.3, "E001": 0.2}


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    """Four experiments in one line of descent and one beside it; E001 leads, E004 is the best of the others."""
    folder = tmp_path / "campaign"
    registry = FakeCampaign(rounds=0, under_way=False).build(folder)
    with registry.database.write():
        for position, (id_, parents) in enumerate(FAMILY.items()):
            spec = ExperimentSpec(
                f"model {id_}", "because", "improve", "lightgbm", parents, sources=SOURCES.get(id_, ())
            )
            registry.experiments.add(Experiment(id_, position + 1, spec, 0, id_, "sha", True, 1.0, status="done"))
            registry.experiments.set_score(id_, 0.8 + 0.01 * position, 0.01, (0.8,))
            registry.experiments.set_verdict(id_, "pooled", None, [])
        registry.experiments.set_verdict("E001", "champion", None, [])
        registry.blends.add(BlendRow(1, WEIGHTS, "raw", 0.9, 0.01, None, {}))
        registry.blends.add(BlendRow(2, {"E003": 1.0, "E001": 0.0}, "raw", 0.85, 0.01, None, {}))
    registry.close()
    return folder


def opened(campaign: Path) -> Registry:
    return Registry.open(campaign)


# ---------------------------------------------------------------- sources and credits


@pytest.mark.parametrize(
    ("cited", "kind"),
    [("arXiv 2207.08815", "paper"), ("Caruana et al. 2004", "paper"), ("https://github.com/a/b", "repository"),
     ("https://www.kaggle.com/code/x/y", "notebook"), ("campaign:titanic", "campaign"), ("E007", "experiment"),
     ("L1", "learning"), ("n_train=400", "fact"), ("best_pipeline_script", "brought"), ("https://example.org", "web")],
)  # fmt: skip
def test_what_a_citation_names(cited: str, kind: str) -> None:
    (found,) = source(cited, {"L1": "Blend simply."})
    assert found.kind == kind and found.id == cited


def test_an_entry_of_the_playbook_stands_for_its_papers() -> None:
    found = source("P04", {})
    assert len(found) == 2 and all(one.kind == "paper" and one.id == "P04" for one in found)


def test_credits_follow_the_weight_through_ancestors(campaign: Path) -> None:
    found = lineage(opened(campaign))
    shares = {one.source: one.share for one in found.credits}
    (paper,) = source("P05", {})
    # E004: P05 of E001, the repository of E002 and the unknown learning share 0.5; E003 is the team's own; E001 owes P05
    assert shares[paper.text] == pytest.approx(0.2 + 0.5 / 2)
    assert shares["https://github.com/a/b"] == pytest.approx(0.25)
    assert shares[OWN] == pytest.approx(0.3)
    assert sum(shares.values()) == pytest.approx(1.0)


@given(st.dictionaries(st.sampled_from([f"E{i:03d}" for i in range(6)]), st.floats(0.01, 1), max_size=6))
def test_credits_add_up_to_the_blend(weights: dict[str, float]) -> None:
    nodes = [
        Node(f"E{i:03d}", 1, "m", "draft", "f", "done", "pooled", 0.5, 0.1, (f"E{i - 1:03d}",) if i % 3 else (),
             source(f"P0{i + 1}", {}) if i % 2 else (), 0.0)
        for i in range(6)
    ]  # fmt: skip
    total = sum(one.share for one in credits(nodes, weights))
    assert total == pytest.approx(1.0 if weights else 0.0)


def test_a_submission_says_whose_ideas_it_rests_on(campaign: Path) -> None:
    said = credit_line(opened(campaign), WEIGHTS)
    assert said.startswith("credits: ") and "45%" in said and "https://github.com/a/b 25%" in said
    assert credit_line(opened(campaign), {"E003": 1.0}) == ""


# ---------------------------------------------------------------- the graph


def test_terminal_json_and_drawing(campaign: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lineage", str(campaign), "-o", str(tmp_path / "graph.svg")]) == 0
    told = capsys.readouterr().out
    assert "E004 improve model E004" in told and "also from E001" in told and "credits" in told
    assert told.index("E001") < told.index("E002") < told.index("E004") < told.index("E003")
    drawn = ElementTree.parse(tmp_path / "graph.svg").getroot()
    assert len(drawn.findall(".//{*}path")) == 3 and len(drawn.findall(".//{*}rect")) == 4
    assert main(["lineage", str(campaign), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [node["id"] for node in found["nodes"]] == list(FAMILY)
    assert found["nodes"][3]["parents"] == ["E002", "E001"] and found["nodes"][3]["weight"] == 0.5


def test_a_report_shows_lineage_and_credits(campaign: Path) -> None:
    page = render(campaign)
    assert "Lineage and credits" in page and "https://github.com/a/b" in page and "<svg" in page


def test_foreign_text_cannot_become_markup(tmp_path: Path) -> None:
    registry = FakeCampaign(rounds=4, hostile="</svg><script>x</script>\x1b[31m").build(tmp_path / "c")
    found = lineage(registry)
    text = drawing(found).text
    assert "<script" not in text and "\x1b" not in text
    assert len(ElementTree.fromstring(text).findall(".//{*}rect")) == len(found.nodes)
    assert all("\x1b" not in line(node) for node in found.nodes)
    registry.close()


def test_an_empty_campaign_has_an_empty_graph(tmp_path: Path) -> None:
    registry = FakeCampaign(rounds=0, under_way=False).build(tmp_path / "c")
    found = lineage(registry)
    assert found.nodes == () and found.credits == ()
    ElementTree.fromstring(drawing(found).text)
    registry.close()


# ---------------------------------------------------------------- taking back


def test_descendants_rest_on_what_was_taken_back(campaign: Path, capsys: pytest.CaptureFixture[str]) -> None:
    registry = Registry.create(campaign)
    registry.submissions.intend(SubmissionRow("t", 1, "submission.csv", "h", "intent", 0.9, 0.01))
    registry.close()
    assert main(["lineage", str(campaign), "--invalidate", "E001", "--reason", "it read the labels", "--json"]) == 0
    told = capsys.readouterr()
    assert "E002, E004 rest on it" in told.err
    nodes = {node["id"]: node for node in json.loads(told.out)["nodes"]}
    assert nodes["E001"]["verdict"] == "invalid" and nodes["E001"]["invalid"] == "it read the labels"
    assert nodes["E002"]["rests_on"] == nodes["E004"]["rests_on"] == ["E001"] and nodes["E003"]["rests_on"] == []
    registry = opened(campaign)
    assert registry.experiments.champion() == "E004"  # the best of the pool that is left
    best = registry.blends.best(higher_is_better=True)
    assert best is not None and best.round == 2  # the other carries weight of it; this one names it with none
    (notice,) = [one for one in notices(registry) if "E001" in one]
    assert "rest on it" in notice and "the standing submission carries weight of it" in notice
    assert "rests on E001, which is invalid" in line(lineage(registry).nodes[1])
    registry.close()


def test_twice_is_once(campaign: Path) -> None:
    registry = Registry.create(campaign)
    first = invalidation.invalidate(registry, "E002", "one", higher_is_better=True)
    assert first == invalidation.invalidate(registry, "E002", "two", higher_is_better=True)
    assert first.descendants == ("E004",) and first.readers == ()
    assert invalidation.invalidated(registry) == {"E002": "one"} and registry.experiments.champion() == "E001"
    registry.close()


def test_a_live_engine_is_asked_and_obeys(played: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    campaign = copy_of(played, tmp_path / "campaign")
    lock = EngineLock(campaign)
    lock.acquire()
    assert main(["lineage", str(campaign), "--invalidate", "E002", "--reason", "wrong data", "--json"]) == 0
    assert "will mark E002 invalid" in capsys.readouterr().err
    lock.release()
    engine = engine_of(campaign)
    assert invalidation.invalidated(engine.registry) == {}
    engine.attend()
    assert invalidation.invalidated(engine.registry) == {"E002": "wrong data"}
    found = engine.registry.experiments.get("E002")
    assert found is not None and found.verdict == "invalid"
    assert engine.registry.events.newest(1)[0].kind == "invalidated"
    engine.registry.close()


def test_a_submission_that_carries_weight_of_it_is_replaced(played: Path, tmp_path: Path) -> None:
    engine = engine_of(copy_of(played, tmp_path / "campaign"))
    standing, best = engine.registry.submissions.standing(), blending.best_blend(engine)
    assert standing is not None and best is not None and standing.expected == best.score
    weaker = replace(best, score=best.score - 0.1)
    assert not worth_submitting(engine, weaker, standing, at_the_end=True)[0]
    member = max(best.weights, key=lambda id_: best.weights[id_])
    invalidation.invalidate(engine.registry, member, "wrong data", higher_is_better=True)
    worth, why = worth_submitting(engine, weaker, standing, at_the_end=True)
    assert worth and member in why
    assert all(row.weights.get(member, 0) == 0 for row in blending.blends_by_score(engine))
    engine.registry.close()


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--invalidate", "E001"], "--invalidate ID --reason TEXT"),
        (["--invalidate", "E009", "--reason", "x"], "there is no such experiment"),
        (["-o", "/proc/nowhere/x.svg"], "cannot be written"),
    ],
)
def test_mistakes(campaign: Path, argv: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lineage", str(campaign), *argv]) == 2
    assert says in capsys.readouterr().err


def test_what_has_no_verdict_cannot_be_taken_back(campaign: Path, capsys: pytest.CaptureFixture[str]) -> None:
    registry = Registry.create(campaign)
    spec = replace(registry.experiments.all()[0].spec, name="queued")
    registry.experiments.add(Experiment("E005", 5, spec, 0, "x", "sha", True, 1.0))
    registry.close()
    assert main(["lineage", str(campaign), "--invalidate", "E005", "--reason", "x"]) == 2
    assert "has no verdict" in capsys.readouterr().err
