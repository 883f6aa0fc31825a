"""How a cell of several labels is written: `scab rust`, `3|17`, `['a', 'b']`. Fixed at intake, read back, never guessed again.

A competition whose cells list labels has a 0/1 column of each label as its targets, in the order labels are written in, and
the cell's name as `target_name`.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podium.errors import IntakeError
from podium.records import Competition, Evidence

FORM = "label_cells"  # of `Competition.evidence`
QUOTES = ("'", '"')


@dataclass(frozen=True)
class CellForm:
    """`separator` between labels, blanks included; `opening` and `closing` of the whole cell; `quote` of each label; `none`
    is what stands where a row has no label."""

    separator: str = " "
    opening: str = ""
    closing: str = ""
    quote: str = ""
    none: str = ""

    def split(self, cell: str | None) -> list[str]:
        """The labels of a cell, as they stand; [] of an empty one."""
        text = "" if cell is None else cell.strip()
        if text == self.none.strip():
            return []
        if self.opening and text.startswith(self.opening) and text.endswith(self.closing):
            text = text[len(self.opening) : len(text) - len(self.closing)]
        between = self.separator.strip()
        parts = text.split(between) if between else text.split()
        return [part.strip().strip(self.quote or None) for part in parts if part.strip()]

    def join(self, labels: Sequence[str]) -> str:
        """`split`'s inverse."""
        if not labels:
            return self.none
        return self.opening + self.separator.join(f"{self.quote}{label}{self.quote}" for label in labels) + self.closing

    def evidence(self, example: str) -> Evidence:
        between = {" ": "blanks", ",": "commas", ", ": "commas"}.get(self.separator, repr(self.separator))
        nothing = f"; {self.none!r} where there is none" if self.none else ""
        value = json.dumps({k: v for k, v in dataclasses.asdict(self).items() if v}, ensure_ascii=False)
        return Evidence(value, f"labels apart by {between}, as in {example!r}{nothing}", 0.95)


def recorded(competition: Competition) -> CellForm | None:
    """The form that intake recorded; None where cells hold one label. Raises IntakeError where it is no such record."""
    told = competition.evidence.get(FORM)
    if told is None:
        return None
    try:
        return CellForm(**{"separator": "", **json.loads(told.value)})
    except (ValueError, TypeError) as problem:
        raise IntakeError(f"{FORM} in config.json is not understood", expected="as intake writes it") from problem


def columns_of(labels: Sequence[str], cell: str, taken: Collection[str]) -> tuple[str, ...]:
    """Names of the 0/1 columns: the labels', with the cell's before them where one is the name of another column."""
    return tuple(labels) if set(labels).isdisjoint(taken) else tuple(f"{cell}={label}" for label in labels)


def labels_of(competition: Competition) -> tuple[str, ...]:
    """Labels as the cells spell them, in the order of the columns. `columns_of`'s inverse."""
    names, before = competition.target_columns, f"{competition.target_name}="
    return tuple(name.removeprefix(before) for name in names) if all(n.startswith(before) for n in names) else names


def bits_of(cells: Iterable[str | None], labels: Sequence[str], form: CellForm) -> NDArray[np.uint8]:
    """`(n, labels)`: 1 where a cell lists the label. Raises IntakeError on a label that is not known."""
    place = {label: at for at, label in enumerate(labels)}
    listed = [form.split(cell) for cell in cells]
    out = np.zeros((len(listed), len(labels)), dtype=np.uint8)
    for row, parts in enumerate(listed):
        for label in parts:
            if label not in place:
                raise IntakeError(
                    f"a cell lists {label!r}, which is no label of train", expected=", ".join(labels[:8]),
                    remedy="check the labels, or drop the row",
                )  # fmt: skip
            out[row, place[label]] = 1
    return out


def in_columns(train: pl.DataFrame, competition: Competition, form: CellForm) -> pl.DataFrame:
    """Train with a 0/1 column of each label in place of the cells that list them."""
    labels = labels_of(competition)
    bits = bits_of(train[competition.target_name].cast(pl.String).to_list(), labels, form)
    columns = [pl.Series(name, bits[:, at]) for at, name in enumerate(competition.target_columns)]
    return train.drop(competition.target_name).with_columns(columns)
