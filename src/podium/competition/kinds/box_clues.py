"""How boxes are written, as a competition's columns, cells and words tell: for train's, and for the answers."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import polars as pl

from podium.competition.box_format import CENTRE, CONFIDENCE, CORNERS, GEOMETRIES, LABEL, SIZE, BoxFormat, split
from podium.competition.kinds import cells

SIDE = ("confidence", "score", "conf", "probability", "prob")
LABELS = (
    "label", "class", "class_name", "classname", "category", "category_name", "class_id", "category_id", "name", "cls",
    "type", "object", "label_name", "labelname", "species",
)  # fmt: skip
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_WORDS = (
    (CENTRE, r"(x[_ -]?c(en(ter|tre))?|c[_ ]?x|cen(ter|tre)[_ -]?x)\W+(y[_ -]?c(en(ter|tre))?|c[_ ]?y|cen(ter|tre)[_ -]?y)"),
    (CORNERS, r"x[_ -]?min\W+y[_ -]?min\W+x[_ -]?max|x[_ -]?1\W+y[_ -]?1\W+x[_ -]?2|x[_ -]?0\W+y[_ -]?0\W+x[_ -]?1"
              r"|left\W+top\W+right"),
    (SIZE, r"(x([_ -]?min|1)?\W+y([_ -]?min|1)?|left\W+top)\W+w(idth)?\b"),
)  # fmt: skip


def plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", re.sub(r"^(bbox|box)_?", "", name.lower()))


def geometry_of(columns: Sequence[str]) -> tuple[str, ...]:
    """Of four columns of a box, by their names; corners where they say nothing."""
    last = plain(columns[2])
    if last.startswith("w"):
        first = plain(columns[0])
        return CENTRE if "c" in first else SIZE
    return CORNERS


def field_of(column: str) -> str:
    return CONFIDENCE if column.lower() in SIDE else LABEL


def of_columns(columns: Sequence[str], four: Sequence[str], relative: bool) -> BoxFormat:
    """Boxes of a row each: `columns` in their order, the four numbers among them."""
    numbers = dict(zip(four, geometry_of(four), strict=True))
    return BoxFormat("columns", tuple(numbers.get(c) or field_of(c) for c in columns), relative)


def in_order(fmt: BoxFormat) -> bool:
    """Whether the four numbers stand in one of the known orders."""
    return fmt.geometry in GEOMETRIES


def of_cells(series: pl.Series, text: str, default: tuple[str, ...] = SIZE) -> tuple[BoxFormat, str]:
    """(format, evidence) of cells that hold one box or several, from the words of the description, else the numbers."""
    groups = tokens(series)
    size = max((len(group) for group in groups), default=4)
    head = _head(groups, size, text)
    numbers = np.array([[float(t) for t in g[-4:]] for g in groups if len(g) == size] or [[0, 0, 1, 1]])
    geometry, why = _geometry(numbers, text, default)
    areas = np.abs(numbers[:, 2:]).max(axis=1) > 0
    relative = bool(len(numbers) and areas.any() and numbers.max() <= 1.0 and (numbers % 1 > 0).any())
    return BoxFormat("cell", (*head, *geometry), relative), why


def _geometry(numbers: np.ndarray, text: str, default: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    for geometry, pattern in _WORDS:
        if found := re.search(pattern, text, re.I):
            return geometry, f"the description writes {found[0]!r}"
    if (numbers[:, 2] <= numbers[:, 0]).any() or (numbers[:, 3] <= numbers[:, 1]).any():
        return SIZE, "the last two numbers are sizes: some are smaller than the first two"
    if len(np.unique(numbers[(numbers[:, :2] > 0).all(axis=1)], axis=0)) > 20:
        return CORNERS, "the last two numbers are always larger than the first two"
    return default, "as the boxes of train are written"


def tokens(series: pl.Series) -> list[list[str]]:
    """The tokens of each box in the first cells: `[1, 2, 3, 4]`, `0.9 1 2 3 4 0.8 …`, `cat 0.9 1 2 3 4`."""
    out = []
    for cell in cells.head(series).to_list():
        found = split(cell)
        size = group_size(found)
        out += [found[at : at + size] for at in range(0, len(found), size)] if size else []
    return out


def group_size(found: Sequence[str]) -> int:
    """Tokens a box of a cell's: four numbers, perhaps with a label, a confidence or both before them; 0: no boxes."""
    if len(found) == 4:
        return 4 if all(map(_NUMBER.fullmatch, found)) else 0
    for size in (6, 5, 4):
        if not len(found) or len(found) % size:
            continue
        groups = [found[at : at + size] for at in range(0, len(found), size)]
        worded = [not _NUMBER.fullmatch(group[0]) for group in groups]
        if all(all(map(_NUMBER.fullmatch, group[-4:])) for group in groups) and (all(worded) or not any(worded)):
            second = [float(g[1]) for g in groups if _NUMBER.fullmatch(g[1])]
            if size < 6 or all(0 <= v <= 1 for v in second) or all(0 <= float(g[0]) <= 1 for g in groups):
                return size
    return 0


def _head(groups: Sequence[Sequence[str]], size: int, text: str) -> tuple[str, ...]:
    """What stands before the four numbers."""
    firsts = [group[0] for group in groups if len(group) == size]
    if size == 4:
        return ()
    if size == 6:
        first = re.search(r"conf\w*|score|label|class\w*|categor\w*", _around(text), re.I)
        numeric = all(map(_NUMBER.fullmatch, firsts))
        return (
            (CONFIDENCE, LABEL)
            if numeric and first and first[0].lower().startswith(("conf", "score"))
            else (LABEL, CONFIDENCE)
        )
    if not all(map(_NUMBER.fullmatch, firsts)):
        return (LABEL,)
    labelled = re.search(r"\b(label|class(_?id)?|category)\W+x", text, re.I) is not None
    return (LABEL,) if labelled and all(re.fullmatch(r"\d+", f) for f in firsts) else (CONFIDENCE,)


def _around(text: str) -> str:
    """The part of a description that writes a box out."""
    found = re.search(r"[^\n]{0,80}x[_ -]?(min|1|0)?\W+y[_ -]?(min|1|0)?\W", text, re.I)
    return found[0] if found else ""


def nothing(series: pl.Series) -> str | None:
    """How the cells say that there is no box: blank, or one and the same box of hardly a pixel; None: they do not say."""
    if series.null_count() or (series.cast(pl.String) == "").any():
        return ""
    spelled = series.cast(pl.String).unique().to_list()
    if len(spelled) == 1 and len(found := split(spelled[0])) in (5, 6) and group_size(found):
        four = [float(t) for t in found[-4:]]
        return spelled[0] if max(four) <= 1 and float(int(max(four))) == max(four) else None
    return None
