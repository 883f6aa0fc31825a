"""From interactions to a row a user: what is held out, what is relevant, who is new, and nothing of test in a fold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from podium import tasks
from podium.competition.build import build
from podium.competition.intake import intake
from podium.competition.kinds import tails
from podium.competition.units import TRUTH, Units, units_of
from podium.records import Competition

USERS, EACH = 40, 10


def world(folder: Path, cut: str, new: int = 0, **extra: object) -> Competition:
    """40 users, ten events each, days apart; items `i00` …; `new` more are asked and unknown."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    users = np.repeat(np.arange(USERS), EACH)
    frame = pl.DataFrame({
        "user_id": users, "item_id": [f"i{one:02d}" for one in rng.integers(0, 30, len(users))],
        "rating": rng.integers(1, 6, len(users)), "timestamp": 1_500_000_000 + 86_400 * np.tile(np.arange(EACH), USERS),
    })  # fmt: skip
    frame.sample(fraction=1.0, shuffle=True, seed=1).write_csv(folder / "train.csv")
    asked = [*range(USERS), *range(900, 900 + new)]
    pl.DataFrame({"item_id": [f"i{i:02d}" for i in range(30)], "year": range(30)}).write_csv(folder / "items.csv")
    pl.DataFrame({"user_id": asked, "region": ["N" if u % 2 else "S" for u in asked]}).write_csv(folder / "users.csv")
    pl.DataFrame({"user_id": asked, "items": ["i01 i02 i03"] * len(asked)}).write_csv(folder / "sample_submission.csv")
    (folder / "description.md").write_text(f"Recommend items to users. {cut}\n\nThe metric is NDCG@5.\n")
    return intake(folder)


def units(competition: Competition) -> Units:
    found = units_of(competition, Path(competition.data_dir), 0)
    assert found is not None
    return found


LAST = "The last 3 events of each user are hidden; those with a rating of 4 or more are relevant."


def test_the_last_events_are_held_out_and_the_liked_of_them_relevant(tmp_path: Path) -> None:
    competition = world(tmp_path, LAST)
    assert (competition.cv_strategy, competition.cv_horizon, competition.cv_folds) == ("last_n", 3.0, 3)
    found = units(competition)
    assert found.clock is not None
    names = found.names["#item"]
    events = pl.read_csv(tmp_path / "train.csv").sort("user_id", "timestamp")
    for clock, row in zip(found.clock, found.source.train.iter_rows(named=True), strict=False):
        own = events.filter(pl.col("user_id") == int(sorted(map(str, range(USERS)))[row["user"]]))
        own = own.head(EACH - 3 * (1 - int(clock)))  # the tail before the last, and the last one
        assert names[row["history"]].to_list() == own["item_id"].to_list()[:-3]
        assert row["history_rating"] == own["rating"].cast(float).to_list()[:-3]
        liked = own.tail(3).filter(pl.col("rating") >= 4)["item_id"].to_list()
        assert sorted(names[row[TRUTH]].to_list()) == sorted(set(liked))
    assert found.source.test["history"].list.len().to_list() == [EACH] * USERS


def test_folds_are_of_users_with_something_relevant_and_know_nobodys_tail(tmp_path: Path) -> None:
    found = units(world(tmp_path, LAST))
    assert found.dealt is not None
    assert found.dealt.clock is not None
    assert found.clock is not None
    assert found.groups is not None
    empty = found.source.train[TRUTH].list.len().to_numpy() == 0
    last = found.dealt.clock == 1
    assert empty.any()
    assert ((found.dealt.fold_of < 0) == (empty | ~last)).all()
    for fold in range(3):  # of some users each, trained on the cut-off before, at which the last tails are not known
        barred = (found.dealt.barred >> np.uint32(fold)) & np.uint32(1) == 1
        assert (barred == last).all()
        assert (found.dealt.fold_of == fold).sum() > 5
    assert found.clock.tolist() == [0] * USERS + [1] * USERS + [2] * USERS  # test comes last
    assert sorted(found.groups[: 2 * USERS]) == sorted([*range(USERS)] * 2)  # rows of one user are one sampling unit


def test_long_histories_are_cut_at_several_places_and_short_ones_once(tmp_path: Path) -> None:
    found = units(world(tmp_path / "deep", LAST.replace("last 3 events", "last event")))
    assert found.dealt is not None
    assert found.clock is not None
    sizes = found.source.train["history"].list.len().to_numpy()
    assert [set(sizes[found.clock[: len(sizes)] == clock]) for clock in range(4)] == [{6}, {7}, {8}, {9}]
    assert [set(found.clock[: len(sizes)][found.dealt.fold_of == fold]) for fold in range(3)] == [{1}, {2}, {3}]
    once = units(world(tmp_path / "short", LAST.replace("last 3", "last 6")))
    assert once.dealt is not None
    assert len(once.source.train) == USERS
    assert once.groups is None
    assert set(once.dealt.fold_of) - {-1} == {0, 1, 2, 3, 4}
    assert tails.depth(np.array([1, 1]), tails.read(LAST, timed=True)) == 1


def test_a_fold_has_no_row_of_test_in_its_file(tmp_path: Path) -> None:
    competition = world(tmp_path / "public", LAST)
    data = build(competition, tmp_path / "data", 0)
    assert competition.looks_forward
    assert data.test.min() > data.train.max()
    task = tasks.for_competition(competition)
    task.measure(data.folder)
    truth = task.encode(data.labels(data.train))
    assert len(truth) == len(data.train)
    sheet = task.write(task.decide(task.baseline(truth, len(data.test)), {}), data.ids(data.test))
    task.check_submission(sheet, data.ids(data.test))
    assert sheet["items"][0].startswith("i")
    items = pl.read_ipc(data.tables["items"])
    assert items["year"].to_list() == sorted(items["year"].to_list())  # keyed by codes, in order


def test_newcomers_are_asked_with_what_describes_them_and_learnt_from(tmp_path: Path) -> None:
    found = units(world(tmp_path, LAST, new=20))
    test, train = found.source.test, found.source.train
    assert test["history"].list.len().to_list()[-20:] == [0] * 20
    assert test["region"].null_count() == 0
    cold = float((train["history"].list.len() == 0).mean())  # type: ignore[arg-type]
    assert 0.1 < cold < 0.6  # a third of those asked are new
    assert train.filter(pl.col("history").list.len() == 0)[TRUTH].list.len().sum() > 0


def test_a_window_after_everybodys_cut_off(tmp_path: Path) -> None:
    competition = world(tmp_path, "Predict what each user will buy in the next 2 days.")
    assert (competition.cv_strategy, competition.cv_horizon, competition.cv_folds) == ("forward", 2.0, 3)
    found = units(competition)
    assert found.dealt is not None
    train, clock = found.source.train, found.dealt.clock
    assert clock is not None
    assert sorted(set(clock)) == [0, 1, 2, 3]
    assert (np.diff(clock) >= 0).all()
    lengths = train["history"].list.len().to_numpy()
    assert [int(lengths[clock == nth].max()) for nth in range(4)] == [2, 4, 6, 8]
    assert (found.dealt.fold_of[clock == 0] == -1).all()
    for fold in range(3):
        barred = (found.dealt.barred >> np.uint32(fold)) & np.uint32(1) == 1
        assert (barred == (clock >= fold + 1)).all()  # its own window is not trained on, nor a later one


def test_items_that_a_user_had_are_not_relevant_where_that_is_said(tmp_path: Path) -> None:
    found = units(world(tmp_path, LAST + " Items a user already has are never relevant."))
    for row in found.source.train.iter_rows(named=True):
        assert not set(row["history"]) & set(row[TRUTH])


def test_too_little_to_learn_from_is_told(tmp_path: Path) -> None:
    competition = world(tmp_path, LAST.replace("4 or more", "9 or more"))
    with pytest.raises(Exception, match="held out of their histories"):
        units(competition)


@pytest.mark.parametrize(
    ("text", "how", "most", "share"),
    [
        ("We hide each user's last item (leave-one-out).", "last", 1, 1.0),
        ("For every user the latest ratings (up to ten, at most a fifth) are hidden.", "last", 10, 0.2),
        ("The final 20% of each user's plays were removed.", "last", 10_000, 0.2),
        ("Recommend tracks.", "last", tails.MOST, tails.SHARE),
        ("What customers buy in the following week.", "window", 1000, 1.0),
    ],
)
def test_the_cut_is_read(text: str, how: str, most: int, share: float) -> None:
    found = tails.read(text, timed=True)
    assert (found.how, found.most, found.share) == (how, most, share)


def test_sessions_end_where_tests_do() -> None:
    assert tails.read("Predict the next click of each session.", timed=True, apart=True).most == 1
    assert tails.read("Predict the rest.", timed=True, apart=True).how == "session"
