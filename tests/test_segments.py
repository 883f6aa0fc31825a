"""Kinds of users, and how each is served."""

from __future__ import annotations

import numpy as np
import pytest

from podium.metrics import get
from podium.metrics.shapes import Ranking
from podium.referee.segments import LEAST, kinds_of_users, segments

HISTORIES: list[list[int]] = [[] for _ in range(LEAST)] + [[1, 1, 1, 2]] * LEAST + [[1, 2, 3, 4, 5, 6]] * LEAST


def test_users_are_of_kinds() -> None:
    kinds = {name: users.tolist() for name, users in kinds_of_users(HISTORIES).items()}
    third = [list(range(at * LEAST, (at + 1) * LEAST)) for at in range(3)]
    assert kinds["new"] == third[0]
    assert kinds["repeaters"] == kinds["light"] == third[1]
    assert kinds["explorers"] == kinds["heavy"] == third[2]


def test_the_worst_served_come_first_and_few_are_left_out() -> None:
    n = len(HISTORIES)
    truth = Ranking.from_lists([[7]] * n)
    decided = Ranking.from_lists([[8]] * LEAST + [[8, 7]] * LEAST + [[7, 8]] * LEAST)
    found = segments(get("mrr"), truth, decided, HISTORIES)
    assert found[0].name == "new"
    assert [one.score for one in found if one.name in ("new", "repeaters", "explorers")] == [0.0, 0.5, 1.0]
    assert all(one.stderr == pytest.approx(0.0) for one in found)
    assert "new" not in {one.name for one in segments(get("mrr"), truth[1:], decided[1:], HISTORIES[1:])}
    assert segments(get("mrr"), truth[:3], decided[:3], HISTORIES[:3]) == []


def test_nobody_is_lost() -> None:
    kinds = kinds_of_users(HISTORIES)
    assert sorted(np.concatenate([kinds["new"], kinds["light"], kinds["heavy"]]).tolist()) == list(
        range(len(HISTORIES))
    )
