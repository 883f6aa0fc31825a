"""Recommendation: raw predictions are ranked lists of item codes with scores; decisions are the first k of each."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from podium.errors import IntakeError, InvalidPredictions
from podium.metrics.shapes import Ranking
from podium.packing import NO_ITEM, rankings, unpack_rankings
from podium.protocol import Layout
from podium.tasks import sheet
from podium.tasks.task import Floats, Task

if TYPE_CHECKING:
    import polars as pl

    from podium.metrics import Metric
    from podium.records import Competition

LEAST, DEEPER = 50, 5  # places of a raw list: a blend needs more than the k that is asked
PLENTY = 20  # items a list where the metric names no k
FORM = "answer_form"  # intake's word for how a list is written: ROWS, or what stands between items
ROWS = "rows"


class RecommendationTask(Task):
    """Truth is a `Ranking` of relevant items. Lists that are short are filled up with what is relevant most often."""

    answers: ClassVar[tuple[str, ...]] = ("ranking",)
    inputs: ClassVar[tuple[str, ...]] = ("interactions",)

    def __init__(self, competition: Competition, metric: Metric) -> None:
        super().__init__(competition, metric)
        self.names: tuple[str, ...] = ()  # the spelling of each item's code; before `measure`, codes as they are
        found = re.search(r"@(\d+)", metric.name)
        self.k = int(found[1]) if found else PLENTY
        told = competition.evidence.get(FORM)
        self.form = told.value if told is not None else " "

    @classmethod
    def objection(cls, metric: Metric) -> str:
        return (
            "" if metric.needs == "ranking" else f"{metric.title} scores sets, and solutions answer with ranked lists"
        )

    def measure(self, folder: Path) -> None:
        import polars as pl

        path = folder / "names_item.arrow"
        if path.exists():
            self.names = tuple(pl.read_ipc(path)["name"].to_list())

    def layout(self) -> Layout:
        return Layout("ranking", (max(LEAST, DEEPER * self.k), 2))

    def encode(self, labels: pl.DataFrame) -> Any:
        column = labels.to_series(0)
        if column.null_count():
            raise IntakeError("a row's relevant items are missing", expected="a list", found="nothing")
        return Ranking.from_lists(column.to_list())

    def check(self, values: Any, n_rows: int) -> Floats:
        raw = sheet.dense(values, n_rows, (self.n_outputs(),))
        items = raw.reshape(n_rows, -1, 2)[:, :, 0]
        if (items < NO_ITEM).any() or (items != np.floor(items)).any():
            raise InvalidPredictions("rankings: expected item codes (whole numbers from 0), and -1 after the last")
        if self.names and n_rows and items.max() >= len(self.names):
            raise InvalidPredictions(f"rankings: expected item codes below {len(self.names)}; found {int(items.max())}")
        ordered = np.sort(items, axis=1)
        twice = ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any(axis=1)
        if twice.any():
            raise InvalidPredictions(f"rankings: an item is listed twice in row {int(np.flatnonzero(twice)[0])}")
        return raw

    def fit_decision(self, truth: Any, raw: Floats) -> dict[str, Any]:
        """`popular`: 2k items, those relevant to most first, to fill short lists up with."""
        return {"popular": _most_relevant(truth, 2 * self.k).tolist()}

    def decide(self, raw: Floats, decision: dict[str, Any]) -> Any:
        items, _ = unpack_rankings(raw)
        spare = [int(code) for code in decision.get("popular", ())]
        return Ranking.from_lists([self._filled(one[: self.k].tolist(), spare) for one in items])

    def _filled(self, items: list[int], spare: list[int]) -> list[int]:
        if len(items) >= self.k:
            return items
        had = set(items)
        return [*items, *(code for code in spare if code not in had)][: self.k]

    def baseline(self, truth: Any, n_rows: int) -> Floats:
        """The most relevant items for everybody."""
        listed = _most_relevant(truth, self.layout().shape[0])
        scores = np.arange(len(listed), 0, -1, dtype=np.float64)
        packed = rankings([listed.tolist()] * n_rows, [scores.tolist()] * n_rows, self.layout())
        return np.asarray(packed.values, dtype=np.float64).reshape(n_rows, -1)

    def write(self, decided: Any, ids: pl.Series | None) -> pl.DataFrame:
        lists = [one.tolist() for one in np.split(decided.items, decided.offsets[1:-1])] if len(decided) else []
        spelled = [[self._name(code) for code in one] for one in lists]
        if self.form != ROWS:
            return sheet.fill(
                self.competition, {self._answer(): [self.form.join(one) for one in spelled]}, len(lists), ids
            )
        import polars as pl

        keys = ids if ids is not None else pl.Series("id", np.arange(len(lists)))
        flat = keys.gather(np.repeat(np.arange(len(lists)), [len(one) for one in spelled]))
        answers: dict[str, Any] = {self._answer(): [name for one in spelled for name in one]}
        for name in self._ranks():
            answers[name] = [rank + 1 for one in spelled for rank in range(len(one))]
        return sheet.fill(self.competition, answers, len(flat), flat)

    def check_submission(self, frame: pl.DataFrame, ids: pl.Series | None) -> None:
        """Whoever is asked once, in order, with at most k known items, none twice; an item a row where that is asked."""
        answer = self._answer()
        if self.form == ROWS:
            return self._check_rows(frame, ids)
        sheet.check_shape(self.competition, frame, [answer], ids)
        for row, cell in enumerate(frame[answer].to_list()):
            if not isinstance(cell, str):
                raise InvalidPredictions(f"submission column {answer!r}, row {row}: expected items; found {cell!r}")
            self._check_list(cell.split(self.form), f"submission column {answer!r}, row {row}")
        return None

    def _check_rows(self, frame: pl.DataFrame, ids: pl.Series | None) -> None:
        header, answer = self.competition.submission_columns, self._answer()
        if tuple(frame.columns) != tuple(header):
            raise InvalidPredictions(
                f"submission header: expected {', '.join(header)}; found {', '.join(frame.columns)}"
            )
        if frame[answer].null_count():
            raise InvalidPredictions(f"submission column {answer!r}: expected an item in every row; found none")
        key = sheet.id_columns(self.competition, [answer, *self._ranks()])[0]
        listed = frame.group_by(key, maintain_order=True).agg(answer)
        asked = listed[key] if ids is None else ids
        if [str(one) for one in listed[key].to_list()] != [str(one) for one in asked.to_list()]:
            raise InvalidPredictions(f"submission column {key!r}: expected each of {len(asked)} ids, in order")
        sizes = set(listed[answer].list.len().to_list())
        if len(sizes) > 1:
            raise InvalidPredictions(f"submission rows: expected equally many of each {key}; found {sorted(sizes)}")
        for name, items in zip(listed[key].to_list(), listed[answer].to_list(), strict=True):
            self._check_list([str(item) for item in items], f"submission of {key} {name!r}")

    def _check_list(self, items: list[str], where: str) -> None:
        if len(items) > self.k or len(set(items)) < len(items):
            raise InvalidPredictions(f"{where}: expected at most {self.k} items, none twice; found {len(items)}")
        known = self._known
        unknown = [item for item in items if known and item not in known]
        if unknown:
            raise InvalidPredictions(f"{where}: expected items of the data; found {unknown[0]!r}")

    def facts(self, truth: Any) -> dict[str, float]:
        return {"target_cardinality": float(len(np.unique(truth.items))), "target_skew": 0.0, "target_min": 0.0}

    # ------------------------------------------------------------ spelling

    @property
    def _known(self) -> frozenset[str]:
        if not hasattr(self, "_spelled"):
            self._spelled = frozenset(self.names)
        return self._spelled

    def _name(self, code: int) -> str:
        return self.names[code] if self.names else str(code)

    def _answer(self) -> str:
        """The column that holds items."""
        competition = self.competition
        named = competition.target_name or competition.target_columns[0]
        if named in competition.submission_columns:
            return named
        return sheet.answer_columns(competition, 1)[0]

    def _ranks(self) -> list[str]:
        """Further columns beside id and item: places, from 1."""
        names = sheet.answer_columns(self.competition, 1)
        return [name for name in names if name != self._answer()]


def _most_relevant(truth: Ranking, most: int) -> NDArray[np.int64]:
    """Item codes by how many units they are relevant to, most first."""
    codes, counts = np.unique(truth.items, return_counts=True)
    return np.asarray(codes[np.argsort(-counts, kind="stable")][:most], dtype=np.int64)


__all__ = ["FORM", "ROWS", "RecommendationTask"]
