"""The researcher and its playbook: what it proposes, on what evidence, and when it lets go."""

from __future__ import annotations

import inspect
from dataclasses import replace

import pytest
from team_world import FakeCatalog, brief, competition, data, experiment, facts, recipe

from podium.protocol import Column
from podium.records import AuditFinding, BlendFact, Facts, Learning, ResearchBrief
from podium.team.builtin import conditions, learnings, playbook, researcher
from podium.team.builtin.learnings import SEEDED
from podium.team.citations import problems

CATALOG = FakeCatalog()


def found(known: Facts) -> ResearchBrief:
    return researcher.research(brief("research", known), CATALOG)


def sources(known: Facts) -> set[str]:
    return {source for hypothesis in found(known).hypotheses for source in hypothesis.sources}


# ---------------------------------------------------------------- playbook


def test_the_shipped_playbook_parses_and_every_entry_says_why() -> None:
    entries = playbook.shipped()
    assert len(entries) >= 20
    assert all(entry.why and entry.source and entry.gain > 0 and entry.when for entry in entries)


def test_playbook_settings_are_options_of_the_recipes_and_change_something() -> None:
    from podium.recipes.tabular.encoder import Encoder

    usual = {name: one.default for name, one in inspect.signature(Encoder.__init__).parameters.items()}
    usual |= {"pseudo": 0, "parts": False}  # the model's own
    for entry in playbook.shipped():
        for name, value in entry.features.items():
            assert name in usual, f"{entry.id}: neither the encoder nor the model has an option {name}"
            assert usual[name] != value, f"{entry.id}: {name}={value} is the default"


def test_playbook_families_exist_in_the_catalog() -> None:
    from podium.recipes.catalog import KINDS

    known = {name for kind in KINDS.values() for name in kind.FAMILIES}
    for entry in playbook.shipped():
        assert set(entry.families) <= known, f"{entry.id}: {set(entry.families) - known}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("## P01 x\n- when: always\n- family: any\n- gain: 1\n- why: y\n", "P01: missing field 'source'"),
        ("## P01 x\n- when: moonlight\n- family: any\n- gain: 1\n- why: y\n- source: z\n", "condition 'moonlight'"),
        ("## P01 x\n- when: always\n- family: any\n- gain: much\n- why: y\n- source: z\n", "P01: could not convert"),
        ("## P01 x\nsome prose\n", "expected '- field: value'"),
        (
            "## P01 x\n- when: always\n- family: any\n- features: target true\n- gain: 1\n- why: y\n- source: z\n",
            "settings",
        ),
        (2 * "## P01 x\n- when: always\n- family: any\n- gain: 1\n- why: y\n- source: z\n", "P01 again"),
    ],
)
def test_a_playbook_that_does_not_parse_names_the_entry(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        playbook.read(text)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("always", True),
        ("code columns", True),
        ("text columns", False),
        ("not text columns", True),
        ("audit imbalance", True),
        ("audit drift", False),
        ("metric=auc|log_loss", True),
        ("metric=rmse", False),
        ("task=regression", False),
        ("n_train<3000", False),
        ("n_train >= 3000", True),
        ("levels>=40", True),
        ("plateau", False),
        ("forward", False),
        ("test_share>=0.3", True),
    ],
)
def test_conditions(condition: str, holds: bool) -> None:
    assert (conditions.parse(condition).holds(facts()) is not None) is holds


def test_an_audit_finding_for_information_is_no_warning() -> None:
    calm = facts(audit=(AuditFinding("drift", "info", "x1", 0.5, "no drift"),))
    assert conditions.parse("audit drift").holds(calm) is None
    loud = facts(audit=(AuditFinding("drift", "warn", "x1", 0.9, "drift"),))
    assert conditions.parse("audit drift").holds(loud) == ("audit:drift:x1",)


# ---------------------------------------------------------------- hypotheses


def test_every_hypothesis_cites_what_it_rests_on_and_can_be_built() -> None:
    tried = (experiment("E001", recipe=recipe("lightgbm")), experiment("E002", "linear", score=0.85))
    for known in (facts(), facts(round=2, experiments=tried)):
        hypotheses = found(known).hypotheses
        assert hypotheses
        for h in hypotheses:
            assert h.sources[0].startswith(("P", "E"))
            assert h.recipe is not None
            assert h.expected_gain > 0
            assert all(source in h.why for source in h.sources[:1])


def test_hypotheses_follow_the_data() -> None:
    tried = (experiment("E001", recipe=recipe("lightgbm")),)
    with_code = facts(round=2, experiments=tried)
    plain = replace(with_code, data=data(columns=tuple(Column(f"x{k}", "numeric", n_unique=9) for k in range(3))))
    assert "column:cabin" in sources(with_code)
    assert "P09" not in sources(plain)


def test_hypotheses_follow_the_target() -> None:
    tried = (experiment("E001", recipe=recipe("lightgbm")),)
    skewed = data(target_skew=3.0, target_min=1.0)
    regression = competition(task_type="regression", metric="rmse", metric_direction="lower")
    known = facts(round=2, experiments=tried, data=skewed, competition=regression)
    assert {"P16", "target_skew=3"} <= sources(known)
    assert "P16" not in sources(replace(known, data=data(target_skew=0.2, target_min=1.0)))


def test_nothing_tried_is_proposed_again() -> None:
    tried = (experiment("E001", recipe=recipe("lightgbm")),)
    first = found(facts(round=2, experiments=tried)).hypotheses[0]
    assert first.recipe is not None
    seen = facts(round=3, experiments=tried, fingerprints=(CATALOG.fingerprint(first.recipe),))
    assert first.recipe not in [h.recipe for h in found(seen).hypotheses]


def test_an_entry_without_effect_is_retired() -> None:
    base = experiment("E001", recipe=recipe("lightgbm"))
    vain = tuple(
        experiment(
            f"E00{k}",
            family,
            round=2,
            hypothesis="Log of skewed numbers [R02.H1: P14, n_numeric=6]",
            operator="improve",
        )
        for k, family in ((2, "linear"), (3, "knn"))
    )
    blends = (BlendFact(1, 0.86, 0.003, {"E001": 1.0}), BlendFact(2, 0.86, 0.003, {"E001": 1.0}))
    mlp = experiment("E004", "mlp", recipe=recipe("mlp"))
    before = facts(round=3, experiments=(base, mlp), blends=blends)
    assert "P14" in sources(before)
    assert "P14" not in sources(replace(before, experiments=(base, mlp, *vain)))


def test_what_gained_on_one_family_is_proposed_for_another() -> None:
    tried = (
        experiment("E001", score=0.86, recipe=recipe("lightgbm")),
        experiment(
            "E002", score=0.87, recipe=recipe("lightgbm", {"dates": False}), parents=("E001",), operator="improve"
        ),
        experiment("E003", "xgboost", score=0.858, recipe=recipe("xgboost")),
    )
    transfers = [h for h in found(facts(round=3, experiments=tried)).hypotheses if "E002" in h.sources]
    assert [h.recipe for h in transfers if h.recipe and h.family == "xgboost"] == [recipe("xgboost", {"dates": False})]


def test_earlier_campaigns_move_the_ranking() -> None:
    def gain(support: int, contradicted: int) -> float:
        known = Learning("F:binary_classification:mlp", "mlp helps", "elsewhere", "any", support, contradicted)
        hypotheses = found(facts(learnings=(*SEEDED, known))).hypotheses
        return next(h.expected_gain for h in hypotheses if h.family == "mlp")

    assert gain(6, 0) > gain(1, 1) > gain(0, 6)


def test_overturned_learnings_are_not_followed() -> None:
    def gain(contradicted: int) -> float:
        rules = tuple(replace(rule, contradicted=contradicted) if rule.id == "L3" else rule for rule in SEEDED)
        return found(facts(learnings=rules)).hypotheses[0].expected_gain

    assert gain(0) > gain(2)
    assert not learnings.in_force(facts(learnings=()), "L3")


# ---------------------------------------------------------------- the brief


def test_the_brief_is_short_new_and_cites_figures_that_exist() -> None:
    columns = tuple(Column(f"a column with a long name {k}", "code", n_unique=500) for k in range(50))
    audit = tuple(AuditFinding("drift", "warn", c.name, 0.9, "drifts " * 60) for c in columns)
    tried = tuple(experiment(f"E{k:03d}", round=1 + k // 8, score=0.8 + k / 1000) for k in range(40))
    blends = tuple(BlendFact(k, 0.86, 0.003, {"E001": 1.0}) for k in range(1, 6))
    known = facts(round=5, experiments=tried, audit=audit, data=data(columns=columns), blends=blends)
    for asked in (known, replace(known, round=1, experiments=(), blends=())):
        deliverable = found(asked)
        assert len(deliverable.brief.split()) < 500
        assert problems(deliverable.brief, asked) == []
    news = found(known).brief.split("## Hypotheses")[0]
    assert "E025" in news, "of the last round"
    assert "E012" not in news, "of an earlier one"


def test_the_raw_notes_hold_the_whole_playbook() -> None:
    raw = found(facts()).raw
    assert all(entry.id in raw for entry in playbook.shipped())
