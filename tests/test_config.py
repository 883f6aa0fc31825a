"""config.json: AutoKaggle's keys as they are, our own, and a schema that refuses what the loader refuses."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intake_competitions import toy

from podium import metrics
from podium.campaign.submission import deadline
from podium.competition import intake
from podium.competition.config import keys_used, load_config, moment, rule, schema, team
from podium.competition.splits import STRATEGIES
from podium.errors import IntakeError

AUTOKAGGLE: dict[str, Any] = {
    "competition": "playground-series-s6e4",
    "competition_dir": "./competition",
    "data_dir": "./competition/data",
    "task_type": "binary_classification",
    "metric": "auc_roc",
    "metric_direction": "higher",
    "target_column": "y",
    "id_column": "id",
    "cv_strategy": "StratifiedKFold",
    "cv_folds": 5,
    "deadline": "2026-04-30",
    "max_submissions_per_day": 5,
    "knowledge_files": ["notes.md"],
    "existing_oof_dir": "./oof",
    "best_pipeline_script": "best.py",
    "scraper_path": "scraper.py",
    "kaggle_username": "somebody",
}


def autokaggle(folder: Path, **more: Any) -> Path:
    """A competition laid out as AutoKaggle's quick start has it."""
    toy(folder / "competition" / "data")
    (folder / "oof").mkdir()
    for name in ("notes.md", "best.py", "scraper.py"):
        (folder / name).write_text("# notes\n")
    (folder / "config.json").write_text(json.dumps({**AUTOKAGGLE, **more}))
    return folder


def refuses(document: Any, found: dict[str, Any]) -> bool:
    """JSON Schema's verdict on a document, for the words that our schema uses (jsonschema is no dependency)."""
    if not isinstance(document, dict):
        return True
    return any(key in found["properties"] and _refuses(value, rule(key)) for key, value in document.items())


def _refuses(value: Any, found: dict[str, Any]) -> bool:
    kinds = [found["type"]] if isinstance(found["type"], str) else found["type"]
    kind = {str: "string", bool: "boolean", list: "array", dict: "object", type(None): "null"}.get(
        type(value), "number"
    )
    whole = kind == "number" and float(value).is_integer() and "integer" in kinds
    if kind not in kinds and not whole:
        return True
    if "enum" in found and value not in found["enum"]:
        return True
    if kind == "string" and not re.search(found.get("pattern", ""), value):
        return True
    if kind == "number" and not found.get("minimum", value) <= value <= found.get("maximum", value):
        return True
    if kind == "array" and any(_refuses(item, {**schema()["$defs"]["text"], **found["items"]}) for item in value):
        return True
    return kind == "object" and any(_refuses(item, found["additionalProperties"]) for item in value.values())


def loads(folder: Path, document: Any) -> bool:
    (folder / "config.json").write_text(json.dumps(document))
    try:
        load_config(folder, {})
    except IntakeError as refusal:
        assert "\n" not in str(refusal)
        return False
    return True


def test_autokaggles_config_works_as_it_is(tmp_path: Path) -> None:
    folder = autokaggle(tmp_path / "c")
    for path in (folder, folder / "config.json"):
        found = intake(path)
        assert (found.competition, found.metric, found.metric_direction) == ("playground-series-s6e4", "auc", "higher")
        assert (found.target_columns, found.id_column, found.cv_strategy, found.cv_folds) == (
            ("y",),
            "id",
            "stratified",
            5,
        )
        assert (found.deadline, found.max_submissions_per_day) == ("2026-04-30", 5)
        assert found.knowledge_files == (str(folder / "notes.md"),)
        brought = found.brought
        assert (brought.existing_oof_dir, brought.best_pipeline_script) == (
            str(folder / "oof"),
            str(folder / "best.py"),
        )
        assert (brought.scraper_path, brought.run_scraper) == (str(folder / "scraper.py"), False)
        assert (brought.kaggle_username, brought.use_imported, brought.deadline) == (
            "somebody",
            False,
            iso("2026-04-30"),
        )
        assert set(found.evidence["config_keys"].value.split(", ")) == set(AUTOKAGGLE)


@pytest.mark.parametrize(
    ("word", "canonical"),
    [("auc_roc", "auc"), ("roc_auc", "auc"), ("logloss", "log_loss"), ("rmse", "rmse"), ("map@5", "map@5"), ("f1", "f1"),
     ("bleu", "bleu"), ("MAP@5", "map@5"), ("qwk", "qwk"), ("mae", "mae"), ("ndcg@10", "ndcg@10"), ("f1_macro", "f1_macro")],
)  # fmt: skip
def test_autokaggles_words_for_metrics(word: str, canonical: str) -> None:
    assert metrics.get(word).name == canonical


def test_every_key_of_the_schema_is_described() -> None:
    assert schema()["$id"] and schema()["$schema"].endswith("2020-12/schema")
    for key in schema()["properties"]:
        assert rule(key)["description"], key
        assert "null" in rule(key)["type"], f"{key}: null is as good as absent"
        for example in rule(key).get("examples", ()):
            assert not _refuses(example, rule(key)), key
    assert set(STRATEGIES) <= set(rule("cv_strategy")["enum"])


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 40), st.floats(-3, 40, allow_nan=False), st.text(max_size=12),
    st.sampled_from(["<TARGET>", "x <A b> y", "higher", "2026-04-30", "2026-04-30T10:00:00Z", "soon", "KFold", "a,b", "5"]),
    st.lists(st.one_of(st.text(max_size=5), st.integers(), st.just("<A>"), st.none()), max_size=3),
    st.dictionaries(st.text(max_size=4), st.one_of(st.text(max_size=4), st.integers(), st.just("<B>")), max_size=2),
)  # fmt: skip


@given(key=st.sampled_from(sorted(schema()["properties"])), value=VALUES)
def test_schema_and_loader_accept_and_refuse_the_same(
    key: str, value: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if key == "$schema" and isinstance(value, str) and "<" in value:
        return
    document = {key: value}
    assert loads(tmp_path_factory.getbasetemp(), document) is not refuses(document, schema())


def test_jsonschema_agrees_where_it_is_installed(tmp_path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    check = jsonschema.Draft202012Validator(schema())
    jsonschema.Draft202012Validator.check_schema(schema())
    for document in (
        AUTOKAGGLE, {}, {"cv_folds": 1}, {"cv_folds": 5.0}, {"cv_folds": True}, {"target_column": ["a", "<B>"]}, [],
        {"metric_direction": None}, {"metric_direction": "up"}, {"deadline": "soon"}, {"team": {"*": 1}}, {"colour": 3},
        {"deadline": "2026-04-30 23:59"}, {"use_imported": "yes"}, {"knowledge_files": [1]},
    ):  # fmt: skip
        assert check.is_valid(document) is loads(tmp_path, document), document


def test_what_a_flag_says_is_typed(tmp_path: Path) -> None:
    found = load_config(
        tmp_path, {"cv_folds": "7", "use_imported": "yes", "target_column": "a, b", "team": "builder=x,*=builtin"}
    )
    assert found == {
        "cv_folds": 7,
        "use_imported": True,
        "target_column": "a, b",
        "team": {"builder": "x", "*": "builtin"},
    }
    assert team(found) == {"builder": "x", "*": "builtin"}
    assert keys_used(found) == ("target_column", "cv_folds", "use_imported", "team")


def test_null_and_empty_are_absent(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(
        json.dumps({"metric": None, "target_column": "", "knowledge_files": [], "team": {}})
    )
    assert load_config(tmp_path, {}) == {}


def test_a_metric_file_is_looked_for_where_it_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    (there / "metric.py").write_text("x = 1")
    (there / "config.json").write_text('{"metric": "metric.py"}')
    monkeypatch.chdir(here)
    assert load_config(there, {})["metric"] == str(there / "metric.py")
    (here / "metric.py").write_text("x = 1")
    assert load_config(there, {})["metric"] == str(there / "metric.py"), "the config's is relative to the config"
    assert load_config(there, {"metric": "metric.py"})["metric"] == str(here / "metric.py"), "a flag's, to here"


def iso(text: str) -> str:
    """A deadline as a campaign keeps it."""
    return moment(text).isoformat()


def test_deadlines() -> None:
    assert moment("2026-04-30") == datetime(2026, 4, 30, 23, 59, 59, tzinfo=UTC)
    for text in ("2026-04-30T21:30Z", "2026-04-30 21:30", "2026-04-30T23:30:00+02:00", "2026-04-30 21:30:00 UTC"):
        assert moment(text) == datetime(2026, 4, 30, 21, 30, tzinfo=UTC), text
    now = datetime(2026, 4, 30, 12, tzinfo=UTC)
    assert not deadline.passed(iso("2026-04-30"), now) and deadline.passed(iso("2026-04-29"), now)
    assert not deadline.passed(None, now)
    assert deadline.shown(iso("2026-04-30")) == "2026-04-30 23:59 UTC"


def test_time_ends_before_the_deadline() -> None:
    now = datetime(2026, 4, 30, 12, tzinfo=UTC)
    time_s, why = deadline.capped(7200.0, iso("2026-04-30T13:00:00Z"), now)
    assert time_s == 3600 - deadline.MARGIN_S and "cut" in why
    assert deadline.capped(1800.0, iso("2026-04-30T13:00:00Z"), now) == (1800.0, "")
    assert deadline.capped(None, iso("2026-04-30T13:00:00Z"), now) == (None, "")
    assert deadline.capped(7200.0, iso("2026-04-29"), now) == (7200.0, ""), (
        "after it, who plays on does it for the figures"
    )
