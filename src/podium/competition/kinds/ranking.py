"""Ranking: candidates of a query, in the order of their relevance to it; a row a candidate."""

from __future__ import annotations

import re

import polars as pl

from podium.competition.asked_metric import passages
from podium.competition.config import stated_metric
from podium.competition.kinds import cells
from podium.competition.kinds.clues import Clues
from podium.competition.kinds.reading import Reading
from podium.metrics import find, get
from podium.records import Evidence

TASK = "ranking"
_QUERY = re.compile(
    r"quer|^q_?id|srch_?id|search_?id|session|group|display_?id|request|impression|user_?id|prompt", re.I
)
_BOOKING = re.compile(r"relevan|click|book|label|target|grade|score|gain|rating", re.I)


def read(clues: Clues) -> Reading | None:
    """The metric is of ranked lists, each row of test is one candidate, and candidates share a query."""
    train, test = clues.train, clues.test
    if train is None or test is None or not (clues.config.get("task_type") or ranks_lists(clues)):
        return None
    if clues.sample is not None and not all(cells.numeric(clues.sample[c]) for c in clues.answers):
        return None  # a list a row: that is no row a candidate
    common = [c for c in test.columns if c in train.columns]
    query = _query(train, test, common)
    targets = _targets(clues)
    if not query or not targets:
        return None
    sample = clues.sample
    rows = train.height / max(1, train[query].n_unique())
    ids, header = _ids(clues, test, query, targets)
    why = f"the metric ranks lists, and test's rows share {query} (train has {rows:.1f} rows for each)"
    evidence = {
        "target_column": Evidence(
            ",".join(targets), "relevance: train has it and test lacks it", 0.9 if len(targets) == 1 else 0.7
        ),
        "id_column": Evidence(
            ",".join(ids), "what the sample submission names its rows by", 0.9 if sample is not None else 0.6
        ),
        "group_column": Evidence(query, "rows of one query are ranked against each other", 0.9),
        "submission_kind": Evidence("ranking", "a row a candidate", 0.85),
    }
    side = tuple(c for c in clues.label_side if c not in targets and c not in ids)
    return Reading(
        TASK, why, 0.9, targets, ids, header, "ranking", evidence, files=clues.files, group_column=query,
        label_side_columns=side, cv_strategy="grouped",
    )  # fmt: skip


def ranks_lists(clues: Clues) -> bool:
    """Whether the config's metric, or else the description's passages on scoring, name a metric of ranked lists."""
    named = stated_metric(clues.config)
    if named:
        return get(named).needs == "ranking"
    for passage, confidence in passages(clues.text):
        found = find(passage)
        if found and confidence >= 0.85:
            return any(get(name).needs == "ranking" for name in found)
        if confidence >= 0.95 and re.search(r"\bNDCG|discounted cumulative|\bMRR\b|learning to rank", passage, re.I):
            return True
    return False


def _query(train: pl.DataFrame, test: pl.DataFrame, common: list[str]) -> str:
    """The column that rows of one query share: its values repeat, and test's are others than train's, or it is called so."""
    repeated = [
        c for c in common
        if (train[c].dtype == pl.String or train[c].dtype.is_integer())
        and 1.5 <= test.height / max(1, test[c].n_unique()) <= 0.5 * test.height
        and test[c].n_unique() >= 2
    ]  # fmt: skip
    apart = [c for c in repeated if cells.within(test[c], train[c]) < 0.1]
    named = [c for c in repeated if _QUERY.search(c)]
    for fits in ([c for c in apart if c in named], named, apart):
        if fits:
            return fits[0]
    return ""


def _targets(clues: Clues) -> tuple[str, ...]:
    asked = clues.config.get("target_column")
    if asked:
        return tuple(asked) if isinstance(asked, list) else (str(asked),)
    assert clues.train is not None
    numbers = [c for c in clues.label_side if cells.numeric(clues.train[c]) and clues.train[c].n_unique() > 1]
    both = [c for c in numbers if c in clues.answers]
    if both:
        return tuple(both)
    if clues.target_name in numbers:
        return (clues.target_name,)
    named = [c for c in numbers if _BOOKING.search(c)]
    return (
        tuple((numbers if len(numbers) == 1 else named)[:1]) if len(numbers) == 1 or len(named) == 1 else tuple(named)
    )


def _ids(
    clues: Clues, test: pl.DataFrame, query: str, targets: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if clues.sample is None:
        return (query,), (query, *targets)
    header = tuple(clues.sample.columns)
    asked = clues.config.get("id_column")
    if asked:
        return tuple(str(asked).split(",")), header
    keys = tuple(c for c in header if c in test.columns)
    return (keys or header[:1]), header
