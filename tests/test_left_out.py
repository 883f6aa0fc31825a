"""Families that want a library are named with what to install; where all is here, nothing is said."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_affordable import COMPETITION, FACTS

from podium.campaign.left_out import left_out
from podium.protocol import Column
from podium.recipes import extras, pretrained
from podium.recipes.tabular import catalog as tabular
from podium.records import AuditFinding

TEXTS = replace(FACTS, columns=(Column("text", "text", 9_000, 0, 200.0),))


def without(monkeypatch: pytest.MonkeyPatch, *absent: str) -> None:
    for module in (extras, tabular):
        monkeypatch.setattr(module, "loads", lambda package: package not in absent)


def said(found: tuple[AuditFinding, ...]) -> str:
    return found[0].message if found else ""


def test_tables_want_boosting_and_nets(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "catboost", "tabm")
    found = left_out(COMPETITION, FACTS)
    assert said(found).endswith("tabm (tabm); catboost (tabular): pip install 'podium[tabm,tabular]'")
    assert found[0].severity == "info" and found[0].figure == 2
    without(monkeypatch)
    assert left_out(COMPETITION, FACTS) == ()


def test_texts_want_an_encoder_unless_the_rules_forbid_it(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch)
    monkeypatch.setattr(pretrained, "ENCODERS", ())
    assert "sentence_linear, sentence_boost, sentence_tuned (sentences)" in said(left_out(COMPETITION, TEXTS))
    spans = replace(COMPETITION, task_type="span_extraction", submission_kind="text")
    assert "span_encoder (sentences)" in said(left_out(spans, TEXTS))
    assert left_out(replace(COMPETITION, pretrained="no"), TEXTS) == ()
