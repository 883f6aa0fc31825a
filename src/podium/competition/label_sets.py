"""Several labels in one cell (`scab frog_eye_leaf_spot`, `16 0`), told from labels of several words (`Iris setosa`)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from podium.competition.label_cells import QUOTES, CellForm

SEPARATORS = ("|", ";", ",", " ")  # a blank last: it stands beside the others, too
BRACKETS = {"[": "]", "(": ")", "{": "}"}
MOST_LABELS = 5000
LEAST_SHARE = 0.01  # of rows have several labels
SORTED = 0.9  # of the cells in one order: they are written so on purpose


@dataclass(frozen=True)
class LabelSets:
    """`labels` in the order they are written in; `share` of rows with several; `doubtful` where labels of several words would
    look alike."""

    labels: tuple[str, ...]
    form: CellForm
    share: float
    example: str
    doubtful: bool

    @property
    def separator(self) -> str:
        return self.form.separator


def label_sets(column: pl.Series, sample: pl.Series | None = None) -> LabelSets | None:
    """The labels that cells list, where they do: they recur in other cells, in other company, and never twice in one.

    `sample`: the sample submission's cells, whose separator counts where it differs from train's.
    """
    cells = column.drop_nulls().cast(pl.String).str.strip_chars()
    if cells.cast(pl.Float64, strict=False).null_count() == 0:
        return None
    wrapped = _wrapping(cells)
    inner = _unwrapped(cells, wrapped)
    for separator in SEPARATORS:
        found = _measure(inner.filter(inner != ""), separator)
        if found is not None:
            empty = cells.filter(inner == "")
            none = str(empty[0]) if len(empty) else ""
            form = replace(wrapped, separator=_exact(inner, separator), none=none)
            share = found.share * len(inner.filter(inner != "")) / max(1, len(column))
            return replace(found, form=_as_asked(form, sample, found.labels), share=share)
    return None


def _wrapping(cells: pl.Series) -> CellForm:
    """Brackets round every cell that holds something, quotes round every label."""
    cells = cells.filter(cells != "")
    for opening, closing in BRACKETS.items():
        if bool((cells.str.starts_with(opening) & cells.str.ends_with(closing)).all()):
            inner = cells.str.slice(1).str.head(-1).str.strip_chars()
            said = inner.filter(inner != "")
            quote = next((q for q in QUOTES if len(said) and bool(said.str.starts_with(q).all())), "")
            return CellForm(opening=opening, closing=closing, quote=quote)
    return CellForm()


def _unwrapped(cells: pl.Series, form: CellForm) -> pl.Series:
    inner = cells.str.slice(1).str.head(-1).str.strip_chars() if form.opening else cells
    return inner.str.replace_all(re.escape(form.quote), "") if form.quote else inner


def _exact(cells: pl.Series, separator: str) -> str:
    """The separator with the blanks that mostly stand round it."""
    if separator == " ":
        return separator
    found = cells.str.extract(rf"(\s*{re.escape(separator)}\s*)", 1).drop_nulls()
    counts = Counter(found.to_list())
    return counts.most_common(1)[0][0] if counts else separator


def _as_asked(form: CellForm, sample: pl.Series | None, labels: Sequence[str]) -> CellForm:
    """With the separator of the sample submission, where its cells list known labels by another; and its word for none."""
    if sample is None:
        return form
    known, cells = set(labels), sample.drop_nulls().cast(pl.String).str.strip_chars().unique().head(200).to_list()
    for separator in (form.separator, *SEPARATORS):
        asked = replace(form, separator=separator)
        if any(len(parts := asked.split(cell)) > 1 and set(parts) <= known for cell in cells):
            return asked
    words = [
        cell
        for cell in cells
        if cell and re.fullmatch(r"\[?(none|nan|null|na|empty|no[ _]?labels?|-|-1)\]?", cell, re.I)
    ]
    unknown = len(words) == 1 and not set(form.split(words[0])) & known
    return replace(form, none=words[0]) if unknown and not form.none else form


def form_of_lists(sample: pl.Series | None, classes: Sequence[str]) -> CellForm:
    """How the sample submission's cells list classes; apart by blanks where they show no list, by commas where classes hold
    blanks."""
    known = set(classes)
    usual = CellForm(", " if any(" " in name for name in classes) else " ")
    if sample is None:
        return usual
    cells = sample.drop_nulls().cast(pl.String).str.strip_chars()
    wrapped = _wrapping(cells) if len(cells) else CellForm()
    inner = _unwrapped(cells, wrapped)
    forms = [replace(wrapped, separator=_exact(inner, separator)) for separator in (" ", *SEPARATORS[:-1])]
    heads = cells.unique(maintain_order=True).head(200).to_list()
    listed = [[form.split(cell) for cell in heads] for form in forms]
    shares = [sum(name in known for parts in one for name in parts if len(parts) > 1) for one in listed]
    return forms[int(np.argmax(shares))] if max(shares, default=0) else usual


def _measure(cells: pl.Series, separator: str) -> LabelSets | None:
    """By one separator; the form is filled in by who asks."""
    counts = cells.value_counts()
    distinct = [[part.strip() for part in cell.split(separator)] for cell in counts[cells.name].to_list()]
    several = [parts for parts in distinct if len(parts) > 1]
    if not several or any(len(set(parts)) < len(parts) or "" in parts for parts in several):
        return None
    share = float((cells.str.contains(separator, literal=True)).mean() or 0.0)  # type: ignore[arg-type]
    labels = Counter(label for parts in distinct for label in parts)
    if share < LEAST_SHARE or len(labels) > MOST_LABELS or len(labels) >= 0.5 * len(cells):
        return None
    company = Counter(label for parts in several for label in parts)
    alone = {parts[0] for parts in distinct if len(parts) == 1}
    recur = sum(company[label] >= 2 or label in alone for label in company) / len(company)
    if recur < 0.8 or len(several) < 2:
        return None
    example = separator.join(several[int(np.argmax([len(parts) for parts in several]))])
    doubtful = not (alone & set(company)) or (len(several) < len(company) and separator == " ")
    return LabelSets(_in_order(labels, several), CellForm(separator), share, example[:60], doubtful)


def _in_order(labels: Counter[str], several: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Ascending where cells are written so, else by where in a cell a label usually stands."""
    names = sorted(labels, key=_natural)
    ascending = sum(list(parts) == sorted(parts, key=_natural) for parts in several)
    if ascending >= SORTED * len(several):
        return tuple(names)
    places: dict[str, list[float]] = {}
    for parts in several:
        for at, label in enumerate(parts):
            places.setdefault(label, []).append(at / (len(parts) - 1))
    return tuple(sorted(names, key=lambda label: float(np.mean(places.get(label, [0.5])))))


def _natural(label: str) -> tuple[float, str]:
    try:
        return float(label), ""
    except ValueError:
        return float("inf"), label
