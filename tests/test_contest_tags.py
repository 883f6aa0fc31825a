"""A whole campaign at several labels in a cell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from podium.cli import compose, making
from podium.competition.intake import intake
from podium.competition.label_cells import bits_of, recorded
from podium.testing.contests import Planted, tags


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return tags.make(tmp_path_factory.mktemp("tags"))


def test_what_is_likelier_than_not_does_not_reach(planted: Planted, tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    train, test = (pl.read_csv(planted.public / f"{name}.csv") for name in ("train", "test"))
    soil = [name for name in test.columns if name != "id"]
    bits = bits_of(train["plants"].to_list(), tags.LABELS, tags.FORM)
    told = [
        LogisticRegression().fit(train[soil].to_numpy(), column).predict(test[soil].to_numpy()) for column in bits.T
    ]
    cells = [tags.FORM.join([tags.LABELS[at] for at in np.flatnonzero(row)]) for row in np.column_stack(told)]
    test.select("id", pl.Series("plants", cells)).write_csv(tmp_path / "plain.csv")
    assert planted.score(tmp_path / "plain.csv") <= planted.naive < planted.reach


def test_a_campaign_puts_rare_labels_down(planted: Planted, tmp_path: Path) -> None:
    asked = intake(planted.public)
    form = recorded(asked)
    assert (asked.submission_kind, asked.target_name) == ("labels", "plants")
    assert form is not None and form.separator == "; " and set(tags.LABELS) < set(asked.target_columns)
    campaign = making.open_or_create(str(planted.public), campaign=tmp_path / "campaign", experiments=1, threads=1)
    compose.run(campaign)
    submission = campaign / "submission.csv"
    assert pl.read_csv(submission).columns == ["id", "plants"]
    assert planted.met(submission), f"{planted.score(submission):.3f}, asked {planted.reach}"
