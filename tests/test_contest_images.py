"""A whole campaign at images of which many are labelled as what they look like."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from contest_world import planted_by, played

pytest.importorskip("PIL")

from podium.protocol import Column, Context, Rows
from podium.recipes import vision
from podium.recipes.vision.catalog import ALL
from podium.testing.contests import Planted, images

planted = planted_by(images.make)


def test_a_sample_submission_falls_short(planted: Planted) -> None:
    assert planted.naive < planted.reach
    assert not planted.met(planted.public / "sample_submission.csv")


def test_a_forest_of_every_label_falls_short_and_one_without_suspects_does_not(
    planted: Planted, tmp_path: Path
) -> None:
    train, test = (pl.read_csv(planted.public / name) for name in ("train.csv", "sample_submission.csv"))
    classes = tuple(sorted(images.SHAPES))
    y = np.array([classes.index(shape) for shape in train["shape"]])
    schema = (Column("image_id", "file", pixels=images.SIZE),)
    ctx = Context(0, 1, "multiclass_classification", "accuracy", len(classes), schema, classes=classes)
    frame = pl.concat([train, test]).select("image_id")
    every = Rows(frame, np.arange(frame.height), files=planted.public / "images")
    measured = vision.measure_files(every, ctx, {"blocks": ALL})
    found = []
    for clean in (False, True):
        forest = vision.PictureForest({"blocks": ALL}, trees=300, max_features="sqrt", clean=clean)
        forest.fit(Rows(measured, np.arange(len(train)), y=y), ctx)
        values = forest.predict(Rows(measured, np.arange(len(train), frame.height)), ctx).values
        answered = test.with_columns(shape=pl.Series([classes[k] for k in values.argmax(axis=1)]))
        answered.write_csv(tmp_path / "answer.csv")
        found.append(planted.score(tmp_path / "answer.csv"))
    assert found[0] <= planted.naive + 0.01 < planted.reach <= found[1]


def test_a_campaign_sees_through_wrong_labels(
    planted: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("podium.recipes.vision.catalog._nets_learn", lambda facts: False)  # a net takes minutes
    monkeypatch.setattr("podium.recipes.vision.backbones.available", tuple)
    played(planted, tmp_path, 3)
