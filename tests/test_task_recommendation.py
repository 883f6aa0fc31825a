"""Recommendation and ranking as tasks: lists of items a user, candidates of a query."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from podium.competition.keys import JOINT
from podium.competition.units.unit import QUERY, TRUTH
from podium.errors import InvalidPredictions
from podium.metrics import get
from podium.metrics.graded import Graded, of_rows
from podium.packing import rankings, unpack_rankings
from podium.records import Competition, Evidence
from podium.tasks.ranking import RankingTask
from podium.tasks.recommendation import RecommendationTask
from podium.tasks.task import Floats
from podium.testing.task_conformance import conform

N, ITEMS = 30, 80
IDS = pl.Series("user_id", [f"u{i}" for i in range(N)])


def competition(
    metric: str = "ndcg@10", form: str = " ", columns: tuple[str, ...] = ("user_id", "items")
) -> Competition:
    return Competition(
        competition="c", data_dir="", task_type="recommendation", metric=metric, metric_direction="higher",
        target_columns=("item_id",), id_column="user_id", submission_columns=columns, submission_kind="ranking",
        target_name=columns[1], evidence={"answer_form": Evidence(form, "", 1.0)},
    )  # fmt: skip


def task_of(metric: str = "ndcg@10", **kinds: object) -> RecommendationTask:
    return RecommendationTask(competition(metric, **kinds), get(metric))  # type: ignore[arg-type]


def labels() -> pl.DataFrame:
    rng = np.random.default_rng(1)
    return pl.DataFrame({TRUTH: [rng.permutation(ITEMS)[: 1 + i % 4].tolist() for i in range(N)]})


def raw_of(task: RecommendationTask, short: bool = False) -> Floats:
    rng = np.random.default_rng(2)
    size = 3 if short else 50
    lists = [rng.permutation(ITEMS)[:size].tolist() for _ in range(N)]
    packed = rankings(lists, [list(range(size, 0, -1))] * N, task.layout())
    return np.asarray(packed.values, dtype=np.float64).reshape(N, -1)


@pytest.mark.parametrize("metric", ["ndcg@10", "map@12", "recall@20", "mrr"])
def test_a_recommendation_conforms(metric: str) -> None:
    task = task_of(metric)
    conform(task, labels(), raw_of(task), IDS)


def test_short_lists_are_filled_with_what_is_relevant_most_often() -> None:
    task = task_of()
    raw = raw_of(task, short=True)
    truth = task.encode(pl.DataFrame({TRUTH: [[5, 7]] * 20 + [[7]] * 10}))
    decided = task.decide(raw, task.fit_decision(truth, raw))
    first = decided.items[:5].tolist()
    assert first[:3] == unpack_rankings(raw)[0][0].tolist()
    assert set(first) >= {5, 7}
    assert (decided.sizes <= 10).all()


def test_items_are_spelled_as_in_the_data(tmp_path: Path) -> None:
    pl.DataFrame({"name": [f"0{i:03d}" for i in range(ITEMS)]}).write_ipc(tmp_path / "names_item.arrow")
    task = task_of(form=",")
    task.measure(tmp_path)
    sheet = task.write(task.decide(raw_of(task), {}), IDS)
    cell = sheet["items"][0].split(",")
    assert len(cell) == 10
    assert all(len(item) == 4 and item[0] == "0" for item in cell)
    task.check_submission(sheet, IDS)
    with pytest.raises(InvalidPredictions, match="items of the data"):
        task.check_submission(sheet.with_columns(pl.lit("nobody").alias("items")), IDS)


def test_a_row_an_item() -> None:
    task = task_of(form="rows", columns=("user_id", "item_id"))
    sheet = task.write(task.decide(raw_of(task), {}), IDS)
    assert sheet.height == 10 * N
    task.check_submission(sheet, IDS)
    with pytest.raises(InvalidPredictions):
        task.check_submission(sheet.tail(-10), IDS)
    with pytest.raises(InvalidPredictions):
        task.check_submission(sheet.with_columns(pl.lit("1").alias("item_id")), IDS)


@pytest.mark.parametrize("cell", ["1 1", " ".join(map(str, range(11)))])
def test_items_twice_or_too_many_are_refused(cell: str) -> None:
    sheet = pl.DataFrame({"user_id": IDS, "items": [cell] * N})
    with pytest.raises(InvalidPredictions, match="none twice"):
        task_of().check_submission(sheet, IDS)


def test_raw_lists_hold_each_item_once_and_known_codes_only() -> None:
    task = task_of()
    twice = raw_of(task)
    twice[0, 2] = twice[0, 0]
    with pytest.raises(InvalidPredictions, match="twice"):
        task.check(twice, N)
    half = raw_of(task)
    half[0, 0] = 0.5
    with pytest.raises(InvalidPredictions, match="item codes"):
        task.check(half, N)


# ---------------------------------------------------------------- ranking


def ranked(columns: tuple[str, ...] = ("id", "relevance")) -> RankingTask:
    asked = replace(
        competition("ndcg@5"), task_type="ranking", target_columns=("relevance",), id_column="id", group_column="q",
        submission_columns=columns, target_name="", id_columns=() if len(columns) == 2 and "relevance" in columns else columns,
    )  # fmt: skip
    return RankingTask(asked, get("ndcg@5"))


def grades() -> pl.DataFrame:
    rng = np.random.default_rng(3)
    return pl.DataFrame({"relevance": rng.integers(0, 4, 60).astype(float), QUERY: np.repeat(np.arange(12.0), 5)})


def test_a_ranking_conforms() -> None:
    raw = np.random.default_rng(4).normal(size=(60, 1))
    conform(ranked(), grades(), raw, pl.Series("id", [str(i) for i in range(60)]))


def test_the_score_is_the_mean_over_queries() -> None:
    metric = of_rows(get("ndcg@5"))
    truth = Graded(np.array([3.0, 0, 1, 0, 0]), np.array([0, 0, 0, 1, 1]))
    perfect = metric(truth, np.array([9.0, 1, 5, 2, 3]))
    assert perfect == pytest.approx(0.5)  # a query without relevant rows scores 0
    worst = metric(truth, np.array([1.0, 9, 5, 2, 3]))
    assert 0 < worst < perfect
    order = np.array([4, 2, 0, 3, 1])
    assert metric(truth[order], np.array([1.0, 9, 5, 2, 3])[order]) == pytest.approx(worst)
    assert metric.per_row is not None
    assert metric.per_row(truth, np.array([1.0, 9, 5, 2, 3])).mean() == pytest.approx(worst)


def test_rarer_targets_count_more() -> None:
    task = ranked()
    task.competition = replace(task.competition, target_columns=("clicked", "booked"))
    truth = task.encode(pl.DataFrame({"clicked": [1.0, 1, 1, 0], "booked": [1.0, 0, 0, 0], QUERY: [0.0] * 4}))
    assert truth.values.tolist() == [5.0, 1.0, 1.0, 0.0]


def test_rows_named_by_ids_alone_are_written_best_first() -> None:
    task = ranked(("q", "doc"))
    ids = pl.Series("q,doc", [f"{query}{JOINT}{doc}" for query, doc in ((7, 1), (7, 2), (8, 3), (8, 4))])
    sheet = task.write(np.array([0.1, 0.9, 0.8, 0.2]), ids)
    assert sheet["doc"].to_list() == ["2", "1", "3", "4"]
    task.check_submission(sheet, ids)
    with pytest.raises(InvalidPredictions):
        task.check_submission(sheet.with_columns(pl.lit("2").alias("doc")), ids)
