"""Competitions of every kind: each is understood right, or refused with a question; never silently wrong."""

from __future__ import annotations

import re
from pathlib import Path

import kind_competitions_2  # noqa: F401 (its lookalikes register themselves)
import polars as pl
import pytest
from kind_competitions import CASES

from podium import tasks
from podium.competition import build, intake
from podium.errors import Ambiguous, IntakeError, InvalidPredictions
from podium.metrics import get
from podium.records import Competition, from_json, to_json
from podium.tasks import sheet


@pytest.mark.parametrize("name", CASES)
def test_a_lookalike_is_right_or_asked_about(name: str, tmp_path: Path) -> None:
    make, expected = CASES[name]
    make(tmp_path / name)
    if expected.refused:
        with pytest.raises(IntakeError) as caught:
            intake(tmp_path / name)
        assert expected.refused in str(caught.value)
        assert isinstance(caught.value, Ambiguous) or re.search(
            r"(set|correct|name it with|choose with) `", str(caught.value)
        )
        return
    c = intake(tmp_path / name)
    target = c.target_name or (c.target_columns[0] if c.target_columns else "")
    assert (c.task_type, c.metric, c.id_column) == (expected.task_type, expected.metric, expected.id_column)
    assert not expected.target or expected.target in (target, *c.target_columns)
    assert c.metric_direction == get(c.metric).direction
    assert not expected.kind or c.submission_kind == expected.kind
    assert not expected.inputs or c.inputs == expected.inputs
    assert bool(tasks.obstacle(c)) == expected.unplayable
    for key in ("task_type", "target_column", "id_column", "metric", "metric_direction", "submission_kind"):
        assert c.evidence[key].why and 0 < c.evidence[key].confidence <= 1, key
    assert from_json(Competition, to_json(c)) == c


def test_a_metric_settles_what_was_asked(tmp_path: Path) -> None:
    CASES["ships_in_runs"][0](tmp_path / "ships")
    c = intake(tmp_path / "ships", {"metric": "mask_ap"})
    assert (c.task_type, c.metric, c.target_columns) == ("segmentation", "mask_ap", ("EncodedPixels",))


def test_what_is_unknown_is_asked_with_the_metrics_that_fit(tmp_path: Path) -> None:
    CASES["wheat"][0](tmp_path / "wheat")
    with pytest.raises(Ambiguous) as caught:
        intake(tmp_path / "wheat")
    assert caught.value.key == "metric" and set(caught.value.choices) == {"box_map", "coco_map"}


def test_rows_of_two_keys_are_written_back_as_they_were(tmp_path: Path) -> None:
    CASES["rows_of_two_keys"][0](tmp_path / "toy")
    c = intake(tmp_path / "toy")
    assert c.id_columns == ("store", "date") and c.submission_columns == ("store", "date", "yield")
    data = build(c, tmp_path / "data", 0)
    assert "store,date" not in data.frame().columns and "store" in data.frame().columns
    ids = data.ids(data.test_order)
    filled = sheet.fill(c, {"yield": [1.5] * len(data.test)}, len(data.test), ids)
    shipped = pl.read_csv(tmp_path / "toy" / "sample_submission.csv", infer_schema_length=0)
    assert filled.select("store", "date").equals(shipped.select("store", "date"))
    sheet.check_shape(c, filled, ["yield"], ids)
    with pytest.raises(InvalidPredictions, match="'store', row 0"):
        sheet.check_shape(c, filled.reverse(), ["yield"], ids)


def test_the_config_overrules_a_kind(tmp_path: Path) -> None:
    CASES["cattle_in_coco"][0](tmp_path / "cattle")
    c = intake(tmp_path / "cattle", {"target_column": "cows", "group_column": "herd"})
    assert (c.target_name, c.group_column, c.evidence["target_column"].confidence) == ("cows", "herd", 1.0)
    CASES["monthly_series"][0](tmp_path / "months")
    with pytest.raises(IntakeError, match="does not fit these files"):
        intake(tmp_path / "months", {"task_type": "segmentation"})
